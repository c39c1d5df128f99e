"""The one order of candidates: descending key, of equals the one that was drafted first, as integers that sort fast.

A key's bits, turned so that they ascend where the key descends, with the candidate's place in the tree in the lowest
PLACE_BITS: sorting these integers sorts the candidates, ties settled, and the place comes out with a mask. The bits that
the place takes cost the order the last digits of a key (one part in 2^31); values themselves are never read from it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.grids import complements

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PLACE_BITS = 21
PLACE: int = (1 << PLACE_BITS) - 1
_PLACE = np.array(PLACE)  # as NumPy has it: a number would be made one in each operation
_REST = ~PLACE
_MAGNITUDE = (1 << 63) - 1
OUT: int = _MAGNITUDE & _REST  # at and above this: no candidate


def packed(key: Floats, valid: Bools, start: int) -> Ints:
    """(B, K) integers of the candidates at places `start`, `start` + 1, ...; what is not `valid` stands behind all others."""
    bits = (key + 0.0).view(np.int64)  # + 0.0: there is one zero
    rising = bits ^ ((bits >> 63) & _MAGNITUDE)  # floats below zero descend in their bits
    places = np.arange(start, start + key.shape[1])
    order: Ints = np.where(valid, (~rising & _REST) | places, OUT | places)
    return order


def places(order: Ints) -> Ints:
    """Places in the tree of candidates in order."""
    found: Ints = order & _PLACE
    return found


def packed_positive(key: Floats, valid: Bools, whole: bool, start: int) -> Ints:
    """The same for keys that are never below zero; `whole`: all are valid."""
    order: Ints = key.view(np.int64) | _PLACE
    order ^= complements(start, key.shape[1])  # all of a key's bits are turned, and the place is put in
    if not whole:
        np.bitwise_or(order & PLACE, OUT, out=order, where=~valid)
    return order
