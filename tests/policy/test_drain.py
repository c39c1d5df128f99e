"""Rows that will finish last weigh more where a step costs much the same however few rows it serves."""

import numpy as np
import pytest

from smartgen.policy.controller import Controller
from smartgen.policy.drain import worth
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Situation
from smartgen.profile.online import OnlineCosts
from smartgen.profile.table import CostTable, Point
from smartgen.recipe import load
from smartgen.tree.layer import Layer

FIXED = np.full(4, 0.05)
PROPORTIONAL = 0.01 * np.arange(1, 5)


def test_where_cost_is_proportional_all_rows_are_alike():
    weights = worth(np.array([100, 50, 20, 3]), np.zeros(4, int), 0, PROPORTIONAL)
    np.testing.assert_allclose(weights, 1.0)


def test_where_cost_is_fixed_only_the_last_row_counts():
    weights = worth(np.array([200, 20, 20, 20]), np.zeros(4, int), 0, FIXED)
    np.testing.assert_allclose(weights, [4, 0, 0, 0], atol=1e-9)


def test_weights_have_mean_one_and_follow_what_is_left():
    weights = worth(np.array([110, 100, 90, 80]), np.zeros(4, int), 0, np.array([0.04, 0.045, 0.05, 0.06]))
    assert weights.mean() == pytest.approx(1.0)
    assert weights[0] == weights.max()
    assert weights[0] > weights[3]


def test_a_fast_row_needs_fewer_steps_for_as_many_tokens():
    weights = worth(np.array([100, 100]), np.array([100, 400]), 100, np.array([0.05, 0.05]))
    assert weights[0] > 1.9


def _controller(recipe: str, batch: int) -> Controller:
    points = [Point(b, 100, n, 0.05 + 0.001 * b + 0.012 * n) for b in (1, batch) for n in range(9)]
    return Controller(load(recipe).program, OnlineCosts(CostTable(points), CostTable([])), Learned())


@pytest.mark.parametrize(("drains", "size"), [(True, 0), (False, 1)])
def test_a_tree_for_rows_that_wait_anyway_is_not_worth_its_cost(drains, size):
    """Three rows nearly done have a good candidate each; the one that is far behind has none."""
    remaining = np.array([300, 20, 20, 20])
    controller = _controller("smart", 4)
    situation = Situation(
        np.full(4, 100), np.zeros(4, int), remaining, False, 0.0, DrafterTraits("ngram", True, True), drains=drains
    )
    plan = controller.plan(situation)
    assert plan.draft
    column = np.ones((4, 1), int)
    valid = np.array([[False], [True], [True], [True]])
    controller.grow([Layer(column, np.full((4, 1), 0.9), 0 * column, 0 * column, valid)])
    assert controller.select().shape[1] == size
