"""Chains, static trees, and the dynamic tree of EAGLE-2 and its family."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.world import act, assert_acts, random_world, top

# The tree of the released EAGLE-1 code, as child-rank paths.
EAGLE1 = [
    *([0], [1], [2], [3]),
    *([0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [2, 0], [2, 1], [3, 0]),
    *([0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 1, 0], [0, 1, 1], [0, 2, 0], [0, 2, 1], [1, 0, 0]),
    *([0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 2], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]),
]


def test_a_chain_is_the_likeliest_path():
    world = random_world(0, rows=500, topk=3, depth=5)
    for k in (1, 3, 5):
        found = act("chain", world, params={"k": k}, limits={"topk": 1})
        spine = np.zeros(found.verified.shape, bool)
        spine[:, world.starts[:k]] = True  # the first node of each level
        np.testing.assert_array_equal(found.verified, spine)
        assert_acts(found.verified.any(1), (~found.verified).any(1))


def eagle2(world, topk, total_tokens, depth):
    """The released `topK_genrate`: frontier = top-k of the layer by cumulative probability, pool = all children, then top-N."""
    pools, scores = [], np.ones((world.rows, 1))
    frontier = np.zeros((world.rows, 1), int)
    for d in range(depth):
        rows = np.arange(world.rows)[:, None]
        child = (frontier[:, :, None] * world.topk + np.arange(topk)).reshape(world.rows, -1)
        score = np.repeat(scores, topk, 1) * world.prob[d][rows, child]
        pool = np.zeros(world.prob[d].shape)
        np.put_along_axis(pool, child, score, 1)
        pools.append(pool)
        best = np.argsort(-score, axis=1, kind="stable")[:, :topk]
        frontier, scores = np.take_along_axis(child, best, 1), np.take_along_axis(score, best, 1)
    return top(world.flat(pools), total_tokens)


@pytest.mark.parametrize("recipe", ["eagle2", "eagle3", "msd", "trtllm"])
def test_the_dynamic_tree_of_eagle2(recipe):
    params = {"length": 4} if recipe == "trtllm" else {}
    for seed, (topk, nodes) in enumerate([(3, 10), (4, 6), (2, 12), (4, 40)]):
        world = random_world(seed, rows=500, topk=topk, depth=4)
        found = act(recipe, world, params=params, limits={"width": topk, "nodes": nodes})
        np.testing.assert_array_equal(found.verified, eagle2(world, topk, nodes, 4))
        assert_acts(found.verified.any(1), (found.drafted & ~found.verified).any(1))


def test_eagle1_verifies_the_same_shape_whatever_the_drafter_thinks():
    world = random_world(1, rows=400, topk=4, depth=5)
    expected = np.zeros(world.starts[-1], bool)
    for path in EAGLE1:
        place = 0
        for rank in path:
            place = 4 * place + rank
        expected[world.starts[len(path) - 1] + place] = True
    found = act("eagle1", world)
    np.testing.assert_array_equal(found.verified, np.broadcast_to(expected, found.verified.shape))
    assert_acts(found.verified.any(1), (found.drafted & ~found.verified).any(1))
