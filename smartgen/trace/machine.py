"""A machine that takes exactly as long as a profile says: what work really costs in a replay."""

from __future__ import annotations

import numpy as np

from smartgen.profile.profile import Profile
from smartgen.trace.errors import TraceError

CONTEXT_STEP = 16  # contexts this close cost the same
RANGE = 1.5  # a measured batch within this factor of the asked one is near enough


class Machine:
    """Seconds of steps and passes, from a profile's tables; `noise` is the relative spread of a single timing."""

    def __init__(self, profile: Profile, noise: float = 0.0, seed: int = 0) -> None:
        self.profile, self.noise = profile, noise
        self._random = np.random.default_rng(seed)
        self._verify: dict[tuple[int, int, int], float] = {}
        self._draft: dict[tuple[int, int, int], float] = {}

    def check(self, batch: int, drafting: bool) -> None:
        """Raises TraceError if the profile was not measured near this batch."""
        for table in [self.profile.verify, self.profile.draft][: 1 + drafting]:
            reach = table.batches
            if not reach or not reach[0] / RANGE <= batch <= reach[-1] * RANGE:
                measured = ", ".join(map(str, reach)) or "none"
                raise TraceError(
                    f"the profile of {self.profile.key.model} with {self.profile.key.drafter} knows batches {measured}, not "
                    f"{batch}; measure it with `smartgen profile --batch {batch}`"
                )

    def verify(self, batch: int, nodes: int, context: float) -> float:
        """Seconds of a step apart from drafting."""
        key = (batch, nodes, int(context) // CONTEXT_STEP)
        if key not in self._verify:
            self._verify[key] = self._seconds("verify", *key)
        return self._noisy(self._verify[key])

    def draft(self, batch: int, width: int, context: float) -> float:
        """Seconds of one drafting pass that feeds `width` tokens a row."""
        key = (batch, width, int(context) // CONTEXT_STEP)
        if key not in self._draft:
            self._draft[key] = self._seconds("draft", *key)
        return self._noisy(self._draft[key])

    def _seconds(self, phase: str, batch: int, size: int, step: int) -> float:
        table = getattr(self.profile, phase)
        return float(table.seconds(batch, np.array([float(size)]), (step + 0.5) * CONTEXT_STEP)[0])

    def _noisy(self, seconds: float) -> float:
        return seconds * float(np.exp(self.noise * self._random.standard_normal())) if self.noise else seconds
