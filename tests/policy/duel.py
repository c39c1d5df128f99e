"""The compiled controller and the reference interpreter, side by side in one world."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from smartgen.language.program import Program
from smartgen.policy.asked import merges
from smartgen.policy.controller import Controller
from smartgen.policy.free import FREE, OWN
from smartgen.policy.growth import Growth
from smartgen.policy.learned import Learned
from smartgen.policy.reference.free import FreeLayer, Proposed
from smartgen.policy.reference.interpreter import Interpreter
from smartgen.policy.reference.world import Candidate, Fresh, Given, Node, Row, Said
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.tree.layer import Layer

Path = tuple[int, ...]
Hung = tuple[Path, float]  # a free candidate's path and its chance
BONUS = 1 << 40


@dataclass(repr=False)
class World:
    """What the drafter would say below every node, what work costs, and what befalls the batch step by step.

    `children(row, path)`: candidates of a row's node. `verify`, `draft`, `catch_up`: seconds by size,
    the last one goes on.
    """

    children: Callable[[int, Path], list[Candidate]]
    rows: list[Row]
    verify: list[float]
    draft: list[float]
    catch_up: list[float] | None = None  # seconds of first passes; None: what `draft` says
    pending: int = 1
    packed: bool = False
    one_pass: int = 0  # layers that are handed over at once; 0: layer by layer
    free: bool = False
    drains: bool = False
    hanging: Callable[[int, int], list[list[Hung]]] = field(default=lambda step, row: [])  # free candidates by layer
    lucky: Callable[[int, int], int] = field(default=lambda step, row: 0)  # which verified leaf is accepted

    seconds: Callable[[int], float] = field(default=lambda nodes: 1.0 + 0.25 * nodes)  # that a step takes
    name: str = ""

    def _repr_pretty_(self, printer, cycle) -> None:
        printer.text(self.name)

    @property
    def more(self) -> dict[str, float]:
        return {"engine.queue": 3.0, "engine.memory": 0.5, "run.power": 50.0}


class Costs:
    """The world's costs as both sides ask for them."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _at(self, table: list[float], size: float) -> float:
        low = min(math.floor(size), len(table) - 1)
        high = min(low + 1, len(table) - 1)
        return table[low] + (size - math.floor(size)) * (table[high] - table[low])

    # -- the compiled side
    def verify(self, batch, top=None, context=None):
        if top is None:  # the interpreter asks for one size
            return self._at(self.world.verify, batch)
        return np.array([self._at(self.world.verify, n) for n in range(top + 1)])

    def draft(self, batch, width=None, context=None):
        return self._at(self.world.draft, math.ceil(batch if width is None else width))

    def catch_up(self, batch, pending=None, context=None):
        known = self.world.draft if self.world.catch_up is None else self.world.catch_up
        return self._at(known, math.ceil(batch if pending is None else pending))

    def fitted(self, phase, model, batch, context=None):
        slope = {"linear": 2.0, "proportional": 1.0, "exp-power": 3.0, "roofline": 4.0}[model]
        fixed = 0.0 if model == "proportional" else 8.0
        if context is None:
            return fixed + slope * batch
        return lambda size: fixed + slope * np.asarray(size, float)

    def observe_verify(self, *seen):
        pass

    def observe_draft(self, *seen):
        pass

    def observe_catch_up(self, *seen):
        pass


class Estimates(Fresh):
    """The controller's own estimators, in the interpreter's terms."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.grown: dict[str, Growth] = {}

    @property
    def gain(self) -> float:
        return self.controller.step.basis.gain

    @property
    def gains(self) -> tuple[float, float]:
        gains = self.controller.step.free.gains
        return float(gains[OWN]), float(gains[FREE])

    def accepted(self, site, prob, rank, features):
        given = 0.5 ** (rank + 1) if prob is None else prob
        learned = self.controller.learned.map_for(self.controller.program.sites[site])
        return float(learned.estimate(np.array([[given]]), list(features)).value[0, 0])

    def _growth(self) -> Growth:
        return self.grown.setdefault(self.controller.step.rules.key, Growth())

    def next_layer(self, depth, mass):
        return self._growth().ahead(depth, np.array(mass)).tolist()

    def saw(self, depth, mass, layer):
        widest = max(map(len, layer), default=0)
        benefits = np.zeros((len(layer), widest))
        for row, values in enumerate(layer):
            benefits[row, : len(values)] = values
        self._growth().observe(depth, np.array(mass), benefits)

    def worth(self):
        weights = self.controller.step.basis.weights
        return None if weights is None else weights.tolist()

    def tokens_left(self):
        return self.controller.tokens_left(self.controller.step.situation)

    def probe(self):
        return self.controller.step.probe


class Duel:
    """Both sides through the same steps; `step` returns what they decided, and raises where they differ."""

    def __init__(self, program: Program, world: World, learned: Learned | None = None, exact: bool = True) -> None:
        self.world, self.exact = world, exact
        costs = Costs(world)
        self.controller = Controller(program, costs, learned or Learned(), energy=costs)
        self.estimates = Estimates(self.controller)
        self.interpreter = Interpreter(program, costs, self.estimates, energy=costs)
        self.steps = 0
        self.tokens: dict[tuple[int, Path], int] = {}
        self.paths: dict[int, Path] = {}
        self.sources: set[str] = set()  # of verified nodes; "": the drafter

    # -- the drafter --------------------------------------------------------------------------------------------
    def _token(self, row: int, path: Path) -> int:
        if (row, path) not in self.tokens:
            self.tokens[row, path] = len(self.tokens)
            self.paths[self.tokens[row, path]] = path
        return self.tokens[row, path]

    def _below(self, row: int, path: Path, topk: int) -> list[Candidate]:
        said = self.world.children(self.world.rows[row].name, path)[:topk]
        return [
            Candidate(self._token(row, (*path, rank)), one.prob, one.entropy, one.confidence)
            for rank, one in enumerate(said)
        ]

    def _layer(self, below: list[list[list[Candidate]]]) -> Layer:
        """By row, by node fed: candidates → arrays."""
        fed = max(map(len, below))
        widest = max((len(kids) for row in below for kids in row), default=0) or 1
        shape = (len(below), fed, widest)
        token, valid = np.zeros(shape, np.int64), np.zeros(shape, bool)
        prob, entropy, confidence = np.zeros(shape), np.full(shape, np.nan), np.full(shape, np.nan)
        for b, row in enumerate(below):
            for f, kids in enumerate(row):
                for k, one in enumerate(kids):
                    token[b, f, k], prob[b, f, k], valid[b, f, k] = one.token, one.prob, True
                    entropy[b, f, k], confidence[b, f, k] = one.entropy, one.confidence
        parent = np.broadcast_to(np.arange(fed)[None, :, None], shape)
        rank = np.broadcast_to(np.arange(widest), shape)
        flat = (len(below), fed * widest)
        arrays = (a.reshape(flat) for a in (token, prob, parent, rank, valid, entropy, confidence))
        return Layer(*arrays, fan=widest)

    def _free(self) -> list[FreeLayer]:
        """By layer, by row: what another source proposes; `place` of each path in its layer is what children refer to."""
        if not merges(self.controller.program, "head"):
            return []
        rows = [self.world.hanging(self.steps, row.name) for row in self.world.rows]
        layers: list[list[list[Proposed]]] = [[[] for _ in rows] for _ in range(max(map(len, rows)))]
        for row, line in enumerate(rows):
            above: list[Path] = [()]
            for depth, layer in enumerate(line):
                for path, prob in layer:
                    rank = sum(path[:-1] == other[:-1] for other, _ in layer[: layer.index((path, prob))])
                    candidate = Candidate(self._token(row, path), prob)
                    layers[depth][row].append((candidate, above.index(path[:-1]), rank))
                above = [path for path, _ in layer]
        return layers

    # -- one step -----------------------------------------------------------------------------------------------
    def step(self) -> tuple[int, list[int]]:
        """(layers, nodes of each row)."""
        world = self.world
        rows = np.array([[row.context, row.generated, row.remaining, row.name] for row in world.rows])
        more = {**world.more, "request.tag": [row.more["request.tag"] for row in world.rows]}
        more |= {
            name: np.array([row.more[name] for row in world.rows], float)
            for name in ("request.elapsed", "request.tpot")
        }
        traits = DrafterTraits("head", bool(world.one_pass), world.free)
        free = self._free()
        plan = self.controller.plan(
            Situation(
                *rows.T[:3],
                False,
                0.0,
                traits,
                world.pending,
                world.drains,
                rows=rows[:, 3],
                packed=world.packed,
                more=more,
            ),
            [_hung(layer) for layer in free],
        )
        given = Given(
            world.rows,
            one_pass=bool(world.one_pass),
            free=world.free,
            pending=world.pending,
            packed=world.packed,
            drains=world.drains,
            more=world.more,
        )
        planned = self.interpreter.plan(given, free)
        assert (plan.draft, plan.depth) == (planned.draft, planned.depth)
        assert self.controller.step.reason == self.interpreter.step.reason
        self._same_nodes()
        self._same_totals()
        if plan.draft:
            assert plan.topk == planned.topk
            (self._all_at_once if world.one_pass else self._layer_by_layer)(plan.topk)
        chosen = self.controller.select()
        trees = self.interpreter.select()
        picked = [[self._path(row, node) for node in line if node >= 0] for row, line in enumerate(chosen)]
        assert picked == [[self.paths[node.candidate.token] for node in tree] for tree in trees]
        self.sources |= {node.source for tree in trees for node in tree}
        self._observe(trees)
        self.steps += 1
        return len(self.interpreter.step.layers), [len(tree) for tree in trees]

    def _layer_by_layer(self, topk: int) -> None:
        fed: list[list[Path]] = [[()] for _ in self.world.rows]
        while True:
            below = [[self._below(row, path, topk) for path in paths] for row, paths in enumerate(fed)]
            frontier = self.controller.grow([self._layer(below)])
            nodes = self.interpreter.grow([below])
            self._same_layer()
            assert (frontier is None) == (nodes is None)
            if frontier is None or nodes is None:
                assert self.controller.step.reason == self.interpreter.step.reason
                return
            fed = [[self._shape(node) for node in row] for row in nodes]
            held = [
                [self.paths[token] for token, real in zip(*line, strict=True) if real]
                for line in zip(frontier.token.tolist(), frontier.valid.tolist(), strict=True)
            ]
            assert held == fed

    def _all_at_once(self, topk: int) -> None:
        fed: list[list[Path]] = [[()] for _ in self.world.rows]
        layers = []
        for _ in range(self.world.one_pass):
            below = [[self._below(row, path, topk) for path in paths] for row, paths in enumerate(fed)]
            layers.append(below)
            fed = [[self.paths[one.token] for kids in row for one in kids] for row in below]
        arrays = [self._layer(below) for below in layers]
        arrays = [arrays[0], *(_compacted(*pair) for pair in itertools.pairwise(arrays))]
        assert self.controller.grow(arrays) is None
        self.interpreter.grow(layers)
        self._same_layer()

    @staticmethod
    def _shape(node: Node) -> Path:
        assert node.shape is not None
        return node.shape

    def _path(self, row: int, place: int) -> Path:
        return self.paths[int(self.controller.tree.token[row, place])]

    def _same_layer(self) -> None:
        """Benefits and kept nodes, then the totals of every size."""
        self._same_nodes()
        self._same_totals()

    def _same_nodes(self) -> None:
        tree = self.controller.tree
        for row in range(len(self.world.rows)):
            there = np.flatnonzero(tree.valid[row])
            compiled = {self._path(row, n): (float(tree.benefit[row, n]), bool(tree.kept[row, n])) for n in there}
            nodes = [node for layer in self.interpreter.step.layers for node in layer[row]]
            interpreted = {self.paths[node.candidate.token]: (node.benefit, node.kept) for node in nodes}
            assert len(interpreted) == len(nodes)  # no path stands there twice
            assert compiled.keys() == interpreted.keys()
            for path, (benefit, kept) in compiled.items():
                assert self._close(benefit, interpreted[path][0])
                assert kept == interpreted[path][1], path

    def _same_totals(self) -> None:
        totals, scan = self.controller.step.totals, self.interpreter.step.scan
        assert totals.sizes.tolist() == [offer.size for offer in scan]
        for place, offer in enumerate(scan):
            assert self._close(float(totals.tokens[place]), self.interpreter.totals.tokens(offer.view))
            for name in ("time", "energy", "money"):
                assert self._close(float(getattr(totals, name)[place]), self.interpreter.totals.total(name, offer.view))
            if totals.objective is not None:
                ours = float(totals.objective[place])
                assert self._close(ours, math.nan if offer.objective is None else offer.objective)
            if totals.excess is not None:
                assert self._close(float(totals.excess[place]), offer.excess)
        if self.exact:
            assert len(self.interpreter.select()[0]) == int(totals.row_nodes[0])

    def _close(self, a: float, b: float) -> bool:
        if a == b or (math.isnan(a) and math.isnan(b)):
            return True
        return not self.exact and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)

    def _observe(self, trees: list[list[Node]]) -> None:
        """Each row accepts the path to one of its verified nodes, or nothing; a bonus token follows."""
        said = []
        for row, tree in enumerate(trees):
            lucky = self.world.lucky(self.steps, row)
            path = tree[lucky % len(tree)].line if tree and lucky else []
            room = max(self.world.rows[row].remaining - 1, 0)
            tokens = [node.candidate.token for node in path][:room]
            said.append(Said([*tokens, BONUS], len(tokens)))
        seconds = self.world.seconds(len(trees[0]))
        self.interpreter.observe(said, seconds)
        self.controller.observe(
            Outcome([one.committed for one in said], np.array([one.accepted for one in said]), seconds)
        )
        for row, one in zip(self.world.rows, said, strict=True):
            row.context += len(one.committed)
            row.generated += len(one.committed)
            row.remaining = max(row.remaining - len(one.committed), 1)


def _hung(layer: FreeLayer) -> Layer:
    """Rows of free candidates as arrays."""
    shape = (len(layer), max(map(len, layer)))
    token, parent, rank = (np.zeros(shape, np.int64) for _ in range(3))
    prob, valid = np.zeros(shape), np.zeros(shape, bool)
    for row, line in enumerate(layer):
        for place, (candidate, above, order) in enumerate(line):
            token[row, place], prob[row, place] = candidate.token, candidate.prob
            parent[row, place], rank[row, place], valid[row, place] = above, order, True
    return Layer(token, prob, parent, rank, valid)


def _compacted(above: Layer, layer: Layer) -> Layer:
    """A one-pass drafter counts parents by the cells of the layer before, padding included."""
    cells = [np.flatnonzero(line) for line in above.valid]
    parent = layer.parent.copy()
    for row, places in enumerate(cells):
        inside = parent[row] < len(places)
        parent[row, inside] = places[parent[row, inside]]
        parent[row, ~inside] = 0
    return Layer(layer.token, layer.prob, parent, layer.rank, layer.valid, layer.entropy, layer.confidence)
