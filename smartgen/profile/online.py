"""Costs kept true while running: a table corrected by what was just measured.

A profile is measured once; clocks, other load and longer texts move it. Three things are told apart, because they
mislead a decision differently (`docs/controller.md`): the *level*, common to all sizes, which changes no decision and
follows the machine's moods within a dozen steps; the *tilt* between the part of a step that does not depend on its
size and the part that does; and what single sizes show beyond that. Each is believed the less, the less there is to
show for it. Outliers are pulled in: a single pause must not flip a decision.
"""

from __future__ import annotations

import math
import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.fit import Curve, fit
from smartgen.profile.table import CostTable

Floats = NDArray[np.float64]

CONTEXT_STEP = 64  # contexts this close share cached predictions
SMALLEST = {"verify": 0.0, "draft": 1.0}  # the size at which only the fixed part is left


class Correction:
    """Recent ratios measured / table of one kind of work at one batch, and what they say about every size."""

    RING = 96  # observations kept
    LEAST = 3  # observations before any is believed
    EVERY = 8  # observations between refreshes, once there are some
    BOUNDS = (0.25, 4.0)
    OUTLIER = np.log(1.6)  # a ratio this far from the level is pulled in
    FOLLOW = 0.2  # weight of the newest ratio in the level
    TILT_PRIOR = 0.5  # belief that all parts are off by one factor, against the spread of the shares that were seen
    SIZE_PRIOR = 12.0  # observations' worth of belief that one size is off by as much as all
    SIZES = np.log(1.25)  # what a single size may be off, at most

    def __init__(self) -> None:
        self.seen: deque[tuple[int, float, float]] = deque(maxlen=self.RING)  # size, fixed share, ratio to the level
        self.version = self.count = 0
        self.level, self.fixed, self.sloped = 0.0, 1.0, 1.0  # the level is a logarithm
        self.at, self.residual = np.zeros(1), np.zeros(1)
        self._residual_of: dict[float, float] = {}  # the same by size: most sizes were seen before

    def observe(self, size: int, share: float, ratio: float) -> None:
        """A measurement at `size`; `share`: of its seconds by the table, the part that does not depend on the size."""
        off = math.log(ratio) - self._shape(size, share)
        if self.count == 0:
            self.level = min(max(off, -np.log(4.0)), np.log(4.0))
        surprise = min(max(off - self.level, -self.OUTLIER), self.OUTLIER)
        self.seen.append((size, share, surprise + self._shape(size, share)))
        self.count += 1
        self.level += max(self.FOLLOW, 1.0 / self.count) * surprise
        if self.count >= self.LEAST and (self.count < self.EVERY or self.count % self.EVERY == 0):
            self._refresh()

    def factor(self, sizes: Floats, share: Floats) -> Floats:
        """What the table's seconds at `sizes` are to be multiplied with."""
        if self.version == 0:
            return np.ones(len(sizes))
        tilted = np.log(self.fixed * share + self.sloped * (1.0 - share)) + np.interp(sizes, self.at, self.residual)
        return np.clip(np.exp(self.level + tilted), *self.BOUNDS)

    def _shape(self, size: int, share: float) -> float:
        tilted = math.log(self.fixed * share + self.sloped * (1.0 - share))
        if self.version == 0:
            return tilted
        known = self._residual_of.get(size)
        return tilted + (float(np.interp(size, self.at, self.residual)) if known is None else known)

    def _refresh(self) -> None:
        self.version += 1
        size, share, ratio = np.array(self.seen).T
        self.fixed, self.sloped = self._tilt(share, np.exp(ratio))
        left = ratio - np.log(self.fixed * share + self.sloped * (1.0 - share))
        self.at, place, count = np.unique(size, return_inverse=True, return_counts=True)
        shrunk = np.bincount(place, weights=left) / (count + self.SIZE_PRIOR)
        self.residual = np.clip(shrunk, -self.SIZES, self.SIZES)
        self._residual_of = dict(zip(self.at.tolist(), self.residual.tolist(), strict=True))

    def _tilt(self, share: Floats, ratio: Floats) -> tuple[float, float]:
        """Factors of the fixed and the sloped part: least squares, pulled together by the prior."""
        x = np.stack([share, 1.0 - share])
        pull = self.TILT_PRIOR * np.array([[1.0, -1.0], [-1.0, 1.0]]) + 1e-3 * np.eye(2)
        fixed, sloped = np.linalg.solve(x @ x.T + pull, x @ ratio + 1e-3)
        return float(max(fixed, 0.05)), float(max(sloped, 0.05))


class OnlineCosts:
    """The controller's view of a machine. Thread-safe; shared by all calls with one model and drafter."""

    def __init__(self, verify: CostTable, draft: CostTable) -> None:
        self._lock = threading.Lock()
        self.tables = {"verify": verify, "draft": draft}
        self._corrections: dict[tuple[str, int], Correction] = {}
        self._cached: dict[tuple[str, int, int], tuple[tuple[int, int], Floats]] = {}
        self._expected: dict[tuple[str, int, int, int], tuple[float, float]] = {}
        self._fits: dict[tuple[str, str, int, int], Curve] = {}

    def replace(self, verify: CostTable, draft: CostTable) -> None:
        """New tables (more was measured); what was learned about their errors is forgotten."""
        with self._lock:
            self.tables = {"verify": verify, "draft": draft}
            self._corrections.clear()
            self._cached.clear()
            self._expected.clear()
            self._fits.clear()

    def verify(self, batch: int, top: int, context: float) -> Floats:
        """(top + 1,) seconds of a step, drafting apart, for 0..top draft nodes a row."""
        return self._curve("verify", batch, top, context)[: top + 1]

    def draft(self, batch: int, width: int, context: float) -> float:
        """Seconds of one drafting pass that feeds `width` tokens a row."""
        return float(self._curve("draft", batch, width, context)[width])

    def fitted(self, phase: str, model: str, batch: int, context: float) -> Curve:
        """A smooth fit of the measured slice nearest to this batch and context."""
        key = (phase, model, batch, int(context) // CONTEXT_STEP)
        if key not in self._fits:
            self._fits[key] = fit(model, *self.tables[phase].measured(batch, context))
        return self._fits[key]

    def observe_verify(self, batch: int, nodes: int, context: float, seconds: float) -> None:
        """A step with `nodes` draft nodes a row took this long, drafting apart."""
        self._observe("verify", batch, nodes, context, seconds)

    def observe_draft(self, batch: int, width: int, context: float, seconds: float) -> None:
        """A drafting pass of this width took this long."""
        self._observe("draft", batch, width, context, seconds)

    def _observe(self, phase: str, batch: int, size: int, context: float, seconds: float) -> None:
        if not len(self.tables[phase]) or seconds <= 0:
            return
        with self._lock:
            smallest, predicted = self._tabled(phase, batch, size, context)
            if (phase, batch) not in self._corrections:
                self._corrections[phase, batch] = Correction()
            self._corrections[phase, batch].observe(size, min(1.0, smallest / predicted), seconds / predicted)

    def _tabled(self, phase: str, batch: int, size: int, context: float) -> tuple[float, float]:
        """Seconds by the table at the smallest size and at this one."""
        key = (phase, batch, size, int(context) // CONTEXT_STEP)
        if key not in self._expected:
            if len(self._expected) > 4096:
                self._expected.clear()
            both = self.tables[phase].seconds(batch, np.array([SMALLEST[phase], float(size)]), context)
            self._expected[key] = (float(both[0]), float(both[1]))
        return self._expected[key]

    def _correction(self, phase: str, batch: int) -> Correction | None:
        """What was learned at this batch, or at the nearest one of which enough is known."""
        known = [b for p, b in self._corrections if p == phase and self._corrections[p, b].version]
        if not known:
            return None
        nearest = min(known, key=lambda other: abs(np.log(other / batch)))
        return self._corrections[phase, nearest]

    def _curve(self, phase: str, batch: int, top: int, context: float) -> Floats:
        key = (phase, batch, int(context) // CONTEXT_STEP)
        with self._lock:
            correction = self._correction(phase, batch)
            version = (id(correction), correction.version) if correction else (0, 0)
            cached = self._cached.get(key)
            if cached is not None and cached[0] == version and len(cached[1]) > top:
                return cached[1]
            sizes = np.arange(max(top, 64) + 1, dtype=np.float64)
            curve = self.tables[phase].seconds(batch, sizes, context)
            if correction is not None:
                smallest = curve[int(SMALLEST[phase])]
                curve = curve * correction.factor(sizes, np.minimum(1.0, smallest / curve))
            if len(self._cached) > 256:
                self._cached.clear()
            self._cached[key] = (version, curve)
            return curve
