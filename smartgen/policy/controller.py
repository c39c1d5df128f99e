"""The controller: plan, grow, select, observe. Every backend calls these four and nothing else decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartgen.language.program import Program, Read, parts
from smartgen.language.signals import PAST
from smartgen.policy.adding import add, hang, packed_frontier
from smartgen.policy.arithmetic import Value
from smartgen.policy.board import Board, Room
from smartgen.policy.calibrated import Calibrated
from smartgen.policy.compile import Compiler
from smartgen.policy.counts import caps
from smartgen.policy.depths import best_depth
from smartgen.policy.drain import row_weights
from smartgen.policy.drained import DrainingCall
from smartgen.policy.free import FREE_SOURCE, FreeCandidates
from smartgen.policy.labels import first_hits, label_step
from smartgen.policy.learned import Learned
from smartgen.policy.memories import Memories
from smartgen.policy.past import Past
from smartgen.policy.pricing import ahead, measured, next_layer, totals, with_pass
from smartgen.policy.rules import compile_rules
from smartgen.policy.scope import Scope
from smartgen.policy.situation import Costs, Outcome, Situation
from smartgen.policy.skipped import label_skipped, positions
from smartgen.policy.step import Caps, Step
from smartgen.policy.totals import Basis, Totals
from smartgen.tree.draft_tree import DraftTree
from smartgen.tree.layer import Frontier, Layer, Skipped, beside

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
PROBE_SHARE = 0.01  # of what is left of a call, by plain decoding
PLAIN_FOR = 8  # steps for which the costs of plain decoding stay as they were looked up
USELESS = 0.5  # a gain below it: next to nothing of what a drafter promises comes true


@dataclass(frozen=True)
class Plan:
    """Decided before drafting: whether to draft at all, how many children a node may get, and to how many skipped
    positions a row the first pass shall look back.
    """

    draft: bool
    topk: int
    depth: int
    back: int = 0


class StepReport(NamedTuple):
    """What a step did and why it stopped, for the ledger."""

    layers: int
    candidates: int
    nodes: int
    predicted: float  # expected tokens of the batch, bonus tokens included
    reason: str


class Controller:
    """One `generate` call's decisions under one program. `learned` outlives the call; everything else does not.

    `energy`: joules of the same work, where a meter is read.
    """

    step: Step
    chosen: Ints

    def __init__(self, program: Program, costs: Costs, learned: Learned, energy: Costs | None = None) -> None:
        self.program, self.costs, self.learned, self.energy = program, costs, learned, energy
        self.past = Past()
        compiler = Compiler()
        self.situations = [
            (compiler.maybe(situation.when), compile_rules(program, situation.rules, compiler))
            for situation in program.situations
        ]
        self.memories = Memories(program, learned, compiler)
        self.calibrations = {
            number: Calibrated(site, compiler) for number, site in enumerate(program.sites) if site.kind == "calibrated"
        }
        self.reads = frozenset(part.name for part in parts(program) if isinstance(part, Read))
        self.looks_at_the_past = any(name.startswith(PAST) for name in self.reads)
        self.steps = 0
        self.draining: DrainingCall | None = None
        self._plain: tuple[tuple[int, int], Floats] | None = None

    # -- plan -----------------------------------------------------------------------------------------------------
    def plan(self, situation: Situation, free: Sequence[Layer] = ()) -> Plan:
        """Begin a step: which rules hold, within which extents, and is the first drafting pass worth making?

        `free`: all layers of a source that costs no pass, for a controller that `merges`.
        """
        with self.learned.lock, np.errstate(all="ignore"):
            self.step = step = self.begin(situation, free)
            draft = self._first_pass(step)
            if draft:
                step.spent = with_pass(self, step, situation.pending)
            back = positions(step) if step.probe and not self.learned.frozen else 0
            return Plan(draft, step.caps.topk, step.caps.depth, back)

    def begin(self, situation: Situation, free: Sequence[Layer] = ()) -> Step:
        """The step before anything is decided: which rules hold, within which extents; `plan` begins with it."""
        learned, sampled = self.learned, situation.sampled
        shortest = int(situation.remaining.min())
        weighs = "progress" in self.reads and situation.drains and situation.batch > 1
        if weighs and not self.steps:
            self.draining = DrainingCall(self._plain_costs(situation), learned.worth)
        basis = Basis(1.0, situation.remaining, shortest, partial(self._weights, situation) if weighs else None)
        _, rules = self.situations[-1]
        step = Step(
            situation,
            rules,
            Caps(0, 0, 0, Room(0), 0, 0),
            learned.growth(rules.key, sampled),
            learned.gain(rules.key, sampled),
            basis,
            DraftTree(situation.batch),
            Board.empty(situation.batch),
            next_width=situation.pending,
        )
        step.totals = Totals(step.board, basis, 0, 0)
        scope = Scope(self, step)
        rules = next(rules for when, rules in self.situations if when is None or bool(when(scope)))
        if rules is not step.rules:
            step.rules = rules
            step.growth, step.gain = learned.growth(rules.key, sampled), learned.gain(rules.key, sampled)
        if rules.calibrated:
            basis.gain = step.gain.value
        step.caps = caps(rules, scope)
        if situation.drains and not self.steps and not learned.frozen:
            learned.calls.begins()
        self.steps += 1
        if free and step.caps.depth > 0:
            depths = step.caps.depth if step.caps.rows_depth is None else step.caps.rows_depth
            gain = learned.gain(f"{step.rules.key} {FREE_SOURCE}", sampled)
            step.free = FreeCandidates(FREE_SOURCE, free, depths, step.gain, gain)
            if rules.calibrated:
                step.free.trust()
                basis.gain = 1.0
            hang(self, step)
        step.totals = totals(self, step, step.board, step.spent)
        if rules.depth_low is not None:
            best_depth(self, step, scope)
        return step

    def _weights(self, situation: Situation, promised: Floats) -> Floats:
        """(B,) of the rows' tokens where rows only leave; `promised` (B,) tokens of their candidates."""
        plain = self._plain_costs(situation)
        weights = row_weights(situation.remaining, situation.generated, self.steps, plain, promised)
        return weights if self.draining is None else weights * self.draining.kept

    def _plain_costs(self, situation: Situation) -> Floats:
        """(B,) seconds of a plain step of 1..B rows; asked anew every few steps, since it takes a look at every batch."""
        key = (situation.batch, self.steps // PLAIN_FOR)
        if self._plain is None or self._plain[0] != key:
            counts = range(1, situation.batch + 1)
            self._plain = key, np.array([self.costs.verify(rows, 0, situation.run_context)[0] for rows in counts])
        return self._plain[1]

    def _first_pass(self, step: Step) -> bool:
        if step.caps.depth <= 0:
            step.reason = "one token left" if int(step.situation.remaining.max()) <= 1 else "limit depth"
            return False
        rules = step.rules
        if step.situation.drafter.free and not (regime := self.learned.regime(rules.key, step.situation.sampled)).pays:
            step.reason = "looking does not pay"
            return regime.probe_due()
        if rules.proceed is None or (rules.asks_ahead and step.situation.drafter.free):
            return True
        answer = np.asarray(rules.proceed(Scope(self, step)), bool)
        if answer.any():
            step.going = answer if answer.shape == (step.tree.batch, 1) and not answer.all() else None
            return True
        step.reason = "no pass pays"
        regime = self.learned.regime(rules.key, step.situation.sampled)
        step.probe = self._can_pay(step) and regime.probe_due(partial(self._effort, step.situation))
        return step.probe

    def _can_pay(self, step: Step) -> bool:
        """Whether a look at a resting drafter is cheap enough: what it finds can pay until the call is over, no longer."""
        situation = step.situation
        return not situation.drains or self._effort(situation) <= PROBE_SHARE * self.tokens_left(situation)

    def _effort(self, situation: Situation) -> float:
        """Seconds of a pass that feeds all that the drafter has missed, over those of a plain step."""
        batch, context = situation.batch, situation.run_context
        return self.costs.catch_up(batch, situation.pending, context) / float(self.costs.verify(batch, 0, context)[0])

    def look_back(self, skipped: Skipped | None) -> None:
        """What a drafter that was woken says of the positions that it skipped; learned from when the step ends."""
        self.step.skipped = skipped

    # -- grow -----------------------------------------------------------------------------------------------------
    def grow(self, layers: list[Layer]) -> Frontier | None:
        """Take what a pass drafted; the nodes to draft from next, or None where drafting should stop."""
        with self.learned.lock, np.errstate(all="ignore"):
            step = self.step
            step.passes += 1
            layers = layers[: step.caps.depth]
            if not step.situation.drafter.one_pass:
                add(self, step, layers[0], layers[0].token.shape[1:])
                return self._frontier(step, layers[0])
            self._take_all(step, layers)
            return None

    def _take_all(self, step: Step, layers: list[Layer]) -> None:
        """All layers of a one-pass drafter: together where nothing is asked between them, else until the answer is no."""
        widths, caps = [layer.token.shape[1] for layer in layers], step.caps
        if layers and step.rules.at_once and caps.rows_width is None and max(widths) <= caps.width:
            add(self, step, beside(layers), widths)
            return
        for layer in layers:
            add(self, step, layer, layer.token.shape[1:])
            if self._ends(step, priced=False):
                return

    def _ends(self, step: Step, priced: bool = True) -> bool:
        """Whether drafting stops here; notes why, and which rows go on. A pass that costs nothing is not priced."""
        if step.next_width == 0:
            return _stopped(step, "nothing kept")
        if step.depth >= step.caps.depth:
            return _stopped(step, "limit depth")
        if step.probe:
            return _stopped(step, "probe")
        rules = step.rules
        if rules.proceed is None or (rules.asks_ahead and not priced):
            return False
        answer = rules.proceed(Scope(self, step))
        if isinstance(answer, bool):
            return False if answer else _stopped(step, "no pass pays")
        answer = np.asarray(answer, bool)
        if not answer.any():
            return _stopped(step, "no pass pays")
        if answer.ndim == 2 and not answer.all():
            return self._rows_end(step, answer)
        return False

    def _rows_end(self, step: Step, answer: NDArray[np.bool_]) -> bool:
        """Some rows stop contributing."""
        step.going = answer if step.going is None else step.going & answer
        assert step.frontier is not None
        frontier = np.where(step.going, step.frontier, -1)
        width = int((frontier >= 0).sum(1).max(initial=0))
        if width == 0:
            return _stopped(step, "no pass pays")
        benefit = np.take_along_axis(step.tree.benefit, np.maximum(frontier, 0), 1)
        if width != step.next_width:
            step.spent_ahead = None
        step.frontier, step.next_width, step.frontier_whole = frontier[:, :width], width, False
        step.frontier_mass = np.where(frontier >= 0, benefit, 0.0).sum(1)
        return False

    def _frontier(self, step: Step, layer: Layer) -> Frontier | None:
        """The kept candidates of the newest layer, if another pass is to be made."""
        if self._ends(step):
            return None
        token, parent, nodes, real = packed_frontier(step, layer)
        step.frontier = nodes
        known = step.spent_ahead if nodes.shape[1] == step.next_width else None
        step.spent = known or with_pass(self, step, nodes.shape[1])
        return Frontier(token, parent, real)

    # -- select ---------------------------------------------------------------------------------------------------
    def select(self) -> Ints:
        """(B, n) places in the tree to verify, parents before children, -1 at the end of short rows; n may be 0."""
        with self.learned.lock:
            totals, counts = self.step.totals, self.step.totals.row_nodes
            width = int(counts.max(initial=0))
            nodes = totals.board.node[:, :width]
            self.chosen = np.where(np.arange(width) < counts[:, None], nodes, -1)
            return self.chosen

    @property
    def tree(self) -> DraftTree:
        """This step's candidates."""
        return self.step.tree

    # -- observe --------------------------------------------------------------------------------------------------
    def observe(self, outcome: Outcome) -> StepReport:
        """Learn from what was committed and from what it took; ends the step."""
        with self.learned.lock, np.errstate(all="ignore"):
            step, totals = self.step, self.step.totals
            size, doubted = self.chosen.shape[1], step.probe and step.gain.value < USELESS
            if step.skipped is not None:
                label_skipped(self, step, step.skipped)
            label_step(self, step, self.chosen, outcome)
            if not self.learned.frozen:
                if self.memories.sites:
                    self.memories.update(Scope(self, step))
                if step.situation.drains:
                    self._goes_on(step.situation, outcome)
                if step.passes and not step.situation.drafter.free:
                    paid = not step.probe or self._would_have_paid(step, outcome)
                    self.learned.regime(step.rules.key, step.situation.sampled).drafted(paid, doubted and paid)
                elif step.passes:
                    self._looked(step, outcome)
            self._time(step, size, outcome)
            predicted = totals.chosen_of("tokens")
            return StepReport(step.depth, step.tree.candidates, size, predicted, step.reason or "complete")

    def ends(self) -> None:
        """The call is over; nothing further is asked."""
        if self.draining is not None and not self.learned.frozen:
            with self.learned.lock:
                self.draining.tell(self.learned.worth)

    def _goes_on(self, situation: Situation, outcome: Outcome) -> None:
        """The call goes on, or ends with what rows might still have emitted."""
        tokens = [len(line) for line in outcome.committed]
        self.learned.calls.goes_on(max(tokens), int((situation.remaining - tokens).max()))
        if self.draining is not None:
            rows = range(situation.batch) if situation.rows is None else situation.rows.tolist()
            self.draining.steps(rows, tokens, outcome.accepted, self.step.basis.weights)

    def _would_have_paid(self, step: Step, outcome: Outcome) -> bool:
        """Whether drafting, as usual two tokens after the last time, and a number of a probe's best candidates were worth it."""
        batch, context, hits = step.situation.batch, step.situation.run_context, first_hits(step, outcome)
        plain, *verifying = self.costs.verify(batch, len(hits), context)
        seconds = self.costs.catch_up(batch, 2, context) + np.array(verifying)
        return bool(((batch + hits) * plain > batch * seconds).any())

    def _looked(self, step: Step, outcome: Outcome) -> None:
        """Whether it was worth the time to look what a free drafter has; where a ratio is maximised, 0 nodes on offer."""
        totals, looking = step.totals, sum(seconds for _, seconds in outcome.draft_seconds)
        if totals.objective is None or totals.low > 0 or not totals.objective[0] > 0 or outcome.seconds <= 0:
            return
        promise = float(totals.objective[totals.chosen] / totals.objective[0]) - 1.0
        regime = self.learned.regime(step.rules.key, step.situation.sampled)
        regime.looked(promise, looking / outcome.seconds)

    def _time(self, step: Step, size: int, outcome: Outcome) -> None:
        batch, context = step.situation.batch, step.situation.run_context
        self.costs.observe_verify(batch, size, context, outcome.verify_seconds)
        if not step.situation.drafter.free:
            for number, (width, seconds) in enumerate(outcome.draft_seconds):
                observe = self.costs.observe_draft if number else self.costs.observe_catch_up
                observe(batch, width, context, seconds)

    def tokens_left(self, situation: Situation) -> float:
        """Tokens that the longest row is expected to get still."""
        return self.learned.calls.expected(int(situation.remaining.max()))

    # -- asked by expressions -------------------------------------------------------------------------------------
    def ahead(self, step: Step) -> Totals:
        """The totals as they would stand after one more pass."""
        return ahead(self, step)

    def next_layer(self, step: Step) -> Floats:
        """(B, F) the forecast benefits of what one more pass would draw."""
        return next_layer(step)

    def measured(self, scope: Scope, phase: str, quantity: str, model: str, at: dict[str, Value]) -> Value:
        """`profile.<phase>.<quantity>` at the scope's point, or at the coordinates of `at`."""
        costs = self.costs if quantity == "time" else self.energy
        assert costs is not None, "energy is read where no meter is; the capability check should have refused it"
        return measured(costs, scope, phase, model, at)


def _stopped(step: Step, reason: str) -> bool:
    """No further pass; the first reason given stays."""
    step.reason = step.reason or reason
    return True
