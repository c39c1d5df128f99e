"""Costs that stay true while running: a measured table times what recent steps say about it.

A table is measured in peace; in the loop caches are cold after drafting, contexts grow and other processes come and
go. For each kind of work and batch the ratio measured / predicted is kept as a median over recent steps, per size
where a size is visited often, as one factor for the batch elsewhere. Medians: a single pause must not flip a decision.
"""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.fit import Curve, fit
from smartgen.profile.table import CostTable

Floats = NDArray[np.float64]

RING = 16  # ratios kept for each size
LEAST = 3  # ratios before a size is believed
BOUNDS = (0.25, 4.0)
CONTEXT_STEP = 64  # contexts this close share cached predictions


class Correction:
    """Recent ratios of one kind of work at one batch, by size."""

    def __init__(self) -> None:
        self.ratios: dict[int, deque[float]] = {}
        self.all: deque[float] = deque(maxlen=2 * RING)
        self.version = 0

    def observe(self, size: int, ratio: float) -> None:
        ring = self.ratios.setdefault(size, deque(maxlen=RING))
        ring.append(ratio)
        self.all.append(ratio)
        if len(ring) <= LEAST or len(ring) % 4 == 0:
            self.version += 1
        if len(self.ratios) > 96:  # sizes are few; a caller with many keeps the newest
            del self.ratios[next(iter(self.ratios))]

    def factor(self, sizes: Floats) -> Floats:
        """Correction at `sizes`: its own median where visited, between neighbours, else the batch's median."""
        known = sorted((size, ring) for size, ring in self.ratios.items() if len(ring) >= LEAST)
        if not known:
            return np.ones(len(sizes))
        at = np.array([float(size) for size, _ in known])
        value = np.log([float(np.median(ring)) for _, ring in known])
        return np.clip(np.exp(np.interp(sizes, at, value)), *BOUNDS)


class OnlineCosts:
    """The controller's view of a machine. Thread-safe; shared by all calls with one model and drafter."""

    def __init__(self, verify: CostTable, draft: CostTable) -> None:
        self._lock = threading.Lock()
        self.tables = {"verify": verify, "draft": draft}
        self._corrections: dict[tuple[str, int], Correction] = {}
        self._cached: dict[tuple[str, int, int], tuple[int, Floats]] = {}
        self._fits: dict[tuple[str, str, int, int], Curve] = {}

    def replace(self, verify: CostTable, draft: CostTable) -> None:
        """New tables (more was measured); what was learned about their errors is forgotten."""
        with self._lock:
            self.tables = {"verify": verify, "draft": draft}
            self._corrections.clear()
            self._cached.clear()
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
        predicted = float(self.tables[phase].seconds(batch, np.array([float(size)]), context)[0])
        with self._lock:
            self._corrections.setdefault((phase, batch), Correction()).observe(size, seconds / predicted)

    def _curve(self, phase: str, batch: int, top: int, context: float) -> Floats:
        key = (phase, batch, int(context) // CONTEXT_STEP)
        with self._lock:
            correction = self._corrections.get((phase, batch))
            version = correction.version if correction else 0
            cached = self._cached.get(key)
            if cached is not None and cached[0] == version and len(cached[1]) > top:
                return cached[1]
            sizes = np.arange(max(top, 64) + 1, dtype=np.float64)
            curve = self.tables[phase].seconds(batch, sizes, context)
            if correction is not None:
                curve = curve * correction.factor(sizes)
            if len(self._cached) > 256:
                self._cached.clear()
            self._cached[key] = (version, curve)
            return curve
