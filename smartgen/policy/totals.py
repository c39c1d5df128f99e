"""The exact search: every size on offer against its cost.

Sibling events are disjoint, so the expected tokens of a tree are exactly 1 + the sum of its nodes' path probabilities,
and the best tree of n nodes is the first n in descending order, which is closed under parents because a node's key
never exceeds its parent's. Evaluating every n on the measured cost table is therefore exact, staircase or not
(greedy marginal rules stop at the first step of a staircase).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.board import Board

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PROMISING = 4  # of a row's candidates say what is to be expected of it: more are seldom verified in a batch


@dataclass
class Basis:
    """How benefits become tokens. `gain` scales them; `remaining` (B,) is what a row may still emit, `shortest` its least.

    `weights` (B,) of the rows' tokens beyond the first in `progress`; None: all alike. `weigh` tells them from what the
    rows' candidates promise, (B,) tokens each; None: they are settled.
    """

    gain: float
    remaining: Ints
    shortest: int
    weigh: Callable[[Floats], Floats] | None = None
    weights: Floats | None = None

    def settle_weights(self, board: Board) -> None:
        """Once a step: by the first candidates that are weighed. Where nobody drafts that is never."""
        if self.weigh is not None:
            self.weights = self.weigh(board.benefit[:, :PROMISING].sum(1) * self.gain)
            self.weigh = None

    def row_tokens(self, benefit: Floats) -> Floats:
        """(B, R + 1): 1 bonus token plus the benefits of the first 0..R nodes, at most what the row may still emit."""
        batch, width = benefit.shape
        sums = np.ones((batch, width + 1))
        if width:
            np.cumsum(benefit * self.gain, axis=1, out=sums[:, 1:])
            sums[:, 1:] += 1.0
        if self.shortest <= 1.0 + self.gain * width:
            sums = np.minimum(sums, self.remaining[:, None])
        return sums


class _Amount:
    """(S,) of a total, also where it is one number for all sizes."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, totals: Totals, owner: type) -> Floats:
        amount = totals.amounts.get(self.name, 0.0)
        return amount if isinstance(amount, np.ndarray) else np.full(totals.high + 1 - totals.low, amount)


class Totals:
    """What each size on offer gives; arrays are (S,). Sizes are `low`, `low` + 1, ..., `high`.

    `run` (S,): nodes a row that the engine runs at each size, padding included, None: as many as the size. `shares` (B, S):
    each row's own nodes, None where every row takes the first n. `objective`, `excess`: None where nothing is maximised or
    constrained.
    """

    TOLERANCE: ClassVar[float] = 1e-12  # relative; objectives and excesses closer than this are equal

    run: Ints | Floats | None = None
    chosen: int = 0  # which of the sizes
    objective: Floats | None = None
    excess: Floats | None = None
    amounts: Mapping[str, Any] = MappingProxyType({})  # seconds, joules and money: (S,), or one number for all sizes
    time, energy, money = _Amount(), _Amount(), _Amount()

    def __init__(self, board: Board, basis: Basis, low: int, high: int, shares: Ints | None = None) -> None:
        self.board, self.basis, self.low, self.high, self.shares = board, basis, low, high, shares
        benefit, gain, weights = board.benefit, basis.gain, basis.weights
        if shares is None and basis.shortest > 1.0 + gain * benefit.shape[1]:
            self.tokens = self.progress = _added(benefit, gain, low, high, None)
            if weights is not None and high:
                self.progress = _added(benefit, gain, low, high, weights)
        else:
            self.tokens = self.progress = self.row_tokens.sum(0)
            if weights is not None:
                self.progress = len(self.row_tokens) + weights @ (self.row_tokens - 1.0)

    @property
    def sizes(self) -> Ints:
        """(S,) nodes a row, or of the whole batch where they are pooled."""
        return np.arange(self.low, self.high + 1)

    @cached_property
    def counts(self) -> Ints:
        """(B, S) nodes of each row's own."""
        if self.shares is not None:
            return self.shares
        return np.minimum(self.board.count[:, None], self.sizes)

    @cached_property
    def row_tokens(self) -> Floats:
        """(B, S) expected tokens of each row."""
        sums = self.basis.row_tokens(self.board.benefit)
        if self.shares is None:
            return sums[:, self.low : self.high + 1]
        return np.take_along_axis(sums, self.shares, 1)

    @property
    def size(self) -> int:
        """The size chosen."""
        return self.low + self.chosen

    @property
    def alike(self) -> bool:
        """Whether every row gets as many nodes as the size says."""
        return self.shares is None and self.board.counts is None

    @property
    def row_nodes(self) -> Ints:
        """(B,) how many nodes each row gets at the size chosen."""
        if self.shares is not None:
            return self.shares[:, self.chosen]
        size, counts = self.low + self.chosen, self.board.counts
        return np.full(len(self.board.benefit), size) if counts is None else np.minimum(counts, size)

    @property
    def row_benefit(self) -> Floats:
        """(B,) summed benefit of each row's nodes at the size chosen."""
        benefit = self.board.benefit
        if self.shares is None:
            total: Floats = benefit[:, : self.size].sum(1)
            return total
        own: Floats = np.where(np.arange(benefit.shape[1]) < self.row_nodes[:, None], benefit, 0.0).sum(1)
        return own

    def chosen_of(self, name: str) -> float:
        """The total of this name at the size chosen; 0 for an objective that nobody wrote."""
        values = getattr(self, name)
        return 0.0 if values is None else float(values[self.chosen])

    @property
    def excess_chosen(self) -> float:
        return 0.0 if self.excess is None else float(self.excess[self.chosen])

    def choose(self) -> None:
        """Feasible first, then the least relative excess, then the objective; of equals the smallest size."""
        score = self.objective
        if score is None:
            return
        best = float(score[score.argmax()])  # absent if any is
        if best != best:  # absent values lose against any other
            score = np.where(np.isnan(score), -np.inf, score)
            best = float(score.max())
        if self.excess is None:
            self.chosen = int((score >= best - slack(best)).argmax())
            return
        lawful = self.excess <= self.excess.min() + self.TOLERANCE
        best = float(score[lawful].max())
        self.chosen = int((lawful & (score >= best - slack(best))).argmax())

    def better_than(self, other: Totals) -> bool:
        """Whether this one's choice beats the other's."""
        if self.excess is not None or other.excess is not None:
            excess = self.excess_chosen - other.excess_chosen
            if abs(excess) > self.TOLERANCE:
                return excess < 0
        mine, theirs = self.chosen_of("objective"), other.chosen_of("objective")
        return mine > theirs + slack(theirs) or (mine == mine and theirs != theirs)


def slack(value: float) -> float:
    """How much two objectives may differ and count as equal."""
    much = Totals.TOLERANCE * abs(value)
    return much if much < np.inf else 0.0


def _added(benefit: Floats, gain: float, low: int, high: int, weights: Floats | None) -> Floats:
    """(S,) tokens of all rows, weighted where `weights` are given, where no row comes near what it may still emit."""
    each = np.empty(high + 1)
    np.add.reduce(benefit[:, :high] if weights is None else benefit[:, :high] * weights[:, None], 0, out=each[1:])
    each *= gain
    each[0] = len(benefit)
    tokens: Floats = np.add.accumulate(each)
    return tokens[low:] if low else tokens
