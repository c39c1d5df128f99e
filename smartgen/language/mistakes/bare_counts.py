"""A count with a name in front of it, or torn in two."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.words import EXTENTS


def named_count(spot: Spot) -> Iterator[Repair]:
    """`expand best top_k=4`, `limit depth num_steps=5`: a count stands by itself."""
    name, value = spot.near(-1), spot.near(1)
    if spot.here not in ("=", ":") or name is None or value is None or name.sort != "name" or value.first:
        return
    if spot.word(-2) in ("best", "..", *EXTENTS) and spot.statement in ("expand", "verify", "limit"):
        message = f"`{spot.word(-2)}` has a count behind it, without a name"
        yield spot.remove("SG008", message, f"write `{spot.word(-2)} {value.text}`", 2, -1)


def torn_number(spot: Spot) -> Iterator[Repair]:
    """`best 0..6 4`."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None or here.first or spot.statement not in ("expand", "verify"):
        return
    torn = before.text.isdigit() and here.text.isdigit() and here.start == before.end + 1
    if torn and (spot.word(-2) == ".." or int(before.text) > int(here.text)):  # `best 0 64` is a range
        yield spot.replace("SG010", "a number has no space", f"{before.text}{here.text}", "", 2, -1)
