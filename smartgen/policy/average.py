"""The average tree: what the layers of a draft are worth, by their width, before anything is drafted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class AverageTree:
    """Per `topk` and depth the mean benefit of a layer's candidates in descending order, and of how much the layer grew.

    Layers are kept as (growth of the sum over the layer above) x (shares of the sum), so that what shallow layers show of a
    draft that changes carries over to deep ones that were not drafted lately. Means decay; a layer never seen repeats the
    growth of the deepest one that was.
    """

    WEIGHT = 0.06  # of the newest observation, once there are enough
    ENOUGH = 4  # observations of a first layer before anything is decided on it
    LEAST = 1e-9

    def __init__(self) -> None:
        self.above: dict[tuple[int, int], float] = {}  # by (topk, depth): decayed means of the sums of the layer above
        self.sums: dict[tuple[int, int], float] = {}  # and of the layer
        self.shares: dict[tuple[int, int], Floats] = {}
        self.seen: dict[tuple[int, int], int] = {}

    def known(self, topk: int) -> bool:
        """Whether trees of this width have been seen often enough, to depth 1 at least."""
        return self.seen.get((topk, 1), 0) >= self.ENOUGH

    def observe(self, topk: int, layers: Sequence[Floats]) -> None:
        """`layers`: from the first on, (B, K) benefits of drafted candidates, 0 where there is none."""
        above = 1.0
        for depth, layer in enumerate(layers, start=1):
            total = float(layer.sum(1).mean()) if len(layer) else 0.0
            ordered = -np.sort(-layer, axis=1).mean(0) if len(layer) else np.zeros(layer.shape[1])
            self._learn((topk, depth), above, total, ordered)
            above = total
            if above <= self.LEAST:
                return

    def _learn(self, key: tuple[int, int], above: float, total: float, ordered: Floats) -> None:
        self.seen[key] = seen = self.seen.get(key, 0) + 1
        weight = max(self.WEIGHT, 1.0 / seen)
        self.above[key] = self.above.get(key, 0.0) + weight * (above - self.above.get(key, 0.0))
        self.sums[key] = self.sums.get(key, 0.0) + weight * (total - self.sums.get(key, 0.0))
        if total > self.LEAST:
            shares = ordered / total
            before = self.shares.get(key, shares)
            self.shares[key] = before + weight * (shares - before)

    def layers(self, topk: int, steps: int) -> list[Floats]:
        """(K,) each: the expected benefits of layers 1 to `steps`, descending."""
        found, mass = [], 1.0
        growth, shares = 1.0, np.ones(1)
        for depth in range(1, steps + 1):
            key = (topk, depth)
            if key in self.sums:
                growth = self.sums[key] / max(self.above[key], self.LEAST)
            shares = self.shares.get(key, shares)
            mass *= growth
            found.append(mass * shares)
        return found
