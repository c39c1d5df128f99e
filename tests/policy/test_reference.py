"""The compiled policy decides what the reference interpreter decides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings

from smartgen.language.program import Const, parts
from smartgen.language.resources import folder
from smartgen.policy.learned import Learned
from smartgen.recipe import load
from tests.policy.duel import Duel, World
from tests.policy.policies import Drawn, policies
from tests.policy.worlds import world, worlds

CASES = sorted((Path(__file__).parents[1] / "language" / "cases" / "ok").glob("*.smart"))
SHIPPED = sorted(folder("recipes").glob("*.smart"))
SMALL = {"depth": 5, "width": 6, "topk": 4, "nodes": 40}  # the interpreter is slow
THOROUGH = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


def inexact(program) -> bool:
    """Whether there are numbers in play whose sums depend on their order: memories, gains, constants like 0.1."""
    numbers = [part.value for part in parts(program) if isinstance(part, Const) and isinstance(part.value, float)]
    return bool(program.sites) or not all((number * 2**20).is_integer() for number in numbers)


def decimal(program) -> bool:
    """Whether a benefit holds a constant such as 0.6, whose products and sums round."""
    constants = [part for rule in program.situations for part in parts(rule.rules.benefit) if isinstance(part, Const)]
    return any(not (1024 * float(constant.value)).is_integer() for constant in constants)


@pytest.mark.parametrize("path", CASES + SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recipes(path):
    program = load(str(path), limits=SMALL).program
    for seed in range(6):
        for one_pass, packed in ((0, False), (0, True), (4, False)):
            here = world(seed, True, 1 + seed % 3, one_pass, bool(one_pass) and seed % 2 == 0, packed)
            duel = Duel(program, here, exact=not (inexact(program) or decimal(program)))
            for _ in range(5):
                duel.step()


@THOROUGH
@given(policies(), worlds(exact=True))
def test_random_policies_exactly_on_dyadic_probabilities(drawn: Drawn, here: World):
    duel = Duel(drawn.program, here, exact=not inexact(drawn.program))
    seen = [duel.step() for _ in range(4)]
    event("drafts" if any(layers for layers, _ in seen) else "never drafts")
    event("verifies" if any(any(nodes) for _, nodes in seen) else "never verifies")


@THOROUGH
@given(policies(), worlds(exact=False))
def test_random_policies_on_any_probabilities(drawn: Drawn, here: World):
    duel = Duel(drawn.program, here, exact=False)
    for _ in range(4):
        duel.step()


def test_the_duel_notices_a_difference():
    """Another policy on one side: all but the worlds in which both decide the same are noticed."""
    noticed = 0
    for seed in range(40):
        duel = Duel(load("eagle2", limits=SMALL).program, world(seed, True, 2, 0, False, False))
        duel.interpreter.program = load("chain", limits=SMALL).program
        try:
            duel.step()
        except AssertionError:
            noticed += 1
    assert noticed >= 30


def test_with_what_was_learned():
    """Maps that are no identity any more, siblings whose chances would sum to more than 1, a gain that is not 1."""
    program, gains = load("smart", limits=SMALL).program, set()
    for seed in range(8):
        learned, random = Learned(), np.random.default_rng(seed)
        trained = learned.map_for(program.sites[0])
        cells = random.integers(0, trained.trials.size, 4000)
        trained.record(cells, (random.random(4000) < 0.6).astype(float))
        trained.refresh()
        duel = Duel(program, world(seed, True, 3, 0, False, False), learned, exact=False)
        for _ in range(5):
            duel.step()
        gains.add(learned.gain(duel.controller.step.rules.key, False).value)
    assert len(gains) > 1


def test_with_free_candidates():
    """They hang in the tree before anything is drafted, and what the drafter names as well is one node."""
    seen: set[str] = set()
    for name in ("smart", "smart_run", "smart_pooled"):
        program = load(name, limits=SMALL).program
        for seed in range(25):
            duel = Duel(program, world(seed, True, 1 + seed % 3, 0, False, seed % 2 == 0), exact=False)
            for _ in range(5):
                duel.step()
            seen |= duel.sources
    assert seen == {"", "ngram", "head+ngram", "ngram alone"}


def test_leaves_where_parents_were_not_picked():
    """`tree.paths` one by one, below nodes that `verify best 1` left out."""
    text = """smartgen 1
policy leaves {
  benefit accepted = node.path
  expand all by node.prob where node.path * tree.paths > 0.125
  verify best 1
  limit depth 3, topk 2, width 2, nodes 12
}
"""
    for seed in range(60):
        duel = Duel(load(text).program, world(seed, False, 3, 0, False, False), exact=False)
        for _ in range(3):
            duel.step()
