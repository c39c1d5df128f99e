"""The decision of every round, and what its result teaches. Host side only: tensors are queued, never waited for."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from smartgen.policy.asked import may_draft
from smartgen.policy.average import AverageTree
from smartgen.policy.controller import Controller
from smartgen.policy.counts import UNBOUNDED, caps
from smartgen.policy.learned import Learned
from smartgen.policy.scope import Scope
from smartgen.policy.situation import Situation
from smartgen.policy.step import Step
from smartgen.policy.tiers import OFF, Tier, TierChoice, choose_tier
from smartgen.profile.errors import ProfileError
from smartgen.recipe import Recipe
from smartgen.sglang.costs import RoundCosts
from smartgen.sglang.learning import Drafted, learn
from smartgen.sglang.order import CalibratedOrder, ordering_site
from smartgen.sglang.rest import Rest
from smartgen.sglang.rounds import Launched, Round
from smartgen.sglang.stopwatch import Stopwatch
from smartgen.sglang.touring import priced

logger = logging.getLogger("smartgen.sglang")
LOOK = "no tier pays; a look at the draft"
FOLLOWED = "the first rank's decision"
FADE = 0.05  # weight of the newest round in the running figures


@dataclass
class Figures:
    """What is counted for metrics and `/smart`."""

    rounds: int = 0
    off: int = 0
    tokens: float = 0.0  # running means: committed a row, predicted and measured of a batch
    predicted: float = 0.0
    measured: float = 0.0
    microseconds: float = 0.0
    by_tier: dict[str, int] = field(default_factory=dict)

    def blend(self, name: str, value: float) -> None:
        """Into a running mean."""
        before = getattr(self, name)
        setattr(self, name, value if before == 0.0 else before + FADE * (value - before))


class Steering:
    """One worker's. `served`: the largest shape; `tiers`: what was captured."""

    def __init__(self, recipe: Recipe, tiers: Sequence[Tier], served: Tier, costs: RoundCosts) -> None:
        self.tiers, self.served, self.costs = tuple(tiers), served, costs
        self.learned = Learned()
        self.rest, self.launched, self.figures = Rest(), Launched(), Figures()
        self.widths = sorted({tier.topk for tier in tiers if tier != OFF})
        self.choice = TierChoice(OFF, "nothing was decided yet")
        self.told = OFF  # the tier that the log last named
        self.adopt(recipe)

    def adopt(self, recipe: Recipe) -> None:
        """A new recipe, between rounds; what was learned stays, as far as the recipes value nodes alike."""
        self.recipe = recipe
        self.controller = Controller(recipe.program, self.costs, self.learned)
        self.average = AverageTree()
        self.ordered_at = 0  # step of the calibration that the device's table holds; -1: none of it
        self.priced = priced(recipe.program)
        self.searches = any(situation.rules.objective is not None for situation in recipe.program.situations)
        self.sleeps = self.searches or not may_draft(recipe.program)

    # -- before a round -------------------------------------------------------------------------------------------
    def decide(
        self, situation: Situation, requests: Sequence[str], opted_out: Sequence[bool], watch: Stopwatch
    ) -> Round:
        """Choose the tier of the round that is about to be launched."""
        began = time.perf_counter()
        if not self.searches:  # a fixed shape is fixed to the end, as the engine's own
            situation = replace(situation, remaining=np.full(situation.batch, UNBOUNDED))
        warm = np.array(self.rest.warm(requests)) & ~np.array(opted_out)
        step, choice = self._decided(situation, warm)
        self.rest.decided(choice.tier != OFF and choice.reason != LOOK, requests, self.sleeps)
        self.choice = choice
        launched = Round(choice.tier, situation, step, tuple(requests), warm, watch, self.rest.asleep)
        self.launched.add(launched)
        self.figures.blend("microseconds", 1e6 * (time.perf_counter() - began))
        return launched

    def tour(self, situation: Situation, requests: Sequence[str], watch: Stopwatch) -> tuple[Round, bool]:
        """The next tier to time at this batch, and whether none is left. Nothing else is learned from such a round."""
        tier = self.costs.tour(situation.batch, situation.run_context) if self.priced else None
        nobody = np.zeros(situation.batch, bool)
        asleep = tier in (OFF, None)
        launched = Round(tier or OFF, situation, None, tuple(requests), nobody, watch, asleep, touring=True)
        self.launched.add(launched)
        return launched, tier is None

    def follow(self, launched: Round, tier: Tier, asleep: bool) -> None:
        """The common decision of all ranks, in the place of this rank's own."""
        if launched.touring:
            launched.tier, launched.asleep = tier, asleep
            return
        if tier != launched.tier:
            self.choice = TierChoice(tier, FOLLOWED)
        launched.tier, launched.asleep = tier, asleep
        self.rest.follow(asleep, launched.requests)
        self._say()

    def _decided(self, situation: Situation, warm: Any) -> tuple[Step | None, TierChoice]:
        if not warm.any():
            return None, TierChoice(OFF, "no request may be drafted for")
        try:
            with self.learned.lock, np.errstate(all="ignore"):
                step = self.controller.begin(situation)
                return step, self._choose(step, warm)
        except ProfileError as error:  # too few sizes for the recipe's cost model: the server goes on, and says why
            return None, TierChoice(OFF, str(error))

    def _choose(self, step: Step, warm: Any) -> TierChoice:
        if self.priced and not self.costs.measured:
            return TierChoice(OFF, "nothing was measured: the tour at start did not run, give --smart-profile")
        worth = warm.astype(np.float64)
        choice = choose_tier(self.controller, step, self.tiers, self.average, worth)
        if choice.tier == OFF and self.searches and self.rest.look_due():
            return self._look(step, worth) or choice
        return choice

    def _look(self, step: Step, worth: Any) -> TierChoice | None:
        """A tree of several layers though none pays; a searched depth looks as far as its limit. None: no such tier."""
        step.caps.depth = caps(step.rules, Scope(self.controller, step)).depth
        look = choose_tier(self.controller, step, _looking(self.tiers), self.average, worth)
        return None if look.tier == OFF else replace(look, reason=LOOK)

    def _say(self) -> None:
        choice = self.choice
        if choice.tier == self.told:
            return
        logger.info(
            'smartgen {"event": "tier", "from": "%s", "to": "%s", "reason": "%s", "level": "%s"}',
            self.told,
            choice.tier,
            choice.reason,
            self.rest.level,
        )
        self.told = choice.tier

    # -- when its result arrives ----------------------------------------------------------------------------------
    def observe(self, counts: Sequence[int]) -> None:
        """Accepted drafts of each row, of the oldest round that is still out."""
        found = self.launched.arrived(len(counts))
        if found is None or "committed" not in found.copies:
            return
        found.counted = found.counted & np.array(self.rest.whole_at_prefill(found.requests))
        tokens = found.array("committed").reshape(len(counts), -1)
        committed = [row[: count + 1].tolist() for row, count in zip(tokens, counts, strict=True)]
        drafting, whole = found.watch.seconds("draft", "drafted"), found.watch.seconds("begun", "done")
        place = (found.tier, found.situation.batch, found.situation.run_context, drafting, whole - drafting)
        if found.touring:
            self.costs.toured(*place)
            return
        if found.tier != OFF or found.asleep:
            self.costs.saw(*place)
        predicted = self._learn(found, committed, whole)
        self._count(found, counts, predicted)

    def _learn(self, found: Round, committed: list[list[int]], seconds: float) -> float:
        if found.step is None:
            return 0.0
        given = (found.step, found.tier, drafted(found), found.counted, committed, seconds, self.widths)
        return learn(self.controller, self.average, *given)

    def _count(self, found: Round, counts: Sequence[int], predicted: float) -> None:
        figures = self.figures
        figures.rounds += 1
        figures.off += found.tier == OFF
        figures.by_tier[str(found.tier)] = figures.by_tier.get(str(found.tier), 0) + 1
        figures.blend("tokens", 1.0 + float(np.mean(counts)))
        if predicted > 0:
            figures.blend("predicted", predicted)
            figures.blend("measured", float(np.sum((np.array(counts) + 1)[found.counted])))

    # -- the order of nodes ---------------------------------------------------------------------------------------
    def order_is_due(self) -> bool:
        """Whether the calibration has learned since the device's table was filled."""
        site = ordering_site(self.recipe.program)
        if site is None:
            return self.ordered_at >= 0
        return self.learned.map_for(site).refreshed > self.ordered_at

    def refill(self, order: CalibratedOrder, source: str, sampled: bool) -> None:
        """Fill the device's table from the calibration; the draft's own order where the recipe has none."""
        site = ordering_site(self.recipe.program)
        if site is None:
            order.clear()
            self.ordered_at = -1
            return
        with self.learned.lock:
            calibration = self.learned.map_for(site)
            order.refill(calibration, source, sampled)
            self.ordered_at = calibration.refreshed

    def describe(self) -> dict[str, Any]:
        """The present decision, explained."""
        figures, choice = self.figures, self.choice
        return {
            "recipe": self.recipe.name,
            "tiers": [str(tier) for tier in self.tiers],
            "tier": str(choice.tier),
            "reason": choice.reason,
            "level": self.rest.level,
            "expected_tokens": choice.predicted,
            "expected_seconds": choice.seconds,
            "rounds": figures.rounds,
            "rounds_off": figures.off,
            "rounds_by_tier": dict(figures.by_tier),
            "accept_length": figures.tokens,
            "predicted_tokens": figures.predicted,
            "measured_tokens": figures.measured,
            "decision_microseconds": figures.microseconds,
            "stale_requests": len(self.rest.holes),
            "lost_rounds": self.launched.lost,
            "profile": self.costs.describe(),
        }


def _looking(tiers: Sequence[Tier]) -> list[Tier]:
    """What a look drafts: trees of several layers, where there are any."""
    drafting = [tier for tier in tiers if tier != OFF]
    return [tier for tier in drafting if tier.steps > 1] or drafting


def drafted(found: Round) -> Drafted | None:
    """The draft of a round as arrays; of a round without one the first layer that was on offer."""
    if "scores" not in found.copies:
        return None
    scores, tokens = found.array("scores").astype(np.float64), found.array("tokens")
    batch = len(scores)
    if found.tier == OFF:
        nothing = np.zeros((batch, 0), np.int64)
        return Drafted(scores.shape[1], scores, tokens, nothing, nothing)
    topk = found.tier.topk
    frontier = found.array("frontier").reshape(batch, -1, topk)
    return Drafted(topk, scores, tokens, frontier, found.array("selected"))
