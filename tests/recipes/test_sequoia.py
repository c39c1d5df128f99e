"""Sequoia (arXiv 2402.12374): the best tree under a positional acceptance vector, by the paper's dynamic program."""

from __future__ import annotations

import re

import numpy as np

from smartgen.policy.bake import bake
from smartgen.recipe import load
from smartgen.recipe.shipped import shipped
from tests.recipes.world import assert_acts, table

TEXT = shipped()["sequoia"].read_text(encoding="utf-8")
MOST, DEEPEST = 16, 4


def tree_values(accept):
    """(MOST + 1, DEEPEST + 1) most expected tokens of n draft nodes within d layers.

    F(m, l) = 1 + G(m - 1, l, 1), G(n, l, b) = max over y of [y > 0] p_b F(y, l - 1) + G(n - y, l, b + 1): the b-th child
    gets y of the n nodes.
    """
    branches = len(accept)
    whole = np.full((MOST + 2, DEEPEST + 1), -np.inf)  # F: m nodes, the subtree's root among them
    whole[1:, 0] = np.where(np.arange(1, MOST + 2) == 1, 1.0, -np.inf)
    for depth in range(1, DEEPEST + 1):
        children = np.full((MOST + 1, branches + 1), -np.inf)  # G of this depth
        children[0] = 0.0
        for b in range(branches - 1, -1, -1):
            for n in range(1, MOST + 1):
                given = accept[b] * whole[1 : n + 1, depth - 1] + children[n - 1 :: -1, b + 1][:n]
                children[n, b] = max(children[n, b + 1], given.max())
        whole[1:, depth] = 1.0 + children[: MOST + 1, 0]
    return whole[1:]


def written(accept):
    rows = ", ".join(f"{rank}: {chance!r}" for rank, chance in enumerate(accept))
    text = re.sub(r"table\(node\.rank, [^)]*\)", f"table(node.rank, {rows})", TEXT)
    return load(text, limits={"depth": DEEPEST, "nodes": MOST, "topk": len(accept)}).program


def test_the_tree_is_the_dynamic_program_s():
    """argmin over n and d of (d t_draft + t_verify(n)) / E(n, d); plain decoding competes."""
    random = np.random.default_rng(0)
    sizes, depths = [], []
    for _ in range(250):
        weight = -np.sort(-(random.random(int(random.integers(2, 5))) ** random.uniform(0.5, 4)))
        accept = [float(p) for p in weight / weight.sum() * random.uniform(0.5, 1)]
        verify = 0.02 + np.concatenate([[0], np.cumsum(random.exponential(random.uniform(0.0003, 0.004), MOST))])
        drafting = random.uniform(0.0005, 0.008)
        costs = table(dict(enumerate(verify)), {1: drafting, 64: drafting})
        tree = bake(written(accept), costs, 1, 1)
        tokens = tree_values(accept)
        rate = tokens / (np.arange(DEEPEST + 1) * drafting + verify[:, None])
        n, d = np.unravel_index(np.argmax(np.where(np.isfinite(rate), rate, -1)), rate.shape)
        np.testing.assert_allclose(tree.tokens / tree.seconds, rate[n, d], rtol=1e-9)
        assert (len(tree.paths), max(map(len, tree.paths), default=0)) == (n, d)
        np.testing.assert_allclose(tree.tokens, tokens[n, d], rtol=1e-9)
        sizes.append(n)
        depths.append(d)
    assert_acts(np.array(sizes) > 0, np.array(sizes) < MOST)
    assert_acts(np.array(depths) > 1, np.array(depths) < DEEPEST)
