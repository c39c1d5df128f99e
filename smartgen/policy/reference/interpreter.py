"""plan, grow, select, observe: one step after the other, as docs/language/semantics.md says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from smartgen.language.program import Axis, Expr, Program, Recall, Rules, Shift, parts
from smartgen.policy.reference.choosing import TOLERANCE, Offer, best, excess_at, offers, slack
from smartgen.policy.reference.evaluate import At, learns_from_probability, of_rows, value
from smartgen.policy.reference.expanding import keep
from smartgen.policy.reference.free import FreeLayer, Hanging, hang, hanging_mass, join, take_back
from smartgen.policy.reference.memory import Average, Bandit, Rung
from smartgen.policy.reference.operations import Value, whole
from smartgen.policy.reference.view import ROOT, Trees, View, root_layer
from smartgen.policy.reference.world import Candidate, Estimates, Given, Node, Prices, Said

Layer = Sequence[Sequence[Sequence[Candidate]]]  # by row, by node that was drafted from, by rank
_STATES: dict[str, type[Average] | type[Rung] | type[Bandit]] = {"ema": Average, "ladder": Rung, "ucb": Bandit}
_NOBODY = Node(Candidate(-1, 0.0), None, 0, 0, -1)
FADE = 0.97  # of the sums behind `run.rate`, per step


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


class Interpreter:
    """Executes one program. `prices`: seconds of work for the batch; `energy`: joules, where they are measured."""

    step: Step
    rules: Rules
    given: Given

    def __init__(self, program: Program, prices: Prices, estimates: Estimates, energy: Prices | None = None) -> None:
        self.program, self.prices, self.energy, self.estimates = program, prices, energy, estimates
        self.gain = 1.0
        self.recalled: set[int] = set()
        self.states: dict[tuple[int, Any, int | None], Any] = {}  # by site, bin, row
        self.lasts: dict[int, dict[str, float]] = {}  # by row
        self.last_tokens: float | None = None
        self.last_seconds: float | None = None
        self.sums: dict[int, tuple[float, float]] = {}  # by number of rows

    @property
    def before(self) -> View | None:
        return self.step.before

    # -- plan -----------------------------------------------------------------------------------------------------
    def plan(self, given: Given, free: Sequence[FreeLayer] = ()) -> Planned:
        """Begin a step. `free`: layers that cost no pass."""
        self.given, self.recalled = given, set()
        rows = len(given.rows)
        view = View(given, [[] for _ in given.rows], root_layer(rows), width=float(given.pending))
        self.rules = self.program.situations[-1].rules
        self.gain = 1.0
        self.step = Step(view, [], [], [], [], 0, 0)
        for situation in self.program.situations:
            if situation.when is None or value(self, situation.when, At(view)):
                self.rules = situation.rules
                break
        self.gain = self.estimates.gain if self._calibrates() else 1.0
        self._extents(view)
        if free and self.step.depth > 0:
            own, other = self.estimates.gains if self._calibrates() else (1.0, 1.0)
            self.step.free, self.gain = Hanging(free, [[] for _ in given.rows], own, other), 1.0
            hang(self)
        self._choose(view)
        if self.rules.limits.depth_low is not None:
            self._search_depth()
        step = self.step
        draft = self._first_pass()
        if draft:
            step.paid = self.with_pass(step.view)
        return Planned(draft, max(step.topks), step.depth)

    def _calibrates(self) -> bool:
        sites = [part.site for part in parts(self.rules.benefit) if isinstance(part, Recall)]
        return any(self.program.sites[site].kind == "calibrated" for site in sites)

    def _extents(self, view: View) -> None:
        limits, verify, expand, step = self.rules.limits, self.rules.verify, self.rules.expand, self.step
        longest = max(row.remaining for row in view.given.rows) - 1
        step.depths = [min(depth, longest) for depth in self._counts(limits.depth, view)]
        step.widths = _least(self._counts(limits.width, view), self._counts(expand.high, view))
        step.topks = self._counts(limits.topk, view) if limits.topk is not None else list(step.widths)
        sizes = self._counts(verify.high, view)
        step.rooms = self._counts(limits.nodes, view)
        if not verify.pooled:
            step.rooms = _least(step.rooms, sizes)
        step.low = max(self._counts(verify.low, view)) if verify.low is not None else 0
        step.high = max(sizes)
        step.depth = max(step.depths)
        step.going = [True] * len(view.given.rows)

    def _counts(self, count: Expr | None, view: View) -> list[int]:
        """A count in every row; where nothing is written it does not bound."""
        if count is None:
            return [1 << 20] * len(view.given.rows)
        return [whole(one) for one in of_rows(self, count, view)]

    def _first_pass(self) -> bool:
        step, rules = self.step, self.rules
        if step.depth <= 0:
            step.reason = "one token left" if max(row.remaining for row in self.given.rows) <= 1 else "limit depth"
            return False
        if rules.proceed is None or (self._asks_ahead() and self.given.free):
            return True
        answers = of_rows(self, rules.proceed, step.view)
        if any(answers):
            step.going = [bool(answer) for answer in answers]
            return True
        step.reason = "no pass pays"
        step.probe = self.estimates.probe()
        return step.probe

    def _asks_ahead(self) -> bool:
        return any(isinstance(part, Shift) and part.kind == "forecast" for part in parts(self.rules.proceed))

    # -- grow -----------------------------------------------------------------------------------------------------
    def grow(self, layers: Sequence[Layer]) -> Trees | None:
        """Take the layers that a pass drafted (one, unless the drafter gives all at once); what to draft from next."""
        step = self.step
        for layer in layers[: step.depth]:
            self._add(layer)
            if self._ends():
                return None
        if self.given.one_pass:
            return None
        step.paid = self.with_pass(step.view)
        return step.frontier

    def _add(self, layer: Layer) -> None:
        """A layer joins the trees."""
        step = self.step
        if step.free is not None:
            take_back(self)
        new = [self._nodes(row, below) for row, below in enumerate(layer)]
        own = [list(nodes) for nodes in new]
        if step.free is not None:
            join(self, new)
        mass = self._mass()
        step.before, depth = step.view, step.view.depth
        step.layers.append(new)
        step.view = view = replace(step.view, layer=new, depth=depth + 1)  # the trees and totals are still those before
        for row, node in _each(new):
            node.benefit = self._benefit(At(view, row, node))
            self._gain(node)
        if not (step.imagined or self.given.one_pass):
            self.estimates.saw(depth, mass, [[node.benefit for node in nodes] for nodes in own])
        step.frontier = keep(self, view)
        for row, node in _each(new):
            self._open(At(view, row, node))
        if step.free is not None:
            hang(self)
        self._choose(replace(view, spent=step.paid, width=float(max(map(len, step.frontier)))))

    def value_nodes(self, layer: Trees, depth: int) -> None:
        """Value a layer that nobody drafted."""
        view = replace(self.step.view, layer=layer, depth=depth)
        for row, node in _each(layer):
            node.benefit = self._benefit(At(view, row, node))
            self._gain(node)
        for row, node in _each(layer):
            self._open(At(view, row, node))

    def _nodes(self, row: int, below: Sequence[Sequence[Candidate]]) -> list[Node]:
        """The candidates of one row that are within its extents."""
        step = self.step
        depth = step.view.depth + 1
        number = sum(len(nodes[row]) for nodes in step.layers)
        cells: list[Node | None] = []
        for parent, children in zip(self._fed(row, depth), below, strict=False):
            for rank, candidate in enumerate(children):
                within = rank < step.topks[row] and depth <= step.depths[row] and step.going[row]
                if not within or not parent.kept:  # not kept: only where a drafter gives all layers at once
                    cells.append(None)
                    continue
                above = None if parent is ROOT else parent
                node = Node(candidate, above, rank, depth, number)
                node.shape = (*(above.shape or () if above else ()), rank)
                cells.append(node)
                number += 1
        step.cells[row] = cells
        return [node for node in cells if node is not None]

    def _fed(self, row: int, depth: int) -> list[Node]:
        """The nodes whose children come next: the frontier, or all of the layer before where nobody picked one."""
        if depth == 1:
            return [ROOT]
        if not self.given.one_pass:
            return self.step.frontier[row]
        return [_NOBODY if cell is None else cell for cell in self.step.cells[row]]

    def _benefit(self, at: At) -> float:
        """Within 0..1 and at most the parent's; absent is 0."""
        benefit = value(self, self.rules.benefit, at)
        benefit = 0.0 if benefit is None else min(max(float(benefit), 0.0), 1.0)
        assert at.node is not None
        return benefit if at.node.parent is None else min(benefit, at.node.parent.benefit)

    def _gain(self, node: Node) -> None:
        """Where sources are told apart, each has a gain of its own; no node counts for more than its parent."""
        free = self.step.free
        if free is not None:
            gained = node.benefit * (free.other if node.source else free.own)
            node.gained = gained if node.parent is None else min(gained, node.parent.worth)

    def _open(self, at: At) -> None:
        """Whether `verify` may take a node, and what orders it there: never before its parent, never without it."""
        node, verify = at.node, self.rules.verify
        assert node is not None
        key = node.worth if verify.by is None else value(self, verify.by, at)
        node.open = key is not None and (verify.where is None or bool(value(self, verify.where, at)))
        if verify.static:
            node.open = node.open and node.shape in verify.static
        node.key = 0.0 if key is None else float(key)
        if node.parent is not None:
            node.key = min(node.key, node.parent.key)
            node.open = node.open and node.parent.open

    def _ends(self) -> bool:
        step, rules = self.step, self.rules
        if not any(step.frontier):
            return self._stop("nothing kept")
        if step.view.depth >= step.depth:
            return self._stop("limit depth")
        if step.probe:
            return self._stop("probe")
        if rules.proceed is None or (self._asks_ahead() and self.given.one_pass):
            return False
        answers = of_rows(self, rules.proceed, step.view)
        step.going = [going and bool(answer) for going, answer in zip(step.going, answers, strict=True)]
        step.frontier = [nodes if going else [] for nodes, going in zip(step.frontier, step.going, strict=True)]
        if not any(step.frontier):
            return self._stop("no pass pays")
        step.view.width = float(max(map(len, step.frontier)))
        return False

    def _stop(self, reason: str) -> bool:
        self.step.reason = self.step.reason or reason
        return True

    # -- select ---------------------------------------------------------------------------------------------------
    def select(self) -> Trees:
        """The nodes to verify in each row, in order: parents before children."""
        return self.step.view.trees

    def _choose(self, base: View) -> None:
        """What `verify` picks now becomes the view of the step."""
        self.step.scan = offers(self, base, self._pools(), lambda node: node.key)
        self.step.view = best(self.step.scan).view

    def _pools(self) -> Trees:
        """Each row's candidates for `verify`, best first, as many as there is room for."""
        pools = []
        for row, room in enumerate(self.step.rooms):
            nodes = [node for layer in self.step.layers for node in layer[row] if node.open]
            pools.append(sorted(nodes, key=lambda node: (-node.key, node.number))[:room])
        return pools

    # -- totals ---------------------------------------------------------------------------------------------------
    def tokens(self, view: View) -> float:
        return sum(view.row_tokens(row, self.gain) for row in range(len(view.trees)))

    def progress(self, view: View) -> float:
        worth = self.estimates.worth() or [1.0] * len(view.trees)
        return sum(weight * view.row_tokens(row, self.gain) for row, weight in enumerate(worth))

    def total(self, name: str, view: View) -> float:
        """Drafting so far and the step's own costs of this unit; an absent cost is none."""
        own = [cost.value for cost in self.rules.costs if cost.total == name and cost.each == "step"]
        return view.spent[name] + sum(value(self, cost, At(view)) or 0.0 for cost in own)

    def objective(self, view: View) -> float | None:
        return 0.0 if self.rules.objective is None else value(self, self.rules.objective, At(view))

    def excess(self, view: View) -> float:
        """The largest relative excess over constraints and rows."""
        points = [At(view, row) for row in range(len(view.trees))]
        return max((excess_at(self, line, at) for line in self.rules.constraints for at in points), default=0.0)

    def with_pass(self, view: View) -> dict[str, float]:
        """What drafting has cost once a pass of the view's width is made."""
        spent = dict(view.spent)
        for cost in self.rules.costs:
            if cost.each == "pass":
                spent[cost.total] += value(self, cost.value, At(view)) or 0.0
        return spent

    # -- other moments --------------------------------------------------------------------------------------------
    def ahead(self) -> View:
        """The step as it would stand after one more pass, everything ordered by benefit."""
        step, view = self.step, self.step.view
        mass = [max(mass - hanging_mass(self, row), 0.0) for row, mass in enumerate(self._mass())]
        expected = self.estimates.next_layer(view.depth, mass)
        ghosts = [
            [Node(Candidate(-1, 0.0), None, 0, view.depth + 1, -1, benefit, benefit) for benefit in row if benefit > 0]
            for row in expected
        ]
        for _, node in _each(ghosts):
            self._gain(node)
        pools = [
            sorted([*pool, *new], key=lambda node: -node.worth)[:room]
            for pool, new, room in zip(self._pools(), ghosts, step.rooms, strict=True)
        ]
        for _, node in _each(ghosts):
            node.kept = True
        base = replace(view, layer=ghosts, depth=view.depth + 1, spent=self.with_pass(view))
        return best(offers(self, base, pools, lambda node: node.worth)).view

    def at_moment(self, moment: str, view: View) -> View:
        """The step now (""), as "forecast", or as it was "previous"ly."""
        if moment == "forecast":
            return self.ahead()
        return view if moment == "" or self.before is None else self.before

    def ranked(self, op: str, left: View, right: View) -> bool:
        """Objectives compare as choices do: the one that breaks its constraints less is greater."""
        if op in (">", "<"):
            return self._better(left, right) if op == ">" else self._better(right, left)
        return not (self._better(right, left) if op == ">=" else self._better(left, right))

    def _better(self, one: View, other: View) -> bool:
        excess = self.excess(one) - self.excess(other)
        if abs(excess) > TOLERANCE:
            return excess < 0
        mine, theirs = self.objective(one), self.objective(other)
        if mine is None or theirs is None:
            return mine is not None
        return mine > theirs + slack(theirs)

    def _mass(self) -> list[float]:
        """Summed benefit of the frontier in every row; the root counts 1."""
        if self.step.view.depth == 0:
            return [1.0] * len(self.given.rows)
        return [sum(node.benefit for node in nodes) for nodes in self.step.frontier]

    def _search_depth(self) -> None:
        """Imagine the whole tree, and stop where the objective is best."""
        real, found = self.step, [self.step.view]
        self.step = replace(real, layers=[], frontier=[], going=list(real.going), imagined=True)
        while self.step.view.depth < real.depth and (self.step.view.depth == 0 or any(self.step.frontier)):
            self.step.paid = self.with_pass(self.step.view)
            rows = range(len(self.given.rows))
            fed = [1 if self.step.view.depth == 0 else len(self.step.frontier[row]) for row in rows]
            self._add([[[Candidate(-1, 1.0)] * max(real.topks)] * count for count in fed])
            found.append(self.step.view)
        self.step = real
        assert self.rules.limits.depth_low is not None
        low = min(max(self._counts(self.rules.limits.depth_low, real.view)), real.depth)
        chosen = min(low, len(found) - 1)
        for depth in range(chosen + 1, len(found)):
            if self.ranked(">", found[depth], found[chosen]):
                chosen = depth
        real.depth = max(chosen, low)

    # -- learned and remembered -----------------------------------------------------------------------------------
    def calibrated(self, site: int, at: At) -> float | None:
        """The learned chance of a node, siblings scaled so that they sum to at most 1; absent where it has no probability."""
        node, view = at.node, at.view
        assert node is not None
        assert at.row is not None
        siblings = [other for other in self.step.layers[node.depth - 1][at.row] if other.parent is node.parent]
        chances = {id(other): self._chance(site, replace(at, node=other, view=view)) for other in siblings}
        own = chances[id(node)]
        return None if own is None else own / max(sum(chance or 0.0 for chance in chances.values()), 1.0)

    def _chance(self, site: int, at: At) -> float | None:
        arguments = self.program.sites[site].arguments
        given = learns_from_probability(arguments)
        prob = value(self, arguments[0], at) if given else None
        if given and prob is None:
            return None
        assert at.node is not None
        features = [value(self, argument, at) for argument in arguments[given:]]
        return self.estimates.accepted(site, prob, at.node.rank, features)

    def point_of(self, node: Node, at: At) -> At:
        """Where a node of an earlier layer was valued: that layer is the newest one from there."""
        layer = self.step.layers[node.depth - 1]
        view = at.view if node.depth == at.view.depth else replace(at.view, layer=layer, depth=node.depth)
        return At(view, at.row, node)

    def remembered(self, number: int, at: At) -> Value:
        """The value of an `ema`, `ladder` or `ucb` now."""
        site, state = self.program.sites[number], self._state(number, at)
        options = dict(site.options)
        if isinstance(state, Bandit):
            return value(self, site.arguments[state.arm], at)
        start = value(self, options["start"], at)
        if isinstance(state, Average):
            return state.now(start)
        rungs = [value(self, rung, at) for rung in site.arguments[1:]]
        return rungs[state.place(rungs, start)]

    def _state(self, number: int, at: At) -> Any:
        site = self.program.sites[number]
        options = dict(site.options)
        bin = value(self, options["bins"], at) if "bins" in options else None
        row = None
        if site.axis >= Axis.REQUEST:
            assert at.row is not None
            row = at.view.given.rows[at.row].name
        return self.states.setdefault((number, bin, row), _STATES[site.kind]())

    # -- observe --------------------------------------------------------------------------------------------------
    def observe(self, said: Sequence[Said], seconds: float) -> None:
        """What was committed in every row, and what the step took; ends the step."""
        rows = self.given.rows
        self.lasts = {row.name: self._seen(number, said[number]) for number, row in enumerate(rows)}
        self.last_tokens, self.last_seconds = float(sum(len(one.committed) for one in said)), seconds
        tokens, time = self.sums.get(len(rows), (0.0, 0.0))
        self.sums[len(rows)] = (tokens * FADE + self.last_tokens, time * FADE + seconds)
        for number, site in enumerate(self.program.sites):
            if site.kind == "calibrated" or (site.kind == "ucb" and number not in self.recalled):
                continue
            if site.axis < Axis.REQUEST:
                self._learn(number, At(self.step.view))
            else:
                for row in range(len(rows)):
                    self._learn(number, At(self.step.view, row))

    def _seen(self, row: int, said: Said) -> dict[str, float]:
        """`last.*` of a row; what concerns draft nodes only where some were verified."""
        tree = self.step.view.trees[row]
        seen = {"length": float(len(said.committed))}
        if tree:
            path = [node for node in tree if self._committed(node, said)]
            tested = [node for node in tree if node.parent is None or node.parent in path]
            seen |= {"accepted": float(said.accepted), "drafted": float(len(tree)), "tested": float(len(tested))}
            seen["rate"] = said.accepted / len(tree)
        return seen

    def _committed(self, node: Node, said: Said) -> bool:
        tokens = [above.candidate.token for above in node.line]
        return tokens == said.committed[: len(tokens)]

    def _learn(self, number: int, at: At) -> None:
        site, state = self.program.sites[number], self._state(number, at)
        named = {name: value(self, option, at) for name, option in site.options if name != "bins"}
        values = [value(self, argument, at) for argument in site.arguments]
        if isinstance(state, Average):
            state.learn(values[0], values[1], named["start"])
        elif isinstance(state, Rung):
            every, after = int(named.get("every", 1)), int(named.get("after", 0))
            up, down = named.get("up", 0.0), named.get("down", 0.0)
            state.learn(values[0], values[1:], named["start"], up, down, every, after)
        else:
            state.learn(named.get("reward"), len(values), int(named.get("hold", 1)))

    def last_of(self, name: int) -> dict[str, float]:
        """`last.*` of a row, empty for a new one."""
        return self.lasts.get(name, {})

    def run_rate(self, rows: int) -> float | None:
        """Tokens a second over the recent steps with this many rows."""
        tokens, seconds = self.sums.get(rows, (0.0, 0.0))
        return tokens / seconds if seconds else None


def _least(a: list[int], b: list[int]) -> list[int]:
    return [min(pair) for pair in zip(a, b, strict=True)]


def _each(layer: Trees) -> list[tuple[int, Node]]:
    return [(row, node) for row, nodes in enumerate(layer) for node in nodes]
