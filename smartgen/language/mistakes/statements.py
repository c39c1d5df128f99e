"""A statement where a value should stand: `verify best limit depth`."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.words import EXTENTS

_ENDS = ("}", ")", ",", "..", "+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or", "then", "else")
_MEANT = {"depth": "layer.depth", "width": "frontier.nodes", "topk": "layer.nodes", "nodes": "tree.nodes"}


def as_value(spot: Spot) -> Iterator[Repair]:
    """`limit depth` where a number is due: what is written there, or what it bounds where nothing is."""
    here = spot.near(0)
    if here is None or here.text != "limit" or here.first or not spot.wants_operand or spot.word(1) not in EXTENTS:
        return
    behind = spot.near(2)
    if behind is not None and not behind.first and behind.text not in _ENDS:
        return  # a count follows: the statement before it is what lacks something
    extent = spot.word(1)
    count = _limited(spot, extent)
    message = f"`limit {extent}` is a statement and no value"
    help = f"write the number itself, `{count}`: a `param` can give it to both" if count else ""
    yield spot.replace("SG102", message, count or _MEANT[extent], help, 2)


def _limited(spot: Spot, extent: str) -> str:
    """The plain number that the text limits `extent` to, empty where there is none."""
    found = spot.lexemes
    for i in range(1, len(found) - 1):
        if found[i].text == extent and found[i - 1].text in ("limit", ",") and found[i + 1].sort == "number":
            return found[i + 1].text
    return ""
