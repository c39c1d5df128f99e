"""Inside an expression: units, comparisons, conditionals, calls, words of other languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.functions import FUNCTIONS
from smartgen.language.mistakes.calls import call
from smartgen.language.mistakes.comparisons import compare
from smartgen.language.mistakes.conditionals import conditional
from smartgen.language.mistakes.numbers import decimal_comma, unit
from smartgen.language.mistakes.operands import operand_first, operand_last, unclosed
from smartgen.language.mistakes.phrases import prose, undeclared
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt
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


def applied(spot: Spot) -> Iterator[Repair]:
    """`min 6 batch.size`: a call as functional languages have it."""
    here, function = spot.near(0), FUNCTIONS.get(spot.word(-1))
    if here is None or function is None or here.first or here.text == "(" or function.named:
        return
    first, last, arguments = spot.at - 1, spot.at, list[str]()
    while last < len(spot.lexemes) and not spot.lexemes[last].first:
        if spot.lexemes[last].sort not in ("name", "number") and spot.lexemes[last].text != "(":
            break
        end = operand_last(spot.lexemes, last)
        arguments.append(spot.slice(last, end))
        last = end + 1
    if function.least <= len(arguments) <= function.most and arguments:
        written = f"{spot.word(-1)}({', '.join(arguments)})"
        count = last - first
        message = f"`{spot.word(-1)}` is called with parentheses"
        yield spot.replace("SG108", message, written, f"write `{written}`", count, -1)


def renamed(spot: Spot) -> Iterator[Repair]:
    """A keyword that was a name until its definition was mended."""
    here = spot.near(0)
    if here is not None and here.sort == "keyword" and not here.first and spot.wants_operand:
        name = f"my_{here.text}"
        if any(x.text == name for x in spot.lexemes[: spot.at]):
            yield spot.replace("SG106", f"`{here.text}` is a word of the language", name, f"write `{name}` here too")


def prefixed_text(spot: Spot) -> Iterator[Repair]:
    """`f"head"`, as in Python."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None or here.sort != "text":
        return
    if before.text in ("f", "r", "b", "u") and before.end == here.start:
        yield spot.remove("SG016", f"`{before.text}` means nothing before a text", f"write `{here.text}`", 1, -1)


def extent_as_value(spot: Spot) -> Iterator[Repair]:
    """`continue while depth < 6`: an extent, `best` or another word that stands for a value is none."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None:
        return
    if spot.accepts == {"COLON"} and before.text in EXTENTS and here.text in (")", ","):
        meant = f"node.{before.text}" if before.text == "depth" else _OPERANDS[before.text]
        message = f"`{before.text}` is a word of the language and no value"
        yield spot.replace("SG102", message, meant, f"did you mean `{meant}`?", 1, -1)
    if spot.wants_operand and here.text in _OPERANDS and spot.word(1) != "=":
        meant = _OPERANDS[here.text]
        if here.text == "best" and spot.word(1) == "(":
            meant = "layer.max"
        if here.text == "cost":
            meant = _total(spot)
        if (same := re.search(rf"({here.text}\.\w+)\s*[-<>]=?\s*\w+\(\s*$", spot.text[: here.start])) is not None:
            meant = same[1]  # `tree.tokens - previous(tree)`
        if here.text == "depth" and spot.statement in ("expand", "verify", "benefit"):
            meant = "node.depth"
        message = f"`{here.text}` is a word of the language and no value"
        yield spot.replace("SG102", message, meant, f"did you mean `{meant}`?")


def _total(spot: Spot) -> str:
    """The total that the costs before are most likely parts of."""
    words = {lexeme.text for lexeme in spot.lexemes[: spot.at]}
    return "money" if words & {"usd", "eur"} else "energy" if words & {"mJ", "J", "kJ", "kWh"} else "time"


def keyword_as_value(spot: Spot) -> Iterator[Repair]:
    """Any other keyword where a value is due; statements and branches are seen to elsewhere."""
    here = spot.near(0)
    if here is None or spot.near(-1) is None or not spot.wants_operand or here.sort != "keyword":
        return
    if here.text not in STATEMENTS and here.text not in ("if", "then", "else"):
        yield _another_name(spot, here.text)


def range_as_point(spot: Spot) -> Iterator[Repair]:
    """`node..path`."""
    here, before, following = spot.near(0), spot.near(-1), spot.near(1)
    if here is None or before is None or following is None or here.text != "..":
        return
    if before.end == here.start and here.end == following.start and before.word and following.word:
        written = f"{before.text}.{following.text}"
        yield spot.replace("SG016", "parts of a name are joined by one point", written, "", 3, -1)


def keyword_argument(spot: Spot) -> Iterator[Repair]:
    """`ema(time, each=4)`: no argument has a keyword's name."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None or here.sort != "keyword" or spot.word(1) != "=":
        return
    if before.text == "," and unclosed(spot.lexemes, spot.at) is not None:
        yield spot.remove("SG008", f"no argument is called `{here.text}`", f"write `{spot.word(2)}`", 2)


def missing_comma(spot: Spot) -> Iterator[Repair]:
    """`calibrated(node.prob node.rank)`."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None or "COMMA" not in spot.accepts or before.sort == "number":
        return
    opened = unclosed(spot.lexemes, spot.at)
    function = FUNCTIONS.get(spot.lexemes[opened - 1].text) if opened else None
    ratio = _ratio(before.text, here.text)
    if function is not None and function.most > 1 and here.sort in ("name", "number") and not ratio:
        yield spot.insert("SG005", "a `,` is missing between arguments", ",", f"write `{spot.word(-1)}, {spot.here}`")


def _ratio(above: str, below: str) -> bool:
    """Whether two operands side by side are rather tokens per second (joule, dollar) than their product."""
    counted = above.endswith(("tokens", "progress", " tok"))
    return counted and below.rpartition(".")[2] in ("time", "energy", "money")


def _times(first: str, second: str) -> bool:
    """Whether two operands are both times, which nobody multiplies."""
    return all(it.rpartition(".")[2] == "time" or re.search(r"[0-9] ?(?:us|ms|s)$", it) for it in (first, second))


def undefined_name(spot: Spot) -> Iterator[Repair]:
    """`rate = tokens / time`, as in Python."""
    here = spot.near(0)
    if here is None or spot.near(-1) is None or here.sort != "name" or "." in here.text:
        return
    if spot.word(1) == "=" and "_LET" in spot.accepts:
        message = "every statement begins with a keyword"
        yield spot.insert("SG011", message, "\n  let", f"write `let {here.text} = {spot.word(2)}`")


def missing_operator(spot: Spot) -> Iterator[Repair]:
    """`2 time`, `tokens (1 + time)`: two operands side by side."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None or "TIMES" not in spot.accepts or here.first:
        return
    begins = here.sort in ("name", "number") or here.text == "("
    ends = before.sort in ("name", "number") or before.text == ")"
    numbers = before.sort == here.sort == "number" or next(undeclared(spot), None) is not None
    negation = misspelt(before.text, ["not"]) is not None  # `NOT node.spine`: a keyword, no factor
    if begins and ends and not numbers and not negation:
        first = operand_first(spot.lexemes, spot.at - 1)
        last = operand_last(spot.lexemes, spot.at)
        sign = "/" if _ratio(before.text, here.text) else "+" if _times(before.text, here.text) else "*"
        written = f"{spot.slice(first, spot.at - 1)} {sign} {spot.slice(spot.at, last)}"
        yield spot.insert("SG005", "an operator is missing", sign, f"write `{written}`")


def extent_as_name(spot: Spot) -> Iterator[Repair]:
    """`param depth: count = 8`: the extents are words of the language."""
    here = spot.near(0)
    if here is not None and here.text in EXTENTS and spot.accepts == {"NAME"}:
        yield _another_name(spot, here.text)


def _another_name(spot: Spot, word: str) -> Repair:
    written = f"my_{word}"
    help = f"choose another name, for example `{written}`"
    return spot.replace("SG106", f"`{word}` is a word of the language", written, help)


RULES = (
    applied,
    renamed,
    unit,
    prose,
    call,
    compare,
    conditional,
    prefixed_text,
    extent_as_value,
    keyword_as_value,
    decimal_comma,
    range_as_point,
    keyword_argument,
    missing_comma,
    undefined_name,
    missing_operator,
    extent_as_name,
)
