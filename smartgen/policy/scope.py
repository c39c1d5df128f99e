"""Where an expression is being read: which nodes, which sizes, which step. Compiled expressions ask it for values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.calibration import capped_siblings
from smartgen.policy.search import Totals
from smartgen.policy.step import Step

if TYPE_CHECKING:
    from smartgen.policy.compile import Compiled, Value
    from smartgen.policy.controller import Controller


class Scope:
    """A point of view on a step. `columns`: the nodes read by `node.*`; `totals`: what `tokens`, `time`, ... mean."""

    def __init__(
        self,
        controller: Controller,
        step: Step,
        columns: slice | None = None,
        mask: NDArray[np.bool_] | None = None,
        totals: Totals | None = None,
        every_size: bool = False,
        width: int = 1,
    ) -> None:
        self.controller, self.step = controller, step
        self.columns, self.given_mask = columns, mask
        self.totals = totals if totals is not None else step.totals
        self.every_size = every_size
        self.width = width

    # -- signals ------------------------------------------------------------------------------------------------
    def read(self, name: str) -> Value:
        if name.startswith("node."):
            return self._node(name[5:])
        return READERS[name](self)

    def _node(self, field: str) -> Value:
        if self.columns is None:
            raise RuntimeError(f"node.{field} is read where there is no node; the checker should have refused it")
        if field == "source":
            return self.step.situation.drafter.source
        return getattr(self.step.tree, field)[:, self.columns]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(B, K) which of the nodes in view count in an aggregate."""
        if self.given_mask is not None:
            return self.given_mask
        columns = self.columns if self.columns is not None else slice(0, self.step.tree.size)
        return self.step.tree.valid[:, columns]

    def total(self, name: str) -> Value:
        """`tokens`, `time`, ...: one number for the tree as it stands, or (S,) while sizes are scanned."""
        totals = self.totals
        if totals is None:
            raise RuntimeError(f"{name} is read before there is a tree")
        values = getattr(totals, name)
        if values is None:
            return 0.0
        return values if self.every_size else float(values[totals.chosen])

    def row_tokens(self) -> Value:
        assert self.totals is not None
        if self.every_size:
            return self.totals.row_tokens
        return self.totals.row_tokens[:, self.totals.chosen, None]

    def sizes(self) -> Value:
        assert self.totals is not None
        return self.totals.sizes if self.every_size else self.totals.size

    def measured(self, phase: str, quantity: str, model: str, at: dict[str, Value]) -> Value:
        return self.controller.measured(self, phase, model, at)

    # -- groups of nodes ------------------------------------------------------------------------------------------
    def group(self, name: str) -> Scope:
        """The nodes that `layer.`, `frontier.` or `tree.` aggregates run over."""
        step, tree = self.step, self.step.tree
        if name == "tree":
            return Scope(self.controller, step, slice(0, tree.size), self.controller.picked(step), self.totals)
        mask = tree.valid[:, step.newest]
        if name == "frontier":
            mask = mask & tree.kept[:, step.newest]
        return Scope(self.controller, step, step.newest, mask, self.totals)

    # -- functions with state -------------------------------------------------------------------------------------
    def path_product(self, number: int, of: Compiled) -> Value:
        """Product of `of` down the path, kept per node so that a layer needs its parents' values only."""
        step, columns = self.step, self.columns
        assert columns is not None
        stored = step.paths.get(number)
        if stored is None or stored.shape[1] < step.tree.size:
            stored = self._extended_paths(number, stored)
        if columns == step.newest:
            factor = np.broadcast_to(of(self), self.mask.shape)
            for layer in step.fresh:
                here = factor[:, layer.start - columns.start : layer.stop - columns.start]
                parent = step.tree.parent[:, layer]
                above = np.take_along_axis(stored, np.maximum(parent, 0), 1)
                stored[:, layer] = np.where(parent < 0, 1.0, above) * here
        return stored[:, columns]

    def _extended_paths(self, number: int, stored: NDArray[np.float64] | None) -> NDArray[np.float64]:
        larger = np.ones((self.step.tree.batch, 2 * self.step.tree.size))
        if stored is not None:
            larger[:, : stored.shape[1]] = stored
        self.step.paths[number] = larger
        return larger

    def recall(self, site: int) -> Value:
        declared = self.controller.program.sites[site]
        if declared.kind == "ema":
            return self.controller.average(site)
        compiled = self.controller.site_arguments[site]
        prob = np.broadcast_to(compiled[0](self), self.mask.shape)
        estimate = self.controller.learned.map_for(declared).estimate(prob, [value(self) for value in compiled[1:]])
        self._remember_cells(site, estimate.cell)
        above = self.step.tree.parent[:, self.columns or slice(None)] + 1
        return capped_siblings(np.where(self.mask, estimate.value, 0.0), above, self.step.tree.size + 1)

    def _remember_cells(self, site: int, cell: NDArray[np.int64]) -> None:
        columns, tree = self.columns, self.step.tree
        assert columns is not None
        stored = self.step.cells.get(site)
        if stored is None or stored.shape[1] < tree.size:
            larger = np.zeros((tree.batch, 2 * tree.size), np.int64)
            if stored is not None:
                larger[:, : stored.shape[1]] = stored
            self.step.cells[site] = stored = larger
        stored[:, columns] = cell

    def shifted(self, kind: str, of: Compiled) -> Value:
        if kind == "forecast":
            return of(Scope(self.controller, self.step, totals=self.controller.ahead(self.step)))
        if kind == "previous":
            return of(Scope(self.controller, self.step, totals=self.step.before)) if self.step.before else 0.0
        raise RuntimeError("`marginal` is read outside `expand ... where`; the checker should have refused it")


def _layer_nodes(scope: Scope, name: str) -> Value:
    return scope.group(name).mask.sum(1, keepdims=True).astype(np.float64)


def _layer_tokens(scope: Scope, name: str) -> Value:
    if scope.step.depth == 0:
        return np.ones((scope.step.tree.batch, 1))  # the root is worth the one token it commits
    group = scope.group(name)
    return np.where(group.mask, scope.step.tree.benefit[:, scope.step.newest], 0.0).sum(1, keepdims=True)


def _column(values: Any) -> Value:
    return np.asarray(values, np.float64)[:, None]


READERS: dict[str, Callable[[Scope], Value]] = {
    "tokens": lambda s: s.total("tokens"),
    "progress": lambda s: s.total("progress"),
    "time": lambda s: s.total("time"),
    "energy": lambda s: s.total("energy"),
    "money": lambda s: s.total("money"),
    "objective": lambda s: s.total("objective"),
    "tree.tokens": lambda s: s.row_tokens(),
    "tree.nodes": lambda s: s.sizes(),
    "tree.depth": lambda s: s.group("tree").mask.any(1, keepdims=True) * float(s.step.depth),
    "layer.depth": lambda s: float(s.step.depth),
    "frontier.depth": lambda s: float(s.step.depth),
    "layer.nodes": lambda s: _layer_nodes(s, "layer"),
    "frontier.nodes": lambda s: _layer_nodes(s, "frontier"),
    "layer.tokens": lambda s: _layer_tokens(s, "layer"),
    "frontier.tokens": lambda s: _layer_tokens(s, "frontier"),
    "batch.size": lambda s: float(s.step.situation.batch),
    "batch.context": lambda s: s.step.situation.context,
    "batch.nodes": lambda s: s.sizes() * float(s.step.situation.batch),
    "request.context": lambda s: _column(s.step.situation.contexts),
    "request.generated": lambda s: _column(s.step.situation.generated),
    "request.temperature": lambda s: s.step.situation.temperature,
    "request.sampled": lambda s: s.step.situation.sampled,
    "last.accepted": lambda s: s.controller.past.column("accepted", s.step.situation.batch),
    "last.length": lambda s: s.controller.past.column("length", s.step.situation.batch),
    "last.drafted": lambda s: s.controller.past.column("drafted", s.step.situation.batch),
    "last.tested": lambda s: s.controller.past.column("tested", s.step.situation.batch),
    "last.rate": lambda s: s.controller.past.column("rate", s.step.situation.batch),
    "last.tokens": lambda s: s.controller.past.tokens,
    "last.time": lambda s: s.controller.past.seconds,
    "run.rate": lambda s: s.controller.past.run_rate(s.step.situation.batch),
}
