"""Costs kept true while running: a table corrected by what was just measured.

A profile is measured once; clocks, other load and longer texts move it. Every batch has a correction of its own;
what tilts all of them alike is learned from all.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.correction import Correction
from smartgen.profile.fit import Curve, fit
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable
from smartgen.profile.tilt import Tilt

Floats = NDArray[np.float64]

MISFIT = 2.0  # a table that is off by more than this factor was not measured on this machine as it is now
WORK = {"verify": "steps of the target", "draft": "drafting passes", "catch_up": "first drafting passes of a step"}
MOST_CACHED = 1024  # entries of each kind of what was worked out from the tables
CONTEXT_STEP = 64  # contexts this close share cached predictions
SMALLEST = {"verify": 0.0, "draft": 1.0, "catch_up": 1.0}  # the size at which only the fixed part is left
BEYOND = 4  # times the largest measured size: what is larger says nothing of the table
UNKNOWN = CostTable(())
ALIKE = {"draft": "catch_up", "catch_up": "draft"}  # what is off by about the same where one of them was not timed


class OnlineCosts:
    """The controller's view of a machine. Thread-safe; shared by all calls with one model and drafter."""

    def __init__(self, verify: CostTable, draft: CostTable, catch_up: CostTable = UNKNOWN) -> None:
        """The tables of a profile; without `catch_up` a first pass costs what any other does."""
        self._lock = threading.Lock()
        self._take(verify, draft, catch_up)
        self._corrections: dict[tuple[str, int], Correction] = {}
        self._cached: dict[tuple[str, int, int], tuple[tuple[int, int], Floats]] = {}
        self._expected: dict[tuple[str, int, int, int], tuple[float, float]] = {}
        self._fits: dict[tuple[str, str, int, int], Curve] = {}

    @classmethod
    def of(cls, profile: Profile) -> OnlineCosts:
        """Of everything that was measured of passes and steps."""
        return cls(profile.verify, profile.draft, profile.catch_up)

    def _take(self, verify: CostTable, draft: CostTable, catch_up: CostTable) -> None:
        self.tables = {"verify": verify, "draft": draft, "catch_up": catch_up}
        self._largest = {phase: _most(table) for phase, table in self.tables.items()}
        self._tilts = {phase: Tilt() for phase in self.tables}

    def replace(self, verify: CostTable, draft: CostTable, catch_up: CostTable = UNKNOWN) -> None:
        """New tables (more was measured); what was learned about their errors is forgotten."""
        with self._lock:
            self._take(verify, draft, catch_up)
            self._corrections.clear()
            self._cached.clear()
            self._expected.clear()
            self._fits.clear()

    def verify(self, batch: int, top: int, context: float) -> Floats:
        """(top + 1,) seconds of a step, drafting apart, for 0..top draft nodes a row."""
        return self._curve("verify", batch, top, context)[: top + 1]

    def draft(self, batch: int, width: int, context: float) -> float:
        """Seconds of one drafting pass that feeds `width` draft nodes a row."""
        return float(self._curve("draft", batch, width, context)[width])

    def catch_up(self, batch: int, pending: int, context: float) -> float:
        """Seconds of a first pass that feeds `pending` committed tokens a row; of any pass where none was measured."""
        return float(self._curve(self._first, batch, pending, context)[pending])

    @property
    def _first(self) -> str:
        return "catch_up" if len(self.tables["catch_up"]) else "draft"

    def fitted(self, phase: str, model: str, batch: int, context: float) -> Curve:
        """A smooth fit of the measured slice nearest to this batch and context."""
        phase = self._first if phase == "catch_up" else phase
        key = (phase, model, batch, int(context) // CONTEXT_STEP)
        curve = self._fits.get(key)
        if curve is None:
            _make_room(self._fits)
            self._fits[key] = curve = fit(model, *self.tables[phase].measured(batch, context))
        return curve

    def observe_verify(self, batch: int, nodes: int, context: float, seconds: float) -> None:
        """A step with `nodes` draft nodes a row took this long, drafting apart."""
        self._observe("verify", batch, nodes, context, seconds)

    def observe_draft(self, batch: int, width: int, context: float, seconds: float) -> None:
        """A drafting pass over this many nodes a row took this long."""
        self._observe("draft", batch, width, context, seconds)

    def observe_catch_up(self, batch: int, pending: int, context: float, seconds: float) -> None:
        """A first pass over this many committed tokens a row took this long."""
        self._observe(self._first, batch, pending, context, seconds)

    def misfit(self) -> str:
        """Where the clock has long been saying something else than the tables, in words; "" where it has not."""
        with self._lock:
            found = [
                f"{WORK[phase]} take {math.exp(seen.usual):.2g} × that at batch {batch} ({seen.count} timed)"
                for (phase, batch), seen in self._corrections.items()
                if seen.count >= seen.SURE and abs(seen.usual) > math.log(MISFIT)
            ]
            found += [
                f"the largest {WORK[phase]} take {tilt.widest:.2g} × that, against the smallest"
                for phase, tilt in self._tilts.items()
                if abs(math.log(tilt.widest)) > math.log(MISFIT)
            ]
            return "; ".join(found)

    def _observe(self, phase: str, batch: int, size: int, context: float, seconds: float) -> None:
        if size > self._largest[phase] or seconds <= 0:
            return
        with self._lock:
            smallest, predicted = self._tabled(phase, batch, size, context)
            correction = self._corrections.get((phase, batch))
            if correction is None:
                correction = self._corrections[phase, batch] = Correction(self._tilts[phase])
            correction.observe(size, min(1.0, smallest / predicted), seconds / predicted)

    def _tabled(self, phase: str, batch: int, size: int, context: float) -> tuple[float, float]:
        """Seconds by the table at the smallest size and at this one."""
        key = (phase, batch, size, int(context) // CONTEXT_STEP)
        expected = self._expected.get(key)
        if expected is None:
            _make_room(self._expected)
            both = self.tables[phase].seconds(batch, np.array([SMALLEST[phase], float(size)]), context)
            expected = self._expected[key] = (float(both[0]), float(both[1]))
        return expected

    def _correction(self, phase: str, batch: int) -> Correction | None:
        """What was learned at this batch, or at the nearest one of which enough is known, or of what is like it."""
        own = self._corrections.get((phase, batch))
        if own is not None and own.version:
            return own
        for kind in (phase, ALIKE.get(phase)):
            known = {b: seen for (p, b), seen in self._corrections.items() if p == kind and seen.version}
            if known:
                return known[min(known, key=lambda other: abs(math.log(other / batch)))]
        return None

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
            _make_room(self._cached)
            self._cached[key] = (version, curve)
            return curve


def _most(table: CostTable) -> int:
    """The largest size that says something of a table; -1: none does, where nothing was measured."""
    return BEYOND * table.largest if len(table) else -1


def _make_room(cached: dict[Any, Any]) -> None:
    if len(cached) >= MOST_CACHED:
        cached.clear()
