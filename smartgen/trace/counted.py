"""The order of nodes that calibration gives once it has counted what a trace has to show."""

from __future__ import annotations

import numpy as np

from smartgen.policy.calibration import CalibrationMap
from smartgen.policy.siblings import room_in_families
from smartgen.trace.candidates import Candidates, Cells, Floats, Trials

FEATURES = ("node.rank", "node.depth", "node.spine", "node.source", "request.sampled")  # those that `smart` learns from


class Counted:
    """An `Order`: acceptance by a map of the trials it was shown; the drafter's own probability before the first."""

    def __init__(self, source: str, sampled: bool) -> None:
        self.source, self.sampled = source, sampled
        self.map = CalibrationMap(FEATURES)

    def learn(self, trials: Trials) -> Counted:
        """Count `trials`; returns itself."""
        features = [trials.rank, trials.depth, trials.spine, self.source, self.sampled]
        self.map.record(self.map.estimate(trials.prob, features).cell, trials.hit.astype(np.float64))
        self.map.refresh()
        return self

    def __call__(self, cells: Cells) -> Floats:
        """(P, C) chances, those of siblings summing to at most 1."""
        features = [cells.rank, cells.depth, cells.spine, self.source, self.sampled]
        value = np.where(cells.prob > 0, self.map.estimate(cells.prob, features).value, 0.0)
        room = room_in_families(value, cells.parent)
        return value if room is None else value * room


def hindsight(candidates: Candidates, sampled: bool) -> Counted:
    """Calibration that knew the whole trace beforehand."""
    return Counted(candidates.source, sampled).learn(candidates.trials())
