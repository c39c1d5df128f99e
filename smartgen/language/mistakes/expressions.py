"""Inside an expression: units, comparisons, conditionals, calls, words of other languages."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.functions import FUNCTIONS
from smartgen.language.mistakes.calls import call
from smartgen.language.mistakes.comparisons import compare
from smartgen.language.mistakes.conditionals import conditional
from smartgen.language.mistakes.numbers import decimal_comma, unit
from smartgen.language.mistakes.operands import (
    operand_first,
    operand_last,
    unclosed,
)
from smartgen.language.mistakes.phrases import dashes, prose, undeclared
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.signals import SIGNALS
from smartgen.language.words import EXTENTS, STATEMENTS

_OPERANDS = {
    "depth": "layer.depth",
    "nodes": "tree.nodes",
    "width": "layer.nodes",
    "topk": "layer.nodes",
    "tree": "tree.nodes",
    "cost": "time",
    "benefit": "accepted",
    "best": "max",
    "all": "layer.nodes",
}


def renamed(spot: Spot) -> Iterator[Repair]:
    """A keyword that was a name until its definition was mended."""
    here = spot.near(0)
    if here is not None and here.sort == "keyword" and not here.first and spot.wants_operand:
        name = f"my_{here.text}"
        if any(x.text == name for x in spot.lexemes[: spot.at]):
            yield spot.replace("SG106", f"`{here.text}` is a word of the language", name, f"write `{name}` here too")


def operand(spot: Spot) -> Iterator[Repair]:
    """A keyword where a value is due, a decimal comma, a missing `*`."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None:
        return
    if here.sort == "text" and before.text in ("f", "r", "b", "u") and before.end == here.start:
        yield spot.remove("SG016", f"`{before.text}` means nothing before a text", f"write `{here.text}`", 1, -1)
    if spot.accepts == {"COLON"} and before.text in EXTENTS and here.text in (")", ","):
        meant = f"node.{before.text}" if before.text == "depth" else _OPERANDS[before.text]
        message = f"`{before.text}` is a word of the language and no value"
        yield spot.replace("SG102", message, meant, f"did you mean `{meant}`?", 1, -1)
    if spot.wants_operand and here.text in _OPERANDS and spot.word(1) != "=":
        meant = _OPERANDS[here.text]
        if here.text == "best" and spot.word(1) == "(":
            meant = "layer.max"
        if here.text == "depth" and spot.statement in ("expand", "verify", "benefit"):
            meant = "node.depth"
        yield spot.replace(
            "SG102", f"`{here.text}` is a word of the language and no value", meant, f"did you mean `{meant}`?"
        )
    if (
        spot.wants_operand
        and here.sort == "keyword"
        and here.text not in STATEMENTS
        and here.text not in ("if", "then", "else")
    ):
        written = f"my_{here.text}"
        yield spot.replace(
            "SG106",
            f"`{here.text}` is a word of the language",
            written,
            f"choose another name, for example `{written}`",
        )
    yield from decimal_comma(spot)
    following = spot.near(1)
    tight = following is not None and before.end == here.start and here.end == following.start
    if here.text == ".." and following is not None and tight and before.word and following.word:
        written = f"{before.text}.{following.text}"
        yield spot.replace("SG016", "parts of a name are joined by one point", written, "", 3, -1)
    argument = before.text == "," and unclosed(spot.lexemes, spot.at) is not None
    if here.sort == "keyword" and argument and spot.word(1) == "=":
        help = f"write `{spot.word(2)}`"
        yield spot.remove("SG008", f"no argument is called `{here.text}`", help, 2)
    yield from _apart(spot)
    yield from _missing_comma(spot)
    begins = here.sort in ("name", "number") or here.text == "("
    ends = before.sort in ("name", "number") or before.text == ")"
    numbers = before.sort == here.sort == "number" or next(undeclared(spot), None) is not None
    if here.sort == "name" and spot.word(1) == "=" and spot.accepts & {"_LET"} and "." not in here.text:
        message = "every statement begins with a keyword"
        yield spot.insert("SG011", message, "\n  let", f"write `let {here.text} = {spot.word(2)}`")
    numbers = numbers or misspelt(before.text, ["not"]) is not None  # `NOT node.spine`: a keyword, no factor
    if "TIMES" in spot.accepts and not here.first and begins and ends and not numbers:
        first = operand_first(spot.lexemes, spot.at - 1)
        last = operand_last(spot.lexemes, spot.at)
        written = f"{spot.slice(first, spot.at - 1)} * {spot.slice(spot.at, last)}"
        sign = "/" if spot.statement == "maximize" and here.text in ("time", "energy", "money") else "*"
        written = written if sign == "*" else written.replace(" * ", " / ")
        yield spot.insert("SG005", "an operator is missing", sign, f"write `{written}`")


def _apart(spot: Spot) -> Iterator[Repair]:
    """`node path`, `node,path`: a signal whose parts no point joins."""
    here = spot.lexemes[spot.at]
    count = 1 if here.text in (",", ":") else 0
    written = f"{spot.word(-1)}.{spot.word(count)}"
    if written in SIGNALS and not here.first:
        yield spot.replace("SG016", "parts of a name are joined by a point", written, "", count + 2, -1)


def _missing_comma(spot: Spot) -> Iterator[Repair]:
    """`calibrated(node.prob node.rank)`."""
    opened = unclosed(spot.lexemes, spot.at)
    if opened is None or opened == 0 or "COMMA" not in spot.accepts or spot.lexemes[spot.at - 1].sort == "number":
        return
    function = FUNCTIONS.get(spot.lexemes[opened - 1].text)
    if function is not None and function.most > 1 and spot.lexemes[spot.at].sort in ("name", "number"):
        yield spot.insert("SG005", "a `,` is missing between arguments", ",", f"write `{spot.word(-1)}, {spot.here}`")


def extent_as_name(spot: Spot) -> Iterator[Repair]:
    """`param depth: count = 8`: the extents are words of the language."""
    here = spot.near(0)
    if here is not None and here.text in EXTENTS and spot.accepts == {"NAME"}:
        written = f"my_{here.text}"
        yield spot.replace(
            "SG106",
            f"`{here.text}` is a word of the language",
            written,
            f"choose another name, for example `{written}`",
        )


RULES = (renamed, dashes, unit, prose, compare, conditional, call, operand, extent_as_name)
