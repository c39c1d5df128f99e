"""Where an expression is being read: which nodes, which sizes, which step. Compiled expressions ask it for values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.arithmetic import Value, reduced, running
from smartgen.policy.free import OWN, SOURCE, source_names
from smartgen.policy.past import Past
from smartgen.policy.siblings import room_in_families, room_in_fans
from smartgen.policy.step import Moment, Step
from smartgen.policy.totals import Totals

if TYPE_CHECKING:
    from smartgen.policy.compile import Compiled
    from smartgen.policy.controller import Controller

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Scope:
    """A point of view on a step. `columns`: the nodes that `node.*` reads; `mask`: which of them count in an aggregate.

    `totals`: what `tokens`, `time`, ... mean, at the size chosen, or at every size while sizes are scanned. `width`:
    tokens a row that a drafting pass would feed. `depth`, `newest`: the newest layer, as seen from here.
    """

    def __init__(
        self,
        controller: Controller,
        step: Step,
        columns: slice | None = None,
        mask: Bools | None = None,
        totals: Totals | None = None,
        every_size: bool = False,
        width: Any = None,
        moment: Moment | None = None,
    ) -> None:
        self.controller = controller
        self.step: Step = step
        self.columns, self._mask = columns, mask
        self._totals, self.every_size, self._width, self.moment = totals, every_size, width, moment

    @property
    def depth(self) -> int:
        return self.step.depth if self.moment is None else self.moment.depth

    @property
    def newest(self) -> slice:
        return self.step.newest if self.moment is None else self.moment.newest

    @property
    def past(self) -> Past:
        return self.controller.past

    # -- nodes --------------------------------------------------------------------------------------------------
    def node(self, field: str) -> Value:
        """(B, K) a signal of the nodes in view."""
        step, columns = self.step, self.columns
        assert columns is not None, f"node.{field} is read where there is no node; the checker should have refused it"
        newest = step.tree.newest
        if newest.columns is columns and field in newest.arrays:
            return newest.arrays[field]
        if field == "source":
            names, place = self.sources()
            return names[0] if place is None else np.array(names)[place]
        if field == "depth" and columns is step.newest and len(step.fresh) == 1:
            return float(step.depth)  # all nodes of a layer have it
        return step.tree.of(field, columns)

    def sources(self) -> tuple[tuple[str, ...], Ints | None]:
        """Names of who may have proposed a node, and (B, K) which of them did; None: the first proposed all."""
        step = self.step
        if step.free is None:
            return (step.situation.drafter.source,), None
        names = source_names(step.situation.drafter.source, step.free.source)
        return names, step.tree.column(SOURCE, OWN)[:, self.columns]

    @property
    def mask(self) -> Bools:
        """(B, K) which of the nodes in view count in an aggregate."""
        if self._mask is not None:
            return self._mask
        assert self.columns is not None
        return self.step.tree.of("valid", self.columns)

    # -- totals -------------------------------------------------------------------------------------------------
    @property
    def totals(self) -> Totals:
        if self._totals is not None:
            return self._totals
        return self.step.totals if self.moment is None else self.moment.totals

    def total(self, name: str) -> Value:
        """`tokens`, `time`, ...: one number for the tree as it stands, or (S,) while sizes are scanned."""
        totals = self._totals or self.totals
        if not self.every_size:
            return totals.chosen_of(name)
        values = getattr(totals, name)
        return 0.0 if values is None else values

    def totals_at(self, moment: str) -> Totals:
        """The totals "" now, as they are "forecast", or as they were "previous"ly."""
        if moment == "forecast":
            return self.controller.ahead(self.step)
        if moment == "previous":
            return self.step.before.totals if self.step.before is not None else self.totals
        return self.totals

    def row_tokens(self) -> Value:
        """(B, S) or (B, 1) expected tokens of each row."""
        totals = self.totals
        return totals.row_tokens if self.every_size else totals.row_tokens[:, totals.chosen, None]

    def row_nodes(self) -> Value:
        """(B, S) or (B, 1) nodes of each row's tree."""
        counts = self.totals.counts if self.every_size else self.totals.row_nodes[:, None]
        return counts.astype(np.float64)

    def run(self) -> Value:
        """(S,) or a number: nodes a row that the engine runs, padding included."""
        totals = self.totals
        run = totals.sizes if totals.run is None else totals.run
        return run if self.every_size else run[totals.chosen]

    def width(self) -> Value:
        """Tokens a row that a drafting pass feeds."""
        return self.step.next_width if self._width is None else self._width

    @property
    def catches_up(self) -> bool:
        """Whether the next pass is the step's first one, which feeds what was committed."""
        return self.step.depth == 0

    def verify_seconds(self) -> Value:
        """`profile.verify.time` at the current point; costs do not change within a step."""
        step, totals = self.step, self._totals or self.totals
        run, known = totals.run, step.verify_seconds
        if self.every_size and run is None and known is not None and totals.high < len(known):
            return known[totals.low : totals.high + 1]
        if not self.every_size or (run is not None and run.dtype.kind != "i"):
            return self.measured("verify", "time", "table", {})
        high = totals.high if run is None else int(run[-1])
        if step.verify_seconds is None or len(step.verify_seconds) <= high:
            situation, most = step.situation, step.caps.room.most
            top = max(high, most) if most < 256 else high
            step.verify_seconds = self.controller.costs.verify(situation.batch, top, situation.run_context)
        return step.verify_seconds[totals.low : high + 1] if run is None else step.verify_seconds[run]

    def draft_seconds(self) -> Value:
        """`profile.draft.time` at the current point; costs do not change within a step."""
        step, width = self.step, self.width()
        if not isinstance(width, int):
            return self.measured("draft", "time", "table", {})
        key = (width, self.catches_up)
        if key not in step.draft_seconds:
            step.draft_seconds[key] = self.measured("draft", "time", "table", {})
        return step.draft_seconds[key]

    def measured(self, phase: str, quantity: str, model: str, at: dict[str, Value]) -> Value:
        return self.controller.measured(self, phase, quantity, model, at)

    # -- groups of nodes ------------------------------------------------------------------------------------------
    def of_layer(self, group: str, what: str) -> Value:
        """`layer.depth`, `frontier.tokens`, ...; the root is the layer of depth 0."""
        if what == "depth":
            return float(self.depth)
        if self.depth == 0:
            return np.ones((self.step.tree.batch, 1))  # one node, worth the one token that it commits
        mask = self.group(group).mask
        if what == "nodes":
            return mask.sum(1, keepdims=True).astype(np.float64)
        return np.where(mask, self.step.tree.benefit[:, self.newest], 0.0).sum(1, keepdims=True)

    def group(self, name: str) -> Scope:
        """The nodes that `layer.`, `frontier.` or `tree.` aggregates run over."""
        step, tree = self.step, self.step.tree
        if name == "tree":
            return Scope(self.controller, step, slice(0, tree.size), self.picked(), self.totals, moment=self.moment)
        if self.depth == 0:
            return RootScope(self.controller, step, totals=self.totals, moment=self.moment)
        mask = tree.valid[:, self.newest]
        if name == "frontier":
            mask = mask & tree.kept[:, self.newest]
        return Scope(self.controller, step, self.newest, mask, self.totals, moment=self.moment)

    def reduce(self, group: str, function: str, of: Compiled) -> Value:
        """An aggregate over a group of nodes: (B, 1), or (B, S) over the trees of every size."""
        if group == "tree" and self.every_size:
            return self._over_sizes(function, of)
        inner = self.group(group)
        return reduced(function, of(inner), inner.mask, 1)

    def over_batch(self, function: str, of: Compiled) -> Value:
        """A reduction of a request value over the rows: a number, or (S,)."""
        return _number(reduced_rows(function, of(self), self.step.situation.batch))

    def rows(self, values: Value) -> Value:
        """A request value (B, 1) as it is seen from here."""
        return values

    def _over_sizes(self, function: str, of: Compiled) -> Value:
        """The nodes of each row in their order, reduced over the first n."""
        totals = self.totals
        nodes = totals.board.node
        everything = Scope(self.controller, self.step, slice(0, self.step.tree.size), totals=totals)
        values = np.broadcast_to(of(everything), (len(nodes), self.step.tree.size))
        there = nodes >= 0
        ordered = np.take_along_axis(values, np.where(there, nodes, 0), 1) if nodes.size else np.zeros(nodes.shape)
        return np.take_along_axis(running(function, ordered, there), totals.counts, 1)

    def picked(self) -> Bools:
        """(B, M) the nodes that `verify` would pick."""
        mask = np.zeros((self.step.tree.batch, self.step.tree.size), bool)
        totals = self.totals
        nodes = totals.board.node
        rows, columns = np.nonzero(np.arange(nodes.shape[1]) < totals.row_nodes[:, None])
        mask[rows, nodes[rows, columns]] = True
        return mask

    def tree_depth(self) -> Value:
        """(B, 1) or (B, S) depth of the deepest picked node, 0 without any."""
        return np.nan_to_num(self.reduce("tree", "max", lambda inner: inner.node("depth")), nan=0.0)

    def tree_paths(self) -> Value:
        """(B, 1) or (B, S) leaves of the picked tree; the bare root is one."""
        totals, tree = self.totals, self.step.tree
        nodes = totals.board.node
        parent = np.take_along_axis(tree.parent, np.maximum(nodes, 0), 1) if nodes.size else nodes
        more = np.zeros((len(nodes), nodes.shape[1] + 1))
        for row, line in enumerate(parent):  # every node but the first child of its parent is one leaf more
            more[row, 1:] = 1.0
            more[row, 1 + np.unique(line, return_index=True)[1]] = 0.0
        counts = totals.counts if self.every_size else totals.row_nodes[:, None]
        return 1.0 + np.take_along_axis(np.cumsum(more, 1), counts, 1)

    # -- functions with state -------------------------------------------------------------------------------------
    def path_product(self, number: int, of: Compiled) -> Value:
        """Product of `of` down the path, kept per node so that a layer needs its parents' values only."""
        tree, columns = self.step.tree, self.columns
        assert columns is not None
        name = f"path {number}"
        missing = tree.unfilled(name)
        if len(missing) == 1 and missing[0] == columns:
            above, here = tree.of_parents(name, columns), np.asarray(of(self))
            made = here if above is None else above * here
            if made.shape != (tree.batch, columns.stop - columns.start):
                made = np.broadcast_to(made, (tree.batch, columns.stop - columns.start))
            tree.keep(name, columns, made)
            return made
        stored = tree.column(name)
        if missing and columns == slice(missing[0].start, missing[-1].stop):
            self._fill_paths(stored, missing, np.asarray(of(self)))
        else:
            for layer in missing:
                moment = Moment(int(tree.depth[0, layer.start]), layer, self.totals)
                there = Scope(self.controller, self.step, layer, totals=self._totals, moment=moment)
                self._fill_paths(stored, [layer], np.asarray(of(there)))
        return stored[:, columns]

    def _fill_paths(self, stored: Floats, layers: list[slice], factor: Floats) -> None:
        """`factor`: its values at the nodes of these layers, side by side (or one value for all)."""
        tree, start = self.step.tree, layers[0].start
        for layer in layers:
            here = factor
            if factor.ndim == 2 and factor.shape[1] > 1:
                here = factor[:, layer.start - start : layer.stop - start]
            above = tree.above(layer)
            stored[:, layer] = here if above is None else stored.take(above) * here

    def recall(self, site: int) -> Value:
        """The value of a learned or remembered thing."""
        controller, step = self.controller, self.step
        step.recalled.add(site)
        calibrated = controller.calibrations.get(site)
        if calibrated is None:
            return controller.memories.value(site, self)
        columns, tree = self.columns, step.tree
        assert columns is not None
        prob, features = calibrated.inputs(self)
        if not isinstance(prob, np.ndarray) or prob.ndim != 2 or prob.shape[1] == 1:
            prob = np.broadcast_to(prob, (tree.batch, columns.stop - columns.start))
        value, cell = controller.learned.map_for(calibrated.site).estimate(prob, features)
        if (
            calibrated.always and tree.newest.columns is columns and tree.newest.whole
        ):  # each is a candidate with a chance
            tree.newest.keep(cells_of(site), cell)
            return self._capped(site, value, columns)
        known = tree.valid[:, columns] & (prob == prob)
        tree.keep(cells_of(site), columns, np.where(known, cell, -1), -1)
        capped = self._capped(site, np.where(known, value, 0.0), columns)
        return np.where(known | ~tree.valid[:, columns], capped, np.nan)

    def _capped(self, site: int, value: Floats, columns: slice) -> Floats:
        """Siblings sum to at most 1: they exclude one another. What they leave each other is remembered."""
        tree = self.step.tree
        fan = tree.newest.fan if tree.newest.columns is columns else 0
        room = room_in_fans(value, fan) if fan else room_in_families(value, tree.of("parent", columns))
        if room is None:
            return value
        tree.keep(room_of(site), columns, room, 1.0)
        return value * room

    def shifted(self, kind: str, of: Compiled) -> Value:
        """`forecast(...)`, `previous(...)`; `marginal(...)` has a meaning along an order only."""
        step = self.step
        if kind == "forecast":
            return of(ForecastScope(self.controller, step, totals=self.controller.ahead(step)))
        assert kind == "previous", "`marginal` is read outside `expand ... where`; the checker should have refused it"
        return of(Scope(self.controller, step, moment=step.before)) if step.before is not None else 0.0


def cells_of(site: int) -> str:
    """The column that says where a trial of a node counts for a `calibrated` call, -1 where it does not."""
    return f"cell of {site}"


def room_of(site: int) -> str:
    """The column that says what a node's siblings left of its chance, of a `calibrated` call."""
    return f"room of {site}"


def reduced_rows(function: str, value: Value, batch: int) -> Floats:
    """(S,) of (B, S), (B, 1), (S,) or a number, which stands for all rows."""
    value = np.asarray(value)
    rows = np.broadcast_to(value, (batch, value.shape[-1] if value.ndim else 1))
    result: Floats = reduced(function, rows, np.ones(rows.shape, bool), 0)[0]
    return result


def _number(values: Floats) -> Value:
    return float(values[0]) if len(values) == 1 else values


class RootScope(Scope):
    """The layer of depth 0: the root, which is committed anyway, once in every row."""

    SIGNALS: ClassVar = {"prob": 1.0, "path": 1.0, "confidence": 1.0, "entropy": 0.0, "rank": 0.0, "depth": 0.0}

    def node(self, field: str) -> Value:
        if field == "source":
            return self.step.situation.drafter.source
        return self.SIGNALS.get(field, True)  # it is on the spine, and kept

    @property
    def mask(self) -> Bools:
        return np.ones((self.step.tree.batch, 1), bool)

    def path_product(self, number: int, of: Compiled) -> Value:
        return 1.0

    def recall(self, site: int) -> Value:
        return 1.0 if self.controller.program.sites[site].kind == "calibrated" else super().recall(site)


class ForecastScope(Scope):
    """The step as it would stand after one more pass: totals, and a newest layer of which only the benefits are known."""

    catches_up = False

    def of_layer(self, group: str, what: str) -> Value:
        benefit = self.controller.next_layer(self.step)
        if what == "depth":
            return float(self.depth + 1)
        if what == "nodes":
            return (benefit > 0).sum(1, keepdims=True).astype(np.float64)
        return benefit.sum(1, keepdims=True)
