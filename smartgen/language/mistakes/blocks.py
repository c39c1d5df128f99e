"""The brace of a `when` or an `otherwise` that nothing closes: told where it is missing, with where it opens."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.mistakes.operands import opening, unclosed
from smartgen.language.mistakes.spot import Repair, Spot

_BEGIN = ("when", "otherwise")


def unclosed_block(spot: Spot) -> Iterator[Repair]:
    """A block that the next one finds open, or whose `}` stands where the policy's should."""
    here = spot.near(0)
    if not spot.document or "RBRACE" not in spot.accepts or not spot.at or not _short(spot):
        return
    if here is not None and here.text in _BEGIN and here.first and "_PARAM" not in spot.accepts:
        opened = unclosed(spot.lexemes, spot.at, "{")
        if opened is not None and _begins_block(spot, opened):
            yield _closed(spot, opened, spot.at - 1)
    if (here is None or here.text == "policy") and spot.word(-1) == "}":
        opened = opening(spot.lexemes, spot.at - 1)
        brace = spot.lexemes[spot.at - 1]
        if opened is None or not brace.first or not _begins_block(spot, opened):
            return
        if spot.column(brace.start) < _indent(spot, opened):
            yield _closed(spot, opened, spot.at - 2)


def _short(spot: Spot) -> bool:
    """Whether more braces open than close."""
    return sum((x.text == "{") - (x.text == "}") for x in spot.lexemes) > 0


def _begins_block(spot: Spot, brace: int) -> bool:
    words = (x.text for x in reversed(spot.lexemes[:brace]) if x.text in (*_BEGIN, "policy", "{", "}"))
    return next(words, "") in _BEGIN


def _closed(spot: Spot, opened: int, last: int) -> Repair:
    brace, end = spot.lexemes[opened], spot.lexemes[last].end
    lines = "\n" in spot.text[brace.end : end]
    written = f"\n{' ' * _indent(spot, opened)}}}" if lines else " }"
    where = f"behind `{spot.lexemes[last].text}`" if last > opened else "behind it"
    behind = spot.lexemes[last + 1].start if last + 1 < len(spot.lexemes) else len(spot.text)
    also = ((brace.start, brace.end, "opened here"),)
    change = (end, end, written)
    return Repair("SG015", "this block is not closed", end, behind, f"write `}}` {where}", (change,), also)


def _indent(spot: Spot, index: int) -> int:
    """Column of the first lexeme on the line of lexeme `index`."""
    first = next(i for i in range(index, -1, -1) if spot.lexemes[i].first or i == 0)
    return spot.column(spot.lexemes[first].start)
