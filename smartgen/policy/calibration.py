"""What a drafter's confidence is worth: the chance that a node is accepted given that its parent was.

Draft probabilities are not acceptance rates: a small drafter's 0.2 may be accepted half of the time, and which sibling
it is, how deep, on the spine or not, matters as much. The map counts labelled trials in cells (features x bins of
probability), smooths each cell towards a coarser one and that towards the probability itself, makes the estimates
monotone in probability (pooled adjacent violators) and forgets slowly. Without data it is the identity.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.isotonic import isotonic

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EDGES = np.array([1e-3, 3e-3, 1e-2, 2e-2, 0.04, 0.07, 0.12, 0.2, 0.3, 0.42, 0.55, 0.68, 0.8, 0.9, 0.96, 0.99])
_CENTRES = np.concatenate([[5e-4], np.sqrt(_EDGES[:-1] * _EDGES[1:]), [0.996]])
_BINS = len(_CENTRES)
_LOG_CENTRES = np.log(_CENTRES)
# One look-up among edges and centres together tells both the bin and the centres that a probability lies between: its span.
_BREAKS = np.sort(np.concatenate([_EDGES, _CENTRES[1:]]))
_SPANS = len(_BREAKS) + 1
_BIN_OF = np.searchsorted(_EDGES, np.concatenate([[0.0], _BREAKS]), "right")
_LOWER_OF = np.maximum(np.searchsorted(_CENTRES, np.concatenate([[0.0], _BREAKS]), "right") - 1, 0)

# Bisection mispredicts its branches; a probability's leading bits name a cell so narrow that at most one break lies in it.
# Each cell adds a number to the bits, such that the leading ones then say the span: they carry from the break on.
_CELL_BITS = 44  # dropped: what remains is the exponent and 8 bits behind the point
_DROPPED, _LEAST = np.array(_CELL_BITS), np.array(_CENTRES[0])  # see `policy/order.py`


def _carries() -> Ints:
    """(cells up to that of 1,): what each one adds; 0 in those below the least centre, which nobody asks for."""
    first, last = (int(bits) >> _CELL_BITS for bits in np.array([_CENTRES[0], 1.0]).view(np.int64))
    starts = np.arange(first, last + 2) << _CELL_BITS
    before, after = (np.searchsorted(_BREAKS, at.view(np.float64), "right") for at in (starts[:-1], starts[1:]))
    assert (after - before <= 1).all()
    carry = np.where(after > before, starts[1:] - np.append(_BREAKS, 0.0)[before].view(np.int64), 0)
    carries = np.zeros(last + 1, np.int64)
    carries[first:] = (before << _CELL_BITS) - starts[:-1] + carry
    return carries


_CARRIES = _carries()


def _spans(prob: Floats) -> Ints:
    """How many breaks each probability has reached; all are within the least centre..1."""
    bits = prob.view(np.int64)
    span: Ints = _CARRIES.take(bits >> _DROPPED, mode="clip")
    span += bits
    span >>= _DROPPED
    return span


# How each feature is cut into strata. Ranks and depths beyond the last edge share a stratum.
_CUTS: dict[str, Ints] = {
    "node.rank": np.array([1, 2, 3, 5]),
    "node.depth": np.array([2, 3, 5, 8]),
    "node.spine": np.array([1]),
    "request.sampled": np.array([1]),
}
_COARSE = ("node.rank", "node.source", "request.sampled")  # what the first level of smoothing already distinguishes


class _Begins:
    """Where the strata of one feature begin in the table laid flat; `known`: of values that all nodes had together."""

    MOST_KNOWN = 64

    def __init__(self, name: str, stride: int) -> None:
        self.stride, self.known = stride, dict[object, int]()
        self.cuts = _CUTS.get(name)
        self.by_number = (
            None if self.cuts is None else np.searchsorted(self.cuts, np.arange(self.cuts[-1] + 1), "right") * stride
        )

    def added(self, found: int | Ints, value: Any, number: Callable[[str], int]) -> Ints:
        """`found`, one for all or (B, K), and where the strata of values (B, K) begin; `number`: of a name."""
        if self.by_number is None:
            names, place = value if isinstance(value, tuple) else _named(value)
            begins = np.array([number(name) * self.stride for name in names])
        elif value.dtype != bool:
            begins, place = self.by_number, value.astype(np.int64, copy=False)
        elif not isinstance(found, int) and found.shape == value.shape:
            return np.add(found, self.stride, out=found, where=value)
        else:
            more: Ints = found + value * self.stride
            return more
        if isinstance(found, int):  # what all have in common is added to the few beginnings
            begins, found = begins + found, 0
        more = begins.take(place, mode="clip")
        return found + more if isinstance(found, np.ndarray) else more

    def of_all(self, value: Any, number: Callable[[str], int]) -> int:
        """Of one value."""
        stratum = number(str(value)) if self.cuts is None else bisect.bisect_right(self.cuts.tolist(), float(value))
        if len(self.known) >= self.MOST_KNOWN:
            self.known.clear()
        self.known[value] = begins = stratum * self.stride
        return begins


class Estimate(NamedTuple):
    """`value` (B, K): chance of acceptance. `cell` (B, K): what `record` needs to count a trial of the node."""

    value: Floats
    cell: Ints


class CalibrationMap:
    """One `calibrated(...)` call's memory. Not thread-safe by itself: its owner locks."""

    PRIOR_TRIALS = 12.0  # weight of the coarser estimate, in trials
    DECAY = 0.98  # of all counts, at each refresh
    REFRESH = 64  # steps between refreshes (the first ones come earlier)
    WAITING = 4096  # trials that may wait to be counted

    def __init__(self, features: tuple[str, ...]) -> None:
        """`features`: names after the first (the probability), e.g. ("node.rank", "node.depth")."""
        self.features = features
        self.sources: list[str] = []
        sizes = [len(_CUTS[name]) + 1 if name in _CUTS else 4 for name in features]
        self.strides = np.cumprod([1, *sizes])[:-1]
        self.strata = int(np.prod(sizes)) if sizes else 1
        self._trials, self._hits = np.zeros((self.strata, _BINS)), np.zeros((self.strata, _BINS))
        self._waiting = np.zeros(self.WAITING, np.int64), np.zeros((2, self.WAITING))  # cells; trials and hits
        self._waits = 0  # how many of them
        self.coarse_of = self._coarse_strata(sizes)
        self._bin_of = (np.arange(self.strata)[:, None] * _BINS + _BIN_OF).ravel()  # from cells to places in the counts
        self.table = np.tile(_CENTRES, (self.strata, 1))
        self.steps = self.refreshed = 0
        self.learned = False
        self._begins = [
            _Begins(name, stride * _SPANS) for name, stride in zip(features, self.strides.tolist(), strict=True)
        ]
        self._draw_lines()

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

    def _strata(self, values: list[object]) -> int | Ints:
        """Where the nodes' strata begin in the table laid flat, one for all or (B, K)."""
        whole, apart = 0, []
        for begins, value in zip(self._begins, values, strict=True):
            if isinstance(value, (np.ndarray, tuple)):  # a union would be made anew each time
                apart.append((begins, value))
            elif value in begins.known:
                whole += begins.known[value]
            else:
                whole += begins.of_all(value, self._source)
        found: int | Ints = whole
        for begins, value in apart:
            found = begins.added(found, value, self._source)
        return found

    def _source(self, name: str) -> int:
        """0, 1, 2 for the first three that came up, 3 for all others."""
        if name not in self.sources:
            if len(self.sources) >= 3:
                return 3
            self.sources.append(name)
        return min(self.sources.index(name), 3)

    def estimate(self, prob: Floats, values: list[object]) -> Estimate:
        """Acceptance of nodes with drafter probability `prob` (B, K) and further features as declared."""
        value = np.maximum(prob, _LEAST)
        cell = _spans(value)
        cell += self._strata(values)
        if not self.learned:
            return Estimate(prob, cell)
        np.log(value, out=value)
        value *= self.slope.take(cell, mode="clip")  # an absent probability has no cell
        value += self.height.take(cell, mode="clip")
        return Estimate(value, cell)

    def _draw_lines(self) -> None:
        """The table as lines between neighbouring centres, level behind the last: `height` + `slope` x log(prob)."""
        slope = np.zeros_like(self.table)
        slope[:, :-1] = np.diff(self.table, axis=1) / np.diff(_LOG_CENTRES)
        height = self.table - slope * _LOG_CENTRES
        self.slope, self.height = slope.take(_LOWER_OF, 1), height.take(_LOWER_OF, 1)

    def record(self, cell: Ints, accepted: Floats, weight: float | Floats = 1.0, room: float | Floats = 1.0) -> None:
        """Count trials (n,): nodes whose parent was accepted; `accepted` is 0/1 or a probability, `weight` of a trial.

        `room`: what siblings left of the node's chance. As much of a trial it was, so that chances are true with it.
        """
        end = self._waits + len(cell)
        if end > self.WAITING:
            self._count()
            end = len(cell)
        if end > self.WAITING:
            self._add(cell, np.broadcast_to(weight * room, cell.shape), accepted * weight)
            return
        cells, told = self._waiting
        cells[self._waits : end] = cell
        told[0, self._waits : end] = weight * room
        told[1, self._waits : end] = accepted * weight
        self._waits = end

    def _count(self) -> None:
        """Count the trials that wait, in their order: together that is much faster than step by step."""
        (cells, told), waits = self._waiting, self._waits
        self._waits = 0
        self._add(cells[:waits], *told[:, :waits])

    def _add(self, cell: Ints, trials: Floats, hits: Floats) -> None:
        place = self._bin_of.take(cell, mode="clip")
        np.add.at(self._trials.ravel(), place, trials)
        np.add.at(self._hits.ravel(), place, hits)

    @property
    def trials(self) -> Floats:
        """(strata, bins): how many of each cell's nodes were tried, faded."""
        self._count()
        return self._trials

    @trials.setter
    def trials(self, trials: Floats) -> None:
        self._count()
        self._trials = trials

    @property
    def hits(self) -> Floats:
        """(strata, bins): how many of them were right, faded."""
        self._count()
        return self._hits

    @hits.setter
    def hits(self, hits: Floats) -> None:
        self._count()
        self._hits = hits

    def step(self) -> None:
        """One decoding step has passed: refresh the map when it is time."""
        self.steps += 1
        wait = min(self.REFRESH, max(8, self.refreshed))
        if self.steps - self.refreshed >= wait:
            self.refresh()

    def refresh(self) -> None:
        """Recompute the estimates from the counts, then let the counts fade."""
        self.refreshed = self.steps
        groups, prior, trials, hits = self.coarse_of.max() + 1, self.PRIOR_TRIALS, self.trials, self.hits
        coarse_trials = np.zeros((groups, _BINS))
        coarse_hits = np.zeros((groups, _BINS))
        np.add.at(coarse_trials, self.coarse_of, trials)
        np.add.at(coarse_hits, self.coarse_of, hits)
        coarse = (coarse_hits + prior * _CENTRES) / (coarse_trials + prior)
        fine = np.minimum((hits + prior * coarse[self.coarse_of]) / (trials + prior), 1.0)
        weight = trials + prior
        falling = np.flatnonzero((np.diff(fine, axis=1) < 0).any(1))
        fine[falling] = isotonic(fine[falling], weight[falling])
        self.table, self.learned = fine, bool(trials.sum() > 0)
        self._draw_lines()
        trials *= self.DECAY
        hits *= self.DECAY


def _named(value: NDArray[Any]) -> tuple[list[str], Ints]:
    """Names, and (B, K) which of them each node has."""
    names, place = np.unique(value, return_inverse=True)
    return [str(name) for name in names], place.reshape(value.shape)
