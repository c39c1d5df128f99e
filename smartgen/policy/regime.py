"""Off as a regime: when a drafter rests, and when it is woken for a look.

Not drafting in one step is a choice; a run of such steps is a regime in which nothing would ever be learned again.
So a resting drafter is probed: one pass, whose candidates are labelled by the text that follows whether or not they
are verified. Intervals grow 4, 8, 16 and stay there: longer ones cannot notice within 20 steps that it mended. In large
batches the drafter's reading of what it has missed can take so long that looking again and again costs more than it may bring.
"""

from __future__ import annotations

from collections.abc import Callable


class Regime:
    """Counts the steps since the last pass and says when to probe."""

    INTERVALS = (4, 8, 16)
    EAGER = 4  # further probes at the first interval after one that was right against all that is believed
    SHARE = 0.015  # of the plain steps since the last pass: what a probe at the longest interval may take
    FOLLOW = 1 / 8  # weight of the newest look

    def __init__(self) -> None:
        self.idle = 0
        self.probes = 0
        self.promise, self.effort = 1.0, 0.0  # of looks at a free source, as shares of a step

    def looked(self, promise: float, effort: float) -> None:
        """A free source was looked at: the chosen size promised this much more than none, looking took this much."""
        self.promise += self.FOLLOW * (promise - self.promise)
        self.effort += self.FOLLOW * (effort - self.effort)
        if self.pays:
            self.probes = 0

    @property
    def pays(self) -> bool:
        """Whether looking at a free source is worth its time: in large batches it takes a while and changes little."""
        return self.promise >= self.effort

    def probe_due(self, effort: Callable[[], float] | None = None) -> bool:
        """A step without drafting is about to be made: is it time to draft once nevertheless? `effort`: what that takes, in
        plain steps; None: next to nothing.
        """
        self.idle += 1
        longest = len(self.INTERVALS) - 1
        if self.idle < self.INTERVALS[min(max(self.probes, 0), longest)]:
            return False
        if self.probes >= longest and effort is not None and effort() > self.SHARE * self.idle:
            return False
        self.idle = 0
        self.probes += 1
        return True

    def drafted(self, paid: bool, surprising: bool = False) -> None:
        """A pass was made; `paid`: it was expected to pay, or was a probe that would have paid; `surprising`: such a
        probe of a drafter that was thought useless, which may have mended: one right token alone does not show it.
        """
        self.idle = 0
        if paid:
            self.probes = min(self.probes, 0)
        if surprising:
            self.probes = -self.EAGER
