"""Act out a written situation with the real controller: the drafter says what the test says it would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smartgen.language.program import Program
from smartgen.policy.controller import Controller, Plan, StepReport
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.profile.online import OnlineCosts
from smartgen.profile.table import CostTable, Point
from smartgen.recipe.suite import ALL, ANY, ROOT, Case, CostLine, Step
from smartgen.tree.layer import Layer

Words = list[set[str]]  # one set of candidates a row
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz" + "".join(map(chr, range(0x100, 0x500)))  # a character a rank
_BONUS = 1 << 40  # a token that no candidate holds


@dataclass
class Decision:
    """What the controller decided in one step; candidates by their words, one entry a row."""

    draft: bool
    depth: int
    topk: int
    frontier: list[Words] = field(default_factory=list)
    kept: Words = field(default_factory=list)
    verify: Words = field(default_factory=list)
    report: StepReport | None = None
    time: float = 0.0
    energy: float = 0.0
    unverified: list[str] = field(default_factory=list)  # accepted paths of the test that were not verified

    @property
    def widths(self) -> tuple[int, ...]:
        """How many nodes of the widest row were drafted from, pass by pass."""
        return tuple(max(map(len, fed)) for fed in self.frontier)


class GivenCosts(OnlineCosts):
    """The costs that a test gives, whatever a step is said to have taken."""

    def __init__(self, lines: Mapping[str, CostLine], batch: int, of: str = "") -> None:
        """`of`: "_energy" for joules."""
        super().__init__(_table(lines.get("verify" + of), batch), _table(lines.get("draft" + of), batch))

    def observe_verify(self, batch: int, nodes: int, context: float, seconds: float) -> None:
        """A test's costs are what they are."""

    def observe_draft(self, batch: int, width: int, context: float, seconds: float) -> None:
        """A test's costs are what they are."""

    def observe_catch_up(self, batch: int, pending: int, context: float, seconds: float) -> None:
        """A test's costs are what they are."""


def _table(line: CostLine | None, batch: int) -> CostTable:
    return CostTable(() if line is None else (Point(batch, 1, size, cost) for size, cost in line.points))


def rehearse(program: Program, case: Case) -> Iterator[tuple[Step, Decision]]:
    """Every step of `case` with what was decided in it, repetitions apart."""
    controller = Controller(program, GivenCosts({}, 1), Learned())
    for step in case.steps:
        batch = len(step.rows)
        controller.costs, controller.energy = GivenCosts(step.costs, batch), GivenCosts(step.costs, batch, "_energy")
        for _ in range(step.repeat):
            yield step, _act(controller, step)


def _act(controller: Controller, step: Step) -> Decision:
    stage = _Stage(step)
    plan = controller.plan(stage.situation())
    decision = Decision(plan.draft, plan.depth, plan.topk)
    if plan.draft:
        _draft(controller, stage, plan, decision)
    chosen = controller.select()
    tree, rows = controller.tree, range(len(step.rows))
    decision.kept = [{stage.words[token] for token in tree.token[row, tree.kept[row]]} for row in rows]
    decision.verify = [{stage.words[tree.token[row, node]] for node in chosen[row] if node >= 0} for row in rows]
    totals = controller.step.totals
    decision.time, decision.energy = totals.chosen_of("time"), totals.chosen_of("energy")
    decision.report = controller.observe(stage.outcome(controller, decision))
    return decision


def _draft(controller: Controller, stage: _Stage, plan: Plan, decision: Decision) -> None:
    frontier = controller.grow([stage.layer(None, plan.topk)])
    while frontier is not None:
        fed = [[stage.words[token] for token in row] for row in np.where(frontier.valid, frontier.token, 0)]
        decision.frontier.append([set(row) - {""} for row in fed])
        frontier = controller.grow([stage.layer(fed, plan.topk)])


class _Stage:
    """The drafter and the target of one step. Token 0 is no candidate; every other candidate has one of its own."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.words = [""]
        self.tokens = {"": 0}

    def situation(self) -> Situation:
        rows = self.step.rows
        contexts, generated, remaining = (
            np.array([getattr(row, name) for row in rows]) for name in ("context", "generated", "remaining")
        )
        more: dict[str, Any] = {f"engine.{name}": value for name, value in self.step.engine.items()}
        for name in ("tag", "elapsed", "tpot"):
            more[f"request.{name}"] = np.array([getattr(row, name) for row in rows])
        return Situation(
            contexts,
            generated,
            remaining,
            self.step.sampled,
            1.0 if self.step.sampled else 0.0,
            DrafterTraits("head"),
            packed=self.step.packed,
            more=more,
        )

    def layer(self, fed: list[list[str]] | None, topk: int) -> Layer:
        """What the drafter proposes below the nodes it was fed, padding "" apart; None: below the root."""
        fed = [[ROOT]] * len(self.step.rows) if fed is None else fed
        below = [
            [_below(row.drafted, word)[:topk] for word in words] for row, words in zip(self.step.rows, fed, strict=True)
        ]
        widest = max((len(children) for row in below for children in row), default=0) or 1
        shape = (len(fed), len(fed[0]), widest)
        token = np.zeros(shape, np.int64)
        prob, entropy, confidence = np.zeros(shape), np.full(shape, np.nan), np.full(shape, np.nan)
        for row, place in np.ndindex(shape[:2]):
            word, children, says = fed[row][place], below[row][place], self.step.rows[row]
            here = slice(len(children))
            prob[row, place, here] = children
            token[row, place, here] = [self._token(word, rank) for rank in range(len(children))]
            if says.entropy:
                entropy[row, place, here] = says.entropy.get(word, says.entropy.get(ANY, np.nan))
            if says.confidence:
                found = _below(says.confidence, word)
                confidence[row, place, here] = [found[min(rank, len(found) - 1)] for rank in range(len(children))]
        parent = np.broadcast_to(np.arange(shape[1])[:, None], shape)
        rank = np.broadcast_to(np.arange(widest), shape)
        flat = (len(fed), -1)
        return Layer(
            token.reshape(flat),
            prob.reshape(flat),
            parent.reshape(flat),
            rank.reshape(flat),
            token.reshape(flat) > 0,
            entropy.reshape(flat),
            confidence.reshape(flat),
        )

    def _token(self, parent: str, rank: int) -> int:
        word = ("" if parent == ROOT else parent) + _DIGITS[rank]
        if word not in self.tokens:
            self.tokens[word] = len(self.words)
            self.words.append(word)
        return self.tokens[word]

    def outcome(self, controller: Controller, decision: Decision) -> Outcome:
        """The accepted paths, each with a bonus token that nobody drafted, and the seconds."""
        given = self.step.accept * (len(self.step.rows) if len(self.step.accept) == 1 else 1)
        paths = [
            max(sorted(verified), key=len, default="") if path == ALL else path
            for path, verified in zip(given, decision.verify, strict=True)
        ]
        decision.unverified = [
            path for path, verified in zip(paths, decision.verify, strict=True) if path and path not in verified
        ]
        committed = [[self.tokens.get(path[: n + 1], 0) for n in range(len(path))] + [_BONUS] for path in paths]
        accepted = np.array([len(path) for path in paths])
        passes, took = controller.step.passes, self.step.took
        return Outcome(committed, accepted, decision.time if took is None else took, [(1, 0.0)] * passes)


def _below(drafted: Mapping[str, tuple[float, ...]], word: str) -> tuple[float, ...]:
    if not word:  # padding of a row with fewer nodes
        return ()
    return drafted.get(word, drafted.get(ANY, ()))
