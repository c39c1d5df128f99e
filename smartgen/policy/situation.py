"""What a backend tells the controller before a step and after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Costs(Protocol):
    """Seconds that work takes on this machine, measured; see `smartgen.profile`. Joules, where a meter is read."""

    def verify(self, batch: int, top: int, context: float) -> Floats:
        """(top + 1,) seconds of a step apart from drafting, for 0..top draft nodes a row."""

    def draft(self, batch: int, width: int, context: float) -> float:
        """Seconds of one drafting pass that feeds `width` draft nodes a row."""

    def catch_up(self, batch: int, pending: int, context: float) -> float:
        """Seconds of a step's first pass, which feeds `pending` committed tokens a row and drafts from the last one."""

    def fitted(self, phase: str, model: str, batch: int, context: float) -> Callable[[Any], Any]:
        """A smooth fit of the measured points of "verify", "draft" or "catch_up": callable from sizes to seconds."""

    def observe_verify(self, batch: int, nodes: int, context: float, seconds: float) -> None:
        """A step with `nodes` draft nodes a row took this long, drafting apart."""

    def observe_draft(self, batch: int, width: int, context: float, seconds: float) -> None:
        """A drafting pass over this many nodes a row took this long."""

    def observe_catch_up(self, batch: int, pending: int, context: float, seconds: float) -> None:
        """A first pass over this many committed tokens a row took this long."""


@dataclass(frozen=True)
class DrafterTraits:
    """What deciding needs to know of a drafter: its name in `node.source`, and whether passes cost anything."""

    source: str
    one_pass: bool = False
    free: bool = False


@dataclass(frozen=True)
class Situation:
    """The batch before a step; arrays are (B,) over active rows. `pending`: tokens the first pass must feed.

    `rows`: names of the rows, which keep them from step to step; None: rows stay in their places. `packed`: the engine
    runs each row's own nodes; otherwise every row is padded to the largest. `more`: signals that only some backends
    give, by name: (B,) for `request.*`, one value for `engine.*` and `run.power`.
    """

    contexts: Ints
    generated: Ints
    remaining: Ints  # tokens a row may still emit, at least 1
    sampled: bool
    temperature: float
    drafter: DrafterTraits
    pending: int = 1
    drains: bool = False  # finished rows leave and no others take their place
    span: float | None = None  # slots a row that attention runs over, padding included; default: the mean context
    rows: Ints | None = None
    packed: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def batch(self) -> int:
        return len(self.contexts)

    @cached_property
    def context(self) -> float:
        """Mean tokens of a row: what policies read."""
        return float(self.contexts.mean())

    @property
    def run_context(self) -> float:
        """What a forward's cost depends on."""
        return self.context if self.span is None else self.span


@dataclass(frozen=True)
class Outcome:
    """What the step brought. `committed`: each row's new tokens, accepted ones and the bonus token, in order.

    `accepted` (B,): how many of them were draft nodes. `verify_seconds`: the step apart from drafting;
    `draft_seconds`: one entry a pass, with the width that was fed; the first one caught up.
    """

    committed: list[list[int]]
    accepted: Ints
    verify_seconds: float
    draft_seconds: list[tuple[int, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.verify_seconds + sum(seconds for _, seconds in self.draft_seconds)
