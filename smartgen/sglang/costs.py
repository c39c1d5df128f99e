"""What rounds cost in this engine: a profile corrected by every round, and the tour of the tiers that makes one.

`verify` is a round apart from drafting, the draft's own catching-up after it included. At 0 nodes it is a round *asleep*:
that is where staying off leads. `draft` at width 1 is what the first layer costs, which comes with the catching-up of the
round before; at a tier's topk it is one further layer. Tables are kept at the batch sizes of the engine's graphs.
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
VISITS = 3  # of every tier in a tour that count, the median of them; one before them warms up
LEAST = 1e-7
FIRST = 1  # the width under which the first layer's cost is kept


class RoundCosts:
    """The controller's view of this machine: `Costs` of `smartgen.policy.situation`.

    `observe_*` are silent: rounds arrive late and may hold rows that are not learned from, so `saw` is told instead.
    """

    def __init__(self, profile: Profile, tiers: Sequence[Tier], buckets: Sequence[int], thorough: bool = False) -> None:
        """`buckets`: batch sizes that graphs exist for, ascending.

        `thorough`: tour at every batch and context, not only at batches far from measured ones.
        """
        self.thorough = thorough
        self.profile, self.tiers, self.buckets = profile, tuple(tiers), sorted(buckets)
        example = example_profile()  # while nothing is measured; nothing is decided on it
        self.online = OnlineCosts(profile.verify or example.verify, profile.draft or example.draft)
        self.visits: dict[tuple[int, int], dict[Tier, list[tuple[float, float]]]] = {}

    def bucket(self, batch: int) -> int:
        """The batch that a graph would pad this one to."""
        return next((size for size in self.buckets if size >= batch), batch)

    # -- asked by the policy --------------------------------------------------------------------------------------
    @property
    def measured(self) -> bool:
        """Whether there is anything to decide on."""
        return bool(self.profile.verify)

    def verify(self, batch: int, top: int, context: float) -> NDArray[np.float64]:
        return self.online.verify(self.bucket(batch), top, context)

    def draft(self, batch: int, width: int, context: float) -> float:
        return self.online.draft(self.bucket(batch), width, context)

    def catch_up(self, batch: int, pending: int, context: float) -> float:
        """The first layer comes with the catching-up of the round before."""
        return self.draft(batch, pending, context)

    def fitted(self, phase: str, model: str, batch: int, context: float) -> Curve:
        """A constant where one size was measured only: chains are drafted at width 1, and nobody asks for another."""
        phase = "verify" if phase == "verify" else "draft"
        sizes, seconds = self.online.tables[phase].measured(self.bucket(batch), context)
        if len(sizes) == 1:
            return lambda size: seconds[0] + 0.0 * np.asarray(size, np.float64)
        return self.online.fitted(phase, model, self.bucket(batch), context)

    def observe_verify(self, batch: int, nodes: int, context: float, seconds: float) -> None:
        """See `saw`."""

    def observe_draft(self, batch: int, width: int, context: float, seconds: float) -> None:
        """See `saw`."""

    def observe_catch_up(self, batch: int, pending: int, context: float, seconds: float) -> None:
        """See `saw`."""

    # -- measured -------------------------------------------------------------------------------------------------
    def saw(self, tier: Tier, batch: int, context: float, drafting: float, rest: float) -> None:
        """A served round's seconds of drafting, and apart from it; of rounds without a draft only those asleep are told."""
        if not self.measured:
            return
        bucket = self.bucket(batch)
        self.online.observe_verify(bucket, tier.nodes, context, max(rest, LEAST))
        if tier.steps:
            first = self.online.draft(bucket, FIRST, context)
            width, seconds = _layer(tier, drafting, first)
            self.online.observe_draft(bucket, width, context, max(seconds, LEAST))

    def tour(self, batch: int, context: float) -> Tier | None:
        """The next tier to time at this batch; None where all is known. By turns: what else the machine does meets all alike."""
        if self._known(batch, context):
            return None
        seen = self.visits.setdefault(self._place(batch, context), {})
        next_one = min(self.tiers, key=lambda tier: len(seen.get(tier, ())))
        return next_one if len(seen.get(next_one, ())) <= VISITS else None

    def toured(self, tier: Tier, batch: int, context: float, drafting: float, rest: float) -> None:
        """A tour's round. When it was the last one, what was measured goes into the profile."""
        if self._known(batch, context):
            return
        place = self._place(batch, context)
        self.visits.setdefault(place, {}).setdefault(tier, []).append((max(drafting, LEAST), max(rest, LEAST)))
        if self.tour(batch, context) is None:
            self.adopt(self.points(place))

    def _known(self, batch: int, context: float) -> bool:
        if self.thorough:
            return self._place(batch, context) in {(p.batch, p.context) for p in self.profile.verify.points}
        return self.profile.verify.near(self.bucket(batch))

    def _place(self, batch: int, context: float) -> tuple[int, int]:
        return self.bucket(batch), CONTEXTS * round(max(context, CONTEXTS / 2) / CONTEXTS + 0.01)

    def points(self, place: tuple[int, int]) -> tuple[list[Point], list[Point]]:
        """What was seen at a batch and context, verification and drafting."""
        seen = {tier: visits[1:] for tier, visits in self.visits[place].items()}
        verify: dict[int, list[float]] = {}
        draft: dict[int, list[float]] = {}
        for tier, visits in seen.items():
            verify.setdefault(tier.nodes, []).extend(rest for _, rest in visits)
        ones = [drafting for tier, visits in seen.items() if tier.steps == 1 for drafting, _ in visits]
        for tier, visits in seen.items():
            for drafting, _ in visits if tier.steps else ():
                width, seconds = _layer(tier, drafting, median(ones) if ones else None)
                draft.setdefault(width, []).append(seconds)
        return _medians(place, verify), _medians(place, draft)

    def adopt(self, points: tuple[list[Point], list[Point]]) -> None:
        """Add measured points, and remember them for the next start."""
        new = Profile(
            self.profile.key, CostTable(points[0]), CostTable(points[1]), provenance={"command": "sglang serve"}
        )
        self.profile = self.profile.merged(new)
        self.online.replace(self.profile.verify, self.profile.draft or example_profile().draft)
        store.remember_if_possible(new)

    def describe(self) -> dict[str, Any]:
        """The measured points, as plain data."""
        tables = {"verify": self.profile.verify, "draft": self.profile.draft}
        points = {name: [list(astuple(point)) for point in table.points] for name, table in tables.items()}
        return {"key": asdict(self.profile.key), **points}


def _layer(tier: Tier, drafting: float, first: float | None) -> tuple[int, float]:
    """Width and seconds of the one layer that a draft's time says something of; `first`: seconds of the first layer."""
    if tier.steps == 1:
        return FIRST, drafting
    if first is None or tier.topk == FIRST:
        return tier.topk, drafting / tier.steps
    return tier.topk, (drafting - first) / (tier.steps - 1)


def _medians(place: tuple[int, int], seen: dict[int, list[float]]) -> list[Point]:
    return [Point(*place, size, max(median(seconds), LEAST)) for size, seconds in seen.items()]


def profile_key(target: Any, draft: Any, device: str, algorithm: str, dtype: str) -> Key:
    """What a profile is remembered under; `target`, `draft`: the models' configurations."""
    from importlib.metadata import version

    return Key(_shape(target), f"{algorithm.lower()}-{_shape(draft)}", f"sglang-{version('sglang')}-{device}", dtype)


def _shape(config: Any) -> str:
    return f"{config.model_type}-{config.num_hidden_layers}x{config.hidden_size}x{config.intermediate_size}"
