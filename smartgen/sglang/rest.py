"""Two levels of off. Idle: nothing is drafted, the draft's cache is kept filled. Asleep: it is not.

While idle, every round still shows for nothing what the draft would have proposed first. While asleep only requests that
were prefilled since show it, in their first round; a request that lived through a sleeping round has holes in its draft
cache: it stays off, and out of the statistics, until it is prefilled anew. So does one whose prefix was found in the
engine's cache and leads through such text (`slots.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Rest:
    """Which requests have holes, and whether the draft sleeps."""

    AFTER = 24  # idle rounds before it falls asleep,
    ROWS = 96  # or fewer in which so many rows were seen: a round of a large batch says more,
    FEWEST = 6  # but not before the first look
    LOOKS = (
        4,
        12,
        20,
    )  # idle rounds in which a whole tree is drafted all the same: deep layers are not seen for nothing

    def __init__(self) -> None:
        self.asleep = False
        self.idle = self.rows = 0  # rounds without a draft, one after the other, and rows in them
        self.holes: set[str] = set()
        self.inherited: set[str] = set()  # of these, whose holes came with a reused prefix

    def prefilled(self, requests: Sequence[str]) -> None:
        """Their draft cache is whole, as far as is known yet."""
        self.holes.difference_update(requests)
        self.inherited.difference_update(requests)

    def reused(self, requests: Iterable[str]) -> None:
        """Prefilled on top of a cached prefix that has holes."""
        self.inherited.update(requests)
        self.holes |= self.inherited

    def whole_at_prefill(self, requests: Sequence[str]) -> list[bool]:
        """Which of them reused no prefix with holes; known for certain when a round's result has arrived."""
        return [request not in self.inherited for request in requests]

    def warm(self, requests: Sequence[str]) -> list[bool]:
        """Which of them a draft may count on."""
        return [request not in self.holes for request in requests]

    def look_due(self) -> bool:
        """Whether the round that nothing pays in is used for a look."""
        return not self.asleep and self.idle in self.LOOKS

    def decided(self, drafts: bool, requests: Sequence[str], may_sleep: bool) -> None:
        """A round is about to be launched; a look counts as idle, `drafts` is for trees that pay."""
        for known in (self.holes, self.inherited):
            known.intersection_update(requests)  # the others have ended, or will be prefilled again
        if drafts:
            self.asleep, self.idle, self.rows = False, 0, 0
            return
        self.idle += 1
        self.rows += len(requests)
        enough = self.idle > self.AFTER or (self.idle > self.FEWEST and self.rows > self.ROWS)
        self.asleep = self.asleep or (may_sleep and enough)
        if self.asleep:
            self.holes.update(requests)

    def follow(self, asleep: bool, requests: Sequence[str]) -> None:
        """The first rank's decision, where it differs from this one's."""
        if asleep:
            self.holes.update(requests)
        self.asleep = asleep

    @property
    def level(self) -> str:
        """For people: drafting, idle or asleep."""
        return "asleep" if self.asleep else "idle" if self.idle else "drafting"
