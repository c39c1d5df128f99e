"""`expand best a..b`: how many candidates the next pass should feed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.arithmetic import Value, running
from smartgen.policy.order import OUT, places
from smartgen.policy.scope import Scope
from smartgen.policy.step import Step

if TYPE_CHECKING:
    from smartgen.policy.compile import Compiled
    from smartgen.policy.controller import Controller

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def best_width(controller: Controller, step: Step, maximizing: Compiled, order: Ints) -> int:
    """The width with the greatest value, of equals the least; `order` (B, K): what may be kept, best first."""
    widest = int((order < OUT).sum(1).max(initial=0))
    high = min(step.caps.width, widest)
    scope = _WidthScope(controller, step, order, np.arange(min(step.caps.expand_low, high), high + 1))
    value = np.broadcast_to(np.asarray(maximizing(scope), np.float64), scope.widths.shape)
    return int(scope.widths[np.where(np.isnan(value), -np.inf, value).argmax()])


def worthy(step: Step, nodes: Ints, real: Bools | None, first: bool) -> tuple[Ints, Bools | None]:
    """The kept candidates (B, W) cut to as many as `verify` takes of them in any row, as things stand; no fewer than asked.

    No child is likelier than its parent: what is not worth verifying has no child that is. `first`: they are the first of
    their layer in the order of `verify`, which then takes them before the others.
    """
    totals, width = step.totals, min(step.caps.expand_low, nodes.shape[1])
    alike = totals.alike
    most = totals.size if alike else int(totals.row_nodes.max(initial=0))
    if most:
        assert totals.board.order is not None
        taken = places(totals.board.order[:, :most])
        ours = taken >= step.newest.start
        if not first:
            ours &= np.take_along_axis(step.tree.kept, np.minimum(taken, step.tree.size - 1), 1)
        if not alike:
            ours &= np.arange(most) < totals.row_nodes[:, None]
        counts = np.add.reduce(ours, 1)
        width = max(width, int(counts[counts.argmax()]))
    if width >= nodes.shape[1]:
        return nodes, real
    nodes, real = nodes[:, :width], None if real is None else real[:, :width]
    real = None if real is None or real.all() else real
    step.tree.draft_from(step.newest, nodes, real)
    return nodes, real


class _WidthScope(Scope):
    """Every width at once: `frontier` is the first w candidates of each row, a pass feeds w. Arrays are (B, S) or (S,)."""

    def __init__(self, controller: Controller, step: Step, order: Ints, widths: Ints) -> None:
        super().__init__(controller, step, width=widths)
        self.order, self.widths = order, widths

    def _first(self, function: str, values: Value) -> Value:
        """(B, S) a reduction of the first w values, in order, for every w."""
        return running(function, values, self.order < OUT)[:, self.widths]

    def of_layer(self, group: str, what: str) -> Value:
        if group == "layer" or what == "depth":
            return super().of_layer(group, what)
        if what == "nodes":
            return self._first("sum", np.ones(self.order.shape))
        benefit = self.step.tree.column("benefit").take(places(self.order) + self.step.tree.row_starts)
        return self._first("sum", benefit)

    def reduce(self, group: str, function: str, of: Compiled) -> Value:
        if group != "frontier":
            return super().reduce(group, function, of)
        inner = Scope(self.controller, self.step, self.newest)
        values = np.broadcast_to(np.asarray(of(inner), np.float64), self.order.shape)
        column = np.maximum(places(self.order) - self.newest.start, 0)
        return self._first(function, np.take_along_axis(values, column, 1))
