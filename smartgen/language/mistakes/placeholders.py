"""What stands for something that was never written: `<COUNT>`, `...`, `???`."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.mistakes.unfinished import EXAMPLE


def placeholder(spot: Spot) -> Iterator[Repair]:
    """`<COUNT>` of a description of the language where a value is due."""
    if spot.here != "<" or spot.word(2) != ">" or not (spot.wants_operand or "QUANTITY" in spot.accepts):
        return
    name, before = spot.near(1), spot.word(-1)
    if name is None or not name.word:
        return
    example = EXAMPLE.get(spot.statement if before == "=" else before, "")
    shown = f"<{name.text}>"
    if example:
        message = f"`{shown}` stands for something that you write"
        yield spot.replace("SG009", message, example, f"for example `{example}`", 3)
