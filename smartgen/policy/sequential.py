"""`expand ... where` with totals or `marginal`: candidates one after the other, each given the earlier ones.

Rows are judged alone: nodes in order, the first failure ends the row's layer, the other rows stand as before this layer.
Cost is read without padding: i nodes kept in one of B rows are i / B nodes a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.arithmetic import Value, running
from smartgen.policy.order import OUT, PLACE
from smartgen.policy.scope import Scope, reduced_rows
from smartgen.policy.step import Step
from smartgen.policy.totals import Totals

if TYPE_CHECKING:
    from smartgen.policy.compile import Compiled
    from smartgen.policy.controller import Controller

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def along_the_order(controller: Controller, step: Step, where: Compiled, order: Ints) -> Ints:
    """The order (B, K) with every row cut off where the test first fails."""
    cut: Ints = order.copy()
    for row in range(len(order)):
        line = order[row, order[row] < OUT][: step.caps.width] & PLACE
        if len(line):
            answer = np.broadcast_to(np.asarray(where(RowScope(controller, step, row, line)), bool), line.shape)
            cut[row, len(line) if answer.all() else int(answer.argmin()) :] = OUT
    return cut


class RowScope(Scope):
    """One row's candidates in order, places `line` (K,): what holds when the first i (+ `after`) of them are kept.

    Values are (K,), one for each candidate to be judged.
    """

    def __init__(self, controller: Controller, step: Step, row: int, line: Ints, after: int = 0) -> None:
        super().__init__(controller, step, step.newest, totals=None, every_size=True)
        self.row, self.line, self.after = row, line, after
        self.places = np.arange(len(line), dtype=np.float64) + after
        self._totals = self._prefixes()

    # -- what is read of the row --------------------------------------------------------------------------------
    def node(self, field: str) -> Value:
        values = super().node(field)
        return values if isinstance(values, str) else values[self.row, self.line - self.step.newest.start]

    def path_product(self, number: int, of: Compiled) -> Value:
        layer = Scope(self.controller, self.step, self.step.newest)
        return layer.path_product(number, of)[self.row, self.line - self.step.newest.start]

    def recall(self, site: int) -> Value:
        value = Scope(self.controller, self.step, self.step.newest).recall(site)
        if self.controller.program.sites[site].kind == "calibrated":
            return value[self.row, self.line - self.step.newest.start]
        return _of_row(value, self.row)

    def of_layer(self, group: str, what: str) -> Value:
        return _of_row(super().of_layer(group, what), self.row)

    def reduce(self, group: str, function: str, of: Compiled) -> Value:
        if group != "tree":
            return _of_row(super().reduce(group, function, of), self.row)
        everything = Scope(self.controller, self.step, slice(0, self.step.tree.size))
        values = np.broadcast_to(np.asarray(of(everything), np.float64), (self.step.tree.batch, self.step.tree.size))
        nodes = np.concatenate([self._before(), self.line])
        prefixes = running(function, values[None, self.row, nodes], np.ones((1, len(nodes)), bool))[0]
        return prefixes[self.places.astype(int) + len(self._before())]

    def over_batch(self, function: str, of: Compiled) -> Value:
        """The other rows stand as before this layer."""
        others = np.asarray(of(Scope(self.controller, self.step)))
        values = np.empty((self.step.tree.batch, len(self.line)))
        values[:] = others
        values[self.row] = of(self)
        return reduced_rows(function, values, len(values))

    def rows(self, values: Value) -> Value:
        return _of_row(values, self.row)

    def row_tokens(self) -> Value:
        return self.totals.row_tokens[self.row]

    def row_nodes(self) -> Value:
        return self.places + len(self._before())

    def tree_paths(self) -> Value:
        """Leaves: a node is one more unless it is its parent's first child, for then the parent is none any longer.

        The first node stands in the root's place. A parent that `verify` did not pick is none of them and was no leaf.
        """
        nodes = np.concatenate([self._before(), self.line])
        parents, first = np.unique(self.step.tree.parent[self.row, nodes], return_index=True)
        more = np.ones(len(nodes) + 1)
        more[1 + first[np.isin(parents, nodes)]] = 0.0
        more[1:2] = 0.0
        return np.cumsum(more)[self.places.astype(int) + len(self._before())]

    def run(self) -> Value:
        nodes = self.step.totals.row_nodes.sum() / self.step.tree.batch
        return nodes + self.width()

    def verify_seconds(self) -> Value:
        return self.measured("verify", "time", "table", {})

    def width(self) -> Value:
        return self.places / self.step.tree.batch

    def shifted(self, kind: str, of: Compiled) -> Value:
        if kind != "marginal":
            return super().shifted(kind, of)
        with_node = RowScope(self.controller, self.step, self.row, self.line, self.after + 1)
        return of(with_node) - of(self)

    # -- the tree with the first candidates kept ------------------------------------------------------------------
    def _before(self) -> Ints:
        """Places of the row's nodes in the tree as it stood before this layer."""
        totals = self.step.totals
        nodes: Ints = totals.board.node[self.row, : int(totals.row_nodes[self.row])]
        return nodes

    def _prefixes(self) -> Totals:
        """Totals with the first i (+ `after`) candidates kept, drafted from and verified, for every i."""
        step, before = self.step, self.step.totals
        benefit = step.tree.benefit[self.row, self.line] * step.basis.gain
        reached = np.concatenate([[0.0], np.cumsum(benefit)])[self.after : self.after + len(self.line)]
        stood = before.row_tokens[:, before.chosen]
        room = max(float(step.situation.remaining[self.row]) - float(stood[self.row]), 0.0)
        gained = np.minimum(reached, room)
        totals = Totals(before.board, step.basis, 0, 0)
        rows = np.repeat(stood[:, None], len(self.line), 1)
        rows[self.row] += gained
        totals.row_tokens = rows
        totals.tokens = before.chosen_of("tokens") + gained
        totals.progress = before.chosen_of("progress") + gained * step.row_worth(self.row)
        self._totals = totals
        totals.amounts = amounts = {name: np.full(len(self.line), amount) for name, amount in step.spent.items()}
        for cost in step.rules.costs:
            if cost.each == "step" or step.depth < step.caps.depth:  # at the depth limit nothing is drafted from
                amounts[cost.total] = amounts[cost.total] + cost.value(self)
        if step.rules.objective is not None:
            totals.objective = np.broadcast_to(np.asarray(step.rules.objective(self), np.float64), self.line.shape)
        return totals


def _of_row(value: Value, row: int) -> Value:
    """One row's number of a request value."""
    if np.ndim(value) < 2:
        return value
    return value[row if len(value) > 1 else 0]
