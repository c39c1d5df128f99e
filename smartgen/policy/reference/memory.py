"""`ema`, `ladder` and `ucb`, one state at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class Average:
    """`ema`: a value, absent before the first update."""

    value: float | None = None

    def now(self, start: float) -> float:
        return start if self.value is None else self.value

    def learn(self, x: float | None, weight: float, start: float) -> None:
        if x is not None:
            self.value = (1 - weight) * self.now(start) + weight * x


@dataclass
class Rung:
    """`ladder`: which rung, and how many steps it has seen."""

    at: int | None = None
    steps: int = 0

    def place(self, rungs: list[float], start: float) -> int:
        if self.at is not None:
            return self.at
        below = [i for i, rung in enumerate(rungs) if rung <= start]
        return below[-1] if below else 0

    def learn(
        self, x: float | None, rungs: list[float], start: float, up: float, down: float, every: int, after: int
    ) -> None:
        here = self.place(rungs, start)
        self.at = here
        self.steps += 1
        due = self.steps > after and (self.steps - after) % max(every, 1) == 0
        if not due:
            return
        if rungs[here] == 0:
            self.at = min(here + 1, len(rungs) - 1)
            return
        if x is None:
            return
        while here > 0 and x <= (0.5 if rungs[here - 1] == 0 else rungs[here - 1] - 0.5) - down:
            here -= 1
        if here == self.at:
            while here + 1 < len(rungs) and x > rungs[here] - 0.5 + up:
                here += 1
        self.at = here


@dataclass
class Bandit:
    """`ucb`: rewards by arm, the arm in force, and for how many steps it has been."""

    arm: int = 0
    steps: int = 0
    rewards: dict[int, list[float]] = field(default_factory=dict)

    def learn(self, reward: float | None, arms: int, hold: int) -> None:
        if reward is None:
            return
        self.rewards.setdefault(self.arm, []).append(reward)
        self.steps += 1
        if self.steps < hold:
            return
        self.steps = 0
        untried = [arm for arm in range(arms) if arm not in self.rewards]
        if untried:
            self.arm = untried[0]
            return
        pulls = {arm: len(seen) for arm, seen in self.rewards.items()}
        means = {arm: sum(seen) / len(seen) for arm, seen in self.rewards.items()}
        best = max(means.values()) if max(means.values()) > 0 else 1.0
        total = sum(pulls.values())
        index = {arm: means[arm] / best + math.sqrt(2 * math.log(total) / pulls[arm]) for arm in means}
        self.arm = min(arm for arm in index if index[arm] == max(index.values()))
