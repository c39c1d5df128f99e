"""How much of what tokens are said to save comes true in calls that drain."""

import numpy as np
import pytest

from smartgen.policy.drained import DrainingCall, Worth


def _call(worth, plain, steps):
    """`steps`: (rows, tokens of each, accepted of each, weights)."""
    call = DrainingCall(np.array(plain), worth)
    for rows, tokens, accepted, weights in steps:
        call.steps(rows, tokens, np.array(accepted), weights)
    call.tell(worth)
    return call


def test_a_row_that_gets_ahead_alone_saves_nothing_where_cost_is_fixed():
    worth, ones = Worth(), np.full(2, Worth.PRIOR)
    alone = ([1], [1], [0], None)
    _call(worth, [1.0, 1.0], [([0, 1], [3, 1], [2, 0], ones), alone, alone])
    assert worth.value(2) == pytest.approx(1.7 / (2 + 1)), "one step promised, none came"
    assert worth.value(3) == worth.value(2), "about as many rows"
    assert worth.value(4) == Worth.PRIOR, "of others nothing is known"


def test_what_all_rows_get_is_saved():
    worth, ones = Worth(), np.full(2, Worth.PRIOR)
    _call(worth, [1.0, 1.5], [([0, 1], [2, 2], [1, 1], ones), ([0, 1], [1, 1], [0, 0], ones)])
    assert worth.value(2) == pytest.approx(2.7 / 3)
    assert worth.promised[1] == worth.came[1] == 1.0


def test_a_token_of_the_last_row_is_worth_what_its_weight_says():
    worth = Worth()
    steps = [([7, 3], [3, 1], [2, 0], np.array([2.0, 0.0]) * Worth.PRIOR), ([7], [1], [0], None)]
    _call(worth, [1.0, 1.0], steps)
    assert worth.value(2) == pytest.approx(3.7 / 4)


def test_a_promise_is_counted_before_it_is_cut():
    """Otherwise what came would soon be more than the little that is promised, and the cut undone."""
    worth, ones, alone = Worth(), np.ones(2), [([1], [1], [0], None)] * 8
    for _ in range(20):
        kept = worth.value(2)
        _call(worth, [1.0, 1.0], [([0, 1], [9, 1], [8, 0], kept * ones), *alone])
    assert worth.promised[1] == pytest.approx(4.0 / (1 - Worth.FADE), rel=0.02)
    assert worth.value(2) < 0.12


def test_saved_as_written():
    """The sentences of docs/language/semantics.md."""
    plain, worth, random = np.array([1.0, 1.2, 1.5, 1.9]), Worth(), np.random.default_rng(3)
    should = did = 0.0
    for _ in range(6):
        kept = worth.value(4)
        assert kept == pytest.approx(min((did + 1.7) / (should + 2), 1.0))
        call, left, tokens = DrainingCall(plain, worth), [0, 1, 2, 3], np.zeros(4, int)
        saved = spent = 0.0
        while left:
            accepted = random.integers(0, 3, len(left))
            weights = random.random(len(left)) if len(left) > 1 else None
            call.steps(left, (1 + accepted).tolist(), accepted, None if weights is None else weights * kept)
            tokens[left] += 1 + accepted
            saved += plain[len(left) - 1] * (accepted * (1 if weights is None else weights)).mean()
            spent += plain[len(left) - 1]
            left = [row for row in left if tokens[row] < 12 + 3 * row]
        call.tell(worth)
        whole = sum(plain[(tokens >= t).sum() - 1] for t in range(1, tokens.max() + 1))
        should, did = 0.8 * should + saved / 1.9, 0.8 * did + max(whole - spent, 0.0) / 1.9
    assert 0 < worth.value(4) <= 1
