"""What one more layer will hold, learned from the layers that were drawn, and how true predictions have been lately."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Growth:
    """g_d and its shares: how the benefit of layer d + 1 relates to that of the frontier at depth d.

    `ratio[d]` is the decayed mean of (sum of layer d + 1) / (sum of frontier d), 1 before anything was seen;
    `shares[d]` (RANKS,) how that sum spreads over the layer's candidates in descending order. The root counts 1.
    A forecast trusts a depth as far as it was seen, lately, and else takes the one above: a layer that disappointed
    when it was drawn the first time, or long ago, would never be drawn again, and nothing better learned of it. What is
    seen after a long time counts for as much as what is still believed (as in `AverageTree`).
    """

    RANKS = 12
    WEIGHT = 0.06  # of the newest observation, once there are enough
    LEAST = 1e-9
    PRIOR = 1.0  # observations' worth of belief that a layer is like the one above
    STALE = 100.0  # layers drawn below the root until half of what a depth has shown is forgotten

    def __init__(self, depth: int = 64) -> None:
        self.ratio = np.ones(depth)
        self.shares = np.zeros((depth, self.RANKS))
        self.shares[:, 0] = 1.0
        self.drawn = 0.0  # layers below the root
        self.seen = np.zeros(depth)  # observations' worth of a depth when it was seen the last time
        self.last = np.zeros(depth)  # and `drawn` then
        self._believed = list[tuple[float, Floats]]()  # what follows from it, down to the depth asked so far

    def ahead(self, depth: int, frontier: Floats) -> Floats:
        """(B, RANKS) forecast benefits below a frontier whose benefits sum to `frontier` (B,) at `depth`."""
        ratio, shares = self._known(min(depth, len(self.ratio) - 1))
        forecast: Floats = frontier[:, None] * (ratio * shares)
        return forecast

    def _known(self, depth: int) -> tuple[float, Floats]:
        """A depth never drawn behaves like the one above it."""
        believed = self._believed
        if not believed:
            believed.append((float(self.ratio[0]), self.shares[0]))
        for d in range(len(believed), depth + 1):
            ratio, shares = believed[-1]
            told = self._told(d)
            if told:
                belief = told / (told + self.PRIOR)
                ratio += belief * (float(self.ratio[d]) - ratio)
                shares = shares + belief * (self.shares[d] - shares)
            believed.append((ratio, shares))
        return believed[depth]

    def _told(self, depth: int) -> float:
        """Observations' worth of what is known of a depth, after what was forgotten of it."""
        left: float = 0.5 ** ((self.drawn - float(self.last[depth])) / self.STALE)
        return float(self.seen[depth]) * left

    def observe(self, depth: int, frontier: Floats, layer: Floats, best: Floats | None = None) -> None:
        """`frontier` (B,): summed benefit at `depth`; `layer` (B, K): benefits of what was drawn below it.

        `best` (B, RANKS or fewer): the greatest of them in descending order, where they are known already.
        """
        below, mass = float(np.add.reduce(layer, None)), float(np.add.reduce(frontier))
        if mass <= self.LEAST or depth >= len(self.ratio):
            return
        del self._believed[depth:]
        told = min(self._told(depth) + 1.0, 1.0 / self.WEIGHT)
        self.drawn += depth == 0
        self.seen[depth], self.last[depth] = told, self.drawn
        weight = 1.0 / told
        self.ratio[depth] += weight * (below / mass - float(self.ratio[depth]))
        if below > self.LEAST:
            best = -np.sort(-layer, axis=1)[:, : self.RANKS] if best is None else best
            spread = np.add.reduce(best, 0) / below
            share = self.shares[depth, : len(spread)]
            share += weight * (spread - share)
            if len(spread) < self.RANKS:
                self.shares[depth, len(spread) :] *= 1.0 - weight


class Gain:
    """One scalar a drafter: observed / predicted accepted tokens, at most CEILING.

    The slow map cannot follow a drafter that turns useless within a paragraph; the ratio of the last steps can (half-life 8
    steps). At batch 1 it rests on half a dozen tokens, though, and is mostly chance. So the steady ratio (half-life 128 steps),
    which counters the optimism of picking a maximum, holds until the last steps differ from it by more than chance would
    have them: the difference is believed by 1 - 1 / z^2, the positive part, z in Poisson deviations (James and Stein 1961).
    """

    HALF_LIFE = 8.0
    STEADY_LIFE = 128.0
    FADE, STEADY_FADE = 0.5 ** (1.0 / HALF_LIFE), 0.5 ** (1.0 / STEADY_LIFE)  # of what was seen, a step
    CEILING = 1.2
    PRIOR = 0.5  # predicted tokens' worth of trust in the steady ratio: one good look wakes a resting drafter
    START = 1.5  # and what there is of it at first
    STEADY_START = 8.0  # tokens' worth of belief that the map is right

    def __init__(self) -> None:
        self.predicted = self.observed = self.START
        self.spread = 0.0  # what chance makes of `observed`: its variance, were the map right
        self.steady_predicted = self.steady_observed = self.STEADY_START

    @property
    def value(self) -> float:
        steady = self.steady_observed / self.steady_predicted
        lately = (self.observed + self.PRIOR * steady) / (self.predicted + self.PRIOR)
        off = (self.observed - steady * self.predicted) ** 2
        chance = steady * self.spread
        believed = 1.0 - chance / off if off > chance else 0.0
        return min(steady + believed * (lately - steady), self.CEILING)

    def observe(self, predicted: float, observed: float, rows: int) -> None:
        """Tokens accepted in one step, summed over `rows`, against what the map promised (before the gain)."""
        fade, slowly = self.FADE, self.STEADY_FADE
        promised, came = predicted / rows, observed / rows
        self.predicted = self.predicted * fade + promised
        self.observed = self.observed * fade + came
        self.spread = self.spread * fade + promised / rows
        self.steady_predicted = self.steady_predicted * slowly + promised
        self.steady_observed = self.steady_observed * slowly + came
