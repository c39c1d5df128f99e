"""The average tree: what the layers of a draft are worth, by their width, before anything is drafted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class AverageTree:
    """Per `topk` and depth the mean benefit of a layer's candidates in descending order.

    Layers are kept as (growth: the sum over that of the nodes it was drafted from, the best `topk` above) x (shares of the sum),
    so that what shallow layers show of a draft that changes carries over to deep ones that were not drafted lately. Means decay.
    Below the first layer one is believed as far as it was seen, lately; else it grows as the one above, and spreads as the first
    layer's children below each node. Tiers that draft a layer that was poor once, or long ago, would otherwise never be taken
    again, and nothing better learned of it.
    """

    WEIGHT = 0.06  # of the newest observation, once there are enough
    ENOUGH = 4  # observations of a first layer before anything is decided on it
    LEAST = 1e-9
    PRIOR = 1.0  # observations' worth of belief that a layer is like those above
    STALE = 50.0  # drafts of a width without a layer until half of what it has shown is forgotten

    def __init__(self) -> None:
        self.drafts: dict[int, int] = {}  # by topk: how many were seen
        self.above: dict[tuple[int, int], float] = {}  # by (topk, depth): decayed means of the sums of the best above
        self.sums: dict[tuple[int, int], float] = {}  # and of the layer
        self.shares: dict[tuple[int, int], Floats] = {}
        self.told: dict[tuple[int, int], tuple[float, int]] = {}  # observations' worth, `drafts` when it was seen
        self._expected: dict[int, list[tuple[float, Floats]]] = {}  # by topk: growth and layers, as far as asked since

    def known(self, topk: int) -> bool:
        """Whether trees of this width have been seen often enough, to depth 1 at least."""
        return self.drafts.get(topk, 0) >= self.ENOUGH

    def observe(self, topk: int, layers: Sequence[Floats]) -> None:
        """`layers`: from the first on, (B, K) benefits of drafted candidates, 0 where there is none."""
        drafts, above = self.drafts.setdefault(topk, 0), 1.0
        for depth, layer in enumerate(layers, start=1):
            ordered = -np.sort(-layer, axis=1).mean(0) if len(layer) else np.zeros(layer.shape[1])
            self._learn((topk, depth), above, ordered)
            above = float(ordered[:topk].sum())
            if above <= self.LEAST:
                break
        self.drafts[topk] = drafts + 1
        self._expected.pop(topk, None)

    def _learn(self, key: tuple[int, int], above: float, ordered: Floats) -> None:
        told = min(self._told(key) + 1.0, 1.0 / self.WEIGHT)
        self.told[key] = told, self.drafts[key[0]] + 1
        weight, total = 1.0 / told, float(ordered.sum())
        self.above[key] = self.above.get(key, 0.0) + weight * (above - self.above.get(key, 0.0))
        self.sums[key] = self.sums.get(key, 0.0) + weight * (total - self.sums.get(key, 0.0))
        if total > self.LEAST:
            shares = ordered / total
            before = self.shares.get(key, shares)
            self.shares[key] = before + weight * (shares - before)

    def _told(self, key: tuple[int, int]) -> float:
        """Observations' worth of what is known of a layer, after what was forgotten of it."""
        told, when = self.told.get(key, (0.0, 0))
        return told * float(0.5 ** ((self.drafts[key[0]] - when) / self.STALE))

    def layers(self, topk: int, steps: int) -> list[Floats]:
        """(K,), then (K x K,) each: the expected benefits of layers 1 to `steps`, descending. Of a width that was seen."""
        first = self.shares.get((topk, 1), np.full(topk, 1.0 / topk))
        found = self._expected.setdefault(topk, [(self.sums[topk, 1], self.sums[topk, 1] * first)])
        while len(found) < steps:
            growth, above = found[-1]
            best, key = above[:topk], (topk, len(found) + 1)
            mass = float(best.sum())
            shares = np.sort(np.outer(best, first), axis=None)[::-1] / max(mass, self.LEAST)
            if key in self.sums:
                told = self._told(key)
                belief = told / (told + self.PRIOR)
                growth += belief * (self.sums[key] / max(self.above[key], self.LEAST) - growth)
                shares = shares + belief * (self.shares.get(key, shares) - shares)
            found.append((growth, mass * growth * shares))
        return [layer for _, layer in found[:steps]]
