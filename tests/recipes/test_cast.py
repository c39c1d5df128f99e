"""CAST (arXiv 2510.26577): Algorithm 1 picks the largest count whose marginal utility per cost exceeds a constant."""

from __future__ import annotations

import numpy as np

from tests.recipes.world import act, assert_acts, random_world, table

ROWS, TOPK, DEPTH, WIDTH = 3, 3, 3, 5


def algorithm_1(utility, cost, price, first):
    """Walk up the counts from `first`; a count is taken if it pays against the last one that was taken."""
    taken = first
    for k in range(first + 1, len(utility)):
        if utility[k] - utility[taken] > price * (cost[k] - cost[taken]):
            taken = k
    return taken


def utilities(path):
    """(K + 1,) the batch mean of each row's k largest path probabilities, summed."""
    ordered = -np.sort(-path, axis=1)
    return np.concatenate([[0], np.cumsum(ordered, 1).mean(0)])


def cast(world, verify, draft, prices, growth):
    """Masks of the verified nodes and the layers drafted. `growth`: "published" (1 before any layer pair was seen) or ours."""
    c1, c2, c3 = prices
    parents, pool, depth = np.ones((ROWS, 1), bool), [], 0
    kept_mass, ratio, width = 1.0, 1.0, 1
    while depth < DEPTH and ratio * kept_mass >= c2 * draft[width] / verify[0]:
        path = np.where(np.repeat(parents, TOPK, 1), world.path[depth], 0.0)
        pool.append(path)
        utility = utilities(path)[: min(WIDTH, (path > 0).sum(1).max()) + 1]
        width = algorithm_1(utility, draft[: len(utility)] / verify[0], c1, 1)
        order = np.argsort(-path, axis=1, kind="stable")[:, :width]
        parents = np.zeros(path.shape, bool)
        np.put_along_axis(parents, order, True, 1)
        if growth == "ours":  # a layer drawn once is half believed to be like the one above
            own = path.sum() / ROWS / kept_mass
            ratio = (ratio + own) / 2 if depth else own
        kept_mass, depth = utility[width], depth + 1
    everything = world.flat(pool) if pool else np.zeros((ROWS, world.starts[-1]))
    utility = utilities(everything)[: len(verify)]
    size = algorithm_1(utility, verify[: len(utility)] / verify[0], c3, 0)
    order = np.argsort(-everything, axis=1, kind="stable")[:, :size]
    mask = np.zeros(everything.shape, bool)
    np.put_along_axis(mask, order, True, 1)
    return mask & (everything > 0), depth


def test_three_prices():
    random = np.random.default_rng(0)
    sizes, depths, agreed = [], [], []
    for seed in range(400):
        if seed % 50 == 0:
            prices = [float(price) for price in random.uniform([0.2, 0.5, 0.2], [1.2, 4.0, 1.2])]
            params = {f"c{i}": f"{price!r} tok" for i, price in enumerate(prices, 1)}
        world = random_world(seed, ROWS, TOPK, DEPTH, sharpest=8)
        verify = 0.02 + np.concatenate([[0], np.cumsum(random.exponential(random.uniform(0.0005, 0.006), 24))])
        draft = np.concatenate([[0], random.uniform(0.001, 0.01) + np.cumsum(random.exponential(0.001, 9))])
        costs = table(dict(enumerate(verify)), dict(list(enumerate(draft))[1:]), ROWS)
        found = act("cast", world, costs, params, {"width": WIDTH, "nodes": 24})
        expected, depth = cast(world, verify, draft, prices, "ours")
        np.testing.assert_array_equal(found.verified, expected)
        assert found.layers == depth
        sizes.append(expected.sum(1).max())
        depths.append(depth)
        agreed.append(depth == cast(world, verify, draft, prices, "published")[1])
    assert_acts(np.array(sizes) > 0, np.array(sizes) < 24)
    assert_acts(np.array(depths) > 1, np.array(depths) < DEPTH)
    assert 0.5 < np.mean(agreed) < 1, f"{np.mean(agreed):.0%} of the depths are those of the published growth"
