"""Remembered things: `ema`, `ladder` and `ucb`. Each is a small state with one rule of how a step changes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np


def absent(value: float) -> bool:
    """NaN: a signal that has no value yet."""
    return value != value


@dataclass
class Ema:
    """Exponential moving average. `value` None: before the first update, when `start:` stands for it."""

    KIND: ClassVar[str] = "ema"
    value: float | None = None

    def read(self, start: float) -> float:
        return start if self.value is None else self.value

    def update(self, x: float, weight: float, start: float) -> None:
        """A step has passed; an absent x changes nothing."""
        if not absent(x):
            before = self.read(start)
            self.value = before + weight * (x - before)


@dataclass
class Ladder:
    """A rung that follows x with hysteresis, as SGLang's adaptive steps do (0.5.23, adaptive_spec_params.py).

    It is reconsidered every `every` steps after the first `after`. Down, rung by rung, while x is at most the rung below
    less ½ less `down` (where that rung is 0: ½ less `down`); if it did not go down: up, rung by rung, while x is more
    than the rung less ½ plus `up`. From rung 0, where nothing is drafted and nothing learned, it goes up by one.
    """

    KIND: ClassVar[str] = "ladder"
    place: int | None = None  # in the rungs; None before the first update
    steps: int = 0

    def read(self, rungs: Sequence[float], start: float) -> float:
        return rungs[self._at(rungs, start)]

    def _at(self, rungs: Sequence[float], start: float) -> int:
        """`start` stands on the highest rung that is not above it, else on the lowest one."""
        if self.place is not None:
            return min(self.place, len(rungs) - 1)
        return max((i for i, rung in enumerate(rungs) if rung <= start), default=0)

    def update(
        self, x: float, rungs: Sequence[float], start: float, up: float, down: float, every: int, after: int
    ) -> None:
        """A step has passed; where x is absent, a rung above 0 stays."""
        self.steps += 1
        self.place = at = self._at(rungs, start)
        if self.steps <= after or (self.steps - after) % max(every, 1):
            return
        top = len(rungs) - 1
        if rungs[at] == 0:
            self.place = min(at + 1, top)
            return
        while at > 0 and x <= (rungs[at - 1] or 1.0) - 0.5 - down:
            at -= 1
        if at == self.place:
            while at < top and x > rungs[at] - 0.5 + up:
                at += 1
        self.place = at


@dataclass
class Ucb:
    """A bandit over arms: the arm with the largest mean reward ÷ largest mean + √(2 ln t / pulls); new arms first.

    UCB1 (Auer et al. 2002) on rewards scaled by the best arm's mean, so that their unit does not matter.
    """

    KIND: ClassVar[str] = "ucb"
    arm: int = 0
    held: int = 0  # steps with this arm since it was chosen
    pulls: list[int] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)

    def update(self, reward: float, arms: int, hold: int) -> None:
        """The present arm was in force in a step with this reward; an absent one changes nothing."""
        if absent(reward):
            return
        missing = arms - len(self.pulls)
        self.pulls += [0] * missing
        self.sums += [0.0] * missing
        self.pulls[self.arm] += 1
        self.sums[self.arm] += reward
        self.held += 1
        if self.held >= hold:
            self.arm, self.held = self._best(arms), 0

    def _best(self, arms: int) -> int:
        if 0 in self.pulls[:arms]:
            return self.pulls.index(0)
        means = [total / pulls for total, pulls in zip(self.sums, self.pulls, strict=True)][:arms]
        scale = max(means) if max(means) > 0 else 1.0
        log = 2.0 * math.log(sum(self.pulls))
        index = [mean / scale + math.sqrt(log / pulls) for mean, pulls in zip(means, self.pulls, strict=False)]
        return int(np.argmax(index))


Memory = Ema | Ladder | Ucb
_KINDS: dict[str, type[Ema] | type[Ladder] | type[Ucb]] = {kind.KIND: kind for kind in (Ema, Ladder, Ucb)}


def fresh(kind: str) -> Memory:
    """A memory without data."""
    return _KINDS[kind]()


def saved(memory: Memory) -> dict[str, Any]:
    """As plain data."""
    return {"kind": memory.KIND, **asdict(memory)}


def restored(data: dict[str, Any]) -> Memory:
    """From plain data. Raises ValueError for what `saved` did not make."""
    fields = dict(data)
    kind = _KINDS.get(fields.pop("kind", ""))
    if kind is None or set(fields) != set(asdict(kind())):
        raise ValueError(f"this is no remembered state: {data!r}")
    return kind(**fields)
