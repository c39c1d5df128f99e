"""The controller: plan, grow, select, observe. Every backend calls these four and nothing else decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartgen.language.program import Program, Read, parts
from smartgen.policy.compile import Compiled, Compiler, Value
from smartgen.policy.drain import worth
from smartgen.policy.expand import mark_kept
from smartgen.policy.labels import label_step
from smartgen.policy.learned import Learned
from smartgen.policy.past import Past
from smartgen.policy.rules import CompiledRules, compile_rules
from smartgen.policy.scope import Scope
from smartgen.policy.search import Board, Totals, expected_tokens, running_minimum
from smartgen.policy.situation import Costs, Outcome, Situation
from smartgen.policy.step import Caps, Step
from smartgen.tree.draft_tree import DraftTree
from smartgen.tree.layer import Frontier, Layer, beside

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
UNBOUNDED = 1 << 20


@dataclass(frozen=True)
class Plan:
    """Decided before drafting: whether to draft at all, and how many children a node may get."""

    draft: bool
    topk: int
    depth: int


@dataclass(frozen=True)
class StepReport:
    """What a step did and why it stopped, for the ledger."""

    layers: int
    candidates: int
    nodes: int
    predicted: float  # expected tokens of the batch, bonus tokens included
    reason: str


class Controller:
    """One `generate` call's decisions under one program. `learned` outlives the call; everything else does not."""

    step: Step
    chosen: Ints
    past: Past

    def __init__(self, program: Program, costs: Costs, learned: Learned) -> None:
        self.program, self.costs, self.learned = program, costs, learned
        self.past = Past()
        compiler = Compiler()
        self.site_arguments = [[compiler(argument) for argument in site.arguments] for site in program.sites]
        self.situations = [
            (compiler.maybe(situation.when), compile_rules(situation.rules)) for situation in program.situations
        ]
        self.calibrated = any(site.kind == "calibrated" for site in program.sites)
        self.progress = any(isinstance(part, Read) and part.name == "progress" for part in parts(program))
        self.steps = 0

    # -- plan -----------------------------------------------------------------------------------------------------
    def plan(self, situation: Situation) -> Plan:
        """Begin a step: which rules hold, within which extents, and is the first drafting pass worth making?"""
        with self.learned.lock:
            self.step = step = self._begin(situation)
            draft = self._first_pass(step)
            if draft:
                self._charge_pass(step, situation.pending)
            return Plan(draft, step.caps.topk, step.caps.depth)

    def _begin(self, situation: Situation) -> Step:
        learned, sampled = self.learned, situation.sampled
        step = Step(
            situation,
            self.situations[-1][1],
            Caps(0, 0, 0, 0, 0, 0),
            learned.growth(self.program, sampled),
            learned.gain(self.program, sampled),
            DraftTree(situation.batch),
            Board.empty(situation.batch),
        )
        scope = Scope(self, step)
        step.rules = next(rules for when, rules in self.situations if when is None or bool(when(scope)))
        step.caps = self._caps(step, scope)
        step.worth = self._worth(situation)
        self.steps += 1
        step.totals = self.totals(step, step.board, step.spent)
        return step

    def _worth(self, situation: Situation) -> NDArray[np.float64] | None:
        """Weights of the rows' tokens where rows only leave and the program asks for `progress`."""
        if not (self.progress and situation.drains and situation.batch > 1):
            return None
        counts = range(1, situation.batch + 1)
        plain = np.array([self.costs.verify(rows, 0, situation.run_context)[0] for rows in counts])
        return worth(situation.remaining, situation.generated, self.steps, plain)

    def _caps(self, step: Step, scope: Scope) -> Caps:
        rules, longest = step.rules, int(step.situation.remaining.max())

        def count(compiled: Compiled | None) -> int:
            if compiled is None:
                return UNBOUNDED
            value = compiled(scope)
            return max(0, int(value if isinstance(value, float | int) else np.max(value)))

        width = min(count(rules.width), count(rules.expand.high))
        topk = count(rules.topk)
        topk = width if topk == UNBOUNDED else topk
        low = 0 if rules.verify.low is None else count(rules.verify.low)
        return Caps(
            min(count(rules.depth), longest - 1), width, topk, count(rules.nodes), low, count(rules.verify.high)
        )

    def _first_pass(self, step: Step) -> bool:
        if step.caps.depth <= 0:
            step.reason = "one token left" if int(step.situation.remaining.max()) <= 1 else "limit depth"
            return False
        if step.rules.proceed is None or step.situation.drafter.free:
            return True
        if bool(np.any(step.rules.proceed(Scope(self, step)))):
            return True
        step.reason = "no pass pays"
        step.probe = self.learned.regime(self.program, step.situation.sampled).probe_due()
        return step.probe

    # -- grow -----------------------------------------------------------------------------------------------------
    def grow(self, layers: list[Layer]) -> Frontier | None:
        """Take what a pass drafted; the nodes to draft from next, or None where drafting should stop."""
        with self.learned.lock:
            step = self.step
            step.passes += 1
            one_pass = step.situation.drafter.one_pass
            layers = layers[: step.caps.depth]
            if one_pass and step.rules.at_once and layers:
                self._add(step, beside(layers), [layer.token.shape[1] for layer in layers], one_pass)
            else:
                for layer in layers:
                    self._add(step, layer, [layer.token.shape[1]], one_pass)
            return None if one_pass else self._frontier(step, layers[-1])

    def _add(self, step: Step, layer: Layer, widths: list[int], one_pass: bool) -> None:
        """Append a layer, or several side by side of these `widths`, value them and see what `verify` would pick."""
        tree, rules = step.tree, step.rules
        parent, valid = _placed(step, layer, widths)
        step.fresh = tree.append(layer.token, layer.prob, parent, layer.rank, valid, widths)
        step.newest = new = slice(step.fresh[0].start, step.fresh[-1].stop)
        step.depth += len(widths)
        step.layers.extend(step.fresh)
        scope = Scope(self, step, new)
        benefit = np.where(valid, np.minimum(np.maximum(rules.benefit(scope), 0.0), 1.0), 0.0)
        tree.benefit[:, new] = benefit
        if not one_pass:
            step.growth.observe(step.depth - 1, self._frontier_mass(step), benefit)
        key = benefit if rules.verify.by is None else np.asarray(rules.verify.by(scope), np.float64)
        tree.key[:, new] = np.where(valid, key, -np.inf)
        for part in step.fresh:
            running_minimum(tree, part)
        mark_kept(self, step, scope, tree.key[:, new], one_pass)
        if rules.verify.where is not None:
            tree.key[:, new] = np.where(rules.verify.where(scope), tree.key[:, new], -np.inf)
            for part in step.fresh[1:]:
                running_minimum(tree, part)
        key = tree.key[:, new]
        worth = key if rules.verify.by is None else np.where(key > -np.inf, benefit, 0.0)
        places = np.arange(new.start, new.stop)
        step.board = step.board.with_layer(key, worth, places, step.caps.nodes)
        step.before, step.totals = step.totals, self.totals(step, step.board, step.spent)
        if not one_pass or not rules.at_once:
            kept = tree.kept[:, new]
            step.frontier = np.where(kept, places, -1)
            step.frontier_mass = np.where(kept, benefit, 0.0).sum(1)

    def _frontier(self, step: Step, layer: Layer) -> Frontier | None:
        """Pack the kept candidates of the newest layer, if another pass is to be made."""
        kept = step.tree.kept[:, step.newest]
        if not kept.any():
            return _stopped(step, "nothing kept")
        if step.depth >= step.caps.depth:
            return _stopped(step, "limit depth")
        if step.probe:
            return _stopped(step, "probe")
        if step.rules.proceed is not None:
            answer = np.asarray(step.rules.proceed(Scope(self, step)), bool)
            kept = kept & answer.reshape(-1, 1)
            if not kept.any():
                return _stopped(step, "no pass pays")
        return self._packed(step, layer, kept)

    def _packed(self, step: Step, layer: Layer, kept: Bools) -> Frontier:
        width = int(kept.sum(1).max())
        key = np.where(kept, step.tree.key[:, step.newest], -np.inf)
        key = np.where(kept & (key == -np.inf), -np.finfo(np.float64).max, key)
        order = np.argsort(-key, axis=1, kind="stable")[:, :width]
        rows = np.arange(len(order))[:, None]
        valid = kept[rows, order]
        step.frontier = np.where(valid, order + step.newest.start, -1)
        step.frontier_mass = np.where(kept, step.tree.benefit[:, step.newest], 0.0).sum(1)
        self._charge_pass(step, width)
        return Frontier(layer.token[rows, order], np.where(valid, layer.parent[rows, order], 0), valid)

    # -- select ---------------------------------------------------------------------------------------------------
    def select(self) -> Ints:
        """(B, n) places in the tree to verify, parents before children, -1 at the end of short rows; n may be 0."""
        with self.learned.lock:
            totals = self.step.totals
            assert totals is not None
            size = min(totals.size, totals.board.node.shape[1])
            chosen: Ints = np.where(totals.board.key[:, :size] > -np.inf, totals.board.node[:, :size], -1)
            width = int((chosen >= 0).sum(1).max(initial=0))
            self.chosen = chosen[:, :width]
            return self.chosen

    @property
    def tree(self) -> DraftTree:
        """This step's candidates."""
        return self.step.tree

    # -- observe --------------------------------------------------------------------------------------------------
    def observe(self, outcome: Outcome) -> StepReport:
        """Learn from what was committed and from what it took; ends the step."""
        with self.learned.lock:
            step, totals = self.step, self.step.totals
            assert totals is not None
            size = self.chosen.shape[1]
            if not self.learned.frozen:
                label_step(self, step, self.chosen, outcome)
                if step.passes and not step.situation.drafter.free:
                    self.learned.regime(self.program, step.situation.sampled).drafted(size > 0)
            self._time(step, size, outcome)
            predicted = float(totals.tokens[totals.chosen])
            return StepReport(step.depth, int(step.tree.valid.sum()), size, predicted, step.reason or "complete")

    def _time(self, step: Step, size: int, outcome: Outcome) -> None:
        batch, context = step.situation.batch, step.situation.run_context
        self.costs.observe_verify(batch, size, context, outcome.verify_seconds)
        if not step.situation.drafter.free:
            for width, seconds in outcome.draft_seconds:
                self.costs.observe_draft(batch, width, context, seconds)

    # -- shared by the verbs and by expressions -------------------------------------------------------------------
    def totals(self, step: Step, board: Board, spent: dict[str, float]) -> Totals:
        """Evaluate every size on offer for `board`, with `spent` on drafting, and choose."""
        sizes = self._sizes(step, board)
        gain = step.gain.value if self.calibrated else 1.0
        row_tokens = expected_tokens(board, np.minimum(sizes, board.key.shape[1]), gain, step.situation.remaining)
        zero = np.zeros(len(sizes))
        totals = Totals(
            board,
            sizes,
            row_tokens,
            row_tokens.sum(0),
            row_tokens.sum(0) if step.worth is None else step.worth @ row_tokens,
            zero + spent["time"],
            zero + spent["energy"],
            zero + spent["money"],
        )
        scope = Scope(self, step, totals=totals, every_size=True)
        for cost in step.rules.costs:
            if cost.each == "step":
                setattr(totals, cost.total, getattr(totals, cost.total) + cost.value(scope))
        if step.rules.objective is not None:
            totals.objective = zero + step.rules.objective(scope)
        totals.excess = self._excess(step.rules, scope, len(sizes))
        totals.choose()
        return totals

    def _sizes(self, step: Step, board: Board) -> Ints:
        verify = step.rules.verify
        high = min(board.most, step.caps.nodes, step.caps.verify_high)
        if verify.high is None or not verify.searched:
            return np.array([high])
        return np.arange(min(step.caps.verify_low, high), high + 1)

    def _excess(self, rules: CompiledRules, scope: Scope, sizes: int) -> NDArray[np.float64] | None:
        """(S,) largest relative violation over constraints and rows, or None without constraints."""
        if not rules.constraints:
            return None
        worst = np.zeros(sizes)
        for line in rules.constraints:
            lower = np.asarray(line.lower(scope), np.float64)
            if line.upper is None:
                over = 1.0 - lower
            else:
                upper = np.asarray(line.upper(scope), np.float64)
                over = (lower - upper) / np.maximum(np.abs(upper), 1e-12)
            worst = np.maximum(worst, np.broadcast_to(np.atleast_2d(over).max(0), (sizes,)))
        return worst

    def ahead(self, step: Step) -> Totals:
        """The totals as they would stand after one more pass, by the learned growth."""
        mass = self._frontier_mass(step)
        forecast = step.growth.ahead(step.depth, mass)
        unknown = np.full(forecast.shape[1], -1)
        key = np.where(forecast > 0, forecast, -np.inf)
        board = step.board.with_layer(key, np.maximum(forecast, 0.0), unknown, step.caps.nodes)
        width = step.situation.pending if step.depth == 0 else int(step.tree.kept[:, step.newest].sum(1).max(initial=0))
        return self.totals(step, board, self._with_pass(step, width))

    def _frontier_mass(self, step: Step) -> NDArray[np.float64]:
        return np.ones(step.tree.batch) if step.frontier_mass is None else step.frontier_mass

    def _with_pass(self, step: Step, width: int) -> dict[str, float]:
        spent = dict(step.spent)
        scope = Scope(self, step, width=width)
        for cost in step.rules.costs:
            if cost.each == "pass":
                spent[cost.total] += float(cost.value(scope))
        return spent

    def _charge_pass(self, step: Step, width: int) -> None:
        step.spent = self._with_pass(step, width)

    def measured(self, scope: Scope, phase: str, model: str, at: dict[str, Value]) -> Value:
        """`profile.<phase>.time` at the current point, or at the coordinates of `at`."""
        situation = scope.step.situation
        batch, context = situation.batch, situation.run_context
        if phase == "wake" or (phase == "draft" and situation.drafter.free):
            return 0.0  # a first pass is charged for all it has to feed, which is what waking costs
        size: Any = (
            at["nodes"] if "nodes" in at else at.get("width", scope.width if phase == "draft" else scope.sizes())
        )
        if model != "table":
            return self.costs.fitted(phase, model, batch, context)(size)
        if phase == "draft":
            return self.costs.draft(batch, int(np.ceil(size)), context)
        if isinstance(size, np.ndarray) and size.dtype.kind == "i":
            return self.costs.verify(batch, int(size[-1]), context)[size]
        curve = self.costs.verify(batch, int(np.ceil(np.max(size))), context)
        return np.interp(size, np.arange(len(curve)), curve)

    def picked(self, step: Step) -> Bools:
        """(B, M) the nodes that `verify` would pick now."""
        mask = np.zeros((step.tree.batch, step.tree.size), bool)
        if step.totals is not None and step.totals.size:
            nodes = step.totals.board.node[:, : step.totals.size]
            real = (nodes >= 0) & (step.totals.board.key[:, : step.totals.size] > -np.inf)
            rows, columns = np.nonzero(real)
            mask[rows, nodes[rows, columns]] = True
        return mask

    def average(self, site: int) -> float:
        """Current value of an `ema(...)`: its start before the first update."""
        declared = self.program.sites[site]
        if declared.key in self.learned.averages:
            return self.learned.averages[declared.key]
        start = dict(declared.options)["start"]
        return float(Compiler()(start)(Scope(self, self.step)))


def _placed(step: Step, layer: Layer, widths: list[int]) -> tuple[Ints, Bools]:
    """Places in the tree of each candidate's parent, -1 for the root, and which candidates have one."""
    if len(widths) > 1:  # several layers: each one's parents are places in the one before
        ends = np.cumsum(widths)
        starts = np.concatenate([[0], ends[:-1]])
        before = np.repeat(np.concatenate([[0], starts[:-1]]), widths)
        parent = layer.parent + before
        parent[:, : ends[0]] = -1
        return parent, layer.valid
    if step.frontier is None:
        return np.full_like(layer.parent, -1), layer.valid
    parent = step.frontier[np.arange(len(layer.parent))[:, None], layer.parent]
    return parent, layer.valid & (parent >= 0)


def _stopped(step: Step, reason: str) -> Frontier | None:
    """No further pass; the first reason given stays."""
    step.reason = step.reason or reason
    return None
