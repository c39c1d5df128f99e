"""What a drafter would propose at many positions of a trace at once, for tables that need no controller.

Arrays are (P, C): P positions, C cells of a layer; padding has probability 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WIDTH = 10  # nodes drafted from in each layer


@dataclass(frozen=True)
class Cells:
    """One layer: drafter's probability given the parent, the parent's cell in the frontier, rank, whether on the spine."""

    prob: Floats
    parent: Ints
    rank: Ints
    spine: Bools
    depth: int


Order = Callable[[Cells], Floats]  # the chance of acceptance given the parent; nodes are ordered by its product


def raw(cells: Cells) -> Floats:
    """The drafter's own probabilities."""
    return cells.prob


@dataclass(frozen=True)
class GrownLayer:
    """`key` (P, C): value down the path, -inf where there is no candidate; `right` (P,): the cell that holds the text's
    own token, -1 where it or one before it was not drafted; `available` (P,): candidates, unrecorded ones included.
    """

    key: Floats
    right: Ints
    available: Ints


@dataclass(frozen=True)
class Trials:
    """Every drafted child of a node that is in the text, flat: its features and whether the text goes on with it."""

    prob: Floats
    rank: Ints
    depth: Ints
    spine: Bools
    hit: Bools


class Candidates(Protocol):
    """A drafter's proposals at every position of one trace."""

    source: str
    depth: int  # layers there may be
    free: bool

    def grown(self, positions: Ints, order: Order) -> list[GrownLayer]:
        """Layers 1, 2, ... as `expand best 10` drafts them at `positions` (P,), nodes kept in `order`."""

    def trials(self) -> Trials:
        """What there is to learn from."""
