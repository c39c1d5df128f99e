"""Rows that will finish last weigh more where a step costs much the same however few rows it serves."""

import numpy as np
import pytest

from smartgen.policy.controller import Controller
from smartgen.policy.drain import row_weights
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.profile.online import OnlineCosts
from smartgen.profile.table import CostTable, Point
from smartgen.recipe import load
from smartgen.tree.layer import Layer

NOTHING = np.zeros(4)  # promised
FIXED = np.full(4, 0.05)
PROPORTIONAL = 0.01 * np.arange(1, 5)


def test_where_cost_is_proportional_all_rows_are_alike():
    weights = row_weights(np.array([100, 50, 20, 3]), np.zeros(4, int), 0, PROPORTIONAL, NOTHING)
    np.testing.assert_allclose(weights, 1.0)


def test_where_cost_is_fixed_only_the_last_row_counts():
    weights = row_weights(np.array([200, 20, 20, 20]), np.zeros(4, int), 0, FIXED, NOTHING)
    np.testing.assert_allclose(weights, [4, 0, 0, 0], atol=1e-9)


def test_weights_have_mean_one_and_follow_what_is_left():
    weights = row_weights(
        np.array([110, 100, 90, 80]), np.zeros(4, int), 0, np.array([0.04, 0.045, 0.05, 0.06]), NOTHING
    )
    assert weights.mean() == pytest.approx(1.0)
    assert weights[0] == weights.max()
    assert weights[0] > weights[3]


def test_a_fast_row_needs_fewer_steps_for_as_many_tokens():
    weights = row_weights(np.array([100, 100]), np.array([100, 400]), 100, np.array([0.05, 0.05]), np.zeros(2))
    assert weights[0] > 1.9


def test_a_row_with_candidates_is_expected_to_be_faster_from_now_on():
    weights = row_weights(np.full(4, 100), np.zeros(4, int), 0, FIXED, np.array([4.0, 0.0, 0.0, 0.0]))
    assert weights[0] < 0.1
    assert weights[1:].min() > 0.5


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


UNREAD = 400  # tokens of a prompt that a drafter has not seen


def _head(left: int, drains: bool, pass_a_token: float, seen: int = 10**6) -> tuple[Controller, Situation]:
    """A drafter that has to read a prompt first, at `pass_a_token` seconds a token; `seen`: tokens of calls that went on."""
    verify = CostTable([Point(1, 100, n, 0.05 + 0.001 * n) for n in range(9)])
    draft = CostTable([Point(1, 100, n, pass_a_token * n) for n in (1, 10, UNREAD)])
    remaining = np.array([left])
    situation = Situation(
        np.array([500]), np.zeros(1, int), remaining, False, 0.0, DrafterTraits("head"), pending=UNREAD, drains=drains
    )
    learned = Learned()
    learned.calls.goes_on(seen, 0)
    return Controller(load("smart").program, OnlineCosts(verify, draft), learned), situation


def test_reading_the_prompt_is_charged_to_the_steps_that_are_left():
    for left, drafts in ((1000, True), (5, False)):
        controller, situation = _head(left, True, 0.001)
        assert controller.plan(situation).draft == drafts
    controller, situation = _head(1000, True, 0.001)
    controller.plan(situation)
    own = controller.step.caps.depth + 1
    assert controller.step.spent["time"] == pytest.approx(0.001 * (own + (UNREAD - own) / 1000))


def test_where_rows_are_refilled_a_pass_is_charged_for_all_it_feeds():
    controller, situation = _head(1000, False, 0.0001)
    assert controller.plan(situation).draft
    assert controller.step.spent["time"] == pytest.approx(0.0001 * UNREAD)


@pytest.mark.parametrize(("left", "looks"), [(30, False), (2000, True)])
def test_a_look_at_a_resting_drafter_costs_a_hundredth_of_the_rest_at_most(left, looks):
    controller, situation = _head(left, True, 0.0015)
    controller.learned.gain(controller.situations[-1][1].key, False).observed = 0.0  # what it says is never right
    controller.learned.gain(controller.situations[-1][1].key, False).predicted = 1e9
    drafted = []
    for _ in range(20):
        drafted.append(controller.plan(situation).draft)
    assert any(drafted) == looks


def test_a_call_that_has_just_begun_is_not_trusted_to_go_on():
    controller, situation = _head(1000, True, 0.002, seen=0)
    assert not controller.plan(situation).draft
    assert controller.tokens_left(situation) == 16
    controller, situation = _head(1000, True, 0.002)
    assert controller.plan(situation).draft


def test_where_answers_were_short_a_prompt_is_not_read_again():
    learned = Learned()
    for _ in range(20):  # calls that might have gone on
        learned.calls.begins()
        learned.calls.goes_on(5, 900)
    assert learned.calls.expected(1000) < 10
    for _ in range(20):  # and calls that did
        learned.calls.begins()
        learned.calls.goes_on(900, 0)
    assert learned.calls.expected(1000) == 1000
    assert learned.calls.expected(30) == 30


@pytest.mark.parametrize(("length", "ends"), [(4, 0), (3, 1)])
def test_calls_that_end_by_themselves_are_counted(length, ends):
    """Rows that may emit 4 more tokens and do so, or stop one before."""
    learned = Learned()
    for _ in range(2):
        controller = Controller(load("off").program, OnlineCosts(CostTable([]), CostTable([])), learned)
        for done in range(length):
            row = np.array([10 + done]), np.array([1 + done]), np.array([4 - done])
            controller.plan(Situation(*row, False, 0.0, DrafterTraits("head"), drains=True))
            controller.select()
            controller.observe(Outcome([[7]], np.zeros(1, int), 0.1))
    assert learned.calls.ends == pytest.approx(0.9 * ends)
    assert learned.calls.tokens == pytest.approx(length * 1.9)
