"""Whatever a text says, its n-gram trees are well formed and hold only what has followed before."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smartgen.drafters.ngram import DEPTH, NODES, NGram

_text = st.lists(st.integers(0, 3), min_size=1, max_size=60)


def _session(drafter: NGram, rows: list[list[int]]):
    tokens = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, text in enumerate(rows):
        tokens[row, : len(text)] = text
    return drafter.prefill(tokens, np.array([len(row) for row in rows]), None, 200)


def _paths(layers, row: int) -> list[list[int]]:
    """Every node of a row's tree as the path that leads to it."""
    above, paths = {0: []}, []
    for layer in layers:
        cells = np.flatnonzero(layer.valid[row])
        above = {cell: [*above[layer.parent[row, cell]], int(layer.token[row, cell])] for cell in cells}
        paths += above.values()
    return paths


@given(st.lists(_text, min_size=1, max_size=3), st.integers(1, 4))
def test_trees_are_well_formed(rows, topk):
    layers = _session(NGram(), rows).propose(None, topk)
    assert len(layers) <= DEPTH
    assert all(sum(layer.valid[row].sum() for layer in layers) <= NODES for row in range(len(rows)))
    for layer in layers:
        for row in range(len(rows)):
            cells = np.flatnonzero(layer.valid[row])
            parent, rank, prob = layer.parent[row, cells], layer.rank[row, cells], layer.prob[row, cells]
            assert (np.diff(parent) >= 0).all(), "cells of one parent are adjacent"
            for one in np.unique(parent):
                siblings = parent == one
                assert rank[siblings].tolist() == list(range(siblings.sum()))
                assert siblings.sum() <= topk
                assert (np.diff(prob[siblings]) <= 1e-12).all()
                assert 0 < prob[siblings].sum() <= 1


@given(st.lists(_text, min_size=1, max_size=3))
def test_only_what_followed_before_is_proposed(rows):
    layers = _session(NGram(), rows).propose(None, 4)
    for row, text in enumerate(rows):
        pairs = {tuple(text[i : i + 3]) for i in range(len(text) - 2)}
        for path in _paths(layers, row):
            whole = text[-2:] + path
            # text that repeats itself up to its end goes on repeating, so a path may run over its own start
            assert all(tuple(whole[i : i + 3]) in pairs for i in range(len(whole) - 2))


@given(_text, st.lists(_text, max_size=4))
def test_an_index_that_grew_proposes_what_a_new_one_does(prompt, said):
    grown = _session(NGram(), [prompt])
    for tokens in said:
        grown.commit(np.array([tokens]), np.array([len(tokens)]), None)
    fresh = _session(NGram(), [sum(said, prompt)])
    ours, theirs = grown.propose(None, 3), fresh.propose(None, 3)
    assert [layer.token.tolist() for layer in ours] == [layer.token.tolist() for layer in theirs]
    assert grown.pending == 0
    assert not grown.dead.any()
