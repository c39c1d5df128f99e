"""What a node is worth: its benefit, its gain, and its place before `verify`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smartgen.policy.reference.evaluate import At, value
from smartgen.policy.reference.view import Trees, each
from smartgen.policy.reference.world import Node

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter


def value_nodes(me: Interpreter, layer: Trees, depth: int) -> None:
    """Value a layer that nobody drafted."""
    view = replace(me.step.view, layer=layer, depth=depth)
    for row, node in each(layer):
        value_node(me, At(view, row, node))
    for row, node in each(layer):
        rank_for_verify(me, At(view, row, node))


def value_node(me: Interpreter, at: At) -> None:
    """Its benefit, within 0..1 and at most its parent's, absent is 0; and its gain."""
    node = at.node
    assert node is not None
    benefit = value(me, me.rules.benefit, at)
    benefit = 0.0 if benefit is None else min(max(float(benefit), 0.0), 1.0)
    node.benefit = benefit if node.parent is None else min(benefit, node.parent.benefit)
    take_gain(me, node)


def take_gain(me: Interpreter, node: Node) -> None:
    """Where sources are told apart, each has a gain of its own; no node counts for more than its parent."""
    free = me.step.free
    if free is not None:
        gained = node.benefit * (free.other if node.source else free.own)
        node.gained = gained if node.parent is None else min(gained, node.parent.worth)


def rank_for_verify(me: Interpreter, at: At) -> None:
    """Whether `verify` may take a node, and what orders it there: never before its parent, never without it."""
    node, verify = at.node, me.rules.verify
    assert node is not None
    key = node.worth if verify.by is None else value(me, verify.by, at)
    node.open = key is not None and (verify.where is None or bool(value(me, verify.where, at)))
    if verify.static:
        node.open = node.open and node.shape in verify.static
    node.key = 0.0 if key is None else float(key)
    if node.parent is not None:
        node.key = min(node.key, node.parent.key)
        node.open = node.open and node.parent.open
