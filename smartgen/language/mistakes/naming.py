"""A statement's second word, its name, its type and its sign; and a statement with nothing behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from smartgen.language.functions import FUNCTIONS
from smartgen.language.mistakes.operands import statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.signals import SIGNALS
from smartgen.language.units import UNITS
from smartgen.language.words import TYPES

_NAMED = ("let", "benefit", "cost", "param")
BEFORE_NAMES = (
    *("of", "the", "for", "a"),
    *("mut", "const", "final", "static", "constexpr", "auto", "var", "val", "ref"),
    *(
        "int",
        "float",
        "double",
        "bool",
        "string",
        "str",
        "usize",
        "u32",
        "i32",
        "f32",
        "f64",
        "number",
        "count",
        "prob",
    ),
)
USUAL = {
    "let": "gain",
    "benefit": "accepted",
    "cost": "verifying",
    "param": "trust",
}


def second_word(spot: Spot) -> Iterator[Repair]:
    """`continue while`, `subject to`."""
    before, here = spot.word(-1), spot.near(0)
    if before == "continue" and spot.accepts == {"_WHILE"} and here is not None:
        message = "drafting goes on `while` something holds"
        if misspelt(here.text, ["until"]):
            last = statement_last(spot.lexemes, spot.at)
            rest = spot.text[here.end : spot.lexemes[last].end].strip()
            change = (here.start, spot.lexemes[last].end, f"while not ({rest})")
            yield Repair("SG006", message, here.start, here.end, f"write `continue while not ({rest})`", (change,))
        if spot.word(1) == "long" and here.text in ("as", "so") and spot.word(2) == "as":
            yield spot.replace("SG006", message, "while", "write `continue while ...`", 3)
        if here.text in ("if", "when", "where", "as", "for", "drafting", ":", "=") or misspelt(here.text, ["while"]):
            yield spot.replace(
                "SG006", message, "while", "write `continue while ...`; `when` opens a block for the whole step"
            )
        yield spot.insert("SG006", message, "while", "write `continue while ...`")
    if before == "that" and spot.word(-2) == "to" and here is not None:
        yield spot.remove("SG003", "`that` cannot stand here", "write `subject to ...`", 1, -1)
    if before == "subject" and spot.accepts == {"_TO"} and here is not None:
        message = "a constraint is `subject to`"
        if here.text in (":", "=", "that", "for", "ot", "too", "t") or misspelt(here.text, ["to"]):
            yield spot.replace("SG006", message, "to", "write `subject to ...`")
        yield spot.insert("SG006", message, "to", "write `subject to ...`")
    if spot.word(-2) == "maximize" and here is not None and here.text in ("=", ":") and spot.near(-1) is not None:
        yield spot.remove("SG008", "an objective has no name", f"write `maximize {spot.word(1)} ...`", 2, -1)
    if before in ("to", "while", "maximize") and here is not None and here.text in (":", "="):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `{before}`", f"write `{_phrase(before)} ...`")


def _phrase(word: str) -> str:
    return {"to": "subject to", "while": "continue while"}.get(word, word)


def name(spot: Spot) -> Iterator[Repair]:
    """The name of a let, benefit, cost or param, and the sign behind it."""
    here, before = spot.near(0), spot.word(-1)
    if before in _NAMED and spot.accepts == {"NAME"}:
        yield from _no_name(spot, before)
    if spot.word(-2) in ("let", "benefit", "cost") and spot.accepts == {"EQUAL"} and here is not None:
        yield from _no_sign(spot, spot.word(-2), before)
    if (
        spot.statement == "maximize"
        and here is not None
        and here.text in (",", "and", "then")
        and "PLUS" in spot.accepts
    ):
        last = statement_last(spot.lexemes, spot.at)
        fix = f"remove `{spot.slice(spot.at, last)}`: what else matters is a `subject to`"
        yield spot.remove("SG018", "one objective is maximized", fix, last - spot.at + 1)
    if spot.statement == "subject" and here is not None and here.text == "," and "AND" in spot.accepts:
        message = "a `subject to` is one constraint"
        yield spot.replace("SG007", message, "\n  subject to", "write a second `subject to`")
    if spot.statement in _NAMED and here is not None and here.text == "," and spot.near(1) is not None:
        following = spot.lexemes[spot.at + 1]
        if following.sort == "name" and spot.word(2) in ("=", ":"):
            message = "a statement names one thing"
            yield spot.replace("SG007", message, f"\n  {spot.statement}", f"write a second `{spot.statement}`")


def _no_name(spot: Spot, statement: str) -> Iterator[Repair]:
    here, usual = spot.near(0), USUAL[statement]
    if statement == "benefit":
        usual = _read_elsewhere(spot) or usual
    if here is None:
        return
    if here.text.startswith("profile.draft") or spot.word(1).startswith("profile.draft"):
        usual = "drafting"
    if here.text in (":",) and statement != "param":
        yield spot.replace(
            "SG008", f"a {statement} has a name and `=`", f"{usual} =", f"write `{statement} {usual} = ...`"
        )
    if here.text in ("=", ":"):
        yield spot.insert(
            "SG005", f"this {statement} has no name", usual, f"write `{statement} {usual} {here.text} ...`"
        )
    if here.sort == "keyword":
        written = f"my_{here.text}"
        yield spot.replace(
            "SG106",
            f"`{here.text}` is a word of the language",
            written,
            f"choose another name, for example `{written}`",
        )
    if here.sort == "name" and "." in here.text and spot.word(1) in ("=", ":"):
        written = here.text.replace(".", "_")
        yield spot.replace("SG017", "a name of one's own has no point", written, f"write `{written}`")
    if here.sort == "text":
        written = re.sub(r"\W+", "_", here.text.strip('"')) or usual
        yield spot.replace("SG016", "names stand without quotes", written)
    if here.sort == "number" and spot.word(1) not in ("=", ":"):
        following = spot.near(1)
        if following is not None and following.start == here.end:
            written = f"n{here.text}{following.text}"
            yield spot.replace("SG017", "a name begins with a letter", written, "", 2)
    if statement in ("benefit", "cost", "let"):
        yield spot.insert("SG005", f"this {statement} has no name", f"{usual} =", f"write `{statement} {usual} = ...`")


def _read_elsewhere(spot: Spot) -> str:
    """The one name that is read in this text and that nothing declares; empty without one."""
    found = spot.lexemes
    declared = {y.text for x, y in pairwise(found) if x.text in (*_NAMED, "policy", "use")}
    plain = [x for x, y in pairwise(found) if x.sort == "name" and x.text.isidentifier() and y.text not in (":", "(", "=")]
    names = {x.text for x in plain} - declared - {*FUNCTIONS, *TYPES, *UNITS, *SIGNALS}
    return names.pop() if len(names) == 1 else ""


def _no_sign(spot: Spot, statement: str, written: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    if here.text in ("==", ":", "is", "as", "be", "to", "<="):
        message = "a name is given its value with one `=`"
        yield spot.replace("SG008", message, "=", "write `=`")
    if (here.text, spot.word(1)) == ("<", "-"):
        yield spot.replace("SG008", "a name is given its value with `=`", "=", "write `=`", 2)
    if here.text == ":" and (spot.word(1) in TYPES or spot.word(2) == "="):
        last = next(
            (i for i in range(spot.at, min(spot.at + 5, len(spot.lexemes))) if spot.lexemes[i].text == "="), None
        )
        if last is not None:
            count = last - spot.at
            yield spot.remove("SG008", f"a {statement} has no type", f"write `{statement} {written} = ...`", count)
    if here.sort == "name" and written in BEFORE_NAMES:
        fix = f"write `{statement} {here.text} = ...`"
        yield spot.remove("SG008", f"`{written}` does not stand before a name", fix, 1, -1)
    if here.text == "(" and written in FUNCTIONS:  # `benefit path(node.prob)`
        usual = USUAL[statement]
        fix = f"write `{statement} {usual} = {written}(...)`"
        yield spot.replace("SG005", f"this {statement} has no name", f"{usual} = {written}", fix, 1, -1)
    if written in ("is", "equals", "be", "as", "of"):
        usual = USUAL[statement]
        fix = f"write `{statement} {usual} = ...`"
        yield spot.replace("SG005", f"this {statement} has no name", f"{usual} =", fix, 1, -1)
    yield from joined_name(spot, "=")
    if here.sort == "name" and spot.word(1) == "=" and written.isidentifier():
        joined = f"{written}_{here.text}"  # `let my gain = ...`
        yield spot.replace("SG017", "a name has no space", joined, f"write `{statement} {joined} = ...`", 2, -1)
    yield spot.insert(
        "SG008", f"`=` is missing behind `{statement} {written}`", "=", f"write `{statement} {written} = ...`"
    )
    if statement in ("benefit", "cost") and written:
        yield spot.replace("SG005", f"this {statement} has no name", f"{USUAL[statement]} = {written}", "", 1, -1)


def joined_name(spot: Spot, sign: str) -> Iterator[Repair]:
    """`my-gain`, up to the sign behind a name."""
    last = next((i for i in range(spot.at, min(spot.at + 8, len(spot.lexemes))) if spot.lexemes[i].text == sign), None)
    if last is not None and spot.here in ("-", "."):
        joined = re.sub(r"\W+", "_", spot.slice(spot.at - 1, last - 1))
        yield spot.replace("SG017", "a name has letters, digits and `_` only", joined, "", last - spot.at + 1, -1)


RULES = (second_word, name)
