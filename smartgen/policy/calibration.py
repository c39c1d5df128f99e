"""What a drafter's confidence is worth: the chance that a node is accepted given that its parent was.

Draft probabilities are not acceptance rates: a small drafter's 0.2 may be accepted half of the time, and which sibling
it is, how deep, on the spine or not, matters as much. The map counts labelled trials in cells (features x bins of
probability), smooths each cell towards a coarser one and that towards the probability itself, makes the estimates
monotone in probability (pooled adjacent violators) and forgets slowly. Without data it is the identity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.isotonic import isotonic

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EDGES = np.array([1e-3, 3e-3, 1e-2, 2e-2, 0.04, 0.07, 0.12, 0.2, 0.3, 0.42, 0.55, 0.68, 0.8, 0.9, 0.96, 0.99])
_CENTRES = np.concatenate([[5e-4], np.sqrt(_EDGES[:-1] * _EDGES[1:]), [0.996]])
_BINS = len(_CENTRES)
_LOG_CENTRES = np.log(_CENTRES)

# How each feature is cut into strata. Ranks and depths beyond the last edge share a stratum.
_CUTS: dict[str, Ints] = {
    "node.rank": np.array([1, 2, 3, 5]),
    "node.depth": np.array([2, 3, 5, 8]),
    "node.spine": np.array([1]),
    "request.sampled": np.array([1]),
}
_COARSE = ("node.rank", "node.source", "request.sampled")  # what the first level of smoothing already distinguishes


@dataclass(frozen=True)
class Estimate:
    """`value` (B, K): chance of acceptance. `cell` (B, K): where a trial of the node is counted."""

    value: Floats
    cell: Ints


class CalibrationMap:
    """One `calibrated(...)` call's memory. Not thread-safe by itself: its owner locks."""

    PRIOR_TRIALS = 12.0  # weight of the coarser estimate, in trials
    DECAY = 0.98  # of all counts, at each refresh
    REFRESH = 64  # steps between refreshes (the first ones come earlier)

    def __init__(self, features: tuple[str, ...]) -> None:
        """`features`: names after the first (the probability), e.g. ("node.rank", "node.depth")."""
        self.features = features
        self.sources: list[str] = []
        sizes = [len(_CUTS[name]) + 1 if name in _CUTS else 4 for name in features]
        self.strides = np.cumprod([1, *sizes])[:-1]
        self.strata = int(np.prod(sizes)) if sizes else 1
        self.trials = np.zeros((self.strata, _BINS))
        self.hits = np.zeros((self.strata, _BINS))
        self.coarse_of = self._coarse_strata(sizes)
        self.table = np.tile(_CENTRES, (self.strata, 1))
        self.steps = self.refreshed = 0
        self.learned = False

    def _coarse_strata(self, sizes: list[int]) -> Ints:
        """(strata,) a number shared by the strata that differ only in fine features."""
        index = np.arange(self.strata)
        coarse = np.zeros(self.strata, np.int64)
        scale = 1
        for name, size, stride in zip(self.features, sizes, self.strides, strict=True):
            if name in _COARSE:
                coarse += (index // stride) % size * scale
                scale *= size
        return coarse

    def _stratum(self, values: list[object], shape: tuple[int, ...]) -> Ints:
        stratum = np.zeros(shape, np.int64)
        for name, stride, value in zip(self.features, self.strides, values, strict=True):
            if name in _CUTS:
                part = np.searchsorted(_CUTS[name], np.asarray(value, np.float64), "right")
            else:
                part = np.asarray(self._source(str(value)))
            stratum += part * stride
        return stratum

    def _source(self, name: str) -> int:
        if name not in self.sources:
            self.sources.append(name)
        return min(self.sources.index(name), 3)

    def estimate(self, prob: Floats, values: list[object]) -> Estimate:
        """Acceptance of nodes with drafter probability `prob` (B, K) and further features as declared."""
        stratum = self._stratum(values, prob.shape)
        place = np.searchsorted(_EDGES, prob, "right")
        cell = stratum * _BINS + place
        if not self.learned:
            return Estimate(prob, cell)
        position = np.interp(np.log(np.maximum(prob, 1e-6)), _LOG_CENTRES, np.arange(_BINS))
        lower = np.minimum(position.astype(np.int64), _BINS - 2)
        weight = position - lower
        flat, base = self.table.ravel(), stratum * _BINS + lower
        return Estimate(flat[base] * (1 - weight) + flat[base + 1] * weight, cell)

    def record(self, cell: Ints, accepted: Floats) -> None:
        """Count trials (n,): nodes whose parent was accepted; `accepted` is 0/1 or a probability."""
        np.add.at(self.trials.ravel(), cell, 1.0)
        np.add.at(self.hits.ravel(), cell, accepted)

    def step(self) -> None:
        """One decoding step has passed: refresh the map when it is time."""
        self.steps += 1
        wait = min(self.REFRESH, max(8, self.refreshed))
        if self.steps - self.refreshed >= wait:
            self.refresh()

    def refresh(self) -> None:
        """Recompute the estimates from the counts, then let the counts fade."""
        self.refreshed = self.steps
        groups = self.coarse_of.max() + 1
        coarse_trials = np.zeros((groups, _BINS))
        coarse_hits = np.zeros((groups, _BINS))
        np.add.at(coarse_trials, self.coarse_of, self.trials)
        np.add.at(coarse_hits, self.coarse_of, self.hits)
        prior = self.PRIOR_TRIALS
        coarse = (coarse_hits + prior * _CENTRES) / (coarse_trials + prior)
        fine = (self.hits + prior * coarse[self.coarse_of]) / (self.trials + prior)
        weight = self.trials + prior
        for stratum in np.flatnonzero(coarse_trials.sum(1)[self.coarse_of] > 0):
            fine[stratum] = isotonic(fine[stratum], weight[stratum])
        self.table, self.learned = fine, bool(self.trials.sum() > 0)
        self.trials *= self.DECAY
        self.hits *= self.DECAY


def capped_siblings(value: Floats, parent: Ints, parents: int) -> Floats:
    """Scale each parent's children to sum to at most 1: sibling events exclude one another. `parent` (B, K) in [0, parents)."""
    batch = value.shape[0]
    place = parent + np.arange(batch)[:, None] * parents
    sums = np.bincount(place.ravel(), weights=value.ravel(), minlength=batch * parents)
    if sums.max(initial=0.0) <= 1.0:
        return value
    scaled: Floats = value / np.maximum(sums, 1.0)[place]
    return scaled
