"""One decoding step in the making: the tree drafted so far, what it cost, and what `verify` would pick right now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.board import Board, Room
from smartgen.policy.free import GAINED, FreeCandidates
from smartgen.policy.growth import Gain, Growth
from smartgen.policy.situation import Situation
from smartgen.policy.totals import Basis, Totals
from smartgen.tree.draft_tree import DraftTree
from smartgen.tree.layer import Skipped

if TYPE_CHECKING:
    from smartgen.policy.rules import CompiledRules

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(slots=True)
class Caps:
    """The step's extents as numbers; `rows_...` (B, 1) where they differ between rows, None otherwise.

    `low`, `high`: the sizes that `verify` offers. `expand_low`: the narrowest pass where the width is searched.
    """

    depth: int
    width: int
    topk: int
    room: Room
    low: int
    high: int
    expand_low: int = 0
    rows_depth: Ints | None = None
    rows_width: Ints | None = None
    rows_topk: Ints | None = None


@dataclass(slots=True)
class Moment:
    """The step at an earlier time, for `previous`."""

    depth: int
    newest: slice
    totals: Totals


@dataclass(slots=True)
class Step:
    """Mutable state between `plan` and `observe`. `spent`: seconds, joules, money of the passes made or granted."""

    situation: Situation
    rules: CompiledRules
    caps: Caps
    growth: Growth
    gain: Gain
    basis: Basis
    tree: DraftTree
    board: Board
    totals: Totals = field(init=False)
    spent: dict[str, float] = field(default_factory=lambda: {"time": 0.0, "energy": 0.0, "money": 0.0})
    spent_ahead: dict[str, float] | None = None  # with one pass more, once that was worked out
    depth: int = 0  # layers in the tree
    fresh: list[slice] = field(default_factory=list)  # the layers that the last pass brought, and all of them together:
    newest: slice = field(default_factory=lambda: slice(0, 0))
    whole: bool = True  # every cell of the newest layer holds a candidate
    frontier: Ints | None = None  # (B, W) places in the tree that are being drafted from, -1 padding; None: the root
    frontier_whole: bool = True  # every cell of it holds a node
    frontier_mass: Floats | None = None  # (B,) summed benefit of the kept candidates; None: the root
    next_width: int = 1  # tokens of the longest row that the next pass would feed
    going: Bools | None = None  # (B, 1) rows that are still drafted for; None: all
    free: FreeCandidates | None = None  # candidates that no pass paid for
    before: Moment | None = None  # as it was before the newest layer
    verify_seconds: Floats | None = None  # by nodes a row, as the costs stood when the step began
    draft_seconds: dict[tuple[int, bool], float] = field(default_factory=dict)  # by width; does the pass catch up?
    recalled: set[int] = field(default_factory=set)  # sites that were read
    foremost: Ints | None = None  # (B, N) places of the best candidates of a drafted first layer, best first
    passes: int = 0
    probe: bool = False
    skipped: Skipped | None = None  # what a drafter that was woken would have proposed while it rested
    rehearsed: bool = False  # a tree that is only imagined: nothing is learned from it
    reason: str = ""

    @property
    def worth(self) -> str:
        """The tree's column of what nodes count for in `tokens`, before `basis.gain`."""
        return "benefit" if self.free is None else GAINED

    @property
    def layers(self) -> list[slice]:
        """The columns of each layer."""
        return self.tree.layers

    @property
    def mass(self) -> Floats:
        """(B,) summed benefit of the frontier; the root counts 1."""
        return np.ones(self.tree.batch) if self.frontier_mass is None else self.frontier_mass

    def imagined(self) -> Step:
        """One alike with nothing in its tree, from which nothing is learned."""
        batch = self.tree.batch
        tree, board = DraftTree(batch), Board.empty(batch)
        made = Step(
            self.situation, self.rules, self.caps, self.growth, self.gain, self.basis, tree, board, rehearsed=True
        )
        made.totals = self.totals
        return made

    def row_worth(self, row: int) -> float:
        """Weight of one row's tokens in `progress`."""
        self.basis.settle_weights(self.board)
        return 1.0 if self.basis.weights is None else float(self.basis.weights[row])
