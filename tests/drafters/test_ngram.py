from __future__ import annotations

import numpy as np
import pytest

from smartgen.drafters.ngram import LONGEST, NODES, HitRates, NGram, SuffixIndex


def _session(*rows):
    longest = max(map(len, rows))
    tokens = np.array([list(row) + [0] * (longest - len(row)) for row in rows])
    return NGram().prefill(tokens, np.array([len(row) for row in rows]), None, 100)


def test_what_followed_before_is_proposed_latest_and_longest_first():
    layers = _session([1, 2, 3, 9, 1, 2, 4, 7, 1, 2]).propose(None, 4)
    first = layers[0]
    assert first.token[0, :2].tolist() == [4, 3], "the later continuation first, both after the same pair"
    assert first.prob[0].sum() <= 1
    assert layers[1].token[0, :2].tolist() == [7, 9]
    assert layers[1].parent[0, :2].tolist() == [0, 1]


def test_a_longer_match_is_surer_and_loops_go_on():
    layers = _session([5, 6, 7, 8] * 4).propose(None, 4)
    line = [layer.token[0, 0] for layer in layers]
    assert line[:6] == [5, 6, 7, 8, 5, 6]
    assert layers[0].prob[0, 0] > 0.6


def test_rows_without_a_repetition_propose_nothing():
    assert _session([1, 2, 3, 4]).propose(None, 4) == []
    layers = _session([1, 2, 3, 4], [1, 2, 9, 1, 2]).propose(None, 4)
    assert layers[0].valid.tolist() == [[False], [True]]


def test_trees_are_bounded():
    random = np.random.default_rng(0)
    session = _session(random.integers(0, 2, 400).tolist())
    layers = session.propose(None, 2)
    assert sum(int(layer.valid.sum()) for layer in layers) <= NODES
    assert all((layer.rank < 2).all() for layer in layers)


def test_hit_rates_are_learned_from_what_is_said():
    drafter = NGram()
    text = np.array([[1, 2, 3, 1, 2]])
    before = drafter.rates.rate(2)
    for _ in range(30):
        session = drafter.prefill(text, np.array([5]), None, 100)
        session.propose(None, 4)
        session.commit(np.array([[8]]), np.array([1]), None)
    assert drafter.rates.rate(2) < before / 2
    rates = HitRates()
    for _ in range(500):
        rates.record(LONGEST + 5, True)
    assert rates.rate(LONGEST) > 0.95


def test_the_index_grows_with_the_text_and_rows_leave():
    index = SuffixIndex([1, 2, 3])
    index.extend([1, 2])
    assert index.matches() == [(2, 2)]
    session = _session([1, 2, 3, 4], [1, 2, 9, 1, 2])
    session.keep_rows(np.array([1]))
    assert session.propose(None, 4)[0].token.tolist() == [[9]]
    with pytest.raises(IndexError):
        session.keep_rows(np.array([1]))
