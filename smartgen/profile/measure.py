"""Timing work that is handed in as callables: interleaved, medians, within a budget."""

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


def measure_sizes(
    run: Callable[[int], None],
    sizes: Iterable[int],
    budget: float,
    ceiling: float = 6.0,
    repeats: int = 15,
    clock: Callable[[], float] = time.perf_counter,
    between: Callable[[], None] = lambda: None,
    reach: float | None = None,
) -> dict[int, float]:
    """Median seconds of `run(size)` for ascending `sizes`; `between` is run before each, untimed.

    The first visit of a size warms it up and is counted neither as a timing nor against the budget (a GPU loads kernels
    then). Sizes stop where one costs more than `ceiling` times the first, which no number of accepted tokens would
    repay, or where `reach` seconds (a quarter of `budget`) are used up. The rest repeats them, each as long as the others:
    a small size, which is chosen most and told from its neighbours by little, is timed often where a large one is timed
    once, and a slow moment hits several. More work never costs less: medians that say so are noise and are pooled with their
    neighbours, lest a search follow the dip.
    """
    reach = budget / 4 if reach is None else reach
    timings: dict[int, list[float]] = {}
    spent = 0.0
    for size in sizes:
        run(size)
        between()
        timings[size] = [_timed(run, size, clock)]
        spent += timings[size][0]
        first = next(iter(timings.values()))[0]
        if spent > reach or timings[size][0] > ceiling * first:
            break
    started = clock()
    while clock() - started < budget - 2 * spent:
        wanting = [seconds for seconds in timings.items() if len(seconds[1]) < repeats]
        if not wanting:
            break
        size, seconds = min(wanting, key=lambda item: sum(item[1]))
        between()
        seconds.append(_timed(run, size, clock))
    return _rising(timings)


def of_rounds(rounds: Sequence[Iterable[Point]]) -> list[Point]:
    """The median over rounds of what each found; what fewer than half of them reached is left out.

    A shared machine has slow spells of many seconds. One that hits all timings of a batch and context, and no others, is a
    cost that is not there; spread over a few minutes, most rounds miss it.
    """
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
    medians = np.array([median(seconds) for seconds in timings.values()])
    counts = np.array([float(len(seconds)) for seconds in timings.values()])
    return dict(zip(timings, isotonic(medians, counts).tolist(), strict=True))


def _timed(run: Callable[[int], None], size: int, clock: Callable[[], float]) -> float:
    before = clock()
    run(size)
    return clock() - before
