"""Assistants over a whole call: long sleep, rows that leave, limits of the assistant itself."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from smartgen.drafters.assistant import Assistant, AssistantSession
from smartgen.hf.gate import capability
from smartgen.tree.layer import Frontier
from tests.hf.zoo import V, model

COUNTS = np.array([9, 5, 7])


def _drafter(family: str) -> Assistant:
    return Assistant(model(family), model("llama"), capability(model(family)))


def _begun(drafter: Assistant):
    """A session with ragged prompts, and the text of each row."""
    random = np.random.default_rng(3)
    prompt = random.integers(3, V, (3, 9))
    rows = [row[:count].tolist() for row, count in zip(prompt, COUNTS, strict=True)]
    return drafter.prefill(prompt, COUNTS, None, 40), rows, random


def _commit(session, rows: list[list[int]], random, counts: list[int]) -> None:
    said = random.integers(3, V, (len(rows), max(counts)))
    session.commit(said, np.array(counts), None)
    for row, count, tokens in zip(rows, counts, said.tolist(), strict=True):
        row += tokens[:count]


def _likeliest(family: str, text: list[int], k: int) -> tuple[list[int], np.ndarray]:
    with torch.no_grad():
        top = model(family)(torch.tensor([text])).logits[0, -1].float().softmax(-1).topk(k)
    return top.indices.tolist(), top.values.numpy()


def _check(session, rows: list[list[int]], family: str) -> None:
    """Two layers equal plain forwards of their paths."""
    first = session.propose(None, 2)[0]
    token = np.ascontiguousarray(first.token[:, ::-1])
    second = session.propose(Frontier(token, np.zeros_like(token), np.ones(token.shape, bool)), 2)[0]
    session.rewind()
    for row, text in enumerate(rows):
        for layer, cells, path in ((first, slice(0, 2), []), (second, slice(2, 4), [int(token[row, 1])])):
            ids, chances = _likeliest(family, [*text, *path], 2)
            assert layer.token[row, cells].tolist() == ids
            np.testing.assert_allclose(layer.prob[row, cells], chances, rtol=1e-4)


@pytest.mark.parametrize("family", ["llama", "gpt2", "mistral", "gemma3"])
def test_waking_after_a_long_sleep(family, monkeypatch):
    monkeypatch.setattr(AssistantSession, "CHUNK", 8)
    session, rows, random = _begun(_drafter(family))
    _commit(session, rows, random, [1, 1, 1])
    session.propose(None, 2)
    for _ in range(9):
        _commit(session, rows, random, [2, 1, 3])
    assert session.pending == 27
    _check(session, rows, family)
    assert session.pending == 0


def _check_woken(session, rows: list[list[int]], family: str, said: list[int], most: int) -> None:
    """What a pass that wakes the assistant says of each skipped position is what it would have proposed there."""
    first, skipped = session.wake(2, most)
    width = min(max(said) - 1, most)
    assert skipped.token.shape == (3, width, 4)
    for row, (text, count) in enumerate(zip(rows, said, strict=True)):
        assert first[0].token[row].tolist() == _likeliest(family, text, 2)[0]
        assert skipped.valid[row].sum() == min(count - 1, most)
        for place in np.flatnonzero(skipped.valid[row]):
            end = len(text) - (width - place)
            ids, chances = _likeliest(family, text[:end], 4)
            assert skipped.token[row, place].tolist() == ids
            np.testing.assert_allclose(skipped.prob[row, place], chances, rtol=1e-4)
            assert skipped.following[row, place] == text[end]


@pytest.mark.parametrize("family", ["llama", "mistral"])
def test_an_assistant_that_is_woken_looks_back_at_what_it_skipped(family):
    session, rows, random = _begun(_drafter(family))
    assert session.wake(2, 4)[1] is None, "of the prompt nothing is said"
    for counts in ([1, 1, 1], [2, 1, 3]):
        _commit(session, rows, random, counts)
    _check_woken(session, rows, family, [3, 2, 4], most=2)
    _check(session, rows, family)


def test_an_assistant_may_be_woken_before_it_has_read_the_prompt():
    session, rows, random = _begun(_drafter("llama"))
    for counts in ([1, 1, 1], [2, 1, 3]):
        _commit(session, rows, random, counts)
    _check_woken(session, rows, "llama", [3, 2, 4], most=16)
    _check(session, rows, "llama")


def test_of_dead_rows_nothing_is_said():
    session, rows, random = _begun(_drafter("llama"))
    for counts in ([1, 1, 1], [2, 1, 3]):
        _commit(session, rows, random, counts)
    session.dead[0] = True
    assert session.wake(2, 16)[1].valid.any(1).tolist() == [False, True, True]


def test_rows_leave_before_and_after_the_first_pass():
    session, rows, random = _begun(_drafter("llama"))
    session.keep_rows(np.array([0, 2]))
    rows = [rows[0], rows[2]]
    _commit(session, rows, random, [1, 2])
    _check(session, rows, "llama")
    session.keep_rows(np.array([1]))
    rows = rows[1:]
    _commit(session, rows, random, [2])
    _check(session, rows, "llama")


def test_a_model_that_computes_all_logits_gives_the_same():
    drafter = _drafter("llama")
    drafter.can_skip_logits = False
    session, rows, random = _begun(drafter)
    for counts in ([1, 1, 1], [1, 3, 2]):
        _commit(session, rows, random, counts)
        _check(session, rows, "llama")


def test_a_row_longer_than_the_assistant_reaches_is_dead():
    short = copy.deepcopy(model("gpt2"))
    short.config.n_positions = 12
    short.transformer.wpe = torch.nn.Embedding(12, 64, dtype=torch.float64)
    session, rows, random = _begun(Assistant(short, model("llama")))
    _commit(session, rows, random, [1, 1, 1])
    assert session.dead.tolist() == [False, False, False]
    _commit(session, rows, random, [2, 2, 2])
    assert session.dead.tolist() == [True, False, False]
    layer = session.propose(None, 2)[0]
    assert layer.valid.any(1).tolist() == [False, True, True]
    _commit(session, rows, random, [4, 1, 1])
    deeper = session.propose(None, 2)[0]
    for _ in range(4):
        token = np.ascontiguousarray(deeper.token[:, :1])
        deeper = session.propose(Frontier(token, np.zeros_like(token), np.ones(token.shape, bool)), 2)[0]
        assert not deeper.valid[0].any()
    assert (deeper.token < V).all()


def test_the_entropy_of_what_nodes_are_drawn_from_comes_on_request():
    session, rows, random = _begun(_drafter("llama"))
    _commit(session, rows, random, [1, 1, 1])
    assert session.propose(None, 2)[0].entropy is None
    session.wanted = frozenset({"node.entropy"})
    layer = session.propose(None, 2)[0]
    for row, text in enumerate(rows):
        with torch.no_grad():
            share = model("llama")(torch.tensor([text])).logits[0, -1].float().softmax(-1)
        np.testing.assert_allclose(layer.entropy[row], float(-(share * share.log()).sum()), rtol=1e-5)
