"""States by key, as many as are of use: what was not asked for in a long time makes room."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")
MOST = 4096  # states of one kind: rows that come and go, bins of a value that never repeats


def recent(kept: dict[K, T], key: K, make: Callable[[], T]) -> T:
    """`kept[key]`, made if need be. The dictionary's order is that of use; the oldest goes once there are more than `MOST`."""
    found = kept.pop(key, None)
    kept[key] = found = make() if found is None else found
    if len(kept) > MOST:
        del kept[next(iter(kept))]
    return found
