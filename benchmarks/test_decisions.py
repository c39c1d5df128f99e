"""Micro-benchmarks of the decision path: compiled `smart`, 1 and 16 rows, with a calibration that has learned. `make bench`.

`grow`: a layer of 100 new candidates is valued, kept, weighed at every size, and the next one forecast. `select`: 164
candidates a row, 64 on the board and 100 new ones. `observe`: a step that committed two tokens a row.
`python benchmarks/decisions.py` writes the figures with their provenance to benchmarks/results/decisions.json.
"""

from __future__ import annotations

import numpy as np
import pytest

from smartgen.drafters.fan import fanned
from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.profile.example import example_profile
from smartgen.profile.online import OnlineCosts
from smartgen.recipe import load
from smartgen.tree.layer import Layer


def _layer(batch: int, width: int) -> Layer:
    random = np.random.default_rng(0)
    prob = -np.sort(-random.dirichlet(np.full(10, 0.3), (batch, width)), axis=-1) * 0.9
    return fanned(random.integers(0, 1000, prob.shape), prob, np.ones((batch, width), bool))


@pytest.fixture(params=[1, 16], ids=["1 row", "16 rows"])
def batch(request):
    return request.param


@pytest.fixture
def controller():
    profile, learned = example_profile(), Learned()
    program = load("smart").program
    random, trained = np.random.default_rng(1), learned.map_for(program.sites[0])
    cells = random.integers(0, trained.height.size, 20_000)
    trained.record(cells, (random.random(20_000) < 0.6).astype(float))
    trained.refresh()
    return Controller(program, OnlineCosts.of(profile), learned)


def _situation(batch: int) -> Situation:
    rows = np.full(batch, 200)
    return Situation(rows, np.zeros(batch, np.int64), np.full(batch, 100), False, 0.0, DrafterTraits("head"), 2)


def _two_layers(controller: Controller, batch: int) -> None:
    controller.plan(_situation(batch))
    controller.grow([_layer(batch, 1)])


def test_plan(benchmark, controller, batch):
    benchmark(controller.plan, _situation(batch))


def test_grow_first_layer(benchmark, controller, batch):
    layer = _layer(batch, 1)
    benchmark.pedantic(
        controller.grow, args=([layer],), setup=lambda: (controller.plan(_situation(batch)), None)[1], rounds=300
    )


def test_grow_100_candidates(benchmark, controller, batch):
    layer = _layer(batch, 10)

    def setup():
        _two_layers(controller, batch)
        step = controller.step
        step.frontier = np.broadcast_to(np.arange(10), (batch, 10)).copy()

    benchmark.pedantic(controller.grow, args=([layer],), setup=setup, rounds=300)


def test_select_164_candidates(benchmark, controller, batch):
    _two_layers(controller, batch)
    for _ in range(2):
        controller.step.frontier = np.broadcast_to(np.arange(10), (batch, 10)).copy()
        controller.grow([_layer(batch, 10)])
    benchmark(controller.select)


def test_observe(benchmark, controller, batch):
    outcome = Outcome([[1, 2]] * batch, np.ones(batch, np.int64), 0.05, [(2, 0.003)])

    def setup():
        _two_layers(controller, batch)
        controller.select()

    benchmark.pedantic(controller.observe, args=(outcome,), setup=setup, rounds=300)
