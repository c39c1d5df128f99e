"""Free candidates: they hang in the tree from the start, and layers that are drafted take them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smartgen.policy.reference.valuing import value_nodes
from smartgen.policy.reference.view import ROOT, Trees
from smartgen.policy.reference.world import Candidate, Node

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter

Proposed = tuple[Candidate, int, int]  # a candidate, its parent's place in the layer before, its rank
FreeLayer = Sequence[Sequence[Proposed]]  # by row
SOURCE = "ngram"


@dataclass
class Hanging:
    """The free layers of a step. `places`: the nodes that those of the deepest merged layer are; `hung`: layers below it.

    `own`, `other`: gains of what the drafter alone proposed, and of the rest.
    """

    layers: Sequence[FreeLayer]
    places: list[list[Node | None]]
    own: float
    other: float
    hung: int = 0


def hang(me: Interpreter) -> None:
    """Put the layers that were not taken in yet below the tree."""
    step, free = me.step, me.step.free
    assert free is not None
    above, depth = free.places, step.view.depth
    for layer in free.layers[depth : step.depth]:
        depth += 1
        places: list[list[Node | None]] = []
        for row, proposed in enumerate(layer):
            number = sum(len(nodes[row]) for nodes in step.layers)
            places.append([])
            for candidate, parent, rank in proposed:
                node = _below(above[row], parent, candidate, rank, depth, number + len(places[-1]))
                places[-1].append(node if depth <= step.depths[row] else None)
        new = [[node for node in row if node is not None] for row in places]
        if not any(new):
            break
        step.layers.append(new)
        free.hung += 1
        value_nodes(me, new, depth)
        above = places


def take_back(me: Interpreter) -> None:
    """The tree without what hangs below it."""
    free = me.step.free
    assert free is not None
    del me.step.layers[len(me.step.layers) - free.hung :]
    free.hung = 0


def join(me: Interpreter, new: Trees) -> None:
    """Let a layer that was drafted take in the free candidates of its depth."""
    step, free = me.step, me.step.free
    assert free is not None
    depth = step.view.depth + 1
    layer: FreeLayer = free.layers[depth - 1] if depth <= len(free.layers) else [[] for _ in new]
    for row, proposed in enumerate(layer):
        number = sum(len(nodes[row]) for nodes in step.layers) + len(new[row])
        own, places = list(new[row]), []
        for candidate, parent, rank in proposed:
            node = _below(free.places[row], parent, candidate, rank, depth, number)
            if node is not None and depth <= step.depths[row]:
                node = _merged(me, node, own)
                if node not in own:
                    new[row].append(node)
                    number += 1
            places.append(node if depth <= step.depths[row] else None)
        free.places[row] = places


def _below(
    above: list[Node | None], parent: int, candidate: Candidate, rank: int, depth: int, number: int
) -> Node | None:
    over = ROOT if depth == 1 else above[parent]
    if over is None:
        return None
    return Node(candidate, None if over is ROOT else over, rank, depth, number, source=SOURCE)


def _merged(me: Interpreter, node: Node, own: list[Node]) -> Node:
    """The drafter's own node with the same path, or this one."""
    drafter, candidate = me.given.source, node.candidate
    for other in own:
        if other.parent is node.parent and other.candidate.token == candidate.token:
            either = 1.0 - (1.0 - other.candidate.prob) * (1.0 - candidate.prob)
            other.candidate = replace(other.candidate, prob=either)
            other.source = f"{drafter}+{SOURCE}"
            return other
    asked = node.parent is None or node.parent.kept
    node.source = f"{SOURCE} alone" if asked else SOURCE
    return node


def hanging_mass(me: Interpreter, row: int) -> float:
    """Summed benefit of what already hangs below the nodes to be drafted from."""
    step, free = me.step, me.step.free
    if free is None or not free.hung:
        return 0.0
    first = step.layers[len(step.layers) - free.hung][row]
    return sum(node.benefit for node in first if node.parent is None or node.parent.kept)
