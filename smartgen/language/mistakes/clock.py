"""Times of a clock: `0:00:01`, `00:30`."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.words import EXTENTS


def clock(spot: Spot) -> Iterator[Repair]:
    """Hours, minutes and seconds as one time."""
    if spot.here != ":" or "COLON" in spot.accepts:
        return
    first = last = spot.at - 1
    if spot.word(-2) in ("best", "..", *EXTENTS):
        return
    found = spot.lexemes
    while last + 2 < len(found) and found[last + 1].text == ":" and found[last + 2].sort == "number":
        if found[last].end != found[last + 1].start or found[last + 1].end != found[last + 2].start:
            break
        last += 2
    parts = [found[i].text for i in range(first, last + 1, 2)]
    if first < 0 or not 2 <= len(parts) <= 3 or not all(part.replace(".", "").isdigit() for part in parts):
        return
    seconds = sum(float(part) * 60**power for power, part in enumerate(reversed(parts)))
    written = f"{seconds:g} s"
    yield spot.replace("SG010", "a time is a number with its unit", written, "", last - first + 1, -1)
