"""Rules that compare something with a constant: where drafting stops, which nodes are kept."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.world import act, assert_acts, random_world, top


def spine_until(world, stops):
    """(rows, all nodes) the likeliest path down to the first level at which `stops` (rows, depth) says so, inclusive."""
    length = np.where(stops.any(1), stops.argmax(1) + 1, world.depth)
    mask = np.zeros((world.rows, world.starts[-1]), bool)
    for row, nodes in enumerate(length):
        mask[row, world.starts[:nodes]] = True
    return mask, length


def assert_chain(found, world, stops):
    expected, length = spine_until(world, stops)
    np.testing.assert_array_equal(found.verified, expected)
    assert_acts(length > 1, length < world.depth)


def spine(levels):
    """(rows, depth) values of the likeliest path."""
    return np.stack([level[:, 0] for level in levels], 1)


def test_hf_confidence():
    """transformers' ConfidenceCriteria: stop after a token whose own probability is below the threshold."""
    world = random_world(1, rows=3000, topk=2, depth=6)
    for threshold in (0.5, 0.7):
        found = act("hf_confidence", world, params={"threshold": threshold})
        assert_chain(found, world, spine(world.prob) < threshold)


def test_specdec_plus():
    """Stop as soon as 1 - (product of predicted acceptances) > h, but not before two tokens."""
    world = random_world(2, rows=3000, topk=2, depth=6)
    random = np.random.default_rng(2)
    confidence = [random.uniform(0.5, 1, level.shape) for level in world.prob]
    for h in (0.3, 0.6):
        found = act("specdec_plus", world, params={"h": h}, confidence=confidence)
        stops = 1 - np.cumprod(spine(confidence), 1) > h
        stops[:, 0] = False
        assert_chain(found, world, stops)


def test_svip():
    """Stop when the lower bound 1 - sqrt(c H) of the acceptance falls below h."""
    world = random_world(3, rows=3000, topk=2, depth=6)
    random = np.random.default_rng(3)
    entropy = [random.uniform(0, 2.5, level.shape) for level in world.prob]
    for c, h in ((0.2, 0.5), (0.3, 0.3)):
        found = act("svip", world, params={"c": c, "h": h}, entropy=entropy)
        assert_chain(found, world, 1 - np.sqrt(c * spine(entropy)) < h)


def test_ddd():
    """EAGLE-2 whose beam's summed probability is compared with a cutoff, at some depths only (here 5 and 7)."""
    world = random_world(4, rows=400, topk=2, depth=8, sharpest=30)
    for cutoff in (0.4, 0.6):
        found = act("ddd", world, params={"cutoff": cutoff}, limits={"width": 2, "nodes": 12})
        alive, frontier, pools, depths = np.ones(world.rows, bool), np.zeros((world.rows, 1), int), [], 0
        for d in range(world.depth):
            child = (frontier[:, :, None] * 2 + np.arange(2)).reshape(world.rows, -1)
            path = np.where(alive[:, None], np.take_along_axis(world.path[d], child, 1), 0.0)
            pools.append(np.zeros(world.path[d].shape))
            np.put_along_axis(pools[-1], child, path, 1)
            best = np.argsort(-path, axis=1, kind="stable")[:, :2]
            frontier, depths = np.take_along_axis(child, best, 1), depths + alive
            if d + 1 in (5, 7):
                alive &= np.take_along_axis(path, best, 1).sum(1) > cutoff
        np.testing.assert_array_equal(found.verified, top(world.flat(pools), 12))
        assert_acts(depths > 5, depths < world.depth)


def talon(world, mu, budget):
    """Top-K at the root; deeper what reaches mu x the layer's best; a row is done when `budget` nodes are kept."""
    parents = np.ones((world.rows, 1), bool)
    kept, layers = [], np.zeros(world.rows, int)
    for d in range(world.depth):
        path = np.where(np.repeat(parents, world.topk, 1), world.path[d], 0.0)
        level = path > 0
        if d:
            level &= path >= mu * path.max(1, keepdims=True)
        kept.append(level)
        layers += level.any(1)
        full = sum(mask.sum(1) for mask in kept) >= budget
        parents = level & ~full[:, None]
    chosen = world.flat([np.where(mask, path, 0.0) for mask, path in zip(kept, world.path, strict=False)])
    return top(chosen, budget), world.flat(kept), layers


@pytest.mark.parametrize(("mu", "budget"), [(0.03, 20), (0.2, 12), (0.5, 8)])
def test_talon(mu, budget):
    world = random_world(5, rows=800, topk=3, depth=4)
    found = act("talon", world, params={"mu": mu, "budget": budget})
    verified, kept, layers = talon(world, mu, budget)
    np.testing.assert_array_equal(found.verified, verified)
    np.testing.assert_array_equal(found.kept, kept)
    assert_acts(kept[:, world.starts[1] :].any(1), (found.drafted & ~kept).any(1) | (layers < world.depth))


def opt_tree(world, size, gain):
    """E(d) = the summed probability of the best `size` nodes of d layers; stop when E(d) - E(d-1) <= gain."""
    alive, frontier = np.ones(world.rows, bool), np.zeros((world.rows, 1), int)
    pool, before, layers = [], np.zeros(world.rows), np.zeros(world.rows, int)
    for d in range(world.depth):
        child = (frontier[:, :, None] * world.topk + np.arange(world.topk)).reshape(world.rows, -1)
        path = np.where(alive[:, None], np.take_along_axis(world.path[d], child, 1), 0.0)
        pool.append(np.zeros(world.path[d].shape))
        np.put_along_axis(pool[-1], child, path, 1)
        layers += alive
        everything = np.concatenate(pool, 1)
        now = -np.sort(-everything, axis=1)[:, :size].sum(1)
        alive &= now - before > gain
        before = now
        best = np.argsort(-path, axis=1, kind="stable")[:, :size]
        frontier = np.take_along_axis(child, best, 1)
    return top(world.flat(pool), size), layers


@pytest.mark.parametrize(("size", "gain"), [(10, 0.3), (16, 0.25)])
def test_opt_tree(size, gain):
    world = random_world(6, rows=1000, topk=3, depth=5, sharpest=12)
    found = act("opt_tree", world, params={"size": size, "gain": f"{gain} tok"})
    verified, layers = opt_tree(world, size, gain)
    np.testing.assert_array_equal(found.verified, verified)
    assert_acts(layers > 1, layers < world.depth)
