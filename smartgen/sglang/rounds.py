"""Rounds between launch and result: what was decided, for whom, and copies of what was drafted and committed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.policy.situation import Situation
from smartgen.policy.step import Step
from smartgen.policy.tiers import Tier
from smartgen.sglang.stopwatch import Stopwatch


@dataclass
class Round:
    """`step`: the controller's, as it stood when the tier was chosen; None where nobody may be drafted for.

    `counted` (B,): rows that may be learned from. `touring`: a round of the tour at start. `copies`: host tensors that are
    filled when the round's result arrives.
    """

    tier: Tier
    situation: Situation
    step: Step | None
    requests: tuple[str, ...]
    counted: NDArray[np.bool_]
    watch: Stopwatch
    asleep: bool
    touring: bool = False
    copies: dict[str, Any] = field(default_factory=dict)

    def copy(self, name: str, values: torch.Tensor) -> None:
        """Queue a copy to the host; nothing waits for it."""
        self.copies[name] = queued_copy(values)

    def array(self, name: str) -> NDArray[Any]:
        """What was copied, once the result has arrived."""
        found: NDArray[Any] = self.copies[name].numpy()
        return found


def queued_copy(values: torch.Tensor) -> torch.Tensor:
    """On the host, filled when the work issued so far is done."""
    if values.device.type == "cpu":
        return values.clone()
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    return host.copy_(values, non_blocking=True)


class Launched:
    """Rounds in the order of their launch. On a device with overlap a result arrives after the next launch."""

    def __init__(self) -> None:
        self.rounds: deque[Round] = deque()
        self.lost = 0  # rounds whose results did not fit, which should never happen

    def add(self, launched: Round) -> None:
        self.rounds.append(launched)

    def arrived(self, batch: int) -> Round | None:
        """The round whose counts these are; None, and everything forgotten, where they do not fit."""
        if not self.rounds:
            return None
        found = self.rounds.popleft()
        if len(found.requests) == batch:
            return found
        self.lost += 1 + len(self.rounds)
        self.rounds.clear()
        return None
