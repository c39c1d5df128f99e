"""A drafter that is useless by turns."""

from __future__ import annotations

import numpy as np
import pytest

from smartgen.trace import TraceError, flipped, load, replay, save
from smartgen.trace.flip import misled, useless
from tests.trace.conftest import NEW, profile

TREE = "smartgen 1\npolicy t { benefit accepted = node.path  expand best 3  verify best 14  limit depth 5, topk 4 }"


def test_phases_are_whole_requests_and_long_enough(greedy):
    assert useless(greedy, 2 * NEW).tolist() == [False, False, True, True, False]
    assert not useless(greedy, 10**6).any()


@pytest.mark.parametrize("tokens", [0, -1, 1.5, "x", True])
def test_a_phase_is_a_number_of_tokens(tokens, greedy):
    with pytest.raises(TraceError, match="tokens of a phase should be a whole number of at least 1, found "):
        flipped(greedy, tokens)


def test_a_text_of_one_phase_is_not_called_flipped(greedy):
    with pytest.raises(TraceError, match=f"phases of 100000000 tokens nothing flips.* has {len(greedy.text)}, "):
        flipped(greedy, 10**8)


def test_nothing_is_accepted_in_a_useless_phase_and_all_else_stays(greedy, tmp_path):
    flip = flipped(greedy, 2 * NEW)
    whole, turned = (replay(trace, TREE, profile()) for trace in (greedy, flip))
    for request, wrong in enumerate(useless(greedy, 2 * NEW)):
        assert turned.taken[request] == ([1] * (NEW - 1) if wrong else whole.taken[request])
    assert [step.nodes for step in turned.history[:8]] == [step.nodes for step in whole.history[:8]]
    assert turned.exact
    save(flip, tmp_path / "flip.npz")
    assert replay(load(tmp_path / "flip.npz"), TREE, profile()).history == turned.history


def test_misled_everywhere_nothing_is_right(greedy):
    nowhere = replay(misled(greedy, np.ones(greedy.requests, bool)), TREE, profile())
    assert nowhere.committed == nowhere.row_steps
    none = misled(greedy, np.zeros(greedy.requests, bool))
    assert replay(none, TREE, profile()).history == replay(greedy, TREE, profile()).history


def test_steps_add_up(greedy):
    result = replay(greedy, "smart", profile(), 3, "drain")
    assert np.isclose(sum(step.seconds for step in result.history), result.seconds)
    assert sum(step.committed for step in result.history) == result.committed
