"""`expand`: which candidates of the newest layer are kept, in which order."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from smartgen.policy.reference.evaluate import At, counts, value
from smartgen.policy.reference.view import Trees, View
from smartgen.policy.reference.world import Node

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter


def keep(me: Interpreter, view: View) -> Trees:
    """Mark the kept nodes of the newest layer; they come back in order, row by row."""
    expand, step = me.rules.expand, me.step
    order = [_ordered(me, At(view, row)) for row in range(len(view.given.rows))]
    if me.rules.verify.static:
        inner = {path[:-1] for path in me.rules.verify.static}
        places = set(me.rules.verify.static)
        order = [[node for node in line if node.shape in inner & places] for line in order]
    if expand.where is not None:
        if expand.sequential:
            order = [_cut(me, view, row, line[: max(step.widths)]) for row, line in enumerate(order)]
        else:
            order = [_passing(me, view, row, line) for row, line in enumerate(order)]
    width = max(step.widths)
    if expand.maximizing is not None:
        width = _best_width(me, view, order)
    kept = [line[: min(width, limit)] for line, limit in zip(order, step.widths, strict=True)]
    for line in kept:
        for node in line:
            node.kept = True
    return kept


def narrow(me: Interpreter) -> None:
    """A range that nothing searches: as many are kept as `verify` takes of the kept ones in any row, no fewer than asked."""
    expand, step = me.rules.expand, me.step
    if not expand.searched or expand.maximizing is not None or me.given.one_pass:
        return
    assert expand.low is not None
    picked = {id(node) for tree in step.view.trees for node in tree}
    taken = [sum(id(node) in picked for node in line) for line in step.frontier]
    width = max(*taken, *counts(me, expand.low, step.view))
    for line in step.frontier:
        for node in line[width:]:
            node.kept = False
    step.frontier = [line[:width] for line in step.frontier]
    step.view.width = float(max(map(len, step.frontier)))


def _ordered(me: Interpreter, at: At) -> list[Node]:
    """The row's newest nodes, best first; of equals the one drafted first. Without a value there is no place."""
    by = me.rules.expand.by
    assert at.row is not None
    drafter = me.given.source
    nodes = [node for node in at.view.layer[at.row] if node.source in ("", f"{drafter}+ngram")]
    keys = {id(node): node.benefit if by is None else value(me, by, replace(at, node=node)) for node in nodes}
    there = [node for node in nodes if keys[id(node)] is not None]
    return sorted(there, key=lambda node: (-keys[id(node)], node.number))


def _passing(me: Interpreter, view: View, row: int, line: list[Node]) -> list[Node]:
    where = me.rules.expand.where
    assert where is not None
    return [node for node in line if value(me, where, At(view, row, node))]


def _cut(me: Interpreter, view: View, row: int, line: list[Node]) -> list[Node]:
    """Candidates one by one, each given the earlier ones; the first that fails ends the row's layer."""
    where = me.rules.expand.where
    assert where is not None
    for count, node in enumerate(line):
        now, with_node = (_with(me, view, row, line[:n]) for n in (count, count + 1))
        if not value(me, where, At(now, row, node, with_node)):
            return line[:count]
    return line


def _with(me: Interpreter, view: View, row: int, first: list[Node]) -> View:
    """The step with these candidates of one row kept, drafted from and verified, the other rows as before this layer.

    Nothing is padded: the nodes are shared out over the rows. At the depth limit nothing is drafted from.
    """
    batch = len(view.given.rows)
    trees = [[*tree, *first] if r == row else tree for r, tree in enumerate(view.trees)]
    run = sum(map(len, view.trees)) / batch + len(first) / batch
    made = replace(view, trees=trees, run=run, width=len(first) / batch, spent=me.step.paid)
    return replace(made, spent=me.totals.with_pass(made)) if view.depth < me.step.depth else made


def _best_width(me: Interpreter, view: View, order: Trees) -> int:
    """The width with the greatest value, of equals the least."""
    expand, step = me.rules.expand, me.step
    assert expand.maximizing is not None
    assert expand.low is not None
    high = min(max(step.widths), max(map(len, order)))
    low = min(max(counts(me, expand.low, step.view)), high)
    chosen, greatest = low, -math.inf
    for width in range(low, high + 1):
        at = At(replace(view, cap=width, order=order, width=float(width)))
        worth = value(me, expand.maximizing, at)
        if worth is not None and worth > greatest:
            chosen, greatest = width, worth
    return chosen
