"""An assistant's tree passes give what a plain forward of each path gives."""

from __future__ import annotations

import copy

import numpy as np
import torch

from smartgen.drafters.assistant import Assistant
from smartgen.tree.layer import Frontier
from tests.hf.zoo import V, model, prompts


def _rows(batch):
    inputs = prompts(batch)
    counts = inputs["attention_mask"].sum(1).numpy()
    rows = [row[-count:].tolist() for row, count in zip(inputs["input_ids"], counts, strict=True)]
    tokens = np.array([row + [0] * (14 - len(row)) for row in rows])
    return rows, tokens, counts


def _children(text, k):
    with torch.no_grad():
        probs = model("llama")(torch.tensor([text])).logits[0, -1].float().softmax(-1)
    top = probs.topk(k)
    return top.indices.tolist(), top.values.numpy()


def test_tree_passes_equal_forwards_of_the_paths():
    rows, tokens, counts = _rows(3)
    session = Assistant(model("llama"), model("llama")).prefill(tokens, counts, None, 60)
    for said in ([[5], [6], [7]], [[8, 9], [3, 0], [4, 11]]):
        lengths = np.array([1, 1, 1]) if len(said[0]) == 1 else np.array([2, 1, 2])
        session.commit(np.array(said), lengths, None)
        rows = [row + line[:n] for row, line, n in zip(rows, said, lengths, strict=True)]
        first = session.propose(None, 3)[0]
        chosen = np.array([[2, 0], [0, 1], [1, 2]])
        token = np.take_along_axis(first.token, chosen, 1)
        second = session.propose(Frontier(token, np.zeros_like(chosen), np.ones(chosen.shape, bool)), 3)[0]
        deeper = np.array([[3], [1], [5]])
        third = session.propose(
            Frontier(
                np.take_along_axis(second.token, deeper, 1),
                np.take_along_axis(second.parent, deeper, 1),
                np.ones((3, 1), bool),
            ),
            3,
        )[0]
        session.rewind()
        for row, text in enumerate(rows):
            ids, probs = _children(text, 3)
            assert first.token[row].tolist() == ids
            np.testing.assert_allclose(first.prob[row], probs, rtol=1e-5)
            above = int(second.parent[row, deeper[row, 0]])
            ids, probs = _children([*text, int(token[row, above]), int(second.token[row, deeper[row, 0]])], 3)
            assert third.token[row].tolist() == ids
            np.testing.assert_allclose(third.prob[row], probs, rtol=1e-5)


def test_ids_are_compatible_on_the_shared_range_only():
    small = copy.deepcopy(model("llama"))
    small.resize_token_embeddings(90)
    drafter = Assistant(small, model("llama"))
    drafter.check_target(model("llama").config)
    _, tokens, counts = _rows(2)
    tokens = np.minimum(tokens, 89)
    session = drafter.prefill(tokens, counts, None, 60)
    session.commit(np.array([[3], [95]]), np.ones(2, np.int64), None)
    assert session.dead.tolist() == [False, True]
    layer = session.propose(None, 4)[0]
    assert layer.valid[0].all()
    assert not layer.valid[1].any()
    large = copy.deepcopy(model("llama"))
    large.resize_token_embeddings(V + 31)
    session = Assistant(large, model("llama")).prefill(tokens, counts, None, 60)
    session.commit(np.array([[3], [4]]), np.ones(2, np.int64), None)
    assert (session.propose(None, V)[0].token < V).all()
