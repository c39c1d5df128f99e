"""A controller that believes wrong costs, replayed: what that loses before upkeep and once it has run for a while.

Each part of a profile is multiplied: the seconds of drafting passes, the part of a verification that grows with its size
("slope"), and the part that does not ("fixed"). A part of `controller_on_traces.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace as changed

from smartgen.drafters.ngram import HitRates
from smartgen.policy.learned import Learned
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable, Point
from smartgen.trace import replay
from smartgen.trace.machine import Machine
from smartgen.trace.parallel import spread
from smartgen.trace.replaying import Memory, ReplayedStep, believing
from smartgen.trace.trace import Trace

BATCHES = (1, 4, 16)
PARTS = ("drafting", "slope", "fixed")
FACTORS = (0.5, 2.0)
WARM = 300  # steps after which wrong costs should be mended
NOISE = 0.05  # relative spread of the timings that upkeep sees


@dataclass(frozen=True)
class Cell:
    """One replay: the trace's name, the batch, and what is believed wrongly by which factor ("" by 1: nothing)."""

    trace: str
    batch: int
    part: str = ""
    factor: float = 1.0


def wrong_costs(traces: dict[str, Trace], profile: Profile, jobs: int) -> list[dict]:
    """`before`: tokens a second with wrong costs that nobody corrects, over those with right ones. `after`: the same with
    upkeep, noisy timings and the first `WARM` steps left out, the requests gone through twice.
    """
    right = [Cell(name, batch) for name in traces for batch in BATCHES]
    wrong = [changed(cell, part=part, factor=factor) for cell, part, factor in itertools.product(right, PARTS, FACTORS)]
    cells = [*right, *wrong]
    rates = dict(zip(cells, spread(lambda cell: _rates(traces[cell.trace], profile, cell), cells, jobs), strict=True))
    return [dict(_compared(cell, rates[cell], rates[Cell(cell.trace, cell.batch)])) for cell in wrong]


def _compared(cell: Cell, found: tuple[float, float], right: tuple[float, float]) -> Iterator[tuple[str, object]]:
    yield from vars(cell).items()
    for when, mine, best in zip(("before", "after"), found, right, strict=True):
        yield when, round(mine / best, 4)


def _rates(trace: Trace, profile: Profile, cell: Cell) -> tuple[float, float]:
    """Tokens a second without upkeep, and with it after the first steps."""
    believed = mistaken(profile, cell.part, cell.factor)
    blind = replay(trace, "smart", profile, cell.batch, memory=Memory(Learned(), Machine(believed), HitRates()))
    kept, steps = believing(believed), []
    for seed in (0, 1):
        steps += replay(trace, "smart", profile, cell.batch, memory=kept, noise=NOISE, seed=seed).history
    return blind.rate, _rate(steps[WARM:])


def _rate(steps: list[ReplayedStep]) -> float:
    return sum(step.committed for step in steps) / sum(step.seconds for step in steps)


def mistaken(profile: Profile, part: str, factor: float) -> Profile:
    """The profile with one part of its costs multiplied."""
    if part == "drafting":
        slower = {
            name: CostTable(changed(p, seconds=p.seconds * factor) for p in getattr(profile, name).points)
            for name in ("draft", "catch_up")
        }
        return changed(profile, **slower)
    fixed = {(p.batch, p.context): p.seconds for p in profile.verify.points if p.size == 0}

    def wrong(point: Point) -> Point:
        base = fixed[point.batch, point.context]
        a, b = {"fixed": (factor, 1.0), "slope": (1.0, factor), "": (1.0, 1.0)}[part]
        return changed(point, seconds=a * base + b * (point.seconds - base))

    return changed(profile, verify=CostTable(map(wrong, profile.verify.points)))
