"""A machine that takes exactly as long as a profile says: what work really costs in a replay.

It is also the controller's view of costs where nothing else is asked for: what keeping costs true would arrive at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.fit import Curve, fit
from smartgen.profile.profile import Profile
from smartgen.trace.errors import TraceError

Floats = NDArray[np.float64]

CONTEXT_STEP = 16  # contexts this close cost the same
SIZES = 64  # sizes of a curve to begin with


class Machine:
    """Seconds of steps and passes, from a profile's tables. Implements `Costs`, with nothing to learn."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._curves: dict[tuple[str, int, int], Floats] = {}
        self._fits: dict[tuple[str, str, int, int], Curve] = {}

    def check(self, batch: int, drafting: bool) -> None:
        """Raises TraceError if the profile was not measured near this batch."""
        for table in [self.profile.verify, self.profile.draft][: 1 + drafting]:
            if not table.reaches(batch):
                measured = ", ".join(map(str, table.batches)) or "none"
                raise TraceError(
                    f"the profile of {self.profile.key.model} with {self.profile.key.drafter} knows batches {measured}, not "
                    f"{batch}; measure it with `smartgen profile --batch {batch}`"
                )

    def verify(self, batch: int, top: int, context: float) -> Floats:
        """(top + 1,) seconds of a step, drafting apart, for 0..top draft nodes a row; the host's part included."""
        return self.curve("verify", batch, top, context)[: top + 1]

    def draft(self, batch: int, width: int, context: float) -> float:
        """Seconds of one drafting pass that feeds `width` draft nodes a row."""
        return float(self.curve("draft", batch, width, context)[width])

    def catch_up(self, batch: int, pending: int, context: float) -> float:
        """Seconds of a first pass that feeds `pending` committed tokens a row."""
        return float(self.curve("catch_up", batch, pending, context)[pending])

    def curve(self, phase: str, batch: int, top: int, context: float) -> Floats:
        """Seconds of sizes 0.. to at least `top`; `phase`: verify, draft or catch_up."""
        phase = self._measured(phase)
        key = (phase, batch, int(context) // CONTEXT_STEP)
        known = self._curves.get(key)
        if known is None or len(known) <= top:
            sizes = np.arange(max(top, SIZES) + 1, dtype=np.float64)
            middle = (key[2] + 0.5) * CONTEXT_STEP
            known = getattr(self.profile, phase).seconds(batch, sizes, middle)
            if phase == "verify" and self.profile.host.points:
                known = known + self.profile.host.seconds(batch, np.minimum(sizes, 1.0), middle)
            self._curves[key] = known
        return known

    def fitted(self, phase: str, model: str, batch: int, context: float) -> Curve:
        """A smooth fit of the measured slice nearest to this batch and context."""
        phase = self._measured(phase)
        key = (phase, model, batch, int(context) // CONTEXT_STEP)
        if key not in self._fits:
            self._fits[key] = fit(model, *getattr(self.profile, phase).measured(batch, context))
        return self._fits[key]

    def _measured(self, phase: str) -> str:
        return "draft" if phase == "catch_up" and not len(self.profile.catch_up) else phase

    def observe_verify(self, batch: int, nodes: int, context: float, seconds: float) -> None:
        """Nothing to learn: the profile is the truth."""

    def observe_draft(self, batch: int, width: int, context: float, seconds: float) -> None:
        """Nothing to learn: the profile is the truth."""

    def observe_catch_up(self, batch: int, pending: int, context: float, seconds: float) -> None:
        """Nothing to learn: the profile is the truth."""
