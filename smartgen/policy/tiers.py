"""Decisions for an engine that fixes a tree's shape before drafting: a choice among a few tiers, made on the average tree.

A tier is a shape that the engine has captured. What a tier's tree would be worth is learned (`AverageTree`), what it costs
is measured, and the objective is evaluated once a tier by the code that prices trees everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.arithmetic import Value
from smartgen.policy.average import AverageTree
from smartgen.policy.board import Board, Room
from smartgen.policy.pricing import totals
from smartgen.policy.scope import ForecastScope, Scope
from smartgen.policy.step import Step
from smartgen.policy.totals import Totals

if TYPE_CHECKING:
    from smartgen.policy.controller import Controller

Floats = NDArray[np.float64]


@dataclass(frozen=True, order=True)
class Tier:
    """`steps` layers of at most `topk` x `topk` candidates; `tokens` are verified a row, the root among them.

    (0, 1, 1): no speculation.
    """

    steps: int
    topk: int
    tokens: int

    @property
    def nodes(self) -> int:
        """Draft nodes a row that are verified."""
        return self.tokens - 1

    @property
    def candidates(self) -> int:
        """Candidates a row that are drafted."""
        return self.topk + max(self.steps - 1, 0) * self.topk**2 if self.steps else 0

    def within(self, other: Tier) -> bool:
        """No extent of it is larger than the other's."""
        return self.steps <= other.steps and self.topk <= other.topk and self.tokens <= other.tokens

    def __str__(self) -> str:
        return f"{self.steps}/{self.topk}/{self.tokens}"


OFF = Tier(0, 1, 1)


@dataclass(frozen=True)
class TierChoice:
    """What was decided and why. `predicted`: expected tokens of the batch; `seconds`: of the round; None where unpriced."""

    tier: Tier
    reason: str
    predicted: float | None = None
    seconds: float | None = None


def lawful(step: Step, tiers: Sequence[Tier]) -> list[Tier]:
    """The tiers within the step's extents; `OFF` always."""
    caps = step.caps
    topk, most = min(caps.topk, caps.width), min(caps.high, caps.room.most)
    return [
        tier for tier in tiers if tier == OFF or (tier.steps <= caps.depth and tier.topk <= topk and tier.nodes <= most)
    ]


def choose_tier(
    controller: Controller, step: Step, tiers: Sequence[Tier], average: AverageTree, warm: Floats
) -> TierChoice:
    """The tier whose average tree pays best; without an objective the largest within the extents.

    `warm` (B,): 1 for rows that a draft may count on, 0 for those it may not (their draft cache has holes, or they opted out).
    """
    offered = lawful(step, tiers)
    drafting = [tier for tier in offered if tier != OFF]
    if not drafting:
        return TierChoice(OFF, "limit depth" if step.caps.depth <= 0 else "no tier within the limits")
    if step.rules.objective is None:
        return TierChoice(max(drafting), "the largest tier within the limits")
    unknown = [tier for tier in drafting if not average.known(tier.topk)]
    if unknown:
        first = min(unknown, key=lambda tier: (-tier.topk, tier))  # the widest layer teaches all widths; the rest costs
        return TierChoice(first, "the average tree is not learned yet")
    if step.rules.verify.searched and step.caps.low > 0:
        offered = [tier for tier in drafting if tier.nodes >= step.caps.low] or [max(drafting, key=lambda x: x.nodes)]
    elif not step.rules.verify.searched and step.rules.depth_low is None and step.rules.proceed is None:
        offered = drafting  # nothing in the recipe says that it may be left off
    priced = {tier: price(controller, step, tier, average, warm) for tier in offered}
    best, *others = sorted(offered)
    for tier in others:
        if priced[tier].better_than(priced[best]):
            best = tier
    found = priced[best]
    reason = "pays best" if best != OFF else "no tier pays"
    return TierChoice(best, reason, found.chosen_of("tokens"), found.chosen_of("time"))


def price(controller: Controller, step: Step, tier: Tier, average: AverageTree, warm: Floats) -> Totals:
    """The totals of a step with the tier's average tree; the first pass feeds what is pending, every further one `topk`."""
    board, spent = Board.empty(step.tree.batch), dict(step.spent)
    layers = average.layers(tier.topk, tier.steps) if tier.steps else []
    for depth in range(tier.steps):
        width = step.situation.pending if depth == 0 else tier.topk
        scope = AverageScope(controller, step, width, layers[:depth], warm)
        for cost in step.rules.costs_of_pass:
            spent[cost.total] += float(cost.value(scope))
    caps = step.caps
    step.caps = replace(caps, room=Room(max(tier.nodes, 1)), low=tier.nodes, high=tier.nodes, rows_depth=None)
    try:
        if tier.nodes:
            benefit = np.sort(np.concatenate(layers))[::-1][: tier.nodes]
            board = board.with_forecast(np.maximum(warm[:, None] * benefit, 1e-300), step.caps.room)
        return totals(controller, step, board, spent, ForecastScope)
    finally:
        step.caps = caps


class AverageScope(Scope):
    """Before a pass that continues an average tree of which `layers` are drafted: their depth, nodes and tokens are known."""

    def __init__(self, controller: Controller, step: Step, width: int, layers: Sequence[Floats], warm: Floats) -> None:
        super().__init__(controller, step, width=width)
        self.layers, self.fed, self.warm = layers, width, warm

    @property
    def depth(self) -> int:
        return len(self.layers)

    def of_layer(self, group: str, what: str) -> Value:
        if what == "depth" or not self.layers:
            return super().of_layer(group, what)
        newest = self.layers[-1] if group == "layer" else self.layers[-1][: self.fed]
        return (
            self.warm[:, None] * newest.sum() if what == "tokens" else np.full((len(self.warm), 1), float(len(newest)))
        )
