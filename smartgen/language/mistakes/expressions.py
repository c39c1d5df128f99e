"""Inside an expression: units, comparisons, conditionals, calls, words of other languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.functions import FUNCTIONS
from smartgen.language.mistakes.calls import call
from smartgen.language.mistakes.comparisons import broken_sign, member, unsaid
from smartgen.language.mistakes.conditionals import conditional
from smartgen.language.mistakes.operands import (
    expression_first,
    operand_first,
    operand_last,
    statement_last,
    unclosed,
)
from smartgen.language.mistakes.phrases import dashes, prose, undeclared
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.signals import SIGNALS
from smartgen.language.units import SPELT, UNITS
from smartgen.language.words import EXTENTS, KEYWORDS, STATEMENTS

_COMPARES = ("<", "<=", ">", ">=", "==", "!=")
_OPERATORS = {
    "is": ("==", "there is no `is`"),
    "equals": ("==", "there is no `equals`"),
    "eq": ("==", "there is no `eq`"),
    "xor": ("!=", "there is no `xor`"),
    "times": ("*", "there is no `times`"),
    "plus": ("+", "there is no `plus`"),
    "minus": ("-", "there is no `minus`"),
    "over": ("/", "there is no `over`"),
    "per": ("/", "there is no `per`"),
    "div": ("/", "there is no `div`"),
    "but": ("and", "there is no `but`"),
    "gt": (">", "there is no `gt`"),
    "lt": ("<", "there is no `lt`"),
    "in": ("==", "there is no `in`"),
}
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


def unit(spot: Spot) -> Iterator[Repair]:
    """A word right behind a number, on its line."""
    here, number = spot.near(0), spot.near(-1)
    behind = (
        here is not None and number is not None and not here.first and (number.sort == "name" or number.text == ")")
    )
    if here is not None and behind and here.text in UNITS and "PLUS" in spot.accepts and spot.word(1) != "(":
        yield spot.remove("SG004", f"`{here.text}` is a unit, and units stand behind numbers", f"remove `{here.text}`")
    if here is None or not here.word or number is None or number.sort != "number" or here.first:
        return
    name = here.text
    if name in STATEMENTS or "." in name or name in ("if", "for"):
        return
    if re.fullmatch(r"_[0-9_]+", name) and here.start == number.end:
        written = number.text + name.replace("_", "")
        yield spot.replace("SG010", "digits are written without `_`", written, "", 2, -1)
    if re.fullmatch(r"[lIOo]+[0-9lIOo]*", name) and here.start == number.end:
        written = number.text + name.translate(str.maketrans("lIOo", "1100"))
        yield spot.replace("SG010", "this number has letters in the place of digits", written, "", 2, -1)
    thousands = {"k": 1000, "K": 1000, "m": 10**6, "M": 10**6}.get(name)
    if thousands and here.start == number.end:
        written = f"{float(number.text) * thousands:.0f}"
        yield spot.replace("SG010", "a number is written out", written, "", 2, -1)
    if name in ("nodes", "of", "per", "node", "candidates", "for", "each") and spot.statement in ("expand", "verify"):
        return
    if re.match(r"^[xX][0-9a-fA-F]+$", name) and number.text == "0":
        yield spot.replace("SG010", "numbers are decimal", str(int(name[1:], 16)), "", 2, -1)
    below = SPELT.get(spot.word(1).lower()) or (spot.word(1) if spot.word(1) in UNITS else None)
    if name in ("per", "a", "each") and below and below != "req" and re.search("[a-zA-Z]$", number.text):
        written = f"{number.text}/{below}"
        yield spot.replace("SG004", "one unit stands below another", written, "", 3, -1)
    if name in ("percent", "pct"):
        written = f"{float(number.text) / 100:.6g}"
        yield spot.replace("SG010", "percentages are written as fractions", written, "", 2, -1)
    meant = (
        SPELT.get(name.lower()) or next((u for u in UNITS if u.lower() == name.lower()), None) or misspelt(name, UNITS)
    )
    if name not in KEYWORDS and meant:
        change = (here.start, here.end, meant)
        help = f"write `{number.text} {meant}`"
        counted = spot.word(-2) in ("best", "..", *EXTENTS)
        if counted and name.lower() in ("token", "tokens", "toks"):
            yield spot.remove("SG004", "a count has no unit", f"write `{number.text}`")
        yield Repair("SG004", f"there is no unit `{name}`", here.start, here.end, help, (change,))


def compare(spot: Spot) -> Iterator[Repair]:
    """`=` for `==`, chained comparisons, `is not`."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None:
        return
    yield from broken_sign(spot)
    if here.text == "=":
        yield from _equals(spot)
    if here.text == "," and "AND" in spot.accepts and "COMMA" not in spot.accepts and _condition(spot):
        yield spot.replace("SG007", "conditions are joined by `and`", "and", "write `and`")
    if here.text in _COMPARES and "COMPARE" not in spot.accepts and "PLUS" in spot.accepts:
        yield from _chained(spot)
    if here.text in ("is", "not") and "COMPARE" in spot.accepts:
        pair = (here.text, spot.word(1))
        if pair in (("is", "not"), ("not", "equals")):
            yield spot.replace("SG007", "there is no `is not`", "!=", "write `!=`", 2)
    yield from member(spot)
    yield from unsaid(spot)
    if here.text in _OPERATORS and not here.first and spot.accepts & {"PLUS", "COMPARE"}:
        written, message = _OPERATORS[here.text]
        count = 2 if spot.word(1) == "by" else 1
        yield spot.replace("SG007", message, written, f"write `{written}`", count)


def _condition(spot: Spot) -> bool:
    """Whether what stands before is a comparison, and so is what follows."""
    behind = spot.lexemes[spot.at + 1 : statement_last(spot.lexemes, spot.at) + 1]
    before = spot.lexemes[max(spot.begun, 0) : spot.at]
    return all(any(x.text in _COMPARES for x in side) for side in (before, behind))


def _equals(spot: Spot) -> Iterator[Repair]:
    opened = unclosed(spot.lexemes, spot.at)
    if opened is not None and spot.at - 2 >= 0 and spot.word(-2) in ("(", ",") and "COLON" in spot.accepts:
        called = spot.lexemes[opened - 1].text if opened else ""
        message = "arguments are named with `:`"
        yield spot.replace("SG008", message, ":", f"write `{called}({spot.word(-1)}: {spot.word(1)})`")
    if "COMPARE" in spot.accepts:
        count = 2 if spot.word(1) == "=" else 1
        message = "`=` cannot stand here: two values are compared with `==`"
        yield spot.replace("SG008", message, "==", "write `==`", count)


def _chained(spot: Spot) -> Iterator[Repair]:
    first = next((i for i in range(spot.at - 1, -1, -1) if spot.lexemes[i].text in _COMPARES), None)
    if first is None or first + 1 > spot.at - 1:
        return
    here = spot.lexemes[spot.at]
    middle = spot.slice(first + 1, spot.at - 1)
    start = spot.lexemes[expression_first(spot.lexemes, first - 1)].start
    end = spot.lexemes[operand_last(spot.lexemes, spot.at + 1)].end
    written = f"{spot.text[start : here.start].strip()} and {middle} {spot.text[here.start : end]}"
    also = ((spot.lexemes[first].start, spot.lexemes[first].end, ""),)
    change = (here.start, here.start, f"and {middle} ")
    yield Repair("SG007", "comparisons are not chained", here.start, here.end, f"write `{written}`", (change,), also)


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
    yield from _decimal_comma(spot)
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


def _decimal_comma(spot: Spot) -> Iterator[Repair]:
    """`0,5`, `1,000`."""
    here, before = spot.lexemes[spot.at], spot.lexemes[spot.at - 1]
    following = spot.near(1)
    digits = following is not None and following.sort == "number" and following.start == here.end
    if here.text == "," and spot.wants_operand and digits:
        yield spot.replace("SG010", "the decimal sign is a point", f"0.{spot.word(1)}", "", 2)
    if (
        here.text == ","
        and before.sort == "number"
        and following is not None
        and following.sort == "number"
        and following.start == here.end == before.end + 1
    ):
        thousands = re.fullmatch(r"[0-9]{3}(\s*\w+)?", following.text) and not before.text.startswith("0")
        written = before.text + ("" if thousands else ".") + following.text
        message = "digits are written without `,`" if thousands else "the decimal sign is a point"
        yield spot.replace("SG010", message, written, "", 3, -1)


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
