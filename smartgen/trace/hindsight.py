"""The order of nodes that calibration would give if it knew the whole trace beforehand."""

from __future__ import annotations

import numpy as np

from smartgen.policy.calibration import CalibrationMap, capped_siblings
from smartgen.trace.candidates import Candidates, Cells, Floats

FEATURES = ("node.rank", "node.depth", "node.spine", "node.source", "request.sampled")  # those that `smart` learns from


class Hindsight:
    """An `Order`: acceptance by a map that has counted every trial of the trace."""

    def __init__(self, candidates: Candidates, sampled: bool) -> None:
        self.source, self.sampled = candidates.source, sampled
        self.map = CalibrationMap(FEATURES)
        trials = candidates.trials()
        features = [trials.rank, trials.depth, trials.spine, self.source, sampled]
        self.map.record(self.map.estimate(trials.prob, features).cell, trials.hit.astype(np.float64))
        self.map.refresh()

    def __call__(self, cells: Cells) -> Floats:
        """(P, C) chances, those of siblings summing to at most 1."""
        features = [cells.rank, cells.depth, cells.spine, self.source, self.sampled]
        value = np.where(cells.prob > 0, self.map.estimate(cells.prob, features).value, 0.0)
        return capped_siblings(value, cells.parent, int(cells.parent.max(initial=0)) + 1)
