"""Siblings exclude one another: what they leave each other of their chances, so that these sum to at most 1.

The likeliest one, of equals the first, keeps its chance and the others share what is left: it is the best known one by
far, and what makes the sum too large is mostly a strong candidate whose weaker siblings were believed on their own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.grids import every

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TINY, _ONE = np.array(1e-12), np.array(1.0)  # the first instead of a division by 0


def room_in_fans(value: Floats, fan: int) -> Floats | None:
    """(B, K) what siblings leave each node, 0..1; None where all have room. Each `fan` cells in a row are siblings."""
    if not value.size:
        return None
    families = value.reshape(-1, fan)
    sums = np.add.reduce(families.T.copy(), 0)  # across rows: several times as fast as along them
    if sums[sums.argmax()] <= 1.0:
        return None
    likeliest = families.argmax(1)
    likeliest += every(value.size, fan)
    room = _left(sums, value.take(likeliest)).repeat(fan)
    room[likeliest] = 1.0
    return room.reshape(value.shape)


def room_in_families(value: Floats, parent: Ints) -> Floats | None:
    """The same where siblings stand anywhere in their row; `parent` (B, K): the place of each node's, from -1 on."""
    if not value.size:
        return None
    rows = np.arange(len(parent))[:, None] * (int(parent.max()) + 2)
    flat, family = value.ravel(), (parent + rows + 1).ravel()
    sums = np.bincount(family, flat).astype(np.float64, copy=False)
    if sums[sums.argmax()] <= 1.0:
        return None
    crowded = (sums > 1.0).take(family).nonzero()[0]
    family, cells = family[crowded], flat[crowded]
    best = np.zeros(len(sums))
    np.maximum.at(best, family, cells)
    room = np.ones(value.size)
    room[crowded] = _left(sums, best)[family]
    first = (cells == best[family]).nonzero()[0][::-1]
    likeliest = np.empty(len(sums), np.int64)
    likeliest[family[first]] = crowded[first]  # the last one written is the first one
    room[likeliest[family]] = 1.0
    return room.reshape(value.shape)


def _left(sums: Floats, best: Floats) -> Floats:
    """What families leave all but the likeliest one."""
    left: Floats = _ONE - best
    left /= np.maximum(sums - best, _TINY)
    left[sums <= _ONE] = 1.0
    return left
