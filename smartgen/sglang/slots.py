"""Which slots of the engine's cache the draft has filled. It has not where it slept while the text was decoded.

The engine reuses prefixes that it finds in its cache, the target's entries and the draft's alike. A request whose prefix leads
through unfilled slots has holes in its draft cache from the start. What is kept is one flag a slot, on the device.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from smartgen.sglang.rounds import queued_copy


class DraftSlots:
    """`table`: the engine's (rows, positions) slots of running requests; `slots`: how many there are, padding included."""

    def __init__(self, table: Tensor, slots: int) -> None:
        self.table = table
        self.unfilled = torch.zeros(slots, dtype=torch.bool, device=table.device)
        self.slept = False  # until the first round asleep there is nothing to keep
        self.asked: deque[tuple[Sequence[str], Tensor, Any]] = deque()

    def decoded(self, rows: Tensor, lengths: Tensor, tokens: int, asleep: bool) -> None:
        """A round is launched that writes `tokens` slots a row, behind `lengths`; `asleep`: the draft leaves them out."""
        if not asleep and not self.slept:
            return
        self.slept = True
        places = lengths.long()[:, None] + torch.arange(tokens, device=lengths.device)
        self.unfilled[self.table[rows.long()[:, None], places].long()] = asleep

    def prefilled(self, requests: Sequence[str], rows: Tensor, prefixes: Sequence[int], written: Tensor) -> None:
        """Requests are about to be prefilled: `prefixes` tokens of each were found in the cache, `written` slots are filled."""
        if not self.slept:
            return
        self.unfilled[written.long()] = False
        longest = max(prefixes)
        if longest:
            slots = self.table[:, :longest].index_select(0, rows.long())
            reused = torch.tensor(prefixes).to(slots.device, non_blocking=True)
            within = torch.arange(longest, device=slots.device) < reused[:, None]
            stale = (self.unfilled[slots.long()] & within).any(1)
            self.asked.append((requests, queued_copy(stale), _passed(stale.device)))

    def stale(self) -> Iterator[str]:
        """Requests whose prefix has holes, each once, as far as the device has said so by now."""
        while self.asked and (self.asked[0][2] is None or self.asked[0][2].query()):
            requests, found, _ = self.asked.popleft()
            yield from (request for request, stale in zip(requests, found.tolist(), strict=True) if stale)


def _passed(device: torch.device) -> Any:
    """An event behind the work issued so far; None where work is done as soon as it is issued."""
    if device.type == "cpu":
        return None
    event = torch.get_device_module(device).Event()
    event.record()
    return event
