"""`expand`: which candidates of the newest layer are kept, that is, drafted from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.scope import Scope
from smartgen.policy.search import Totals
from smartgen.policy.step import Step

if TYPE_CHECKING:
    from smartgen.policy.compile import Compiled, Value
    from smartgen.policy.controller import Controller

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def mark_kept(controller: Controller, step: Step, scope: Scope, key: Floats, one_pass: bool) -> None:
    """Set `tree.kept` of the newest layer; `key` (B, K) is the verify order, the default order here too."""
    expand = step.rules.expand
    if expand.by is not None:
        key = np.where(key > -np.inf, np.asarray(expand.by(scope), np.float64), -np.inf)
    passes = key > -np.inf
    order = np.argsort(-key, axis=1, kind="stable")
    if expand.where is not None:
        if expand.sequential:
            passes = _along_the_order(controller, step, expand.where, key, order)
        else:
            passes = passes & np.broadcast_to(np.asarray(expand.where(scope), bool), passes.shape)
    count = step.caps.width if not one_pass else np.inf  # a layer that is there already costs nothing to keep
    rows = np.arange(len(order))[:, None]
    place = np.empty_like(order)
    place[rows, order] = np.cumsum(passes[rows, order], 1) - 1
    step.tree.kept[:, step.newest] = passes & (place < count)


def _along_the_order(
    controller: Controller, step: Step, where: Compiled, key: Floats, order: NDArray[np.int64]
) -> Bools:
    """A test that reads totals or `marginal`: rows alone, nodes in order, the first failure ends the row's layer."""
    kept = np.zeros(key.shape, bool)
    for row in range(len(key)):
        line = order[row][key[row, order[row]] > -np.inf][: step.caps.width]
        if len(line):
            scope = RowScope(controller, step, row, line)
            answer = np.broadcast_to(np.asarray(where(scope), bool), line.shape)
            kept[row, line[: _leading(answer)]] = True
    return kept


def _leading(answer: Bools) -> int:
    return len(answer) if answer.all() else int(answer.argmin())


class RowScope(Scope):
    """One row's newest candidates in order: (K,) values, totals with the earlier ones kept and the other rows as before.

    Cost is read without padding: i nodes kept in one of B rows are i / B nodes a row.
    """

    def __init__(self, controller: Controller, step: Step, row: int, line: NDArray[np.int64], after: int = 0) -> None:
        self.row, self.line, self.after = row, line, after
        super().__init__(
            controller, step, step.newest, totals=_prefixes(controller, step, row, line, after), every_size=True
        )

    def _node(self, field: str) -> Value:
        values = super()._node(field)
        return values if isinstance(values, str) else values[self.row, self.line]

    def sizes(self) -> Value:
        return _nodes_before(self.step) + self._places() / self.step.tree.batch

    def _places(self) -> Floats:
        return np.arange(len(self.line), dtype=np.float64) + self.after

    def shifted(self, kind: str, of: Compiled) -> Value:
        if kind != "marginal":
            return super().shifted(kind, of)
        with_node = RowScope(self.controller, self.step, self.row, self.line, self.after + 1)
        return of(with_node) - of(self)


def _nodes_before(step: Step) -> float:
    """Nodes a row that would be verified without this layer, padding not counted."""
    assert step.totals is not None
    board = step.totals.board
    return float((board.key[:, : step.totals.size] > -np.inf).sum()) / step.tree.batch


def _prefixes(controller: Controller, step: Step, row: int, line: NDArray[np.int64], after: int) -> Totals:
    """Totals with the first i (+ `after`) candidates of `line` kept, drafted from and verified, for every i."""
    before = step.totals
    assert before is not None
    worth = np.concatenate([[0.0], np.cumsum(step.tree.benefit[row, step.newest][line])])
    gained = worth[after : after + len(line)]
    tokens = float(before.tokens[before.chosen]) + gained
    progress = float(before.progress[before.chosen]) + gained * step.row_worth(row)
    zero = np.zeros(len(line))
    places = np.arange(len(line)) + after
    rows = np.broadcast_to(before.row_tokens[:, before.chosen, None], (step.tree.batch, len(line)))
    totals = Totals(
        before.board,
        places,
        rows,
        tokens,
        progress,
        zero + step.spent["time"],
        zero + step.spent["energy"],
        zero + step.spent["money"],
    )
    scope = _PrefixScope(controller, step, totals, places / step.tree.batch)
    for cost in step.rules.costs:
        if cost.each == "step" or step.depth < step.caps.depth:  # at the depth limit nothing is drafted from
            setattr(totals, cost.total, getattr(totals, cost.total) + cost.value(scope))
    totals.objective = zero
    if step.rules.objective is not None:
        totals.objective = zero + step.rules.objective(scope)
    return totals


class _PrefixScope(Scope):
    """Sizes and widths of the prefixes of one row's line, fractional where only one row of several has grown."""

    def __init__(self, controller: Controller, step: Step, totals: Totals, widths: Floats) -> None:
        super().__init__(controller, step, totals=totals, every_size=True)
        self.width = widths  # type: ignore[assignment]

    def sizes(self) -> Value:
        return _nodes_before(self.step) + self.width
