"""`limit EXTENT count, ...`: extents of other names, signs and words around a count."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from smartgen.language.borrowed import extent
from smartgen.language.functions import FUNCTIONS
from smartgen.language.mistakes.all_or_best import unwrapped
from smartgen.language.mistakes.operands import operand_last, statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import closest, misspelt
from smartgen.language.words import EXTENTS

_DEEP = 24  # layers: a greater count is one of nodes
_FEW = 3  # words that may stand behind a count by mistake
_TOTALS = {"time": "time", "latency": "time", "energy": "energy", "money": "money", "joules": "energy"}


def limit(spot: Spot) -> Iterator[Repair]:
    """`limit EXTENT count, ...`."""
    here, before = spot.near(0), spot.word(-1)
    if spot.statement != "limit" or here is None:
        return
    if before in EXTENTS and here.text in ("=", ":", "<=", "<", "to", "of", "is", "at", "==", "max", "best", "up"):
        count = 2 if (here.text, spot.word(1)) in (("up", "to"), ("at", "most")) else 1
        help = f"write `limit {before} {spot.word(count)}`"
        yield spot.remove("SG008", f"`limit` takes no `{here.text}`", help, count)
    if "DEPTH" in spot.accepts and before in ("limit", ","):
        yield from _extent(spot, before)
    named = before.isalpha() and not spot.declares(before)
    if before == "of" or (here.sort == "number" and spot.word(-2) in EXTENTS and named):
        help = f"write `limit {spot.word(-2)} {here.text}`"
        yield spot.remove("SG008", f"`limit` takes no `{before}`", help, 1, -1)
    if here.text == ":" and spot.word(-2) in EXTENTS and spot.lexemes[spot.at - 1].sort == "number":
        following = spot.near(1)
        if following is not None and following.sort == "number" and not following.first:
            yield spot.replace("SG007", "a range has two points", "..", f"write `{before}..{following.text}`")
    capped = spot.near(-1)
    apart = capped is not None and capped.sort == "number" and capped.end < here.start
    if here.word and "COMMA" in spot.accepts and apart and not here.first:
        yield from _behind_cap(spot)
    if here.text in EXTENTS and "COMMA" in spot.accepts:
        following = spot.near(1)
        if following is None or following.first or following.text in ("}", ","):
            yield spot.remove("SG004", "a count has no unit", f"remove `{here.text}`")
        number = spot.word(2) if spot.word(1) in (":", "=") else spot.word(1)
        yield spot.insert("SG005", f"`,` is missing before `{here.text}`", ",", f"write `, {here.text} {number}`")
    if here.text in EXTENTS and before in ("+", "-", "*", "/") and spot.wants_operand:
        yield spot.replace("SG007", "limits are separated by `,`", ",", "write `,`", 1, -1)
    if here.text in ("and", "&", "+") and spot.word(1) in EXTENTS:
        yield spot.replace("SG007", "limits are separated by `,`", ",", "write `,`")


def _behind_cap(spot: Spot) -> Iterator[Repair]:
    """Words behind a cap: `depth 8 max`, `depth 8 at most`."""
    last = spot.at
    while last + 1 < len(spot.lexemes) and spot.lexemes[last + 1].word and not spot.lexemes[last + 1].first:
        last += 1
    words, count = spot.slice(spot.at, last), last - spot.at + 1
    following = spot.near(count)
    if (following is None or following.first or following.text in (",", "}")) and count <= _FEW:
        yield spot.remove("SG004", "a limit is a maximum, and no word stands behind it", f"remove `{words}`", count)


def _extent(spot: Spot, before: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    known = ", ".join(EXTENTS)
    if here.sort == "number" and spot.word(1) in EXTENTS:
        swapped = f"{spot.word(1)} {here.text}"
        yield spot.replace("SG008", "the extent stands before its count", swapped, f"write `limit {swapped}`", 2)
    if here.text == "(" or (here.text == "{" and before == "limit"):
        yield from unwrapped(spot, "limit")
    stated = {x.text for x in spot.lexemes[spot.begun : statement_last(spot.lexemes, spot.at) + 1]}
    many = here.text.isdigit() and int(here.text) > _DEEP
    order = ("nodes", "width", "topk", "depth") if many else ("depth", "topk", "width", "nodes")
    unsaid = next((extent for extent in order if extent not in stated), "depth")
    if here.sort == "number" or here.text == "(":
        value = spot.slice(spot.at, operand_last(spot.lexemes, spot.at))
        help = f"write `limit {unsaid} {value}`; extents are {known}"
        yield spot.insert("SG005", "a limit says what it limits", unsaid, help)
    if here.text in (":", "="):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `limit`", "write `limit depth 8`")
    if before == "limit" and here.text in _TOTALS:
        sign = spot.word(1) in ("<", "<=", "=", "==", ":", "to")
        written = f"subject to {_TOTALS[here.text]} <= {spot.word(1 + sign)}"
        message = f"`limit` caps the tree, and `{here.text}` is no extent of it"
        yield spot.replace("SG008", message, written, "", 3 + sign, -1)
    if before == "limit" and (here.text in FUNCTIONS or spot.declares(here.text)):
        said = any(x.text == "limit" and y.text == "depth" for x, y in pairwise(spot.lexemes))
        unsaid, value = "nodes" if said else "depth", spot.slice(spot.at, operand_last(spot.lexemes, spot.at))
        help = f"write `limit {unsaid} {value}`; extents are {known}"
        yield spot.insert("SG005", "a limit says what it limits", unsaid, help)
    if here.word:
        meant = misspelt(here.text, EXTENTS) or extent(here.text) or closest(here.text, EXTENTS)
        unsaid = "nodes" if any(x.text == "depth" for x in spot.lexemes) else "depth"
        count = 2 if spot.word(1) in ("=", ":") else 1
        yield spot.replace(
            "SG008",
            f"there is no extent `{here.text}`",
            meant or unsaid,
            f"did you mean `{meant}`?" if meant else f"extents are {known}",
            count,
        )
    if before == ",":
        yield spot.remove("SG005", "this `,` leads nowhere", "remove it", 1, -1)
