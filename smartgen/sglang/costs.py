"""What rounds cost in this engine: a profile corrected by every round, and a tour of the tiers where nothing is measured yet.

`verify` is a round apart from drafting, the draft's own catching-up after it included (it runs idle or not); `draft` is one
layer of drafting. Tables are kept at the batch sizes of the engine's graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.tiers import Tier
from smartgen.profile import store
from smartgen.profile.example import example_profile
from smartgen.profile.fit import Curve
from smartgen.profile.online import OnlineCosts
from smartgen.profile.profile import Key, Profile
from smartgen.profile.table import CostTable, Point

CONTEXTS = 256  # contexts this close share a slice
VISITS = 3  # of every tier in a tour; the median counts
LEAST = 1e-7


class RoundCosts:
    """The controller's view of this machine: `Costs` of `smartgen.policy.situation`.

    `observe_*` are silent: rounds arrive late and may hold rows that are not learned from, so `saw` is told instead.
    """

    def __init__(
        self, profile: Profile, tiers: Sequence[Tier], buckets: Sequence[int], fixed: bool, thorough: bool = False
    ) -> None:
        """`buckets`: batch sizes that graphs exist for, ascending; `fixed`: a named profile, which no tour adds to.

        `thorough`: tour at every batch and context, not only at batches far from measured ones.
        """
        self.thorough = thorough
        self.profile, self.tiers, self.buckets, self.fixed = profile, tuple(tiers), sorted(buckets), fixed
        example = example_profile()  # until something is measured; while it is not, tours decide
        self.online = OnlineCosts(profile.verify or example.verify, profile.draft or example.draft)
        self.visits: dict[tuple[int, int], dict[Tier, list[tuple[float, float]]]] = {}

    def bucket(self, batch: int) -> int:
        """The batch that a graph would pad this one to."""
        return next((size for size in self.buckets if size >= batch), batch)

    # -- asked by the policy --------------------------------------------------------------------------------------
    def verify(self, batch: int, top: int, context: float) -> NDArray[np.float64]:
        return self.online.verify(self.bucket(batch), top, context)

    def draft(self, batch: int, width: int, context: float) -> float:
        return self.online.draft(self.bucket(batch), width, context)

    def fitted(self, phase: str, model: str, batch: int, context: float) -> Curve:
        return self.online.fitted(phase, model, self.bucket(batch), context)

    def observe_verify(self, batch: int, nodes: int, context: float, seconds: float) -> None:
        """See `saw`."""

    def observe_draft(self, batch: int, width: int, context: float, seconds: float) -> None:
        """See `saw`."""

    # -- measured -------------------------------------------------------------------------------------------------
    def tour(self, batch: int, context: float) -> Tier | None:
        """The next tier to time at this batch; None where all is known."""
        if self.fixed or self._known(batch, context):
            return None
        seen = self.visits.setdefault(self._place(batch, context), {})
        return next((tier for tier in self.tiers if len(seen.get(tier, ())) <= VISITS), None)

    def _known(self, batch: int, context: float) -> bool:
        if self.thorough:
            return self._place(batch, context) in {(p.batch, p.context) for p in self.profile.verify.points}
        known = self.profile.verify.batches
        return any(known_one / 1.5 <= self.bucket(batch) <= known_one * 1.5 for known_one in known)

    def _place(self, batch: int, context: float) -> tuple[int, int]:
        return self.bucket(batch), CONTEXTS * round(max(context, CONTEXTS / 2) / CONTEXTS + 0.01)

    def saw(self, tier: Tier, batch: int, context: float, drafting: float, rest: float) -> None:
        """A round's seconds of drafting, and apart from it."""
        drafting, rest = max(drafting, LEAST), max(rest, LEAST)
        self.visits.setdefault(self._place(batch, context), {}).setdefault(tier, []).append((drafting, rest))
        if self._known(batch, context):
            self.online.observe_verify(self.bucket(batch), tier.nodes, context, rest)
            if tier.steps:
                self.online.observe_draft(self.bucket(batch), tier.topk, context, drafting / tier.steps)
            self.visits.clear()
        elif self.tour(batch, context) is None and not self.fixed:
            self.adopt(self.points(self._place(batch, context)))

    def points(self, place: tuple[int, int]) -> tuple[list[Point], list[Point]]:
        """What was seen at a batch and context, verification and drafting; first visits warm up."""
        verify: dict[tuple[int, int, int], list[float]] = {}
        draft: dict[tuple[int, int, int], list[float]] = {}
        for tier, seen in self.visits[place].items():
            for drafting, rest in seen[1:]:
                verify.setdefault((*place, tier.nodes), []).append(rest)
                if tier.steps:
                    draft.setdefault((*place, tier.topk), []).append(drafting / tier.steps)
        return _medians(verify), _medians(draft)

    def adopt(self, points: tuple[list[Point], list[Point]]) -> None:
        """Add measured points, and remember them for the next start."""
        new = Profile(
            self.profile.key, CostTable(points[0]), CostTable(points[1]), provenance={"command": "sglang serve"}
        )
        self.profile = self.profile.merged(new)
        self.online.replace(self.profile.verify, self.profile.draft or example_profile().draft)
        store.remember(new)

    def describe(self) -> dict[str, Any]:
        """The measured points, as plain data."""
        tables = {"verify": self.profile.verify, "draft": self.profile.draft}
        points = {name: [list(astuple(point)) for point in table.points] for name, table in tables.items()}
        return {"key": asdict(self.profile.key), **points}


def _medians(seen: dict[tuple[int, int, int], list[float]]) -> list[Point]:
    return [Point(*place, median(seconds)) for place, seconds in seen.items()]


def profile_key(target: Any, draft: Any, device: str, algorithm: str, dtype: str) -> Key:
    """What a profile is remembered under; `target`, `draft`: the models' configurations."""
    from importlib.metadata import version

    return Key(_shape(target), f"{algorithm.lower()}-{_shape(draft)}", f"sglang-{version('sglang')}-{device}", dtype)


def _shape(config: Any) -> str:
    return f"{config.model_type}-{config.num_hidden_layers}x{config.hidden_size}x{config.intermediate_size}"
