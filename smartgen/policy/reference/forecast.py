"""`forecast`: the step as it would stand after one more pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smartgen.policy.reference.choosing import best, offers, pools
from smartgen.policy.reference.free import hanging_mass
from smartgen.policy.reference.valuing import take_gain
from smartgen.policy.reference.view import View, each
from smartgen.policy.reference.world import Candidate, Node

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter


def ahead(me: Interpreter) -> View:
    """The step as it would stand after one more pass, everything ordered by benefit."""
    step, view = me.step, me.step.view
    mass = [max(mass - hanging_mass(me, row), 0.0) for row, mass in enumerate(frontier_mass(me))]
    expected = me.estimates.next_layer(view.depth, mass)
    ghosts = [
        [Node(Candidate(-1, 0.0), None, 0, view.depth + 1, -1, benefit, benefit) for benefit in row if benefit > 0]
        for row in expected
    ]
    for _, node in each(ghosts):
        take_gain(me, node)
    orders = [
        sorted([*pool, *new], key=lambda node: -node.worth)[:room]
        for pool, new, room in zip(pools(me), ghosts, step.rooms, strict=True)
    ]
    for _, node in each(ghosts):
        node.kept = True
    base = replace(view, layer=ghosts, depth=view.depth + 1, spent=me.totals.with_pass(view))
    return best(offers(me, base, orders, lambda node: node.worth)).view


def frontier_mass(me: Interpreter) -> list[float]:
    """Summed benefit of the frontier in every row; the root counts 1."""
    if me.step.view.depth == 0:
        return [1.0] * len(me.given.rows)
    return [sum(node.benefit for node in nodes) for nodes in me.step.frontier]
