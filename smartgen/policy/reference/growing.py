"""`grow`: a layer joins the trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from smartgen.policy.reference.choosing import choose
from smartgen.policy.reference.evaluate import At
from smartgen.policy.reference.expanding import keep, narrow
from smartgen.policy.reference.forecast import frontier_mass
from smartgen.policy.reference.free import hang, join, take_back
from smartgen.policy.reference.valuing import rank_for_verify, value_node
from smartgen.policy.reference.view import ROOT, each
from smartgen.policy.reference.world import Candidate, Node

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter


Layer = Sequence[Sequence[Sequence[Candidate]]]  # by row, by node that was drafted from, by rank
_NOBODY = Node(Candidate(-1, 0.0), None, 0, 0, -1)


def add(me: Interpreter, layer: Layer) -> None:
    """A layer joins the trees."""
    step = me.step
    if step.free is not None:
        take_back(me)
    new = [_nodes(me, row, below) for row, below in enumerate(layer)]
    own = [list(nodes) for nodes in new]
    if step.free is not None:
        join(me, new)
    mass = frontier_mass(me)
    step.before, depth = step.view, step.view.depth
    step.layers.append(new)
    step.view = view = replace(step.view, layer=new, depth=depth + 1)  # the trees and totals are still those before
    for row, node in each(new):
        value_node(me, At(view, row, node))
    if not (step.imagined or me.given.one_pass):
        me.estimates.saw(depth, mass, [[node.benefit for node in nodes] for nodes in own])
    step.frontier = keep(me, view)
    for row, node in each(new):
        rank_for_verify(me, At(view, row, node))
    if step.free is not None:
        hang(me)
    choose(me, replace(view, spent=step.paid, width=float(max(map(len, step.frontier)))))
    narrow(me)


def _nodes(me: Interpreter, row: int, below: Sequence[Sequence[Candidate]]) -> list[Node]:
    """The candidates of one row that are within its extents."""
    step = me.step
    depth = step.view.depth + 1
    number = sum(len(nodes[row]) for nodes in step.layers)
    cells: list[Node | None] = []
    for parent, children in zip(_fed(me, row, depth), below, strict=False):
        for rank, candidate in enumerate(children):
            within = rank < step.topks[row] and depth <= step.depths[row] and step.going[row]
            if not within or not parent.kept:  # not kept: only where a drafter gives all layers at once
                cells.append(None)
                continue
            above = None if parent is ROOT else parent
            node = Node(candidate, above, rank, depth, number)
            node.shape = (*(above.shape or () if above else ()), rank)
            cells.append(node)
            number += 1
    step.cells[row] = cells
    return [node for node in cells if node is not None]


def _fed(me: Interpreter, row: int, depth: int) -> list[Node]:
    """The nodes whose children come next: the frontier, or all of the layer before where nobody picked one."""
    if depth == 1:
        return [ROOT]
    if not me.given.one_pass:
        return me.step.frontier[row]
    return [_NOBODY if cell is None else cell for cell in me.step.cells[row]]
