"""`expand`: which candidates of the newest layer are kept, that is, drafted from, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.free import FREE, OWN, SOURCE
from smartgen.policy.order import OUT, packed, places
from smartgen.policy.scope import Scope
from smartgen.policy.sequential import along_the_order
from smartgen.policy.step import Step
from smartgen.policy.width import best_width

if TYPE_CHECKING:
    from smartgen.policy.controller import Controller

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def kept_nodes(
    controller: Controller, step: Step, scope: Scope, by_benefit: Ints, foremost: Ints
) -> tuple[Ints, Bools | None, bool]:
    """(B, W) places of the kept candidates of the newest layer, best first; which cells hold one, None: all; whether
    they are the first of `by_benefit` (B, K), the layer's order as packed integers, sorted. `foremost` (B, N): places of the
    first of these. The tree is told.
    """
    expand, tree, caps = step.rules.expand, step.tree, step.caps
    order = by_benefit
    if expand.by is not None:
        key = _numbers(expand.by(scope), order.shape)
        order = np.sort(packed(key, tree.valid[:, step.newest] & (key == key), step.newest.start), 1)
    if step.rules.shape is not None:
        inside = step.rules.shape.places(tree, step.fresh)
        order = _filtered(order, step, step.rules.shape.has_children(inside))
    if expand.where is not None:
        if expand.sequential:
            order = along_the_order(controller, step, expand.where, order)
        else:
            answer = np.broadcast_to(np.asarray(expand.where(scope), bool), order.shape)
            order = _filtered(order, step, answer)
    if step.free is not None:
        order = _filtered(order, step, tree.column(SOURCE, OWN)[:, step.newest] < FREE)
    width = caps.width if len(step.fresh) == 1 else order.shape[1]  # layers that come together are no wider
    if expand.maximizing is not None:
        width = best_width(controller, step, expand.maximizing, order)
    first = order is by_benefit and caps.rows_width is None
    nodes = foremost[:, :width] if order is by_benefit and width <= foremost.shape[1] else places(order[:, :width])
    if first and step.whole:
        tree.draft_from(step.newest, nodes, None)
        return nodes, None, True
    real = order[:, :width] < OUT
    if caps.rows_width is not None:
        real = real & (np.arange(nodes.shape[1]) < caps.rows_width)
    widest = int(real.sum(1).max(initial=0))
    nodes, real = nodes[:, :widest], real[:, :widest]
    some = None if real.all() else real
    tree.draft_from(step.newest, nodes, some)
    return nodes, some, first


def _numbers(value: object, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(value, np.float64), shape))


def _filtered(order: Ints, step: Step, passes: Bools) -> Ints:
    """The order without the candidates that do not pass; `passes` (B, K) in the layer's own columns."""
    column = np.maximum(places(order) - step.newest.start, 0)
    stays = np.take_along_axis(passes, column, 1) & (order < OUT)
    return np.sort(np.where(stays, order, OUT), 1)
