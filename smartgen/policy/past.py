"""The measured past that recipes may read: `last.*` of the previous step, `run.rate` over the recent ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.compile import divide
from smartgen.policy.situation import Outcome


class Past:
    """NaN stands for absent (the first step, a changed batch): every comparison with it is false."""

    FADE = 0.97  # of the running sums, per step

    def __init__(self) -> None:
        self.rows: dict[str, NDArray[np.float64]] = {}
        self.tokens: float = float("nan")
        self.seconds: float = float("nan")
        self._sums: dict[int, tuple[float, float]] = {}  # active rows -> decayed tokens, seconds

    def column(self, name: str, batch: int) -> NDArray[np.float64]:
        """(B, 1) of `accepted`, `length`, `drafted`, `tested` or `rate`."""
        values = self.rows.get(name)
        if values is None or len(values) != batch:
            return np.full((batch, 1), np.nan)
        return values[:, None]

    def run_rate(self, batch: int) -> float:
        """Tokens a second with this many active rows; 0 before anything was measured."""
        tokens, seconds = self._sums.get(batch, (0.0, 0.0))
        return float(divide(tokens, seconds))

    def record(self, outcome: Outcome, drafted: NDArray[np.int64], tested: NDArray[np.int64]) -> None:
        """`drafted` (B,) nodes verified; `tested` (B,) those whose parent was accepted."""
        accepted = outcome.accepted.astype(np.float64)
        length = np.array([len(tokens) for tokens in outcome.committed], np.float64)
        self.rows = {
            "accepted": accepted,
            "length": length,
            "drafted": drafted.astype(np.float64),
            "tested": tested.astype(np.float64),
            "rate": divide(accepted, drafted.astype(np.float64)),
        }
        self.tokens, self.seconds = float(length.sum()), outcome.seconds
        before = self._sums.get(len(length), (0.0, 0.0))
        self._sums[len(length)] = (before[0] * self.FADE + self.tokens, before[1] * self.FADE + self.seconds)
