"""What is learned stays as large as it is, however long a server runs: rows, contexts and bins that never come twice."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from smartgen.policy import recent
from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.profile import online
from smartgen.profile.online import OnlineCosts
from smartgen.profile.table import CostTable, Point
from smartgen.recipe import load
from smartgen.tree.layer import Layer

MEMORIES = """smartgen 1
policy memories {
  benefit accepted = calibrated(node.prob, node.rank, node.depth, request.context)
  expand best ladder(last.length, 3, 4, start: 3, bins: request.context)
  verify best 0..ladder(ema(batch.mean(last.length), 0.1, start: 1 tok, bins: batch.max(request.context)), 7, 8, start: 8)
  cost drafting = profile.draft.time
  cost verifying = profile.verify.time(model: "linear")
  maximize tokens / time
  limit depth 2
}"""


def entries(thing: object, seen: set[int] | None = None) -> int:
    """Items of all containers that can be reached by attributes, keys and elements; elements of arrays count one each."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        return thing.size
    if isinstance(thing, dict):
        return len(thing) + sum(entries(value, seen) for value in thing.values())
    if isinstance(thing, list | tuple | deque | set | frozenset):
        return len(thing) + sum(entries(value, seen) for value in thing)
    if type(thing).__module__.startswith("smartgen.") and hasattr(thing, "__dict__"):
        return entries(vars(thing), seen)
    return 0


class Server:
    """Steps of a controller whose rows are ever new ones; the drafter says something else every time."""

    def __init__(self, recipe: str) -> None:
        points = [Point(b, 100, n, 0.05 + 0.001 * n * b) for b in (1, 8) for n in (0, 1, 8)]
        self.costs, self.learned = OnlineCosts(CostTable(points), CostTable(points)), Learned()
        self.controller = Controller(load(recipe).program, self.costs, self.learned)
        self.random, self.steps = np.random.default_rng(0), 0

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self._step(int(self.random.integers(1, 4)))

    def _step(self, batch: int) -> None:
        self.steps += 1
        row = np.arange(batch)
        situation = Situation(
            100 + 64 * self.steps + row, row + 1, row + 20, False, 0.0, DrafterTraits("head"), rows=row + 8 * self.steps
        )
        draft = self.controller.plan(situation).draft
        passes, width = [], 1
        while draft:
            passes.append((width, 0.001 * self.random.random()))
            frontier = self.controller.grow([self._layer(batch, width)])
            draft, width = frontier is not None, 0 if frontier is None else frontier.token.shape[1]
        chosen = self.controller.select()
        tree = self.controller.tree
        right = [int(tree.token[r, chosen[r, 0]]) if chosen.shape[1] else 0 for r in range(batch)]
        accepted = np.full(batch, int(chosen.shape[1] > 0))
        committed = [[token] * int(n) + [-5] for token, n in zip(right, accepted, strict=True)]
        self.controller.observe(Outcome(committed, accepted, 0.05 + 0.01 * self.random.random(), passes))

    def _layer(self, batch: int, width: int) -> Layer:
        shape = (batch, width, 3)
        prob = self.random.random(shape) / 3
        place = np.broadcast_to(np.arange(width)[:, None], shape), np.broadcast_to(np.arange(3), shape)
        token = self.random.integers(0, 1 << 20, shape)
        return Layer(*(a.reshape(batch, -1) for a in (token, prob, *place, np.ones(shape, bool))))

    def most_in(self, steps: int) -> int:
        """The most entries seen in as many steps: caches fill and are emptied."""
        found = []
        for _ in range(steps // 4):
            self.run(4)
            found.append(self.entries)
        return max(found)

    @property
    def entries(self) -> int:
        """Of everything that outlives a step."""
        kept = {name: value for name, value in vars(self.controller).items() if name not in ("step", "chosen")}
        return entries([self.learned, self.costs, kept["past"], kept["memories"], kept["_plain"]])


@pytest.mark.parametrize("recipe", ["smart", MEMORIES])
def test_what_is_kept_does_not_grow(monkeypatch, recipe):
    monkeypatch.setattr(recent, "MOST", 32)
    monkeypatch.setattr(online, "MOST_CACHED", 32)
    server = Server(recipe)
    server.run(450)  # rings are full
    settled = server.most_in(50)
    server.run(200)
    assert server.most_in(50) < settled + 50  # 250 steps on: one entry a step would be 250


def test_states_that_were_used_last_are_kept(monkeypatch):
    monkeypatch.setattr(recent, "MOST", 3)
    kept: dict[str, list] = {}
    for key in "abcacd":
        recent.recent(kept, key, list).append(key)
    assert kept == {"a": ["a", "a"], "c": ["c", "c"], "d": ["d"]}
