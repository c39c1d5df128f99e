"""The exact search: candidates in order, prefix sums, every size on offer against its cost.

Sibling events are disjoint, so the expected tokens of a tree are exactly 1 + the sum of its nodes' path probabilities,
and the best tree of n nodes is the first n in descending order, which is closed under parents because a node's key
never exceeds its parent's. Evaluating every n on the measured cost table is therefore exact, staircase or not
(greedy marginal rules stop at the first step of a staircase).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.draft_tree import DraftTree

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Board:
    """Each row's best candidates in descending order, (B, R) each; padding has key -inf, benefit 0 and node -1.

    `key` orders, `benefit` is counted; they are one array unless the recipe orders `by` something else.
    """

    key: Floats
    benefit: Floats
    node: NDArray[np.int64]

    @staticmethod
    def empty(batch: int) -> Board:
        nothing = np.zeros((batch, 0))  # key and benefit are one array until a recipe parts them
        return Board(nothing, nothing, np.zeros((batch, 0), np.int64))

    def with_layer(self, key: Floats, benefit: Floats, node: NDArray[np.int64], keep: int) -> Board:
        """Merge a layer in, (B, K), its nodes (K,) alike in every row; keep the first `keep`.

        Stable: of equals the shallower stands first.
        """
        same = key is benefit and self.key is self.benefit
        nodes = np.broadcast_to(node, key.shape)
        keys = key
        if self.key.shape[1]:
            keys = np.concatenate([self.key, key], 1)
            nodes = np.concatenate([self.node, nodes], 1)
        order = np.argsort(-keys, axis=1, kind="stable")[:, :keep]
        sorted_key = np.take_along_axis(keys, order, 1)
        worth = sorted_key
        if not same:
            worth = np.take_along_axis(np.concatenate([self.benefit, benefit], 1), order, 1)
        return Board(sorted_key, worth, np.take_along_axis(nodes, order, 1))

    @property
    def most(self) -> int:
        """Candidates of the row that has most."""
        if self.key.shape[1] == 0:
            return 0
        return int((self.key > -np.inf).any(0).sum())


@dataclass
class Totals:
    """What each size on offer gives: `sizes` (S,), `row_tokens` (B, S); all else (S,): tokens, progress, seconds, ..."""

    board: Board
    sizes: NDArray[np.int64]
    row_tokens: Floats
    tokens: Floats
    progress: Floats  # tokens, each row's weighted by what they are worth to the batch (mean weight 1)
    time: Floats
    energy: Floats
    money: Floats
    objective: Floats | None = None
    excess: Floats | None = None
    chosen: int = 0  # index into `sizes`

    @property
    def size(self) -> int:
        return int(self.sizes[self.chosen])

    def choose(self) -> None:
        """Feasible first, then the least relative excess, then the objective; of equals the smallest size."""
        if self.objective is None:
            return
        score = self.objective
        if self.excess is not None:
            score = np.where(self.excess <= self.excess.min() + 1e-12, score, -np.inf)
        self.chosen = int(np.argmax(score))


def expected_tokens(board: Board, sizes: NDArray[np.int64], gain: float, remaining: NDArray[np.int64]) -> Floats:
    """(B, S): 1 bonus token plus the benefits of the first n nodes, at most what the row may still emit."""
    batch, width = board.key.shape
    sums = np.ones((batch, width + 1))
    if width:
        np.cumsum(np.maximum(board.benefit, 0.0) * gain, axis=1, out=sums[:, 1:])
        sums[:, 1:] += 1.0
    tokens: Floats = np.minimum(sums[:, sizes], remaining[:, None])
    return tokens


def running_minimum(tree: DraftTree, layer: slice) -> None:
    """Lower each key of `layer` to its parent's at most, so that every prefix of the order is a tree."""
    parent, key = tree.parent[:, layer], tree.key[:, layer]
    limit = np.take_along_axis(tree.key, np.maximum(parent, 0), 1)
    np.minimum(key, np.where(parent < 0, np.inf, limit), out=key)
