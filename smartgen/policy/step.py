"""One decoding step in the making: the tree drafted so far, what it cost, and what `verify` would pick right now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.growth import Gain, Growth
from smartgen.policy.search import Board, Totals
from smartgen.policy.situation import Situation
from smartgen.tree.draft_tree import DraftTree

if TYPE_CHECKING:
    from smartgen.policy.rules import CompiledRules

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class Caps:
    """The step's extents as numbers."""

    depth: int
    width: int
    topk: int
    nodes: int
    verify_low: int
    verify_high: int


@dataclass
class Step:
    """Mutable state between `plan` and `observe`. `spent`: seconds, joules, money of the passes made or granted."""

    situation: Situation
    rules: CompiledRules
    caps: Caps
    growth: Growth
    gain: Gain
    tree: DraftTree
    board: Board
    spent: dict[str, float] = field(default_factory=lambda: {"time": 0.0, "energy": 0.0, "money": 0.0})
    depth: int = 0  # layers in the tree
    fresh: list[slice] = field(default_factory=list)  # the layers that the last pass brought, and all of them together:
    newest: slice = field(default_factory=lambda: slice(0, 0))
    layers: list[slice] = field(default_factory=list)
    frontier: Ints | None = None  # (B, W) places in the tree that are being drafted from, -1 padding; None: the root
    frontier_mass: Floats | None = None  # (B,) summed benefit of the frontier
    paths: dict[int, Floats] = field(default_factory=dict)  # `path(...)` calls: (B, M) values
    cells: dict[int, Ints] = field(default_factory=dict)  # calibration sites: (B, M) where a trial counts
    totals: Totals | None = None
    before: Totals | None = None  # as they were before the newest layer
    worth: Floats | None = None  # (B,) weights of the rows' tokens in `progress`; None: all alike
    passes: int = 0
    probe: bool = False
    reason: str = ""

    def row_worth(self, row: int) -> float:
        """Weight of one row's tokens in `progress`."""
        return 1.0 if self.worth is None else float(self.worth[row])
