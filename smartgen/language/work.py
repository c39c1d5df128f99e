"""Static bounds: what one decision can cost at most, and whether a policy may draft nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from smartgen.language.facts import Work
from smartgen.language.intervals import AT_ROOT, YES, Ranges
from smartgen.language.program import Expr, Rules, Site, Situation


def work(situations: Iterable[Situation], sites: Sequence[Site]) -> Work:
    """The largest of all situations."""
    each = [_of(situation.rules, Ranges(sites)) for situation in situations]
    return Work(
        max(w.passes for w in each),
        max(w.layer for w in each),
        max(w.candidates for w in each),
        max(w.verified for w in each),
    )


def _of(rules: Rules, ranges: Ranges) -> Work:
    depth = max(0.0, ranges.of(rules.limits.depth)[1])
    width, topk, nodes = (
        _most(ranges, extent) for extent in (rules.limits.width, rules.limits.topk, rules.limits.nodes)
    )
    topk = width if math.isinf(topk) else topk
    layers = [0.0]
    frontier = 1.0
    for _ in range(int(min(depth, 1000)) if not math.isinf(depth) else 0):
        layers.append(frontier * topk)
        frontier = min(width, layers[-1])
    candidates = math.inf if math.isinf(depth) else sum(layers)
    return Work(depth, max(layers), candidates, min(nodes, candidates))


def _most(ranges: Ranges, extent: Expr | None) -> float:
    return math.inf if extent is None else max(0.0, ranges.of(extent)[1])


def off(situations: Sequence[Situation], sites: Sequence[Site]) -> str | None:
    """Why a step may draft or verify nothing; None where it always does."""
    reasons = [reason for situation in situations if (reason := _off(situation.rules, sites))]
    return reasons[0] if reasons else None


def _off(rules: Rules, sites: Sequence[Site]) -> str | None:
    ranges = Ranges(sites)
    if ranges.of(rules.limits.depth)[1] <= 0:
        return "it never drafts"
    if ranges.of(rules.limits.depth)[0] <= 0 or rules.limits.depth_low is not None:
        low = rules.limits.depth_low
        if low is None or ranges.of(low)[0] <= 0:
            return "`limit depth` can be 0"
    if rules.verify.low is not None and ranges.of(rules.verify.low)[0] <= 0:
        return "`verify` can choose 0 nodes"
    if rules.proceed is not None and Ranges(sites, AT_ROOT).of(rules.proceed) != YES:
        return "`continue while` can fail before the first pass"
    return None
