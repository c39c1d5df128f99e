"""A `:` that is missing: behind the name of an argument, behind the key of a row."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.functions import FUNCTIONS
from smartgen.language.mistakes.operands import operand_last, unclosed
from smartgen.language.mistakes.spot import Repair, Spot

COORDINATES = ("nodes", "width", "model")


def missing_colon(spot: Spot) -> Iterator[Repair]:
    """`ema(x, 0.2, start 3)`, `profile.verify.time(nodes 0)`, `table(batch.size, 1: 8, 16 2)`."""
    here, before, opened = spot.near(0), spot.near(-1), unclosed(spot.lexemes, spot.at)
    if here is None or before is None or not opened or spot.word(-2) not in ("(", ",") or here.sort == "sign":
        return
    called = spot.lexemes[opened - 1].text
    key = called == "table" and before.sort in ("number", "text") and spot.word(-2) == ","
    if key or before.text in _named(called):
        value = spot.slice(spot.at, operand_last(spot.lexemes, spot.at))
        help = f"write `{before.text}: {value}`"
        yield spot.insert("SG005", f"`:` is missing behind `{before.text}`", ":", help)


def _named(function: str) -> tuple[str, ...]:
    """The names that arguments of it have."""
    if function.startswith("profile."):
        return COORDINATES
    return FUNCTIONS[function].named if function in FUNCTIONS else ()
