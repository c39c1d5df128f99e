"""What the clock says of one kind of work at one batch, against the table.

Three things are told apart, because they mislead a decision differently: the *level*, common to all sizes, which changes
no decision and follows the machine's moods within a dozen steps; the *tilt* between the part of a step that does not
depend on its size and the part that does; and what single sizes show beyond that. Each is believed the less, the less
there is to show for it. Outliers are pulled in: a single pause must not flip a decision.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.tilt import Tilt, pulled_together

Floats = NDArray[np.float64]


class Correction:
    """Recent ratios measured / table of one kind of work at one batch, and what they say about every size."""

    RING = 96  # observations kept
    LEAST = 3  # observations before any is believed
    EVERY = 8  # observations between refreshes, once there are some
    BOUNDS = (0.25, 4.0)
    OUTLIER = math.log(1.6)  # a ratio this far from the level is pulled in
    BELIEF = 0.5  # in the steepness that all batches show, against the spread of the shares seen here
    FIRST = math.log(4.0)  # at most, of the level that the first ratio shows
    FOLLOW = 0.2  # weight of the newest ratio in the level
    SURE = 64  # observations over which the usual level is a mean
    SIZE_PRIOR = 12.0  # observations' worth of belief that one size is off by as much as all
    SIZES = math.log(1.25)  # what a single size may be off, at most

    def __init__(self, common: Tilt) -> None:
        """`common`: what all batches say of the tilt; this one is believed to be like the others until it shows."""
        self.common = common
        self.seen: deque[tuple[int, float, float]] = deque(maxlen=self.RING)  # size, fixed share, ratio to the level
        self.version = self.count = 0
        self.level, self.fixed, self.sloped = 0.0, 1.0, 1.0  # the level is a logarithm
        self.usual = 0.0  # the level over a longer time
        self.at, self.residual = np.zeros(1), np.zeros(1)
        self._shapes: dict[tuple[int, float], float] = {}  # what these say of a size and share, since the last refresh

    def observe(self, size: int, share: float, ratio: float) -> None:
        """A measurement at `size`; `share`: of its seconds by the table, the part that does not depend on the size."""
        shape = self._shapes.get((size, share))
        if shape is None:
            shape = self._shapes[size, share] = self._shape(size, share)
        off = math.log(ratio) - shape
        if self.count == 0:
            self.level = min(max(off, -self.FIRST), self.FIRST)
        surprise, outlier = off - self.level, self.OUTLIER
        credible = -outlier < surprise < outlier
        if not credible:
            surprise = math.copysign(outlier, surprise)
        told = surprise + shape
        self.seen.append((size, share, told))
        if credible:
            self.common.observe(share, math.exp(told))
        self.count = count = self.count + 1
        mean = 1.0 / count  # its weight in a plain mean
        self.level += (mean if mean > self.FOLLOW else self.FOLLOW) * surprise
        self.usual += (mean if count < self.SURE else 1.0 / self.SURE) * (self.level - self.usual)
        if count >= self.LEAST and (count < self.EVERY or count % self.EVERY == 0):
            self._refresh()

    def factor(self, sizes: Floats, share: Floats) -> Floats:
        """What the table's seconds at `sizes` are to be multiplied with."""
        if self.version == 0:
            return np.ones(len(sizes))
        tilted = np.log(self.fixed * share + self.sloped * (1.0 - share)) + np.interp(sizes, self.at, self.residual)
        return np.clip(np.exp(self.level + tilted), *self.BOUNDS)

    def _shape(self, size: int, share: float) -> float:
        tilted = math.log(self.fixed * share + self.sloped * (1.0 - share))
        if self.version == 0:
            return tilted
        return tilted + float(np.interp(size, self.at, self.residual))

    def _refresh(self) -> None:
        self.version += 1
        size, share, ratio = np.array(self.seen).T
        self.fixed, self.sloped = pulled_together(share, np.exp(ratio), self.common.steepness, self.BELIEF)
        left = ratio - np.log(self.fixed * share + self.sloped * (1.0 - share))
        self.at, place, count = np.unique(size, return_inverse=True, return_counts=True)
        shrunk = np.bincount(place, weights=left) / (count + self.SIZE_PRIOR)
        self.residual = np.clip(shrunk, -self.SIZES, self.SIZES)
        self._shapes.clear()
