"""SMART (arXiv 2604.09731): keep u if alpha dL(u) / dC(u) > L / C, layer by layer, best node first.

C = lambda |T| + gamma (exp(delta |T|^rho) - 1), L the expected tokens, c_T cancels. `published` takes dC as the paper
does, the derivative at the tree before u; where `paper` departs (see the recipe) `departed` does the same.
"""

from __future__ import annotations

import numpy as np

from tests.recipes.world import act, assert_acts, random_world, table

ALPHA = 0.8


class Cost:
    """lambda a drafted-from node, gamma (exp(delta T^rho) - 1) a verification of T tokens, the root among them."""

    def __init__(self, random):
        self.per_node = random.uniform(0.0001, 0.002)
        self.rho = random.uniform(0.05, 0.3)  # through the origin, a flatter curve than this is not to be had
        self.delta = random.uniform(0.05, 1.0)
        self.gamma = 0.02 / np.expm1(self.delta)  # a plain step takes 20 ms

    def verify(self, nodes):
        return self.gamma * np.expm1(self.delta * (nodes + 1.0) ** self.rho)

    def slope(self, nodes):
        tokens = nodes + 1.0
        return self.gamma * self.delta * self.rho * tokens ** (self.rho - 1) * np.exp(self.delta * tokens**self.rho)

    def tables(self):
        at = [0, 1, 2, 4, 8, 16, 32, 64]
        return table({n: float(self.verify(n)) for n in at}, {n: n * self.per_node for n in (1, 4)})


def grow(world, keep):
    """(all nodes,) what `keep(path, tokens, nodes, drafted from, depth, leaves)` keeps; the first failure ends its layer."""
    kept, parents, spent = [], np.ones(1, bool), 1
    total, count, leaves = 1.0, 0, 1
    for d in range(world.depth):
        path = np.where(np.repeat(parents, world.topk), world.path[d][0], 0.0)
        level, grown = np.zeros(path.shape, bool), set()
        for u in np.argsort(-path, kind="stable"):
            parent = u // world.topk
            drafting = spent + (level.sum() if d + 1 < world.depth else 0)
            if path[u] <= 0 or not keep(path[u], total, count, drafting, d + 1, leaves):
                break
            leaves += parent in grown  # a parent's first child is a leaf in its place
            level[u] = True
            grown.add(parent)
            total, count = total + path[u], count + 1
        kept.append(level)
        if not level.any():
            break
        parents, spent = level, spent + level.sum()
    return world.flat([level[None] for level in kept])[0]


def published(cost):
    def keep(path, total, count, spent, d, leaves):
        slope = cost.per_node + cost.slope(count)
        return ALPHA * path / slope > total / (cost.per_node * count + cost.verify(count))

    return keep


def departed(cost, depth, averaged=False):
    def keep(path, total, count, spent, d, leaves):
        drafting = cost.per_node if d < depth else 0.0
        more = drafting + cost.verify(count + 1) - cost.verify(count)
        rate = 1 / cost.verify(0) if d == 1 else total / (cost.per_node * spent + cost.verify(count))
        return ALPHA * path / (leaves if averaged else 1) / more > rate

    return keep


def test_the_marginal_rule():
    """Equal with the departures; the published tree is smaller (nodes at the last layer pay for drafting, too)."""
    random = np.random.default_rng(7)
    agreed, kept_any, dropped_any = [], [], []
    for seed in range(600):
        if seed % 50 == 0:
            cost = Cost(random)
            tables = cost.tables()
        world = random_world(seed, rows=1, topk=3, depth=3, sharpest=10)
        found = act("paper", world, tables).verified[0]
        np.testing.assert_array_equal(found, grow(world, departed(cost, world.depth)))
        agreed.append((found == grow(world, published(cost))).all())
        kept_any.append(found.any())
        dropped_any.append(not found.all())
    assert_acts(kept_any, dropped_any)
    assert 0.3 < np.mean(agreed) < 1, f"{np.mean(agreed):.0%} of the trees are those of the published derivative"


def test_the_literal_rule():
    """The gain of a node divided by the number of root-to-leaf paths of the tree so far."""
    random = np.random.default_rng(13)
    kept_any, dropped_any, differs = [], [], []
    for seed in range(400):
        if seed % 50 == 0:
            cost = Cost(random)
            tables = cost.tables()
        world = random_world(seed, rows=1, topk=3, depth=3, sharpest=10)
        found = act("paper_literal", world, tables).verified[0]
        np.testing.assert_array_equal(found, grow(world, departed(cost, world.depth, averaged=True)))
        differs.append((found != grow(world, departed(cost, world.depth))).any())
        kept_any.append(found.any())
        dropped_any.append(not found.all())
    assert_acts(kept_any, dropped_any)
    assert np.mean(differs) > 0.2, "averaging over the paths changes something"
