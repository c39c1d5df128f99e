"""`limit depth a..b`: the depth that pays best, found before anything is drafted.

Possible where what a node is worth is known from its place alone (rank and depth): then the whole tree can be imagined,
layer by layer as it would be drafted, and the objective says where to stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from smartgen.policy.adding import add
from smartgen.policy.counts import most, whole
from smartgen.policy.pricing import with_pass
from smartgen.policy.scope import Scope
from smartgen.policy.step import Step
from smartgen.policy.totals import Totals
from smartgen.tree.layer import Layer

if TYPE_CHECKING:
    from smartgen.policy.controller import Controller


def best_depth(controller: Controller, step: Step, scope: Scope) -> None:
    """Set the step's depth to the best one within its range: feasible first, then the objective, of equals the least."""
    assert step.rules.depth_low is not None
    low = min(most(whole(step.rules.depth_low(scope))), step.caps.depth)
    found = _after_each_layer(controller, step)
    best = min(low, len(found) - 1)
    for depth in range(best + 1, len(found)):
        if found[depth].better_than(found[best]):
            best = depth
    step.caps.depth = max(best, low)


def _after_each_layer(controller: Controller, step: Step) -> list[Totals]:
    """What the step would stand at with 0, 1, 2, ... layers, each drafted and paid for."""
    imagined = step.imagined()
    imagined.next_width, imagined.recalled = step.next_width, step.recalled
    found = [step.totals]
    while imagined.depth < step.caps.depth and imagined.next_width:
        imagined.spent = with_pass(controller, imagined, imagined.next_width)
        layer = _layer(imagined, step.caps.topk)
        add(controller, imagined, layer, layer.token.shape[1:])
        found.append(imagined.totals)
    return found


def _layer(step: Step, topk: int) -> Layer:
    """`topk` children below every node of the frontier."""
    width = 1 if step.frontier is None else step.frontier.shape[1]
    shape = (step.tree.batch, width * topk)
    parent = np.broadcast_to(np.repeat(np.arange(width), topk), shape)
    rank = np.broadcast_to(np.tile(np.arange(topk), width), shape)
    return Layer(np.zeros(shape, np.int64), np.ones(shape), parent, rank, np.ones(shape, bool))
