"""The fused, folded, cached and ragged head against its equations, one path at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from smartgen.drafters.eagle3 import Eagle3Session
from smartgen.drafters.errors import DrafterError
from smartgen.tree.layer import Frontier
from tests.drafters.heads import Reference, configured, features, loaded, written
from tests.hf.zoo import V

COUNTS = np.array([11, 6, 9])  # pairs and prompts of unequal length


class Told:
    """A session and, for each row, the pairs it has been told of: what the reference needs."""

    def __init__(self, head, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.prompt = self.random.integers(0, V, (3, 11))
        self.features = features(3, 11, seed=seed)
        self.session = head.prefill(self.prompt, COUNTS, self.features, 40)
        self.tokens = [row[1:count].tolist() for row, count in zip(self.prompt, COUNTS, strict=True)]
        self.given = [self.features[row, : count - 1] for row, count in enumerate(COUNTS)]

    def commit(self, counts: list[int]) -> None:
        said, new = (
            self.random.integers(0, V, (3, max(counts))),
            features(3, max(counts), seed=sum(map(len, self.tokens))),
        )
        self.session.commit(said, np.array(counts), new)
        for row, count in enumerate(counts):
            self.tokens[row] += said[row, :count].tolist()
            self.given[row] = torch.cat([self.given[row], new[row, :count]])

    def check(self, reference: Reference, layer, paths: list[list[list[int]]], k: int) -> None:
        """The layer's children of frontier place w of row b are those behind `paths[b][w]`."""
        for row, several in enumerate(paths):
            for place, path in enumerate(several):
                cells = slice(k * place, k * place + k)
                ids, chances = reference.likeliest(self.tokens[row], self.given[row], path, k)
                assert layer.token[row, cells].tolist() == ids
                np.testing.assert_allclose(
                    layer.prob[row, cells], chances, rtol=1e-5
                )  # positions are float32, as everywhere
                assert layer.parent[row, cells].tolist() == [place] * k
                assert layer.rank[row, cells].tolist() == list(range(k))


def _check_tree(told: Told, reference: Reference, k: int = 3) -> None:
    first = told.session.propose(None, k)[0]
    told.check(reference, first, [[[]]] * 3, k)
    chosen = np.array([[2, 0], [0, 1], [1, 2]])
    token = np.take_along_axis(first.token, chosen, 1)
    second = told.session.propose(Frontier(token, np.zeros((3, 2), np.int64), np.ones((3, 2), bool)), k)[0]
    paths = [[[t] for t in row] for row in token.tolist()]
    told.check(reference, second, paths, k)
    deeper = np.array([[5, 0, 1], [4, 3, 1], [0, 2, 4]])
    token, parent = (np.take_along_axis(x, deeper, 1) for x in (second.token, second.parent))
    third = told.session.propose(Frontier(token, parent, np.ones((3, 3), bool)), k)[0]
    paths = [[[*paths[b][parent[b, w]], int(token[b, w])] for w in range(3)] for b in range(3)]
    told.check(reference, third, paths, k)
    told.session.rewind()


def _check_ragged_trees(tmp_path) -> None:
    told, reference = Told(loaded(written(tmp_path))), Reference(tmp_path)
    for counts in ([1, 1, 1], [3, 1, 2], [1, 4, 1]):
        told.commit(counts)
        _check_tree(told, reference)


def test_ragged_trees_equal_one_causal_pass_over_each_path(tmp_path):
    _check_ragged_trees(tmp_path)


def test_attention_may_come_back_in_another_memory_layout(tmp_path, monkeypatch):
    attend = torch.nn.functional.scaled_dot_product_attention

    def transposed(*arguments, **named):  # as kernels of GPUs return it
        return attend(*arguments, **named).transpose(1, 2).contiguous().transpose(1, 2)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", transposed)
    _check_ragged_trees(tmp_path)


def test_a_long_wait_is_fed_in_chunks_and_digested_before_it_grows(tmp_path, monkeypatch):
    monkeypatch.setattr(Eagle3Session, "CHUNK", 4)
    monkeypatch.setattr(Eagle3Session, "MOST_WAITING", 5)
    told, reference = Told(loaded(written(tmp_path))), Reference(tmp_path)
    for counts in ([1, 1, 1], [3, 1, 1], [1, 1, 1], [3, 1, 1]):
        told.commit(counts)
        assert told.session.pending <= 10 + Eagle3Session.MOST_WAITING
    assert told.session.pending < 10, "part of it was digested by a commit"
    _check_tree(told, reference)


def test_capacity_is_an_estimate(tmp_path):
    told, reference = Told(loaded(written(tmp_path))), Reference(tmp_path)
    for _ in range(12):
        told.commit([10, 10, 9])
    _check_tree(told, reference)


def test_finished_rows_leave(tmp_path):
    told, reference = Told(loaded(written(tmp_path))), Reference(tmp_path)
    told.commit([1, 2, 1])
    told.session.propose(None, 3)
    told.session.keep_rows(np.array([0, 2]))
    said, new = np.array([[7, 8], [9, 0]]), features(2, 2, seed=77)
    told.session.commit(said, np.array([2, 1]), new)
    assert told.session.pending == 2
    layer = told.session.propose(None, 3)[0]
    for place, (row, count) in enumerate(((0, 2), (2, 1))):
        tokens = told.tokens[row] + said[place, :count].tolist()
        ids, chances = reference.likeliest(tokens, torch.cat([told.given[row], new[place, :count]]), [], 3)
        assert layer.token[place].tolist() == ids
        np.testing.assert_allclose(layer.prob[place], chances, rtol=1e-5)  # positions are float32, as everywhere


@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-4), (torch.bfloat16, 0.3)])
def test_packed_weights_give_the_same_chances(dtype, close, tmp_path):
    exact, packed = Told(loaded(written(tmp_path))), Told(loaded(tmp_path, dtype))
    for told in (exact, packed):
        told.commit([2, 1, 1])
    one, other = (told.session.propose(None, 41)[0] for told in (exact, packed))
    for row in range(3):
        chances = dict(zip(other.token[row].tolist(), other.prob[row], strict=True))
        ours = np.array([chances[token] for token in one.token[row].tolist()])
        np.testing.assert_allclose(ours, one.prob[row], rtol=close, atol=close / 10)


def test_the_layout_of_speculators(tmp_path):
    folder = written(tmp_path)
    layer = {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
    layer |= {"intermediate_size": 96, "vocab_size": V, "rms_norm_eps": 1e-5}
    tensors = load_file(folder / "model.safetensors")
    save_file({n.replace("midlayer", "layers.0"): t for n, t in tensors.items()}, folder / "model.safetensors")
    configured(folder, speculators_model_type="eagle3", transformer_layer_config=layer, hidden_size=None)
    told, reference = Told(loaded(folder)), Reference(folder, normed_residual=True)
    told.commit([1, 2, 1])
    _check_tree(told, reference)


def test_rotary_base_of_the_config(tmp_path):
    told, reference = Told(loaded(written(tmp_path, rope_theta=500.0))), Reference(tmp_path, theta=500.0)
    told.commit([1, 1, 1])
    _check_tree(told, reference)


def test_which_layers_are_read(tmp_path):
    assert loaded(written(tmp_path / "default")).feature_layers == (2, 3, 3)
    named = {"eagle_aux_hidden_state_layer_ids": [0, 2, 4]}
    assert loaded(written(tmp_path / "outputs", eagle_config=named)).feature_layers == (1, 3, 5)
    with pytest.raises(DrafterError, match=r"reads layers \(1, 3, 6\) of its target; this one has 6"):
        loaded(written(tmp_path / "far", eagle_config={"eagle_aux_hidden_state_layer_ids": [0, 2, 5]}))


def test_misuse_is_named(tmp_path):
    head = loaded(written(tmp_path))
    prompt, one = np.array([[4]]), np.ones(1, np.int64)
    with pytest.raises(DrafterError, match="drafts from the target's features"):
        head.prefill(prompt, one, None, 20)
    session = head.prefill(prompt, one, features(1, 1), 20)
    with pytest.raises(DrafterError, match="before the first token"):
        session.propose(None, 3)
    frontier = Frontier(prompt, np.zeros((1, 1), np.int64), np.ones((1, 1), bool))
    with pytest.raises(DrafterError, match="call propose"):
        session.propose(frontier, 3)
    with pytest.raises(DrafterError, match="every committed token"):
        session.commit(prompt, one, None)


def _check_woken(told: Told, reference: Reference, said: list[int], most: int) -> None:
    """What a pass that wakes the head says of each skipped position is what it would have proposed there."""
    first, skipped = told.session.wake(3, most)
    told.check(reference, first[0], [[[]]] * 3, 3)
    assert first[0].token.shape == (3, 3)
    width = min(max(said) - 1, most)
    assert skipped.token.shape == (3, width, 4)
    for row, count in enumerate(said):
        assert skipped.valid[row].sum() == min(count - 1, most)
        for place in np.flatnonzero(skipped.valid[row]):
            end = len(told.tokens[row]) - (width - place)
            ids, chances = reference.likeliest(told.tokens[row][:end], told.given[row][:end], [], 4)
            assert skipped.token[row, place].tolist() == ids
            np.testing.assert_allclose(skipped.prob[row, place], chances, rtol=1e-5)
            assert skipped.following[row, place] == told.tokens[row][end]


def test_a_head_that_is_woken_looks_back_at_what_it_skipped(tmp_path):
    told, reference = Told(loaded(written(tmp_path))), Reference(tmp_path)
    for counts in ([1, 1, 1], [2, 1, 1], [1, 1, 3]):
        told.commit(counts)
    _check_woken(told, reference, [4, 3, 5], most=3)  # the prompt is fed with it, and never looked back at
    for _ in range(6):
        told.commit([1, 2, 1])
    _check_woken(told, reference, [6, 12, 6], most=16)
    _check_tree(told, reference)


def test_nothing_is_said_where_nothing_was_skipped(tmp_path, monkeypatch):
    told, reference = Told(loaded(written(tmp_path))), Reference(tmp_path)
    told.commit([1, 1, 1])
    first, skipped = told.session.wake(3, 16)
    told.check(reference, first[0], [[[]]] * 3, 3)
    assert skipped is None
    monkeypatch.setattr("smartgen.drafters.pending.WITHIN", 2)
    told.commit([3, 1, 1])
    assert told.session.wake(3, 16)[1] is None, "too much waits"


def test_the_entropy_of_what_nodes_are_drawn_from_comes_on_request(tmp_path):
    told = Told(loaded(written(tmp_path)))
    assert told.session.propose(None, 3)[0].entropy is None
    told.session.wanted = frozenset({"node.entropy"})
    layer = told.session.propose(None, V)[0]  # all children: their probabilities are the whole distribution
    np.testing.assert_allclose(layer.prob.sum(1), 1.0, rtol=1e-5)
    expected = -(layer.prob * np.log(layer.prob)).sum(1, keepdims=True)
    np.testing.assert_allclose(layer.entropy, np.broadcast_to(expected, layer.entropy.shape), rtol=1e-5)
