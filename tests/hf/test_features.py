"""A head sees the target's own features, asleep or awake."""

from __future__ import annotations

import numpy as np
import torch

import smartgen
from smartgen.drafters.eagle3 import Eagle3Head
from smartgen.hf.features import FeatureTap
from smartgen.tree.layer import Frontier
from tests.hf.conftest import SMALL
from tests.hf.zoo import V, model, prompts, write_eagle3


def test_the_tap_gives_the_inputs_of_the_named_layers():
    target, inputs = model("llama"), prompts(1)
    with FeatureTap(target, (2, 3)) as tap, torch.no_grad():
        output = target(**inputs, output_hidden_states=True)
        caught = tap.take()
    torch.testing.assert_close(caught, torch.cat([output.hidden_states[2], output.hidden_states[3]], -1))
    with torch.no_grad():
        target(**inputs)
    assert not any(tap._seen.values()), "hooks outlived their block"


def _head(tmp_path):
    write_eagle3(tmp_path / "head", model("llama"))
    return Eagle3Head(tmp_path / "head", model("llama"))


def _texts(batch, length, seed):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(3, V, (batch, length), generator=generator).numpy()
    return tokens, torch.randn(batch, length, 192, generator=generator, dtype=torch.float64)


def _proposals(session, width=3):
    first = session.propose(None, 4)[0]
    frontier = Frontier(
        first.token[:, :width], np.zeros((len(first.token), width), np.int64), np.ones((len(first.token), width), bool)
    )
    second = session.propose(frontier, 4)[0]
    third = session.propose(
        Frontier(second.token[:, 2:7], second.parent[:, 2:7], np.ones((len(first.token), 5), bool)), 4
    )[0]
    session.rewind()
    return [first, second, third]


def _equal(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert a.token.tolist() == b.token.tolist()
        np.testing.assert_allclose(a.prob, b.prob, rtol=1e-9)


def test_a_head_that_slept_for_100_tokens_drafts_as_one_that_never_did(tmp_path):
    head = _head(tmp_path)
    tokens, features = _texts(2, 130, 1)
    counts = np.array([20, 17])
    awake, asleep = (head.prefill(tokens[:, :20], counts, features[:, :20], 200) for _ in range(2))
    at = counts.copy()
    for step in range(100):
        said = np.array([[tokens[0, at[0]]], [tokens[1, at[1]]]])
        before = torch.stack([features[0, at[0] - 1], features[1, at[1] - 1]])[:, None]
        for session in (awake, asleep):
            session.commit(said, np.ones(2, np.int64), before)
        at += 1
        if step % 7 == 0:
            _proposals(awake)
    assert asleep.pending == 116 + 3
    _equal(_proposals(asleep), _proposals(awake))
    assert asleep.pending == 0


def test_what_waits_is_bounded(tmp_path):
    head = _head(tmp_path)
    tokens, features = _texts(1, 700, 2)
    session = head.prefill(tokens[:, :10], np.array([10]), features[:, :10], 800)
    longest = 0
    for at in range(10, 700):
        session.commit(tokens[:, at : at + 1], np.ones(1, np.int64), features[:, at - 1 : at])
        longest = max(longest, session.pending)
    assert longest <= 10 + session.MOST_WAITING


def test_a_ragged_batch_drafts_as_its_rows_alone_and_rows_may_leave(tmp_path):
    head = _head(tmp_path)
    tokens, features = _texts(3, 20, 3)
    counts = np.array([20, 12, 15])
    last = torch.stack([features[row, count - 1] for row, count in enumerate(counts)])[:, None]
    said = np.array([[5], [6], [7]])
    together = head.prefill(tokens, counts, features, 60)
    together.commit(said, np.ones(3, np.int64), last)
    alone = []
    for row, count in enumerate(counts):
        session = head.prefill(
            tokens[row : row + 1, :count], counts[row : row + 1], features[row : row + 1, :count], 60
        )
        session.commit(said[row : row + 1], np.ones(1, np.int64), last[row : row + 1])
        alone.append(_proposals(session))
    whole = _proposals(together)
    for row in range(3):
        for mine, theirs in zip(whole, alone[row], strict=True):
            assert mine.token[row].tolist() == theirs.token[0].tolist()
            np.testing.assert_allclose(mine.prob[row], theirs.prob[0], rtol=1e-9)
    together.keep_rows(np.array([0, 2]))
    together.commit(said[[0, 2]], np.ones(2, np.int64), last[[0, 2]])
    assert together.propose(None, 4)[0].token.shape == (2, 4)


def test_a_chain_drafted_pass_by_pass_equals_one_causal_pass(tmp_path):
    """Tree passes see exactly their ancestors: a chain in a wide tree equals the chain alone."""
    head = _head(tmp_path)
    tokens, features = _texts(1, 12, 4)

    def session():
        made = head.prefill(tokens, np.array([12]), features, 60)
        made.commit(np.array([[9]]), np.ones(1, np.int64), features[:, -1:])
        return made

    wide, narrow = session(), session()
    first = wide.propose(None, 4)[0]
    narrow.propose(None, 4)
    w = wide.propose(Frontier(first.token[:, [1, 0, 2]], np.zeros((1, 3), np.int64), np.ones((1, 3), bool)), 4)[0]
    n = narrow.propose(Frontier(first.token[:, [0]], np.zeros((1, 1), np.int64), np.ones((1, 1), bool)), 4)[0]
    np.testing.assert_allclose(w.prob[:, 4:8], n.prob, rtol=1e-9)
    w = wide.propose(Frontier(w.token[:, [0, 5]], np.array([[0, 1]]), np.ones((1, 2), bool)), 4)[0]
    n = narrow.propose(Frontier(n.token[:, [1]], np.zeros((1, 1), np.int64), np.ones((1, 1), bool)), 4)[0]
    np.testing.assert_allclose(w.prob[:, 4:8], n.prob, rtol=1e-9)


def test_a_prompt_in_chunks(tmp_path, attached):
    target = attached(model("llama"))
    write_eagle3(tmp_path / "head", target)
    drafter = smartgen.load_drafter(str(tmp_path / "head"), target)
    inputs = prompts(1)
    plain = target.generate(**inputs, max_new_tokens=12, do_sample=False)
    output = target.generate(
        **inputs, max_new_tokens=12, do_sample=False, smart_recipe=SMALL, assistant_model=drafter, prefill_chunk_size=5
    )
    assert output.tolist() == plain.tolist()
