"""What tokens turned out to be worth in calls that drained, over what `drain` had promised of them.

A weight says what one step less for a row would save. The rows that candidates are found for get ahead, though, and the
call waits for those for which there are none. How much of the promise comes true changes with the texts and hardly from
call to call (replayed: 0.7 at 16 rows, 0.9 at 4), so it is learned from calls that are over. Alone, a row gets all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Worth:
    """Steps saved, as promised and as they came, in calls of about as many rows (powers of two); both fade with every call.

    A step counts as what a plain step of the whole batch takes.
    """

    SIZES = 16
    FADE = 0.8
    PRIOR_STEPS = 2.0  # promised before any call was seen
    PRIOR = 0.85  # of them kept: between what was replayed at 4 and at 16 rows

    def __init__(self) -> None:
        self.promised, self.came = np.zeros(self.SIZES), np.zeros(self.SIZES)

    def value(self, rows: int) -> float:
        """The share of a promise that comes true in a call of `rows` rows, at most 1."""
        at = self._place(rows)
        came = self.came[at] + self.PRIOR * self.PRIOR_STEPS
        return min(float(came / (self.promised[at] + self.PRIOR_STEPS)), 1.0)

    def learn(self, rows: int, promised: float, came: float) -> None:
        """A call of `rows` rows is over."""
        at = self._place(rows)
        self.promised[at] = self.FADE * self.promised[at] + promised
        self.came[at] = self.FADE * self.came[at] + max(came, 0.0)

    def _place(self, rows: int) -> int:
        return min(rows.bit_length(), self.SIZES) - 1


class DrainingCall:
    """One call as it runs. `kept`: what it believes of promises."""

    def __init__(self, plain: Floats, worth: Worth) -> None:
        """`plain` (B,): seconds of a plain step of 1..B rows."""
        self.plain, self.kept = plain, worth.value(len(plain))
        self.tokens = dict[int, int]()  # of each row, since drafting began
        self.promised = self.spent = (
            0.0  # seconds: what accepted tokens should have saved; the steps, had they been plain
        )

    @property
    def rows(self) -> int:
        return len(self.plain)

    def steps(self, rows: Sequence[int], tokens: Sequence[int], accepted: Ints, weights: Floats | None) -> None:
        """A step of `rows` (by name) brought each so many `tokens`, of which `accepted` (B,) came of drafting; `weights` (B,)
        are those that it was decided by.
        """
        for row, count in zip(rows, tokens, strict=True):
            self.tokens[row] = self.tokens.get(row, 0) + count
        seconds = float(self.plain[len(rows) - 1])
        worth = accepted.sum() if weights is None else accepted @ weights / self.kept
        self.promised += seconds * float(worth) / len(rows)
        self.spent += seconds

    def tell(self, worth: Worth) -> None:
        """The call is over: without drafting it would have taken a plain step for every token of its longest row."""
        lengths = np.array(list(self.tokens.values()))
        active = (lengths[:, None] > np.arange(lengths.max(initial=0))).sum(0)
        whole = float(self.plain[-1])
        worth.learn(self.rows, self.promised / whole, (float(self.plain[active - 1].sum()) - self.spent) / whole)
