"""Index grids that depend on shapes alone. They are asked for in every layer and made once; nobody may write to them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_KEPT = 256  # of each kind: shapes that a run meets again


@lru_cache(_KEPT)
def row_starts(batch: int, width: int) -> Ints:
    """(B, 1): where each row of an array (B, `width`) begins when it is laid flat."""
    return _fixed(np.arange(0, batch * width, width)[:, None] if width else np.zeros((batch, 1), np.int64))


@lru_cache(_KEPT)
def every(size: int, stride: int) -> Ints:
    """0, `stride`, 2 x `stride`, ... below `size`."""
    return _fixed(np.arange(0, size, stride))


@lru_cache(_KEPT)
def complements(start: int, width: int) -> Ints:
    """(`width`,): `start`, `start` + 1, ... with all bits turned."""
    return _fixed(~np.arange(start, start + width))


@lru_cache(_KEPT)
def places_from(start: int, batch: int, width: int) -> Ints:
    """(B, 1): what turns a place in the tree into one in an array (B, `width`) of the nodes from `start` on, laid flat."""
    return _fixed(row_starts(batch, width) - start)


@lru_cache(_KEPT)
def families(batch: int, width: int, fan: int) -> tuple[Ints, Ints]:
    """(B, `width` x `fan`) each: which of `width` parents a cell's is, and its rank among the `fan` children."""
    shape = (batch, width * fan)
    parent = np.broadcast_to(np.arange(width).repeat(fan), shape)
    rank = np.broadcast_to(np.tile(np.arange(fan), width), shape)
    return _fixed(parent.copy()), _fixed(rank.copy())


def _fixed(grid: Ints) -> Ints:
    grid.flags.writeable = False
    return grid
