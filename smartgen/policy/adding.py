"""A layer joins the tree: its nodes are valued, some are kept to draft from, and `verify` chooses anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.arithmetic import Value
from smartgen.policy.expand import kept_nodes
from smartgen.policy.free import FREE, GAINED, OWN, SOURCE, FreeCandidates
from smartgen.policy.order import packed, packed_positive, places
from smartgen.policy.pricing import totals
from smartgen.policy.scope import Scope
from smartgen.policy.step import Moment, Step
from smartgen.policy.width import worthy
from smartgen.tree.grids import places_from
from smartgen.tree.layer import Layer

if TYPE_CHECKING:
    from smartgen.policy.controller import Controller

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_KEY, _OPEN = "key of verify", "open to verify"


def add(controller: Controller, step: Step, layer: Layer, widths: Sequence[int]) -> None:
    """Append a layer, or several side by side of these `widths`, value them and see what `verify` would pick."""
    tree = step.tree
    if step.free is not None:
        step.free.take_back(step)
    parent, valid = _placed(step, layer, widths)
    own, source = parent.shape[1], None
    if step.free is not None:
        layer, parent, valid, source = step.free.joined(step, layer, parent, valid)
        widths = [parent.shape[1]]
    step.spent_ahead = None
    if step.rules.looks_back:
        step.before = Moment(step.depth, step.newest, step.totals)
    scope, by_benefit = valued(controller, step, layer, parent, valid, widths, source)
    foremost = places(by_benefit[:, : step.growth.RANKS])
    if step.depth == 1:
        step.foremost = foremost
    best = _benefits(step, foremost)
    if not (step.rehearsed or controller.learned.frozen or step.situation.drafter.one_pass):
        benefit = tree.newest.arrays["benefit"]
        if own < parent.shape[1]:  # the first candidates are the drafter's
            step.growth.observe(step.depth - 1, step.mass, benefit[:, :own])
        else:
            step.growth.observe(step.depth - 1, step.mass, benefit, best)
    nodes, real, first = kept_nodes(controller, step, scope, by_benefit, foremost)
    order, all_open = _to_verify(step, scope, by_benefit, valid)
    step.board = step.board.with_layer(order, tree, step.caps.room, all_open, order is by_benefit, step.worth)
    if step.free is not None:
        hang(controller, step)
    step.totals = totals(controller, step, step.board, step.spent)
    if step.rules.narrows and not step.situation.drafter.one_pass:
        nodes, real = worthy(step, nodes, real, first and order is by_benefit)
    _see_frontier(step, nodes, real, best if first else None)


def hang(controller: Controller, step: Step) -> None:
    """Let the free candidates that no layer has taken in yet hang below the tree."""
    free, seen = step.free, (step.fresh, step.newest, step.whole, step.depth)
    assert free is not None
    free.hung, found = None, free.below(step)
    if found is None:
        return
    layer, parent, valid, widths = found
    free.stem = len(step.tree.layers), step.board
    scope, by_benefit = valued(controller, step, layer, parent, valid, widths, np.full(parent.shape, FREE))
    order, all_open = _to_verify(step, scope, by_benefit, valid)
    step.board = step.board.with_layer(order, step.tree, step.caps.room, all_open, order is by_benefit, step.worth)
    free.hung = step.fresh[0]
    step.fresh, step.newest, step.whole, step.depth = seen


def valued(
    controller: Controller,
    step: Step,
    layer: Layer,
    parent: Ints,
    valid: Bools,
    widths: Sequence[int],
    source: Ints | None = None,
) -> tuple[Scope, Ints]:
    """Append candidates, with columns of their parents, and value them; also their order by benefit, sorted."""
    tree = step.tree
    step.fresh = tree.append(layer.token, layer.prob, parent, layer.rank, valid, widths, layer.measures, layer.fan)
    first, last = step.fresh[0], step.fresh[-1]
    step.newest = new = first if first is last else slice(first.start, last.stop)
    if source is not None:
        tree.column(SOURCE, OWN)[:, new] = source
    step.depth += len(widths)
    step.whole = tree.newest.whole
    scope = Scope(controller, step, new)
    benefit = _benefit(step, scope, valid)
    if step.free is not None:
        _gain(step, step.free)
    by_benefit = packed_positive(benefit, valid, step.whole, new.start)
    by_benefit.sort(1)
    return scope, by_benefit


def _benefits(step: Step, nodes: Ints) -> Floats:
    """(B, N) of places in the tree."""
    benefit: Floats = step.tree.column("benefit").take(nodes + step.tree.row_starts)
    return benefit


def _placed(step: Step, layer: Layer, widths: Sequence[int]) -> tuple[Ints, Bools]:
    """Places in the tree of each candidate's parent, -1 for the root, and which candidates have one."""
    valid = layer.valid
    if step.caps.rows_topk is not None:
        valid = valid & (layer.rank < step.caps.rows_topk)
    if step.caps.rows_depth is not None:
        deep = np.repeat(step.depth + 1 + np.arange(len(widths)), widths)
        valid = valid & (deep <= step.caps.rows_depth)
    if step.going is not None:
        valid = valid & step.going
    if len(widths) > 1:  # several layers: each one's parents are places in the one before
        ends = step.tree.size + np.cumsum(widths)
        parent = layer.parent + np.repeat([0, step.tree.size, *ends[:-2]], widths)
        parent[:, : widths[0]] = -1
        return parent, valid
    if step.depth == 0:
        return np.full(layer.parent.shape, -1), valid
    if step.situation.drafter.one_pass:
        parent = layer.parent + step.newest.start
        return parent, valid & np.take_along_axis(step.tree.kept, parent, 1)
    assert step.frontier is not None
    frontier = step.frontier
    parent = frontier.repeat(layer.fan, 1) if layer.fan else np.take_along_axis(frontier, layer.parent, 1)
    return parent, valid if step.frontier_whole else valid & (parent >= 0)


def _benefit(step: Step, scope: Scope, valid: Bools) -> Floats:
    """(B, K) expected tokens of each node: within 0..1, at most its parent's; absent is 0. Kept in the tree."""
    rules = step.rules
    benefit: Floats = rules.benefit(scope)
    if not (rules.sound and step.whole):
        benefit = np.minimum(np.fmax(benefit, 0.0), 1.0) * valid  # of an absent value and 0, fmax takes 0
    elif not isinstance(benefit, np.ndarray) or benefit.shape != valid.shape:
        benefit = np.broadcast_to(benefit, valid.shape).copy()
    step.tree.newest.keep("benefit", benefit)
    if rules.monotone:
        return benefit
    stored, start = step.tree.column("benefit"), step.newest.start
    for layer in step.fresh:
        above = step.tree.above(layer)
        if above is not None:
            here = benefit[:, layer.start - start : layer.stop - start]
            np.minimum(here, stored.take(above), out=here)
            stored[:, layer] = here
    return benefit


def _gain(step: Step, free: FreeCandidates) -> None:
    """What the newest nodes are worth in the light of how true their sources' predictions have been lately."""
    tree = step.tree
    gained, source = tree.column(GAINED), tree.column(SOURCE, OWN)
    for layer in step.fresh:
        worth, above = tree.benefit[:, layer] * free.gains[source[:, layer]], tree.above(layer)
        gained[:, layer] = worth if above is None else np.minimum(worth, gained.take(above))


def _to_verify(step: Step, scope: Scope, by_benefit: Ints, valid: Bools) -> tuple[Ints, bool]:
    """The layer in the order of `verify`, which may have a key of its own and leave candidates out; whether it did not."""
    verify, shape = step.rules.verify, step.rules.shape
    if verify.by is None and verify.where is None and shape is None:
        if step.free is None:
            return by_benefit, step.whole
        worth = step.tree.column(step.worth)[:, step.newest]
        return packed_positive(worth, valid, step.whole, step.newest.start), step.whole
    tree, open_to = step.tree, valid
    if shape is not None:
        open_to = open_to & (shape.places(tree, step.fresh) >= 0)
    if verify.where is not None:
        open_to = open_to & np.asarray(verify.where(scope), bool)
    key = tree.column(step.worth)[:, step.newest] if verify.by is None else _present(verify.by(scope), valid.shape)
    open_to = open_to & ~np.isnan(key)
    start = step.newest.start
    keys, opens = tree.column(_KEY), tree.column(_OPEN, False)
    for layer in step.fresh:
        part = slice(layer.start - start, layer.stop - start)
        above = tree.above(layer)
        keys[:, layer], opens[:, layer] = key[:, part], open_to[:, part]
        if above is not None:  # no node before its parent, and none without it
            np.minimum(keys[:, layer], keys.take(above), out=keys[:, layer])
            opens[:, layer] &= opens.take(above)
    return packed(np.ascontiguousarray(keys[:, step.newest]), opens[:, step.newest], start), False


def _present(value: Value, shape: tuple[int, ...]) -> Floats:
    return np.broadcast_to(np.asarray(value, np.float64), shape)


def _see_frontier(step: Step, nodes: Ints, real: Bools | None, best: Floats | None) -> None:
    """Remember what was kept: what the next pass would feed, and how much it is worth; `best` (B, N): benefits of the
    first of them, where they are known.
    """
    step.next_width = width = nodes.shape[1]
    step.frontier_whole = real is None
    worth = best[:, :width] if best is not None and best.shape[1] >= width else _benefits(step, nodes)
    if real is not None:
        nodes, worth = np.where(real, nodes, -1), np.where(real, worth, 0.0)
    step.frontier, step.frontier_mass = nodes, np.add.reduce(worth, 1)


def packed_frontier(step: Step, layer: Layer) -> tuple[Ints, Ints, Ints, Bools]:
    """(B, W) tokens, places in the frontier before, places in the tree and reality of the nodes to draft from."""
    nodes = step.frontier
    assert nodes is not None
    real = nodes >= 0
    at = nodes if step.frontier_whole else np.maximum(nodes, step.newest.start)
    cell = at + places_from(step.newest.start, *layer.token.shape)
    token, parent = layer.token.take(cell), layer.parent.take(cell)
    if not step.frontier_whole:
        parent = np.where(real, parent, 0)
    return token, parent, nodes, real
