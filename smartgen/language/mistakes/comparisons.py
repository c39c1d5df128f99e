"""Comparisons with other signs or in other words: `=`, chains, a value among several or within a range, no sign at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.operands import (
    closing,
    expression_first,
    expression_last,
    operand_first,
    operand_last,
    statement_last,
    unclosed,
)
from smartgen.language.mistakes.phrases import undeclared
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.signals import SIGNALS
from smartgen.language.units import ENERGY, MONEY, TIME, UNITS
from smartgen.language.words import OPPOSITE

_COMPARES = ("<", "<=", ">", ">=", "==", "!=")
_ASK = ("when", "where", "while", "to", "and", "or", "not", "if")  # words that a condition follows
_AT_LEAST = ("more", "less", "fewer", "greater", "above", "below", "higher", "lower", "later", "longer", "equal")
_CLOSED = ("between", "within")  # ranges that hold both their ends


_OPERATORS = {
    "is": ("==", "there is no `is`"),
    "equals": ("==", "there is no `equals`"),
    "eq": ("==", "there is no `eq`"),
    "xor": ("!=", "there is no `xor`"),
    "times": ("*", "there is no `times`"),
    "plus": ("+", "there is no `plus`"),
    "add": ("+", "there is no `add`"),
    "minus": ("-", "there is no `minus`"),
    "over": ("/", "there is no `over`"),
    "per": ("/", "there is no `per`"),
    "div": ("/", "there is no `div`"),
    "but": ("and", "there is no `but`"),
    "gt": (">", "there is no `gt`"),
    "lt": ("<", "there is no `lt`"),
    "in": ("==", "there is no `in`"),
}


_SHELL = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


def compare(spot: Spot) -> Iterator[Repair]:
    """`=` for `==`, chained comparisons, `is not`."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None:
        return
    shell = _SHELL.get(before.text) if spot.word(-2) == "-" and before.start == spot.lexemes[spot.at - 2].end else None
    if shell is not None and spot.at > 2:  # `-lt 4`
        yield spot.replace("SG007", f"there is no `-{before.text}`", shell, f"write `{shell}`", 2, -2)
    yield from _broken_sign(spot)
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
    yield from _member(spot)
    yield from _unsaid(spot)
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


def _broken_sign(spot: Spot) -> Iterator[Repair]:
    """`< =`, `= =`: a sign that fell in two; `x not > y`: the sign says it; `x > a and < b`: what is compared again."""
    before = spot.word(-1)
    if spot.here in _COMPARES and before in ("and", "or") and spot.wants_operand:
        at = next((i for i in range(spot.at - 1, spot.begun, -1) if spot.lexemes[i].text in _COMPARES), 0)
        if at > spot.begun + 1:
            compared = spot.slice(expression_first(spot.lexemes, at - 1), at - 1)
            message = f"nothing stands before `{spot.here}`"
            yield spot.insert("SG005", message, compared, f"write `{before} {compared} {spot.here} {spot.word(1)}`")
    if spot.here == "=" and before in ("<", ">", "=") and spot.wants_operand:
        sign = f"{before}="
        yield spot.replace("SG007", f"`{sign}` is written without a space", sign, f"write `{sign}`", 2, -1)
    if spot.here == "not" and spot.word(1) in OPPOSITE and "COMPARE" in spot.accepts:
        sign = OPPOSITE[spot.word(1)]
        yield spot.replace("SG007", f"no `not` stands before `{spot.word(1)}`", sign, f"write `{sign}`", 2)


def _member(spot: Spot) -> Iterator[Repair]:
    """`x in (1, 2)`, `x in range(3)`, `x in 1..3`, `x between 1 and 3`, each with `not` before it too."""
    not_ = int(spot.here == "not" and spot.word(1) in ("in", *_CLOSED))
    word = spot.word(not_)
    if word not in ("in", *_CLOSED) or "PLUS" not in spot.accepts or spot.at + not_ + 1 >= len(spot.lexemes):
        return
    first, here = operand_first(spot.lexemes, spot.at - 1), spot.lexemes[spot.at]
    found = _among(spot, spot.at + not_ + 1, spot.slice(first, spot.at - 1), word in _CLOSED)
    if found is None:
        return
    condition, last = found
    if not_ and " or " not in condition and " == " in condition:
        condition, not_ = condition.replace(" == ", " != "), 0
    written = f"not ({condition})" if not_ else f"({condition})" if " or " in condition else condition
    change = (spot.lexemes[first].start, spot.lexemes[last].end, written)
    message = f"there is no `{'not ' if spot.here == 'not' else ''}{word}`"
    yield Repair("SG007", message, here.start, spot.lexemes[last].end, f"write `{written}`", (change,))


def _among(spot: Spot, at: int, name: str, closed: bool) -> tuple[str, int] | None:
    """The condition that `name` is among what begins at lexeme `at`, and the index of its last lexeme."""
    found = spot.lexemes
    opened = at + (found[at].text == "range")
    close = closing(found, opened) if opened < len(found) and found[opened].text in ("(", "{") else None
    if close is not None:
        parts = [part.strip() for part in re.split(r",|\.\.", spot.slice(opened, close)[1:-1]) if part.strip()]
        if opened > at or ".." in spot.slice(opened, close) or (closed and len(parts) == 2):
            low, high = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0] if parts else "")
            return (_within(name, low, high, opened == at), close) if high else None
        return (" or ".join(f"{name} == {part}" for part in parts), close) if parts else None
    middle = operand_last(found, at) + 1
    if middle + 1 < len(found) and found[middle].text.lower() in ("..", "to", "and", "-", ","):
        last = operand_last(found, middle + 1)
        return _within(name, spot.slice(at, middle - 1), spot.slice(middle + 1, last), True), last
    alone = not closed and (found[at].sort in ("number", "text", "name"))
    return (f"{name} == {spot.slice(at, middle - 1)}", middle - 1) if alone else None


def _within(name: str, low: str, high: str, closed: bool) -> str:
    above = f"{name} {'<=' if closed else '<'} {high}"
    return f"{name} >= {low} and {above}" if low and low != "0" else above


def _unsaid(spot: Spot) -> Iterator[Repair]:
    """`when batch.size 8`: a condition of two values and no sign between them."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None or here.first or "COMPARE" not in spot.accepts or not _starts(spot):
        return
    unit = here.text in UNITS and not spot.declares(here.text)
    if here.sort not in ("number", "name", "text") or unit or next(undeclared(spot), None) is not None:
        return
    first, last = _asked(spot), operand_last(spot.lexemes, spot.at)
    following = [x.text for x in spot.lexemes[last + 1 : last + 3]]
    at_least = following[:1] == ["or"] and following[1:] and following[1] in _AT_LEAST
    if first is None or at_least or {*following[:1]} & {*_COMPARES, "(", "=", "is", "than"}:
        return
    if {*following[:1]} & {"+", "-", "*", "/"}:
        last = expression_last(spot.lexemes, spot.at)
        if any(x.text in _COMPARES for x in spot.lexemes[spot.at : last + 1]):
            return
    sign = _likeliest(spot, spot.slice(first, spot.at - 1), here.text)
    written = f"{spot.slice(first, spot.at - 1)} {sign} {spot.slice(spot.at, last)}"
    start, end = spot.lexemes[first].start, spot.lexemes[last].end
    change = (before.end, here.start, f" {sign} ")
    yield Repair("SG005", "the comparison has no sign", start, end, f"write `{written}`", (change,))


def _asked(spot: Spot) -> int | None:
    """Index of the first lexeme of the condition that the spot is in, where nothing is compared in it yet."""
    opened = unclosed(spot.lexemes, spot.at)
    for i in range(spot.at - 1, max(spot.begun, opened or 0) - 1, -1):
        text = spot.lexemes[i].text
        if text in _COMPARES or text in (",", ":", "then", "else"):
            return None
        if text in _ASK or i == opened:
            return i + 1
    return None


def _starts(spot: Spot) -> bool:
    """Whether the spot is within a condition."""
    return spot.statement in ("when", "continue", "subject") or any(
        x.text in ("where", "if") for x in spot.lexemes[max(spot.begun, 0) : spot.at]
    )


def _likeliest(spot: Spot, left: str, right: str) -> str:
    """A text is met, a total is kept below its limit, drafting goes on up to a depth; anything else is reached."""
    if right.startswith('"'):
        return "=="
    if re.fullmatch(r"[0-9.]+", left):
        return "<"
    if spot.statement == "subject":
        bounded = left in SIGNALS and SIGNALS[left].kind.dimension in (TIME, ENERGY, MONEY)
        return "<=" if bounded or left.endswith(".nodes") else ">="
    if left.endswith((".depth", ".nodes")) and right == "0":
        return "=="
    if spot.statement == "continue" and left.endswith((".depth", ".nodes")):
        return "<"
    return ">"
