"""Braces where a value is due: a template's `{{ trust }}` and `{trust}`, a dictionary `{1: 5, 8: 3}`, a set."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.mistakes.operands import closing
from smartgen.language.mistakes.spot import Repair, Spot


def braces(spot: Spot) -> Iterator[Repair]:
    """What stands in them without them."""
    here = spot.near(0)
    if here is None or here.text != "{" or not (spot.wants_operand or "QUANTITY" in spot.accepts):
        return
    close = closing(spot.lexemes, spot.at)
    if close is None:
        return
    first, last = spot.at + 1, close - 1
    while first < last and spot.lexemes[first].text == "{" and spot.lexemes[last].text == "}":
        first, last = first + 1, last - 1
    if first > last or "\n" in spot.slice(spot.at, close):
        return
    inside = spot.slice(first, last)
    message = "values stand without braces"
    if spot.word(-1) in ("(", ",") and any(x.text in (":", ",") for x in spot.lexemes[first : last + 1]):
        message = "rows and arguments stand without braces"
    elif first < last:
        yield spot.replace("SG015", message, f"({inside})", "", close - spot.at + 1)
    yield spot.replace("SG015", message, inside, "", close - spot.at + 1)
