"""What a finished round teaches, by the policy's own code: its draft is rebuilt as a tree and observed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.adding import add
from smartgen.policy.average import AverageTree
from smartgen.policy.board import Board, Room
from smartgen.policy.controller import Controller
from smartgen.policy.situation import Outcome, Situation
from smartgen.policy.step import Step
from smartgen.policy.tiers import Tier
from smartgen.policy.totals import Basis, Totals
from smartgen.tree.draft_tree import DraftTree
from smartgen.tree.layer import Layer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Drafted:
    """A draft as the engine made it, rows first. Candidates stand in the engine's order: K, then K x K a layer.

    `scores`: products of the draft's probabilities; `frontier` (B, steps, K): places of the nodes drafted from next;
    `selected` (B, N - 1): places of the nodes that were verified. Only the first layer where nothing was verified.
    """

    def __init__(self, topk: int, scores: Floats, tokens: Ints, frontier: Ints, selected: Ints) -> None:
        self.topk, self.selected = topk, selected
        self.scores, self.tokens, self.frontier = scores, tokens, frontier
        self.depth = 1 + (scores.shape[1] - topk) // topk**2

    def rows(self, which: Bools) -> Drafted:
        """Only these rows."""
        return Drafted(self.topk, self.scores[which], self.tokens[which], self.frontier[which], self.selected[which])

    def columns(self, depth: int) -> slice:
        """Of the layer at this depth, from 1."""
        start = 0 if depth == 1 else self.topk + (depth - 2) * self.topk**2
        return slice(start, start + (self.topk if depth == 1 else self.topk**2))

    def layers(self) -> Iterator[Layer]:
        """As a drafter would have returned them."""
        topk = self.topk
        for depth in range(1, self.depth + 1):
            here = self.columns(depth)
            shape = self.scores[:, here].shape
            place = np.broadcast_to(np.arange(shape[1]), shape)
            prob = np.array(self.scores[:, here], np.float64)
            if depth > 1:
                above = np.take_along_axis(self.scores, self.frontier[:, depth - 2], 1)
                prob = prob / np.maximum(np.repeat(above, topk, 1), 1e-30)
            parent = place // topk if depth > 1 else np.zeros(shape, np.int64)
            yield Layer(self.tokens[:, here], np.clip(prob, 0.0, 1.0), parent, place % topk, np.ones(shape, bool))


def learn(
    controller: Controller,
    average: AverageTree,
    step: Step,
    tier: Tier,
    drafted: Drafted | None,
    counted: Bools,
    committed: Sequence[list[int]],
    seconds: float,
    widths: Sequence[int],
) -> float:
    """Observe a round in the rows that count; returns what it predicted of them, bonus tokens included.

    `drafted`: None where the round says nothing about a draft. `widths`: the average trees to teach.
    """
    rows = np.flatnonzero(counted)
    if not len(rows):
        return 0.0
    mine = [committed[row] for row in rows]
    small = _step(step, tier, drafted, rows)
    if drafted is not None:
        own = drafted.rows(counted)
        _rebuild(controller, small, own)
        for width in widths:
            if width <= own.topk:
                average.observe(width, _narrowed(small.tree, own, width))
    controller.step = small
    controller.chosen = drafted.selected[counted] if drafted is not None else np.zeros((len(rows), 0), np.int64)
    accepted = np.array([len(tokens) - 1 for tokens in mine], np.int64)
    report = controller.observe(Outcome(mine, accepted, seconds))
    return report.predicted


def _step(step: Step, tier: Tier, drafted: Drafted | None, rows: Ints) -> Step:
    """A step of these rows alone, with the extents of the tier."""
    situation = _of_rows(step.situation, rows)
    topk = 1 if drafted is None else drafted.topk
    room = Room(max(tier.nodes, 1))
    caps = replace(step.caps, depth=64, width=topk**2, topk=topk, room=room, low=tier.nodes, high=tier.nodes)
    caps = replace(caps, rows_depth=None, rows_width=None, rows_topk=None)
    shortest = int(situation.remaining.min())
    basis = Basis(step.basis.gain, situation.remaining, shortest)
    tree, board = DraftTree(len(rows)), Board.empty(len(rows))
    small = Step(situation, step.rules, caps, step.growth, step.gain, basis, tree, board, recalled=step.recalled)
    small.totals = Totals(board, basis, 0, 0)
    return small


def _of_rows(situation: Situation, rows: Ints) -> Situation:
    more = {
        name: np.asarray(value)[rows] if name.startswith("request.") else value
        for name, value in situation.more.items()
    }
    return replace(
        situation,
        contexts=situation.contexts[rows],
        generated=situation.generated[rows],
        remaining=situation.remaining[rows],
        rows=None if situation.rows is None else situation.rows[rows],
        more=more,
    )


def _rebuild(controller: Controller, step: Step, drafted: Drafted) -> None:
    """Add layer by layer; the frontiers are those that the engine took."""
    with controller.learned.lock, np.errstate(all="ignore"):
        for depth, layer in enumerate(drafted.layers(), start=1):
            add(controller, step, layer, (layer.token.shape[1],))
            if depth < drafted.depth:
                step.frontier = drafted.frontier[:, depth - 1]
                step.next_width, step.frontier_whole = drafted.topk, True
                step.frontier_mass = np.take_along_axis(step.tree.benefit, step.frontier, 1).sum(1)


def _narrowed(tree: DraftTree, drafted: Drafted, width: int) -> list[Floats]:
    """(B, K) a layer: benefits of the candidates that a draft of this width would have had, 0 for the others."""
    there: Bools | None = None
    found = []
    for depth in range(1, drafted.depth + 1):
        here = drafted.columns(depth)
        shape = drafted.scores[:, here].shape
        rank = np.broadcast_to(np.arange(shape[1]) % drafted.topk, shape)
        stays = rank < width
        if there is not None:
            stays = stays & np.repeat(there, drafted.topk, 1)
        benefit = np.where(stays, tree.benefit[:, here], 0.0)
        found.append(-np.sort(-benefit, 1)[:, : width if depth == 1 else width**2])
        if depth < drafted.depth:
            score = np.where(stays, drafted.scores[:, here], -1.0)
            best = np.argsort(-score, 1, kind="stable")[:, :width]
            kept = np.zeros(shape, bool)
            np.put_along_axis(kept, best, True, 1)
            there = np.take_along_axis(kept & stays, drafted.frontier[:, depth - 1] - here.start, 1)
    return found
