"""Where the text's own continuation stands among a drafter's candidates, at every position of a trace at once.

A recipe that always drafts d layers and verifies the n best nodes commits the same tokens whenever it stands at the
same position, whatever it did before. So one table says how many draft nodes every such recipe would have accepted
everywhere, and replaying it is a walk through that table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartgen.trace.candidates import Candidates, GrownLayer, Order

Ints = NDArray[np.int64]

NODES = 64  # largest tree in the table
DEPTH = 16  # most layers in it
POSITIONS_AT_ONCE = 2048


@dataclass(frozen=True)
class Standing:
    """`accepted` (T, D + 1, NODES + 1): draft nodes accepted at a position with d layers and the n best nodes;
    `available` (T, D + 1): candidates there are in d layers.
    """

    accepted: NDArray[np.uint8]
    available: NDArray[np.int16]


def standing(candidates: Candidates, count: int, order: Order) -> Standing:
    """The table of `count` positions, nodes in `order`, drafted as `expand best 10` drafts them.

    Recipes that keep fewer are among them: the n best nodes of a tree lie below the n best of each layer.
    """
    parts = []
    for start in range(0, count, POSITIONS_AT_ONCE):
        positions = np.arange(start, min(start + POSITIONS_AT_ONCE, count))
        parts.append(_table(candidates.grown(positions, order), DEPTH))
    return Standing(np.concatenate([p.accepted for p in parts]), np.concatenate([p.available for p in parts]))


def _table(layers: list[GrownLayer], depth: int) -> Standing:
    count = len(layers[0].key) if layers else 0
    accepted = np.zeros((count, depth + 1, NODES + 1), np.uint8)
    available = np.zeros((count, depth + 1), np.int16)
    sizes = np.arange(NODES + 1)
    for d in range(1, depth + 1):
        here = layers[d - 1].available if d <= len(layers) else 0
        available[:, d] = available[:, d - 1] + here
    for i, layer in enumerate(layers):
        rows = np.flatnonzero(layer.right >= 0)  # positions at which the text's next i + 1 tokens were all drafted
        if not len(rows):
            break
        column = layer.right[rows]
        key = layer.key[rows, column][:, None]
        place = np.zeros(len(rows), np.int64)  # in the order of all candidates of d layers
        for d, other in enumerate(layers):
            above = other.key[rows] > key if d >= i else other.key[rows] >= key
            place += above.sum(1)
            if d == i:
                earlier = np.arange(other.key.shape[1]) < column[:, None]
                place += ((other.key[rows] == key) & earlier).sum(1)
            if d >= i:
                accepted[rows, d + 1] += place[:, None] < sizes
        for d in range(len(layers), depth):
            accepted[rows, d + 1] += place[:, None] < sizes
    return Standing(accepted, available)
