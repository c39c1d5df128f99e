"""Budgets that the rows of a batch share: TETRIS, ECHO, DSpark, AdaServe, and our pooled scan."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from smartgen.policy.situation import Outcome
from tests.recipes.world import LONG, act, acted, assert_acts, controlled, random_world, situation, table, top


def pooled_top(world, count, among=None):
    """Mask of the `count` largest path probabilities of all rows together."""
    values = world.flat(world.path)
    if among is not None:
        values = np.where(among, values, 0.0)
    return top(values.reshape(1, -1), count).reshape(values.shape)


def test_tetris():
    """A heap over the requests, each with its next draft token by cumulative acceptance; popped until the capacity is full."""
    random, kept, dropped = np.random.default_rng(0), [], []
    for seed in range(300):
        world = random_world(seed, rows=int(random.integers(2, 9)), topk=2, depth=7, sharpest=12)
        capacity = int(random.integers(3, 30))
        found = act("tetris", world, params={"capacity": capacity}, limits={"topk": 1})
        expected = np.zeros(found.verified.shape, bool)
        heap = [(-world.path[0][row, 0], row, 0) for row in range(world.rows)]
        heapq.heapify(heap)
        for _ in range(min(capacity, 7 * world.rows)):
            _, row, depth = heapq.heappop(heap)
            expected[row, world.starts[depth]] = True
            if depth + 1 < 7:
                heapq.heappush(heap, (-world.path[depth + 1][row, 0], row, depth + 1))
        np.testing.assert_array_equal(found.verified, expected)
        kept += list(found.verified.any(1))
        dropped += list((found.drafted & ~found.verified).any(1))
    assert_acts(kept, dropped)


def test_echo():
    """Gates 1[max path probability > tau_d] at depths 2 and 4, then the K_max likeliest nodes of the batch."""
    passed, cut = [], []
    for seed in range(300):
        world = random_world(seed, rows=4, topk=3, depth=5, sharpest=6)
        found = act("echo", world, params={"budget": 40})
        alive, parents, drafted = np.ones((4, 1), bool), np.ones((4, 1), bool), []
        for d in range(5):
            path = np.where(np.repeat(parents & alive, 3, 1), world.path[d], 0.0)
            drafted.append(path > 0)
            gate = {2: 0.2, 4: 0.1}.get(d + 1, 0.0)
            alive = alive & (path.max(1, keepdims=True) > gate)
            parents = top(path, 3)
        among = world.flat(drafted)
        np.testing.assert_array_equal(found.drafted, among)
        np.testing.assert_array_equal(found.verified, pooled_top(world, 40, among))
        passed += list(among[:, world.starts[2] :].any(1))
        cut += list(~among[:, world.starts[4] :].any(1))
    assert_acts(passed, cut)


def by_total(verify, rows):
    """Seconds of `n` draft nodes of the whole batch, packed: linear in between."""
    return lambda n: np.interp(np.asarray(n) / rows, np.arange(len(verify)), verify)


@pytest.mark.parametrize("recipe", ["dspark", "smart_pooled"])
def test_the_best_pooled_size(recipe):
    """argmax over k of (R + sum of the k largest survivals of all rows) / time(R + k)."""
    random = np.random.default_rng(1)
    sizes, uneven = [], []
    for seed in range(400):
        rows, depth = 3, 7 if recipe == "dspark" else 2
        world = random_world(seed, rows, 1 if recipe == "dspark" else 3, depth, sharpest=6)
        verify = 0.02 + np.concatenate([[0], np.cumsum(random.exponential(random.uniform(0.0005, 0.008), 40))])
        drafting = 1e-6
        costs = table(dict(enumerate(verify)), {1: drafting, 64: drafting}, rows)
        extra = {"confidence": world.prob} if recipe == "dspark" else {}
        found = act(recipe, world, costs, one_pass=True, packed=True, **extra)
        if found.layers == 0:
            continue
        order = -np.sort(-world.flat(world.path).reshape(-1))
        order = order[order >= 1e-6] if recipe == "dspark" else order
        tokens = rows + np.concatenate([[0], np.cumsum(order)])
        spent = drafting * found.controller.step.passes
        n = int(np.argmax(tokens / (spent + by_total(verify, rows)(np.arange(len(tokens))))))
        np.testing.assert_array_equal(found.verified, pooled_top(world, n))
        sizes.append(n / len(order))
        uneven.append(len(set(found.verified.sum(1))) > 1)
    assert_acts(np.array(sizes) > 0, np.array(sizes) < 1)
    assert np.mean(uneven) > 0.2, "rows get different numbers of nodes"


def adaserve(path, budget, most, need):
    """AdaServe's phases: rows in descending need take their likeliest nodes until it is met or `most` is reached; then the
    likeliest of all rows. The tree's root counts one token. `path` (rows, nodes): 0 outside the beam."""
    taken, left = np.zeros(path.shape, bool), budget
    for row in np.argsort(-need, kind="stable"):
        total = 1.0
        for node in np.argsort(-path[row], kind="stable")[:most]:
            if total >= need[row] or left == 0 or path[row, node] == 0:
                break
            taken[row, node], total, left = True, total + path[row, node], left - 1
    for place in np.argsort(-path.reshape(-1), kind="stable"):
        row, node = divmod(int(place), path.shape[1])
        if left and path[row, node] and not taken[row, node] and taken[row].sum() < most:
            taken[row, node], left = True, left - 1
    return taken


def test_adaserve():
    """What a row needs: (elapsed + the last step's time) / tpot - generated, at most d + 1."""
    random = np.random.default_rng(2)
    kept, dropped, mattered = [], [], []
    for seed in range(300):
        world = random_world(seed, 4, 2, 3, sharpest=6)
        controller = controlled("adaserve", world, params={"budget": 14}, limits={"nodes": 6, "width": 2})
        controller.plan(situation(4, remaining=1, more={"request.elapsed": np.zeros(4)}))
        controller.select()
        controller.observe(Outcome([[LONG]] * 4, np.zeros(4, int), 0.06))
        elapsed, generated = random.uniform(0, 0.2, 4), random.integers(0, 4, 4)
        controller.plan(situation(4, generated=generated, more={"request.elapsed": elapsed}))
        found = acted(controller, world)
        need = np.minimum((elapsed + 0.06) / 0.05 - generated, 8 + 1)
        beam = np.where(found.drafted, world.flat(world.path), 0.0)
        expected = adaserve(beam, 14 - 4, 6, need)
        np.testing.assert_array_equal(found.verified, expected)
        kept += list(found.verified.any(1))
        dropped += list((found.drafted & ~found.verified).any(1))
        mattered.append((expected != adaserve(beam, 14 - 4, 6, np.zeros(4))).any())
    assert_acts(kept, dropped)
    assert np.mean(mattered) > 0.2, "the schedule changes something"
