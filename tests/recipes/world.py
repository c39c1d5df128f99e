"""Random worlds in which recipes are proven: complete candidate trees for many rows, and the controller acting in them.

A world knows, for every row, what the drafter would propose below every node: K children a node down to depth D. Node i
of a level has the children K i .. K i + K - 1 of the next one, in order of rank. A published rule is transcribed on these
arrays; the recipe is acted out by the real controller, which asks for candidates layer by layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from smartgen.language.program import Program
from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.profile.online import OnlineCosts
from smartgen.profile.table import CostTable, Point
from smartgen.recipe import load
from smartgen.tree.layer import Layer

LONG = 10_000  # tokens that a row may still emit: no clipping


@dataclass
class World:
    """`prob`, `path`: one array (rows, K^d) a level d = 1 .. D."""

    topk: int
    prob: list[np.ndarray]
    path: list[np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        above = np.ones((self.rows, 1))
        self.path = []
        for level in self.prob:
            above = np.repeat(above, self.topk, 1) * level
            self.path.append(above)

    @property
    def rows(self) -> int:
        return self.prob[0].shape[0]

    @property
    def depth(self) -> int:
        return len(self.prob)

    @property
    def starts(self) -> list[int]:
        """Number of the first node of each level, levels laid side by side."""
        return [0, *np.cumsum([self.topk ** (d + 1) for d in range(self.depth)])]

    def flat(self, levels: list[np.ndarray]) -> np.ndarray:
        """(rows, all nodes) from one array a level; levels that are missing are all 0."""
        joined = np.concatenate(levels, 1)
        return np.pad(joined, ((0, 0), (0, self.starts[-1] - joined.shape[1])))

    def row(self, row: int) -> World:
        return World(self.topk, [level[row : row + 1] for level in self.prob])


def random_world(seed: int, rows: int, topk: int, depth: int, sharpest: float = 8.0, mass: float = 1.0) -> World:
    """Siblings descending with sum below `mass`; how sharp the drafter is differs from row to row and node to node."""
    random = np.random.default_rng(seed)
    levels = []
    sharp = random.uniform(0.5, sharpest, (rows, 1, 1))
    for d in range(depth):
        weight = random.random((rows, topk**d, topk + 1)) ** sharp
        share = weight / weight.sum(2, keepdims=True) * mass
        levels.append(-np.sort(-share, axis=2)[:, :, :topk].reshape(rows, -1))
    return World(topk, levels)


@dataclass
class Acted:
    """What the controller decided: masks (rows, all nodes) and, per row, how many layers have a candidate."""

    verified: np.ndarray
    kept: np.ndarray
    drafted: np.ndarray
    controller: Controller

    @property
    def layers(self) -> int:
        return self.controller.step.depth


def act(
    recipe: str,
    world: World,
    costs: OnlineCosts | None = None,
    params: dict | None = None,
    limits: dict | None = None,
    one_pass: bool = False,
    packed: bool = False,
    **extra: np.ndarray,
) -> Acted:
    """One step of a recipe in `world`. `extra`: further fields of a layer (`confidence`, `entropy`), one array a level."""
    controller = controlled(recipe, world, costs, params, limits)
    controller.plan(situation(world.rows, one_pass, packed=packed))
    return acted(controller, world, one_pass, **extra)


def controlled(
    recipe: str,
    world: World,
    costs: OnlineCosts | None = None,
    params: dict | None = None,
    limits: dict | None = None,
    energy: OnlineCosts | None = None,
) -> Controller:
    """A controller that has seen nothing yet, within the extents of `world`."""
    limits = {"depth": world.depth, "topk": world.topk, **(limits or {})}
    program = _program(recipe, tuple((params or {}).items()), tuple(limits.items()))
    return Controller(program, costs or table({0: 1.0}, {1: 1.0}), Learned(), energy)


@cache
def _program(recipe: str, params: tuple, limits: tuple) -> Program:
    return load(recipe, dict(params), dict(limits)).program


def situation(rows: int, one_pass: bool = False, remaining: int = LONG, **more) -> Situation:
    """`more`: further fields of a Situation."""
    zero = np.zeros(rows, int)
    fields = {"generated": zero, **more}
    return Situation(
        zero + 100,
        remaining=zero + remaining,
        sampled=False,
        temperature=0.0,
        drafter=DrafterTraits("head", one_pass),
        **fields,
    )


def acted(controller: Controller, world: World, one_pass: bool = False, **extra: list[np.ndarray]) -> Acted:
    """Draft and select after `plan`."""
    step = controller.step
    if step.caps.depth > 0 and not step.reason:
        if one_pass:
            everything = np.zeros((world.rows, 1), int)
            layers = []
            for _ in range(world.depth):
                layers.append(_below(world, everything, len(layers), extra, step.caps.topk))
                everything = layers[-1].token - world.starts[len(layers) - 1]
            controller.grow(layers)
        else:
            frontier = controller.grow([_below(world, np.zeros((world.rows, 1), int), 0, extra, step.caps.topk)])
            while frontier is not None:
                depth = step.depth
                fed = np.where(frontier.valid, frontier.token - world.starts[depth - 1], -1)
                frontier = controller.grow([_below(world, fed, depth, extra, step.caps.topk)])
    chosen, tree = controller.select(), controller.tree
    verified, kept, drafted = (np.zeros((world.rows, world.starts[-1]), bool) for _ in range(3))
    for row in range(world.rows):
        verified[row, tree.token[row, chosen[row][chosen[row] >= 0]]] = True
        kept[row, tree.token[row, tree.kept[row]]] = True
        drafted[row, tree.token[row, tree.valid[row]]] = True
    return Acted(verified, kept, drafted, controller)


def _below(world: World, fed: np.ndarray, depth: int, extra: dict, topk: int) -> Layer:
    """The children of the level-`depth` nodes `fed` (rows, W), -1 padding; depth 0: of the root."""
    width, k = fed.shape[1], min(world.topk, topk)
    child = (fed[:, :, None] * world.topk + np.arange(k)).reshape(world.rows, -1)
    rank = np.broadcast_to(np.tile(np.arange(k), width), child.shape)
    valid = np.repeat(fed >= 0, k, 1)
    child = np.where(valid, child, 0)
    rows = np.arange(world.rows)[:, None]
    parent = np.broadcast_to(np.repeat(np.arange(width), k), child.shape)
    token = child + world.starts[depth]
    more = {name: levels[depth][rows, child] for name, levels in extra.items()}
    return Layer(token, world.prob[depth][rows, child], parent, rank, valid, **more)


def table(verify: dict[int, float], draft: dict[int, float], batch: int = 1) -> OnlineCosts:
    """Costs by points, in seconds, linear in between."""
    return OnlineCosts(*(CostTable(Point(batch, 1, n, s) for n, s in points.items()) for points in (verify, draft)))


def assert_acts(kept: np.ndarray, dropped: np.ndarray, least: float = 0.2) -> None:
    """A rule that never acts equals any other: in enough trees it keeps something, and in enough it drops something."""
    assert np.mean(kept) >= least, f"keeps something in {np.mean(kept):.0%} of the trees"
    assert np.mean(dropped) >= least, f"drops something in {np.mean(dropped):.0%} of the trees"


def top(values: np.ndarray, count: int) -> np.ndarray:
    """Mask of the `count` largest positive values of each row."""
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    mask = np.zeros(values.shape, bool)
    np.put_along_axis(mask, order, True, 1)
    return mask & (values > 0)


def chain_lengths(
    recipe: str,
    batch: int,
    steps: int,
    outcome,
    costs: OnlineCosts | None = None,
    longest: int = 8,
    params: dict | None = None,
) -> list[int]:
    """Lengths of the chains that a recipe verifies in `steps` steps. `outcome(step, length)` → accepted (B,), seconds."""
    world = World(1, [np.full((batch, 1), 0.5)] * longest)
    controller = controlled(recipe, world, costs, params)
    lengths = []
    for step in range(steps):
        controller.plan(situation(batch))
        length = int(acted(controller, world).verified[0].sum())
        accepted, seconds = outcome(step, length)
        committed = [[*world.starts[: int(row)], LONG] for row in accepted]
        controller.observe(Outcome(committed, np.asarray(accepted), seconds))
        lengths.append(length)
    return lengths
