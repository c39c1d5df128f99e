from __future__ import annotations

import numpy as np
import pytest

import smartgen
from smartgen.attention.cache import RaggedCache
from smartgen.hf.costing import CostSource, profile_key
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable, Point

SMALL = (
    "smartgen 1\npolicy small { benefit accepted = node.path  expand best 3  verify best 14  limit depth 5, topk 4 }"
)


@pytest.fixture
def recorded(monkeypatch):
    """Every acceptance of the call under test: (paths, counts)."""
    seen = []
    accept = RaggedCache.accept

    def spy(self, path, counts):
        seen.append((np.array(path), np.array(counts)))
        return accept(self, path, counts)

    monkeypatch.setattr(RaggedCache, "accept", spy)
    return seen


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
