"""Timing work that is handed in as callables: against a plain step beside it, interleaved, medians, within a budget."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import median

import numpy as np

from smartgen.profile.isotonic import isotonic
from smartgen.profile.table import Point

SIZES = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # draft nodes a row that a profile knows
WIDTHS = (1, 4, 10)  # draft nodes a row that a drafting pass feeds
PENDING = (1, 4, 16, 64)  # committed tokens a row that a step's first pass feeds


def nothing() -> None:
    """Where nothing is to be done."""


class Stopwatch:
    """Times work in plain steps: against one that runs just before it.

    A shared machine has slow spells, from a few steps to half a minute long, in which everything takes half as long again.
    They hit both, and what a size costs *beside the others* is what decides.
    """

    def __init__(self, step: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> None:
        """`step`: one plain step."""
        self._step, self._clock = step, clock
        self.steps: list[float] = []  # seconds of the plain steps so far

    def time(
        self, work: Callable[[], object], before: Callable[[], object] = nothing, between: Callable[[], object] = nothing
    ) -> float:
        """Plain steps that `work` takes. `before` is run before the plain step, `between` behind it; neither is timed."""
        before()
        self.steps.append(self._seconds(self._step))
        between()
        return self._seconds(work) / self.steps[-1]

    def _seconds(self, work: Callable[[], object]) -> float:
        before = self._clock()
        work()
        return self._clock() - before


def measure_sizes(
    run: Callable[[int], None],
    sizes: Iterable[int],
    watch: Stopwatch,
    budget: float,
    ceiling: float = 6.0,
    repeats: int = 15,
    reach: float | None = None,
    before: Callable[[], object] = nothing,
    between: Callable[[], object] = nothing,
) -> dict[int, float]:
    """Median plain steps that `run(size)` takes, for ascending `sizes`; `before` and `between` as for `Stopwatch`.

    The first visit of a size warms it up and is counted neither as a timing nor against the budget (a GPU loads kernels
    then). Sizes stop where one costs more than `ceiling` times the first, which no number of accepted tokens would
    repay, or where `reach` seconds (a quarter of `budget`) are used up. The rest repeats them, each as long as the others:
    a small size, which is chosen most and told from its neighbours by little, is timed often where a large one is timed
    once. More work never costs less: medians that say so are noise and are pooled with their neighbours, lest a search
    follow the dip.
    """
    reach = budget / 4 if reach is None else reach
    timings: dict[int, list[float]] = {}
    spent = 0.0

    def timed(size: int) -> float:
        return watch.time(lambda: run(size), before, between)

    def ends(taken: list[float]) -> bool:
        first = min(next(iter(timings.values()), taken))
        return spent + min(taken) * median(watch.steps) > reach or min(taken) > ceiling * first

    for size in sizes:
        before()
        run(size)
        taken = [timed(size)]
        if ends(taken):  # or the machine stalled for a moment
            taken.append(timed(size))
        last = ends(taken)
        timings[size] = taken
        spent += min(taken) * median(watch.steps)
        if last:
            break
    left = budget - 2 * spent
    while left > 0:
        wanting = [each for each in timings.items() if len(each[1]) < repeats]
        if not wanting:
            break
        size, taken = min(wanting, key=lambda each: sum(each[1]))
        taken.append(timed(size))
        left -= (1 + taken[-1]) * watch.steps[-1]
    return _rising(timings)


def of_rounds(rounds: Sequence[Iterable[Point]]) -> list[Point]:
    """The median over rounds of what each found; what fewer than half of them reached is left out."""
    found: dict[tuple[int, int], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for points in rounds:
        for point in points:
            found[point.batch, point.context][point.size].append(point.seconds)
    return [
        Point(batch, context, size, seconds)
        for (batch, context), timings in found.items()
        for size, seconds in _rising({n: t for n, t in sorted(timings.items()) if 2 * len(t) >= len(rounds)}).items()
    ]


def _rising(timings: dict[int, list[float]]) -> dict[int, float]:
    """The median of each size, none below a smaller one's."""
    medians = np.array([median(each) for each in timings.values()])
    counts = np.array([float(len(each)) for each in timings.values()])
    return dict(zip(timings, isotonic(medians, counts).tolist(), strict=True))
