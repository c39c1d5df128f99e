"""The measured past that recipes may read: `last.*` of the previous step, `run.rate` over the recent ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.situation import Outcome, Situation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Past:
    """NaN stands for absent: at the first step, for a new row; what concerns draft nodes also where none were verified."""

    FADE = 0.97  # of the running sums, per step

    def __init__(self) -> None:
        self.ids: Ints | None = None  # whose values they are
        self.accepted = self.length = self.drafted = self.tested = np.zeros(0, np.int64)
        self.tokens: float = float("nan")
        self.seconds: float = float("nan")
        self._sums: dict[int, tuple[float, float]] = {}  # active rows -> decayed tokens, seconds

    def column(self, name: str, situation: Situation) -> Floats:
        """(B, 1) of `accepted`, `length`, `drafted`, `tested` or `rate`, for the rows of the present step."""
        values, batch = self._values(name), situation.batch
        if situation.rows is None or self.ids is None:  # rows without names stay where they are, or nothing is known
            return values[:, None] if len(values) == batch else np.full((batch, 1), np.nan)
        known = dict(zip(self.ids.tolist(), values.tolist(), strict=True))
        return np.array([known.get(row, np.nan) for row in situation.rows.tolist()])[:, None]

    def _values(self, name: str) -> Floats:
        if name == "length":
            return self.length.astype(np.float64)
        verified: Floats = np.where(self.drafted > 0, self.drafted, np.nan)
        if name == "rate":
            return self.accepted / verified
        values: Floats = np.where(self.drafted > 0, getattr(self, name), np.nan)
        return values

    def run_rate(self, batch: int) -> float:
        """Tokens a second with this many active rows; absent before anything was measured."""
        tokens, seconds = self._sums.get(batch, (np.nan, np.nan))
        return tokens / seconds if seconds else float("nan")

    def record(self, outcome: Outcome, length: Ints, drafted: Ints, tested: Ints, ids: Ints | None = None) -> None:
        """A step has passed; all (B,): tokens committed, nodes verified, those whose parent was accepted, names of the rows."""
        self.accepted, self.length, self.drafted, self.tested = outcome.accepted, length, drafted, tested
        self.ids = ids
        self.tokens, self.seconds = float(np.add.reduce(length)), outcome.seconds
        before = self._sums.get(len(length), (0.0, 0.0))
        self._sums[len(length)] = (before[0] * self.FADE + self.tokens, before[1] * self.FADE + self.seconds)
