"""Casts: `(int) x`, `static_cast<int>(x)`, `x as usize`. Nothing has a type to cast to; what they did is `floor`, or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.mistakes.operands import operand_first, operand_last
from smartgen.language.mistakes.spot import Change, Repair, Spot

_SIZED = (f"{sign}{bits}" for sign in "iu" for bits in (8, 16, 32, 64))
_WHOLE = {"int", "long", "short", "unsigned", "size_t", "usize", "isize", "count", *_SIZED}
_BROKEN = {"float", "double", "number", "f32", "f64"}
_TYPES = _WHOLE | _BROKEN
_CASTS = ("static_cast", "reinterpret_cast", "dynamic_cast", "cast")
_TIGHT = ("*", "/")  # a cast to whole numbers was meant of all of it


def cast(spot: Spot) -> Iterator[Repair]:
    """Where reading stops behind the type in front of a value, or at the `as` behind one."""
    if spot.word(-1) == ")" and spot.word(-2) in _TYPES and spot.word(-3) == "(":
        yield _cast(spot, spot.at - 3, spot.word(-2), spot.at)
    if spot.here == ">" and spot.word(-1) in _TYPES and spot.word(-2) == "<" and spot.word(-3) in _CASTS:
        yield _cast(spot, spot.at - 3, spot.word(-1), spot.at + 1)
    if spot.here == "as" and spot.word(1) in _TYPES and spot.at:
        first = operand_first(spot.lexemes, spot.at - 1)
        start, end = spot.lexemes[spot.at - 1].end, spot.lexemes[spot.at + 1].end
        yield _made(spot, spot.word(1), first, spot.at - 1, (start, end, ""))


def _cast(spot: Spot, begins: int, kind: str, first: int) -> Repair:
    """The type stands from lexeme `begins` to before `first`, where the value begins."""
    last = operand_last(spot.lexemes, first)
    while kind in _WHOLE and last + 2 < len(spot.lexemes) and spot.lexemes[last + 1].text in _TIGHT:
        last = operand_last(spot.lexemes, last + 2)
    gone = (spot.lexemes[begins].start, spot.lexemes[first].start, "")
    return _made(spot, kind, first, last, gone)


def _made(spot: Spot, kind: str, first: int, last: int, gone: Change) -> Repair:
    """The value from lexeme `first` to `last` without its type."""
    written = spot.slice(first, last)
    start, end = spot.lexemes[first].start, spot.lexemes[last].end
    if kind in _WHOLE:
        written = f"floor{written}" if first < last and written.startswith("(") and written.endswith(")") else f"floor({written})"
    whole = (min(gone[0], start), max(gone[1], end), written)
    return Repair("SG007", "there are no casts", gone[0], gone[1], f"write `{written}`", (whole,))
