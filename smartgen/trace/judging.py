"""How a recipe fares on a trace: against plain decoding, the best static tree of the cell, and who knows the outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.profile import Profile
from smartgen.recipe import load as load_recipe
from smartgen.trace.candidates import Candidates, raw
from smartgen.trace.counted import hindsight
from smartgen.trace.errors import TraceError
from smartgen.trace.flip import flipped, phases
from smartgen.trace.grams import NGramCandidates
from smartgen.trace.machine import Machine
from smartgen.trace.oracle import fastest
from smartgen.trace.parallel import spread
from smartgen.trace.recorded import RecordedCandidates
from smartgen.trace.replaying import BEYOND, Replay, replay
from smartgen.trace.standing import Standing, standing
from smartgen.trace.sweep import Static, Sweep, grid
from smartgen.trace.trace import Trace

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ORDERS = ("raw", "calibrated")
CONFIDENCE = 1.96  # standard deviations of the logarithm on either side: 95 %


@dataclass(frozen=True)
class Row:
    """One recipe in one cell. Ratios of tokens a second; `low` and `high` bound `vs_best_static` at 95 %, None where no
    interval was asked for.

    `vs_oracle`: at batch 1 against the fastest way through the texts, in batches against a per-step clairvoyant.
    `best_static`: what the recipe was compared with. `exact` False: over 1 % of the steps asked beyond the envelope.
    """

    trace: str
    recipe: str
    profile: str
    batch: int
    rows: str
    vs_plain: float
    vs_best_static: float
    vs_oracle: float
    low: float | None
    high: float | None
    exact: bool
    tokens_per_second: float
    best_static: str

    def plain(self) -> dict[str, Any]:
        """As JSON data, ratios to four places."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


class Bench:
    """One trace with what does not depend on profiles: candidates and tables of positions, computed when asked for."""

    def __init__(self, name: str, trace: Trace, ngram: bool = False, flip: int | None = None) -> None:
        """`ngram`: n-grams of the text instead of the recorded drafter. `flip`: the recorded drafter is useless in every
        second phase of at least so many tokens (`smartgen.trace.flip`).

        Raises TraceError for both at once, since n-grams follow from the text, and where there is nothing to decode.
        """
        if not (np.diff(trace.text_start) > 1).any():
            raise TraceError("every request ends with its first token: there is nothing to decode")
        self.ngram = ngram or trace.header.source == "ngram"
        if self.ngram and flip is not None:
            raise TraceError("n-grams follow from the text and cannot be made useless; flip a recorded drafter")
        self.name = name if flip is None else f"{name} flip {flip}"
        self.trace = trace if flip is None else flipped(trace, flip)
        self.phase = np.zeros(trace.requests, np.int64) if flip is None else phases(trace, flip)

    @cached_property
    def candidates(self) -> Candidates:
        """The drafter's proposals at every position."""
        return NGramCandidates(self.trace) if self.ngram else RecordedCandidates(self.trace)

    @cached_property
    def tables(self) -> list[Standing]:
        """In raw and in calibrated order, as `ORDERS` says."""
        candidates, count = self.candidates, len(self.trace.text)
        calibrated = hindsight(candidates, self.trace.header.sampled)
        return [standing(candidates, count, order) for order in (raw, calibrated)]

    def lists(self, resamples: int, length: int | None = None, seed: int = 0) -> list[Ints]:
        """All requests in order, then `resamples` lists of `length` (default: as many) drawn from them with replacement;
        where the drafter flips each place of a list is filled from its own phase, so that the phases stay.

        A request that ended with its first token leaves nothing to decode and is left out.
        """
        everything = np.flatnonzero(np.diff(self.trace.text_start) > 1)
        length = length or len(everything)
        wanted = self.phase[everything[np.arange(length) * len(everything) // length]]
        drawn = np.zeros((resamples, length), np.int64)
        random = np.random.default_rng(seed)
        for phase in np.unique(wanted):
            here = np.flatnonzero(wanted == phase)
            drawn[:, here] = random.choice(everything[self.phase[everything] == phase], (resamples, len(here)))
        return [everything, *drawn]


class Cell:
    """A bench on one machine, with a batch and a way to fill it. What recipes are compared with is computed once."""

    def __init__(self, bench: Bench, profile: Profile, name: str, batch: int, rows: str, lists: list[Ints]) -> None:
        self.bench, self.profile, self.name = bench, profile, name
        self.batch, self.rows, self.lists = batch, rows, lists
        self.machine = Machine(profile)
        self.machine.check(batch, drafting=not bench.ngram)
        self.sweep = Sweep(bench.trace, bench.tables, self.machine, bench.ngram)
        self.statics = grid(len(ORDERS))

    @cached_property
    def rates(self) -> Floats:
        """(S, C) tokens a second of every static tree on every list."""
        whole, drawn = self.lists[0][None], np.stack(self.lists[1:])
        return np.concatenate([self.sweep.rates(part, self.batch, self.rows, self.statics) for part in (whole, drawn)])

    @property
    def best(self) -> Static:
        """The best static tree of the cell, in hindsight."""
        return self.statics[int(self.rates[0].argmax())]

    def oracle(self, order: int) -> float:
        """Tokens a second on the whole trace of who knows the outcome, candidates in this order."""
        trace = self.bench.trace
        if self.batch > 1:
            return float(self.sweep.clairvoyant(self.lists[0][None], self.batch, self.rows, order)[0])
        table, digested = self.bench.tables[order], self.rows == "refill"
        seconds = fastest(trace, table, self.machine, self.bench.ngram, digested).sum()
        return float((len(trace.text) - trace.requests) / seconds)

    def row(self, recipe: str, replays: Sequence[Replay], oracle: float) -> Row:
        """`replays`: of every list, the whole trace first; or of the whole trace alone, for a row without an interval."""
        best, whole = self.best, replays[0]
        ratio = whole.rate / float(self.rates[0].max())
        low, high = (None, None) if len(replays) == 1 else self._interval(ratio, replays[1:])
        static = f"{best.depth} layers, {best.nodes} nodes, {ORDERS[best.order]}" if best.depth else "plain"
        return Row(
            self.bench.name,
            recipe,
            self.name,
            self.batch,
            self.rows,
            whole.rate / float(self.rates[0, 0]),
            ratio,
            whole.rate / oracle,
            low,
            high,
            sum(r.beyond for r in replays) <= BEYOND * sum(r.steps for r in replays),
            whole.rate,
            static,
        )

    def _interval(self, ratio: float, replays: Sequence[Replay]) -> tuple[float, float]:
        """`replays`: of the drawn lists."""
        drawn = np.array([replayed.rate for replayed in replays]) / self.rates[1:].max(1)
        share = len(self.lists[1]) / len(self.lists[0])  # shorter lists scatter more
        reach = CONFIDENCE * float(np.log(drawn).std(ddof=1)) * share**0.5
        return ratio * float(np.exp(-reach)), ratio * float(np.exp(reach))


def judge(
    bench: Bench,
    recipes: Mapping[str, Any],
    profile: Profile,
    profile_name: str,
    batches: Sequence[int],
    rows: str = "refill",
    resamples: int = 20,
    length: int | None = None,
    seed: int = 0,
    jobs: int = 1,
    intervals: Collection[str] | None = None,
) -> Iterator[Row]:
    """One row a recipe and batch. `recipes`: by the name to show, as for `replay`; `jobs` processes replay recipes and
    lists side by side.

    The static trees' best is chosen anew on every one of the `resamples` lists. `length`: requests in each (default: as
    many as the trace has); the spread over shorter ones is scaled to the whole trace's. `intervals`: names that get one
    (default: all), the others are replayed on the whole trace only. Raises TraceError or RecipeError.
    """
    loaded = {name: load_recipe(recipe) for name, recipe in recipes.items()}
    if resamples < 2:
        raise TraceError("an interval needs at least two resampled lists")
    lists = bench.lists(resamples, length, seed)
    for batch in batches:
        cell = Cell(bench, profile, profile_name, batch, rows, lists)
        work = [
            (name, line) for name in loaded for line in (lists if intervals is None or name in intervals else lists[:1])
        ]

        def one(item: tuple[str, Ints], batch: int = batch) -> Replay:
            name, line = item
            return replay(bench.trace, loaded[name], profile, batch, rows, line.tolist(), ngram=bench.ngram)

        replays: dict[str, list[Replay]] = {}
        for (name, _), replayed in zip(work, spread(one, work, jobs), strict=True):
            replays.setdefault(name, []).append(replayed)
        oracles: dict[int, float] = {}
        for name, recipe in loaded.items():
            order = int(any(site.kind == "calibrated" for site in recipe.program.sites))
            if order not in oracles:
                oracles[order] = cell.oracle(order)
            yield cell.row(name, replays[name], oracles[order])
