"""One step in the making, and what `plan` decides of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from smartgen.policy.reference.choosing import Offer
from smartgen.policy.reference.free import Hanging
from smartgen.policy.reference.view import Trees, View
from smartgen.policy.reference.world import Node


@dataclass
class Planned:
    """What `plan` decides."""

    draft: bool
    topk: int
    depth: int


@dataclass
class Step:
    """One step in the making. Extents are by row; `low`, `high`: the sizes that `verify` offers."""

    view: View
    depths: list[int]
    widths: list[int]
    topks: list[int]
    rooms: list[int]
    low: int
    high: int
    layers: list[Trees] = field(default_factory=list)
    frontier: Trees = field(default_factory=list)
    going: list[bool] = field(default_factory=list)
    cells: dict[int, list[Node | None]] = field(default_factory=dict)  # by row: the newest candidates, None: left out
    before: View | None = None
    free: Hanging | None = None
    paid: dict[str, float] = field(default_factory=dict)  # of drafting, the pass that was granted last included
    scan: list[Offer] = field(default_factory=list)
    imagined: bool = False
    probe: bool = False
    depth: int = 0  # the deepest layer that may be drafted
    reason: str = ""
