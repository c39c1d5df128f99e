"""The ragged cache and the masks, against the plainest restatement of what they should be."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from smartgen.attention.cache import RaggedCache
from smartgen.attention.grouped import grouped_attention
from smartgen.attention.mask import MaskKind, MaskStyle, ancestors

HEADS, DIM = 2, 4


def _filled(lengths=(5, 5, 5), capacity=12):
    cache = RaggedCache(2)
    keys = torch.arange(3 * HEADS * 5 * DIM).float().view(3, HEADS, 5, DIM)
    for layer in range(2):
        cache.write(layer, keys + 1000 * layer, keys + 1000 * layer + 500)
    cache.seal(capacity, np.array(lengths))
    return cache


def _tree(value, queries):
    return torch.full((3, HEADS, queries, DIM), float(value)) + torch.arange(queries).view(1, 1, queries, 1)


def test_rows_write_behind_their_own_length_and_accepting_moves_the_path():
    cache = _filled((5, 3, 4))
    cache.begin(4)
    for layer in range(2):
        keys, _ = cache.write(layer, _tree(7000, 4), _tree(9000, 4))
    assert keys.shape[2] == 9
    for row, length in enumerate((5, 3, 4)):
        assert keys[row, 0, length : length + 4, 0].tolist() == [7000, 7001, 7002, 7003]
    cache.accept(np.array([[0, 2, 3], [0, 1, 0], [0, 0, 0]]), np.array([3, 2, 1]))
    assert cache.lengths.tolist() == [8, 5, 5]
    keys, values = cache.stacks[0][0], cache.stacks[0][1]
    assert keys[1, 0, 0, 5:8, 0].tolist() == [7000, 7002, 7003]
    assert values[0, 1, 0, 3:5, 0].tolist() == [9000, 9001]
    assert keys[0, 2, 1, 4, 0].item() == 7000


def test_rows_in_step_take_the_fast_way_to_the_same_place():
    ragged, level = _filled((5, 4, 5)), _filled()
    for cache in (ragged, level):
        cache.begin(2)
        cache.write(0, _tree(1, 2), _tree(2, 2))
    assert torch.equal(ragged.stacks[0][0][0, 0, :, 5:7], level.stacks[0][0][0, 0, :, 5:7])


def test_it_grows_and_rows_leave():
    cache = _filled(capacity=6)
    before = cache.stacks[0][0][:, :, :, :5].clone()
    cache.begin(30)
    assert cache.capacity >= 35
    assert torch.equal(cache.stacks[0][0][:, :, :, :5], before)
    cache.keep_rows(np.array([0, 2]))
    assert torch.equal(cache.stacks[0][0][:, :, :, :5], before[:, [0, 2]])
    assert cache.lengths.tolist() == [5, 5]


def test_layers_of_different_shapes_share_no_stack():
    cache = RaggedCache(2)
    cache.write(0, torch.zeros(1, 2, 3, 4), torch.zeros(1, 2, 3, 4))
    cache.write(1, torch.zeros(1, 1, 3, 8), torch.zeros(1, 1, 3, 2))
    cache.seal(8)
    assert len(cache.stacks) == 2
    cache.begin(1)
    keys, values = cache.write(1, torch.ones(1, 1, 1, 8), torch.ones(1, 1, 1, 2))
    assert keys.shape == (1, 1, 4, 8)
    assert values[0, 0, 3].tolist() == [1, 1]


def _random_tree(random, batch, nodes):
    parent, depth = np.full((batch, nodes), -1), np.zeros((batch, nodes), int)
    for row in range(batch):
        for node in range(1, nodes):
            parent[row, node] = random.integers(node)
            depth[row, node] = depth[row, parent[row, node]] + 1
    return parent, depth


@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("additive", [False, True])
def test_masks_are_what_brute_force_says(window, additive):
    random = np.random.default_rng(0)
    parent, depth = _random_tree(random, 3, 7)
    lengths, padding = np.array([6, 4, 5]), np.array([0, 2, 1])
    positions = (lengths - padding)[:, None] + depth
    style = MaskStyle(additive, (MaskKind("sliding_attention", window),))
    mask = style.build(ancestors(parent, depth), positions, lengths, padding, 13, 0, torch.float32, torch.device("cpu"))
    assert mask.shape == (3, 1, 7, 13)
    allowed = mask[:, 0] == 0 if additive else mask[:, 0]
    if additive:
        assert mask.min() == torch.finfo(torch.float32).min
    for row in range(3):
        for query in range(7):
            line, node = set(), query
            while node >= 0:
                line.add(node)
                node = parent[row, node]
            for slot in range(13):
                place = slot - lengths[row]
                committed = padding[row] <= slot < lengths[row]
                seen = committed or place in line
                at = slot - padding[row] if slot < lengths[row] else positions[row, place] if place < 7 else 0
                if window is not None:
                    seen = seen and positions[row, query] - at < window
                assert bool(allowed[row, query, slot]) == bool(seen)


def test_several_kinds_of_layers_get_a_mask_each():
    style = MaskStyle(False, (MaskKind("full_attention"), MaskKind("sliding_attention", 2)))
    seen = np.ones((1, 1, 1), bool)
    masks = style.build(seen, np.array([[4]]), np.array([4]), np.array([0]), 5, 0, torch.float32, torch.device("cpu"))
    assert masks["full_attention"].sum() == 5
    assert masks["sliding_attention"].sum() == 2


def test_grouped_attention_is_attention():
    class Module(torch.nn.Module):
        num_key_value_groups = 3

    torch.manual_seed(0)
    query, key, value = torch.randn(2, 6, 5, 8), torch.randn(2, 2, 9, 8), torch.randn(2, 2, 9, 8)
    mask = torch.rand(2, 1, 5, 9) > 0.3
    mask[..., 0] = True
    ours, _ = grouped_attention(Module(), query, key, value, mask)
    repeated = [x.repeat_interleave(3, 1) for x in (key, value)]
    stock = torch.nn.functional.scaled_dot_product_attention(query, *repeated, attn_mask=mask)
    torch.testing.assert_close(ours, stock.transpose(1, 2))
