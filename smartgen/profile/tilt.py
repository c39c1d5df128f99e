"""How the part of a step that grows with its size is off against the part that does not, as seen at all batches.

Rows that finish take a batch through many sizes, and each of them sees few trees: what one batch cannot show by
itself, all of them can.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST = 0.05  # no part is believed to cost less of what the table says


class Tilt:
    """`steepness`: factor of the growing part over that of the fixed part; 1 while little was seen."""

    RING = 128  # observations kept; those of the fixed part alone say nothing and are left out
    EVERY = 8  # observations between refreshes
    FIXED = 8.0  # observations' worth of belief that the fixed part is what the levels follow
    BELIEF = 0.05  # in a steepness of 1: a ratio's variance over that of a steepness, 0.08 and 0.35 squared

    def __init__(self) -> None:
        self.seen: deque[tuple[float, float]] = deque(maxlen=self.RING)
        self.steepness = 1.0
        self._waiting = 0

    def observe(self, share: float, ratio: float) -> None:
        """A measurement, relative to its batch's level; `share`: the part of its seconds that does not grow."""
        if share > 0.999:
            return
        self.seen.append((share, ratio))
        self._waiting += 1
        if self._waiting >= self.EVERY:
            self._waiting = 0
            shares, ratios = np.array(self.seen).T
            fixed, sloped = pulled_together(shares, ratios, 1.0, self.BELIEF, self.FIXED)
            self.steepness = sloped / fixed

    @property
    def widest(self) -> float:
        """Factor over the table of the largest size that was seen, where the fixed part is right; 1 before the ring is full.

        A growing part that is off by a multiple and small all the same misleads nobody.
        """
        if len(self.seen) < self.RING:
            return 1.0
        share = min(share for share, _ in self.seen)
        return share + (1.0 - share) * self.steepness


def pulled_together(
    share: Floats, ratio: Floats, steepness: float, belief: float, right: float = 1e-3
) -> tuple[float, float]:
    """Factors of the fixed and of the growing part, by least squares, drawn to where the second is `steepness` x the first.

    `share`, `ratio` (n,): the part that does not grow, and measured over table. `belief`: in that
    steepness, against the spread of the shares that were seen. `right`: observations' worth of belief that the fixed
    part is right.
    """
    x = np.stack([share, 1.0 - share])
    away = np.array([steepness, -1.0])  # 0 where the parts are off as believed
    pull = belief * np.outer(away, away) + np.diag([right, 1e-3])
    fixed, sloped = np.linalg.solve(x @ x.T + pull, x @ ratio + np.array([right, 1e-3 * steepness]))
    return float(max(fixed, LEAST)), float(max(sloped, LEAST))
