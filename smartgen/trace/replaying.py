"""Running a recipe on a trace: the real controller, the recorded drafter, a machine that costs what a profile says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartgen.drafters.ngram import HitRates
from smartgen.drafters.waking import drafted
from smartgen.language.program import Program
from smartgen.policy.asked import merges
from smartgen.policy.controller import Controller, Plan
from smartgen.policy.learned import Learned
from smartgen.policy.situation import Costs, DrafterTraits, Outcome, Situation
from smartgen.profile.online import OnlineCosts
from smartgen.profile.profile import Profile
from smartgen.recipe import load as load_recipe
from smartgen.trace.checking import count, kind, number
from smartgen.trace.errors import TraceError
from smartgen.trace.machine import Machine
from smartgen.trace.session import NGramReplay, TraceSession
from smartgen.trace.trace import Trace

Ints = NDArray[np.int64]
BEYOND = 0.01  # share of steps that may ask beyond the envelope
NO_TOKEN = -2  # behind the end of a text; differs from what an unrecorded child holds


@dataclass(frozen=True)
class ReplayedStep:
    """One step: active rows, layers drafted, nodes a row (padding counted) and in all, accepted in all and as predicted;
    tokens committed, simulated seconds.
    """

    rows: int
    layers: int
    nodes: int
    verified: int
    accepted: int
    predicted: float
    committed: int
    seconds: float


@dataclass
class Replay:
    """What a recipe did on a trace, and what it took. `committed`: tokens, the prefill's first ones not counted.

    `steps` counts steps, `row_steps` rows in them; `seconds` is simulated, `drafting` the part of it for passes; `beyond`
    counts the steps in which a decision asked for more than was recorded.
    """

    committed: int = 0
    steps: int = 0
    row_steps: int = 0
    seconds: float = 0.0
    drafting: float = 0.0
    beyond: int = 0
    history: list[ReplayedStep] = field(default_factory=list)
    taken: dict[int, list[int]] = field(default_factory=dict)  # request → tokens committed step by step

    @property
    def verified(self) -> int:
        """Draft nodes checked, padding apart."""
        return sum(step.verified for step in self.history)

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.committed / self.seconds if self.seconds else 0.0

    @property
    def exact(self) -> bool:
        """False where more than 1 % of the steps asked beyond the envelope."""
        return self.beyond <= BEYOND * self.steps


@dataclass
class Memory:
    """What lasts from one replay to the next: everything learned, and the controller's view of the costs."""

    learned: Learned
    costs: Costs
    rates: HitRates


def knowing(profile: Profile) -> Memory:
    """Nothing learned yet, costs known for good: a controller on the machine of `profile` itself."""
    return Memory(Learned(), Machine(profile), HitRates())


def believing(profile: Profile) -> Memory:
    """Nothing learned yet; costs believed to be those of `profile` and corrected by what is timed."""
    return Memory(Learned(), OnlineCosts.of(profile), HitRates())


def replay(
    trace: Trace,
    recipe: Any,
    profile: Profile,
    batch: int = 1,
    rows: str = "refill",
    requests: Sequence[int] | None = None,
    memory: Memory | None = None,
    noise: float = 0.0,
    seed: int = 0,
    ngram: bool = False,
) -> Replay:
    """Run `recipe` (a name, path, text or `Recipe`) on `requests` of a trace (default: all, in order).

    `rows` "refill": a finished row's place is taken by the next request (the list is gone through again until every
    request is done, so that the batch stays full), and its prompt is digested by then; "drain": batches of `batch`
    requests run one after the other and shrink as rows finish. `memory`: what was learned before and what is believed
    about costs (default: `knowing(profile)`). `noise`: relative spread of the simulated timings. `ngram`: draft with
    n-grams of the text instead of the recorded drafter. Raises TraceError or RecipeError.
    """
    kind("trace", trace, Trace, "a Trace, as smartgen.trace.load reads one")
    kind("profile", profile, Profile, "a Profile, as smartgen.profile.store.load reads one")
    kind("memory", memory, Memory | None, "a Memory, as knowing(profile) makes one, or None")
    count("batch", batch)
    number("noise", noise)
    if rows not in ("refill", "drain"):
        raise TraceError(f"rows are 'refill' or 'drain', not {rows!r}")
    order = list(range(trace.requests)) if requests is None else list(requests)
    for request in order:
        count("each of requests", request, least=0, most=trace.requests - 1)
    if not any(len(trace.text_of(request)) > 1 for request in order):
        raise TraceError("there is no request to replay: one that ends with its first token leaves nothing to decode")
    ngram = ngram or trace.header.source == "ngram"
    machine = Machine(profile)
    machine.check(batch if rows == "refill" else min(batch, len(order)), drafting=not ngram)
    clock = Clock(machine, noise, seed)
    run = _Run(trace, load_recipe(recipe).program, clock, memory or knowing(profile), ngram)
    if rows == "drain":
        for start in range(0, len(order), batch):
            run.drain(order[start : start + batch])
    else:
        run.refill(order, batch)
    return run.result


class Clock:
    """What single steps and passes take: the machine's seconds, with log-normal noise."""

    def __init__(self, machine: Machine, noise: float, seed: int) -> None:
        self.machine, self.noise = machine, noise
        self._random = np.random.default_rng(seed)

    def verify(self, batch: int, nodes: int, context: float) -> float:
        """Seconds of a step apart from drafting."""
        return self._noisy(float(self.machine.curve("verify", batch, nodes, context)[nodes]))

    def draft(self, batch: int, width: int, context: float) -> float:
        """Seconds of one drafting pass."""
        return self._noisy(self.machine.draft(batch, width, context))

    def catch_up(self, batch: int, pending: int, context: float) -> float:
        """Seconds of a step's first drafting pass."""
        return self._noisy(self.machine.catch_up(batch, pending, context))

    def _noisy(self, seconds: float) -> float:
        return seconds * float(np.exp(self.noise * self._random.standard_normal())) if self.noise else seconds


class _Run:
    """One replay. Arrays are (B,) over active rows: `request`, `place` (index of the last committed text token)."""

    request: Ints
    place: Ints
    number: Ints  # in the order in which requests came
    came: NDArray[np.float64]  # simulated seconds at which each row's first token was there
    session: TraceSession | NGramReplay
    free: NGramReplay | None  # beside the recorded drafter, for programs that tell sources apart
    controller: Controller
    drains: bool
    padded: int  # a call's prompts are padded to the longest

    def __init__(self, trace: Trace, program: Program, clock: Clock, memory: Memory, ngram: bool) -> None:
        self.trace, self.program, self.clock, self.memory = trace, program, clock, memory
        self.traits = DrafterTraits("ngram" if ngram else trace.header.source, one_pass=ngram, free=ngram)
        self.prompts, self.lengths = np.diff(trace.prompt_start), np.diff(trace.text_start)
        # a text's next tokens can be read past its end
        self.text = np.concatenate([trace.text, np.full(trace.header.envelope.depth + 1, NO_TOKEN)]).astype(np.int64)
        self.result = Replay()

    # -- rows -----------------------------------------------------------------------------------------------------
    def drain(self, requests: list[int]) -> None:
        """One call on these requests; rows leave as they finish."""
        self._begin([request for request in requests if self.lengths[request] > 1], drains=True)
        while len(self.request):
            self._step()
            going = np.flatnonzero(self.place < self.lengths[self.request] - 1)
            if len(going) < len(self.request):
                self.request, self.place = self.request[going], self.place[going]
                self.number, self.came = self.number[going], self.came[going]
                self.session.keep_rows(going)
                if self.free is not None:
                    self.free.keep_rows(going)
        self.controller.ends()

    def refill(self, order: list[int], batch: int) -> None:
        """A batch that is always full, until every request of the list is done."""
        order = [request for request in order if self.lengths[request] > 1]
        self._begin([order[n % len(order)] for n in range(batch)], drains=False)
        admitted, unfinished = batch, set(range(len(order)))
        while unfinished:
            self._step()
            for row in np.flatnonzero(self.place >= self.lengths[self.request] - 1).tolist():
                unfinished.discard(int(self.number[row]))
                request = order[admitted % len(order)]
                self.request[row], self.place[row] = request, 0
                self.number[row], self.came[row] = admitted, self.result.seconds
                admitted += 1
                self.session.admit(row, request)  # an engine digests prompts as requests come in
                if self.free is not None:
                    self.free.admit(row, request)
                self._first_token(row)

    def _begin(self, requests: list[int], drains: bool) -> None:
        self.request = np.array(requests, np.int64)
        self.place, self.number = np.zeros(len(requests), np.int64), np.arange(len(requests))
        self.came = np.full(len(requests), self.result.seconds)
        self.drains = drains
        self.padded = int(self.prompts[self.request].max(initial=0))
        if self.traits.free:
            self.session = NGramReplay(self.trace, requests, self.memory.rates)
        else:
            self.session = TraceSession(self.trace, requests, digested=not drains)
        merged = merges(self.program, self.traits.source)
        self.free = NGramReplay(self.trace, requests, self.memory.rates) if merged else None
        if len(requests):
            self._commit(self.text[self.trace.text_start[self.request]][:, None], np.ones(len(requests), np.int64))
        self.controller = Controller(self.program, self.memory.costs, self.memory.learned)

    def _first_token(self, row: int) -> None:
        """The prefill's token of a request that has just come in."""
        counts = np.zeros(len(self.request), np.int64)
        counts[row] = 1
        self._commit(self.text[self.trace.text_start[self.request]][:, None], counts)

    def _commit(self, tokens: Ints, counts: Ints) -> None:
        self.session.commit(tokens, counts, None)
        if self.free is not None:
            self.free.commit(tokens, counts, None)

    # -- one step -------------------------------------------------------------------------------------------------
    def _step(self) -> None:
        controller = self.controller
        situation = self._situation()
        context, batch = situation.run_context, situation.batch
        plan = controller.plan(situation, self.free.beside() if self.free is not None else ())
        beyond = self.session.beyond
        passes = self._draft(plan, batch, context) if plan.draft else []
        chosen = controller.select()
        counts, accepted = self._walk(chosen)
        verifying = self.clock.verify(batch, chosen.shape[1], context)
        start = self.trace.text_start[self.request] + self.place + 1
        tokens = self.text[start[:, None] + np.arange(counts.max())]
        committed = [line[:count] for line, count in zip(tokens.tolist(), counts.tolist(), strict=True)]
        self._commit(tokens, counts)
        self.place = self.place + counts
        report = controller.observe(Outcome(committed, accepted, verifying, passes))
        drafting = sum(seconds for _, seconds in passes)
        step = ReplayedStep(
            rows=batch,
            layers=report.layers,
            nodes=report.nodes,
            verified=int((chosen >= 0).sum()),
            accepted=int(accepted.sum()),
            predicted=report.predicted - batch,
            committed=int(counts.sum()),
            seconds=verifying + drafting,
        )
        self._count(step, counts, drafting)
        self.result.beyond += self.session.beyond > beyond

    def _situation(self) -> Situation:
        header, elapsed = self.trace.header, self.result.seconds - self.came
        return Situation(
            contexts=self.prompts[self.request] + self.place,
            generated=self.place + 1,
            remaining=header.new_tokens - 1 - self.place,
            sampled=header.sampled,
            temperature=header.temperature,
            drafter=self.traits,
            pending=max(1, self.session.pending),
            drains=self.drains,
            span=float(self.padded + self.place.max()) if self.drains else None,
            rows=self.number,
            more={"request.elapsed": elapsed, "request.tpot": elapsed / (self.place + 1)},
        )

    def _draft(self, plan: Plan, batch: int, context: float) -> list[tuple[int, float]]:
        """As the decoding loop drafts; a pass takes what the machine says for the width it feeds."""
        spent: list[tuple[int, float]] = []
        frontier = None
        while True:
            width = max(1, self.session.pending) if frontier is None else frontier.token.shape[1]
            price = self.clock.catch_up if frontier is None else self.clock.draft
            layers = drafted(self.session, self.controller, plan, frontier)
            spent.append((width, 0.0 if self.traits.free else price(batch, width, context)))
            frontier = self.controller.grow(layers)
            if frontier is None:
                self.session.rewind()
                return spent

    def _walk(self, chosen: Ints) -> tuple[Ints, Ints]:
        """(B,) tokens each row commits and how many of them were draft nodes."""
        left = self.lengths[self.request] - 1 - self.place
        accepted = np.zeros(len(chosen), np.int64)
        if chosen.shape[1]:
            tree, rows = self.controller.tree, np.arange(len(chosen))
            at = np.maximum(chosen, 0)
            token, parent = tree.token[rows[:, None], at], tree.parent[rows[:, None], at]
            start = self.trace.text_start[self.request] + self.place + 1
            current = np.full(len(chosen), -1)
            for depth in range(int(left.max())):
                match = (parent == current[:, None]) & (token == self.text[start + depth][:, None]) & (chosen >= 0)
                found = match.any(1) & (depth < left)
                if not found.any():
                    break
                accepted += found
                current = np.where(found, chosen[rows, match.argmax(1)], -3)
        return np.minimum(accepted + 1, left), accepted

    def _count(self, step: ReplayedStep, counts: Ints, drafting: float) -> None:
        result = self.result
        result.steps += 1
        result.row_steps += step.rows
        result.committed += step.committed
        result.seconds += step.seconds
        result.drafting += drafting
        result.history.append(step)
        for request, taken in zip(self.request.tolist(), counts.tolist(), strict=True):
            result.taken.setdefault(request, []).append(taken)
