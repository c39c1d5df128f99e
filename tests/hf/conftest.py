from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import smartgen
from smartgen.attention.cache import RaggedCache
from smartgen.hf.costing import CostSource, profile_key
from smartgen.policy.controller import Controller
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable, Point

SMALL = (
    "smartgen 1\npolicy small { benefit accepted = node.path  expand best 3  verify best 14  limit depth 5, topk 4 }"
)


@dataclass
class Step:
    """One verified step: accepted columns a row (real ones only) and the ranks of the accepted nodes."""

    paths: list[list[int]]
    ranks: list[list[int]]

    @property
    def scattered(self) -> bool:
        """Some accepted path is no prefix of the tree's order."""
        return any(path != list(range(len(path))) for path in self.paths)

    @property
    def ragged(self) -> bool:
        return len({len(path) for path in self.paths}) > 1


@pytest.fixture
def recorded(monkeypatch):
    """Every step of the calls under test."""
    steps, selected = [], []
    accept, select = RaggedCache.accept, Controller.select

    def spy_select(self):
        chosen = select(self)
        rows = np.arange(len(chosen))[:, None]
        selected.append(self.tree.rank[rows, chosen.clip(0)] if chosen.size else np.zeros((len(chosen), 0), int))
        return chosen

    def spy_accept(self, path, counts):
        if selected:  # the drafters' own caches accept too, before anything was selected in the step
            ranks = selected.pop()
            paths = [line[:count].tolist() for line, count in zip(path, counts, strict=True)]
            steps.append(Step(paths, [[int(ranks[row, c - 1]) for c in line if c] for row, line in enumerate(paths)]))
        return accept(self, path, counts)

    monkeypatch.setattr(RaggedCache, "accept", spy_accept)
    monkeypatch.setattr(Controller, "select", spy_select)
    return steps


@pytest.fixture
def cheap_trees(monkeypatch):
    """Costs under which trees pay, so that cost-driven recipes draft on tiny models too."""

    def find(model, drafter, named):
        verify = CostTable(Point(b, 32, n, 0.010 + 0.0002 * n) for b in (1, 8) for n in (0, 1, 4, 16, 64))
        draft = CostTable(Point(b, 32, w, 0.0005) for b in (1, 8) for w in (1, 10))
        return CostSource(Profile(profile_key(model, drafter), verify, draft), "test", fixed=True)

    monkeypatch.setattr(CostSource, "find", find)


@pytest.fixture
def attached():
    """Attach models for one test."""
    models = []

    def attach(model, **options):
        models.append(model)
        return smartgen.attach(model, **options)

    yield attach
    for model in models:
        smartgen.detach(model)
