"""Which shapes to capture: a handful that serves a recipe under many drafts and batches nearly as well as all shapes would."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from smartgen.language.intervals import Ranges
from smartgen.language.program import Expr, Program, Rules
from smartgen.policy.average import AverageTree
from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Situation
from smartgen.policy.tiers import OFF, Tier, price
from smartgen.profile.online import OnlineCosts
from smartgen.profile.profile import Profile
from smartgen.sglang.settings import MOST_TIERS

Floats = NDArray[np.float64]
CEILING = Tier(6, 4, 32)  # of what is searched, where the command line gives none
TOKENS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
TOPKS = (2, 3, 4, 6, 8, 10)
AGREEMENT = (0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.92)  # chances that the likeliest child is right
FURTHER = (
    0.25,
    0.4,
    0.6,
)  # of a child's chance, for the next one; all others together have at most the rest of the likeliest's


def derive(program: Program, profile: Profile, most: Tier | None) -> tuple[Tier, ...]:
    """At most `MOST_TIERS`, `OFF` among them, each within `most` if that is given."""
    tiers: set[Tier] = set()
    for situation in program.situations:
        rules, ranges = situation.rules, Ranges(program.sites)
        if rules.objective is not None and not rules.verify.static:
            tiers.update(_searched(program, rules, ranges, profile, most))
        else:
            tiers.update(_fixed(rules, ranges, most))
    tiers.discard(OFF)
    return tuple(sorted({OFF, *_thinned(sorted(tiers))}))


def _thinned(tiers: list[Tier]) -> list[Tier]:
    """As many as there is room for, evenly, the largest always among them."""
    room = MOST_TIERS - 1
    if len(tiers) <= room:
        return tiers
    return [tiers[round(place)] for place in np.linspace(0, len(tiers) - 1, room)]


def _fixed(rules: Rules, ranges: Ranges, most: Tier | None) -> Iterator[Tier]:
    """The shapes that rules without an objective ask for: one for every depth that they may take."""
    if rules.verify.static:
        paths = rules.verify.static
        steps, topk = max(map(len, paths)), 1 + max(map(max, paths))
        yield _clipped(Tier(steps, topk, 1 + len(paths)), most)
        return
    low, high = ranges.of(rules.limits.depth)
    topk, nodes = _widest(rules, ranges), _most(rules, ranges)
    top = int(min(high, 64 if most is None else most.steps))
    for steps in range(max(1, int(low)), top + 1):
        yield _clipped(_filled(steps, topk, nodes), most)


def _filled(steps: int, topk: int, nodes: float) -> Tier:
    whole = Tier(steps, topk, 2).candidates
    return Tier(steps, topk, 1 + int(min(nodes, whole)))


def _clipped(tier: Tier, most: Tier | None) -> Tier:
    if most is None or tier.within(most):
        return tier
    steps, topk = min(tier.steps, most.steps), min(tier.topk, most.topk)
    return Tier(steps, topk, min(tier.tokens, most.tokens, 1 + Tier(steps, topk, 2).candidates))


def _widest(rules: Rules, ranges: Ranges) -> int:
    """Children that a node may get: the engine has one number for children and for nodes drafted from."""
    found = [_upper(ranges, rules.limits.topk), _upper(ranges, rules.limits.width), _upper(ranges, rules.expand.high)]
    least = min(found)
    return CEILING.topk if math.isinf(least) else max(1, int(least))


def _most(rules: Rules, ranges: Ranges) -> float:
    return min(_upper(ranges, rules.limits.nodes), _upper(ranges, rules.verify.high))


def _upper(ranges: Ranges, extent: Expr | None) -> float:
    return math.inf if extent is None else ranges.of(extent)[1]


# -- rules with an objective ------------------------------------------------------------------------------------------
def _searched(program: Program, rules: Rules, ranges: Ranges, profile: Profile, most: Tier | None) -> list[Tier]:
    """The tiers with the least sum of squared losses against the best of all shapes, over drafts and batches."""
    measured = {1 + int(point.size) for point in profile.verify.points}  # where a step's cost may turn
    shapes = list(_shapes(rules, ranges, most or CEILING, sorted(measured | set(TOKENS))))
    if not shapes:
        return []
    rates = _rates(program, [OFF, *shapes], profile)
    picked = [shapes[place - 1] for place in _cover(rates / rates.max(1, keepdims=True)) if place]
    return picked or [shapes[0]]  # where nothing ever pays on this profile: the smallest, to learn on


def _cover(relative: Floats) -> list[int]:
    """Columns, the first among them, that lose little of the best of all in every row: greedily, then by exchange."""
    chosen = [0]
    while len(chosen) < MOST_TIERS:
        best = _best_added(relative, chosen)
        if best in chosen:
            break
        chosen.append(best)
    settled = 0
    while settled < len(chosen) - 1:  # every column but the first was tried since the last exchange
        oldest = chosen.pop(1)
        best = _best_added(relative, chosen)
        better = _loss(relative, [*chosen, best]) < _loss(relative, [*chosen, oldest]) - 1e-9
        chosen.append(best if better else oldest)
        settled = 0 if better else settled + 1
    return chosen


def _best_added(relative: Floats, chosen: list[int]) -> int:
    reached = np.maximum(relative, relative[:, chosen].max(1, keepdims=True))
    return int(((1.0 - reached) ** 2).sum(0).argmin())


def _loss(relative: Floats, chosen: list[int]) -> float:
    return float(((1.0 - relative[:, chosen].max(1)) ** 2).sum())


def _shapes(rules: Rules, ranges: Ranges, most: Tier, tokens: Sequence[int]) -> Iterator[Tier]:
    steps = int(min(_upper(ranges, rules.limits.depth), most.steps))
    widest, nodes = min(_widest(rules, ranges), most.topk), min(_most(rules, ranges), most.tokens - 1)
    for depth in range(1, steps + 1):
        if widest == 1:
            yield _filled(depth, 1, nodes)
            continue
        for topk in (k for k in TOPKS if k <= widest):
            whole = Tier(depth, topk, 2).candidates
            yield from (Tier(depth, topk, n) for n in tokens if depth < n <= 1 + min(nodes, whole))


def _rates(program: Program, shapes: list[Tier], profile: Profile) -> Floats:
    """(scenarios, shapes) tokens a second, by the code that decides later."""
    controller = Controller(program, OnlineCosts.of(profile), Learned())
    found = []
    for batch in profile.verify.batches or [1]:
        controller.plan(_situation(batch))
        for agreement, further in product(AGREEMENT, FURTHER):
            average = imagined(agreement, further, {tier.topk for tier in shapes}, max(tier.steps for tier in shapes))
            row = []
            for tier in shapes:
                made = price(controller, controller.step, tier, average, np.ones(batch))
                seconds = made.chosen_of("time")
                row.append(made.chosen_of("tokens") / seconds if seconds > 0 else made.chosen_of("tokens"))
            found.append(row)
    return np.array(found)


def _situation(batch: int) -> Situation:
    contexts = np.full(batch, 256)
    long = np.full(batch, 1 << 20)
    return Situation(contexts, np.zeros(batch, np.int64), long, False, 0.0, DrafterTraits("head"), more=_more(batch))


def _more(batch: int) -> dict[str, object]:
    return {
        "request.elapsed": np.zeros(batch),
        "request.tpot": np.zeros(batch),
        "engine.queue": 0.0,
        "engine.memory": 0.0,
    }


def imagined(agreement: float, further: float, topks: set[int], steps: int) -> AverageTree:
    """The average tree of a draft whose likeliest child is right with chance `agreement`; see `FURTHER`."""
    average = AverageTree()
    for topk in topks:
        falling = further ** np.arange(1, topk)
        others = np.minimum(agreement * falling, (1 - agreement) * (1 - further) * falling / further)
        children = np.array([agreement, *others])
        frontier, layers = np.ones(1), []
        for _ in range(steps):
            layer = np.sort(np.outer(frontier, children).ravel())[::-1]
            layers.append(layer[None])
            frontier = layer[:topk]
        for _ in range(AverageTree.ENOUGH):
            average.observe(topk, layers)
    return average
