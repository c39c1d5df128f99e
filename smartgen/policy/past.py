"""The measured past that recipes may read: `last.*` of the previous step, `run.rate` over the recent ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.situation import Outcome, Situation

Floats = NDArray[np.float64]


class Past:
    """NaN stands for absent: at the first step, for a new row; what concerns draft nodes also where none were verified."""

    FADE = 0.97  # of the running sums, per step

    def __init__(self) -> None:
        self.rows: dict[str, Floats] = {}
        self.ids: NDArray[np.int64] | None = None  # whose values they are
        self.tokens: float = float("nan")
        self.seconds: float = float("nan")
        self._sums: dict[int, tuple[float, float]] = {}  # active rows -> decayed tokens, seconds

    def column(self, name: str, situation: Situation) -> Floats:
        """(B, 1) of `accepted`, `length`, `drafted`, `tested` or `rate`, for the rows of the present step."""
        values, batch = self.rows.get(name), situation.batch
        if values is None:
            return np.full((batch, 1), np.nan)
        if situation.rows is None or self.ids is None:  # rows without names stay where they are, or nothing is known
            return values[:, None] if len(values) == batch else np.full((batch, 1), np.nan)
        known = dict(zip(self.ids.tolist(), values.tolist(), strict=True))
        return np.array([known.get(row, np.nan) for row in situation.rows.tolist()])[:, None]

    def run_rate(self, batch: int) -> float:
        """Tokens a second with this many active rows; absent before anything was measured."""
        tokens, seconds = self._sums.get(batch, (np.nan, np.nan))
        return tokens / seconds if seconds else float("nan")

    def record(
        self,
        outcome: Outcome,
        drafted: NDArray[np.int64],
        tested: NDArray[np.int64],
        ids: NDArray[np.int64] | None = None,
    ) -> None:
        """`drafted` (B,) nodes verified; `tested` (B,) those whose parent was accepted; `ids` (B,) names of the rows."""
        length = np.array([len(tokens) for tokens in outcome.committed], np.float64)
        verified: Floats = np.where(drafted > 0, drafted, np.nan)
        accepted: Floats = np.where(drafted > 0, outcome.accepted, np.nan)
        seen: Floats = np.where(drafted > 0, tested, np.nan)
        rate: Floats = accepted / verified
        self.rows = {"accepted": accepted, "length": length, "drafted": verified, "tested": seen, "rate": rate}
        self.ids = ids
        self.tokens, self.seconds = float(length.sum()), outcome.seconds
        before = self._sums.get(len(length), (0.0, 0.0))
        self._sums[len(length)] = (before[0] * self.FADE + self.tokens, before[1] * self.FADE + self.seconds)
