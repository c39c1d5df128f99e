"""Rules that weigh expected tokens against measured time: BASTION, CaDDTree, smart and its relatives."""

from __future__ import annotations

import numpy as np

from smartgen.policy.situation import Outcome
from tests.recipes.world import World, act, acted, assert_acts, controlled, random_world, situation, table


def in_order(world, row=0):
    """Path probabilities of all candidates of a row, descending."""
    return -np.sort(-world.flat(world.path)[row])


def test_bastion_adds_while_pi_times_c_exceeds_what_it_costs():
    """The released code's loop: from the forced 32 nodes on, add while pi(u) C(n) > (1 + sum of pi) (C(n + 1) - C(n))."""
    random = np.random.default_rng(8)
    sizes = []
    for seed in range(1000):
        world = random_world(seed, rows=1, topk=4, depth=3, sharpest=3)
        flat, slope, fixed = random.uniform(0.01, 0.04), random.uniform(0.0001, 0.002), random.uniform(0.001, 0.02)
        ridge = random.uniform(20, 60)  # nodes at which arithmetic begins to bind

        def verify(n, flat=flat, slope=slope, ridge=ridge):
            return np.maximum(flat, flat + slope * (n - ridge))

        costs = table({n: float(verify(n)) for n in (0, 64, 128, 256)}, {1: fixed})
        found = act("bastion", world, costs, one_pass=True)
        order = in_order(world)
        n, total = 32, 1 + order[:32].sum()
        while n < len(order) and order[n] * (fixed + verify(n)) > total * (verify(n + 1) - verify(n)):
            total, n = total + order[n], n + 1
        assert found.verified.sum() == n
        assert found.verified[0][np.argsort(-world.flat(world.path)[0])[:n]].all()
        sizes.append(n)
    assert_acts(np.array(sizes) > 32, np.array(sizes) < 84)


def test_caddtree_takes_the_best_ratio_of_all_sizes():
    """max over n of (1 + E[accepted by the best n]) / (C_d + C_v(n)), on staircases too."""
    random = np.random.default_rng(9)
    sizes = []
    for seed in range(1000):
        world = random_world(seed, rows=1, topk=4, depth=2, sharpest=6)
        steps = random.exponential(random.uniform(0.001, 0.006), 21) * (random.random(21) < 0.4)
        verify = 0.02 + np.cumsum(steps) - steps[0]
        drafting = random.uniform(0.0005, 0.003)
        found = act("caddtree", world, table(dict(enumerate(verify)), {1: drafting, 4: drafting}), one_pass=True)
        tokens = 1 + np.concatenate([[0], np.cumsum(in_order(world))])
        n = int(np.argmax(tokens / (drafting + verify)))
        assert found.verified.sum() == n
        assert found.verified[0][np.argsort(-world.flat(world.path)[0])[:n]].all()
        sizes.append(n)
    assert_acts(np.array(sizes) > 0, np.array(sizes) < 20)


def forecast_says_on(depth, order, frontier, ratio, spread, verify, drafting):
    """smart's question before a pass: do children of `ratio` x the frontier's mass, spread as told, raise the best ratio?"""
    sizes = np.arange(len(order) + 1)
    now = (1 + np.concatenate([[0], np.cumsum(order)])) / (depth * drafting + verify[sizes])
    grown = -np.sort(-np.append(order, ratio * frontier * spread))
    sizes = np.arange(len(grown) + 1)
    then = (1 + np.concatenate([[0], np.cumsum(grown)])) / ((depth + 1) * drafting + verify[sizes])
    return then.max() > now.max()


def best_size(pool, seconds):
    """Of a pool in descending order."""
    return int(np.argmax((1 + np.concatenate([[0], np.cumsum(pool)])) / seconds[: len(pool) + 1]))


def test_smart_stops_when_the_forecast_of_a_layer_does_not_pay():
    """First step: a layer never drawn is like the one above, which, drawn once, is half believed to be like the one above
    it, in its sum and in how it spreads over its first twelve candidates; the first is one sure child. A pass draws below
    as many nodes as the best size takes of the layer, one at least.
    """
    random = np.random.default_rng(10)
    depths, widths = [], []
    for seed in range(1000):
        world = random_world(seed, rows=1, topk=2, depth=4, sharpest=10)
        verify = 0.02 + np.concatenate([[0], np.cumsum(random.exponential(random.uniform(0.0005, 0.008), 40))])
        drafting = random.uniform(0.0005, 0.015)
        found = act("smart", world, table(dict(enumerate(verify)), {1: drafting, 16: drafting}))
        pool, depth, mass, ratio, spread, kept = np.zeros(0), 0, 1.0, 1.0, np.eye(12)[0], np.ones(1, bool)
        while depth < world.depth and forecast_says_on(depth, pool, mass, ratio, spread, verify, drafting):
            every = np.where(np.repeat(kept, world.topk), world.path[depth][0], 0.0)
            layer = -np.sort(-every[every > 0])
            pool, depth = -np.sort(-np.concatenate([pool, layer])), depth + 1
            size = best_size(pool, depth * drafting + verify)
            width = min(max(np.count_nonzero(layer >= pool[size - 1]) if size else 0, 1), 10)
            kept = every >= layer[width - 1]
            own, mass = layer.sum() / mass, layer[:width].sum()
            over = np.append(layer, np.zeros(12))[:12] / layer.sum()
            ratio, spread = (own, over) if depth == 1 else ((ratio + own) / 2, (spread + over) / 2)
            widths.append((width, len(layer)))
        assert found.layers == depth
        assert found.verified.sum() == best_size(pool, depth * drafting + verify)
        depths.append(depth)
    assert_acts(np.array(depths) > 0, np.array(depths) < world.depth)
    taken, there = np.array(widths).T
    assert_acts(taken < there, taken > 1)


def test_smart_slo_keeps_every_row_s_promise_if_any_size_does():
    """argmax of tokens / time among the sizes with time <= tpot x tokens of every row; else the least relative excess."""
    random = np.random.default_rng(11)
    sizes, binding = [], []
    for seed in range(500):
        easy, hard = random_world(seed, 1, 4, 1), random_world(seed + 1, 1, 4, 1, mass=0.3)
        world = World(4, [np.concatenate([easy.prob[0], hard.prob[0]])])
        verify = random.uniform(0.03, 0.04) + np.concatenate([[0], np.cumsum(random.exponential(0.004, 4))])
        drafting = random.uniform(0.0005, 0.006)
        costs = table(dict(enumerate(verify)), {1: drafting}, batch=2)
        found = act("smart_slo", world, costs, params={"tpot": "40 ms/tok"})
        if found.layers == 0:
            continue
        tokens = 1 + np.concatenate([np.zeros((2, 1)), np.cumsum(-np.sort(-world.path[0], axis=1), 1)], 1)
        time = drafting + verify
        excess = ((time - 0.04 * tokens) / (0.04 * tokens)).max(0).clip(0)
        rate = np.where(excess <= excess.min(), tokens.sum(0) / time, -1)
        n = int(np.argmax(rate))
        assert (found.verified.sum(1) == n).all()
        sizes.append(n)
        binding.append(n != int(np.argmax(tokens.sum(0) / time)))
    assert_acts(np.array(sizes) > 0, np.array(sizes) < 4)
    assert np.mean(binding) > 0.1, "the promise changes something"


def test_smart_run_prices_time_at_the_going_rate():
    """argmax of tokens - rate x time; the rate is what the step before achieved."""
    random = np.random.default_rng(12)
    sizes = []
    for seed in range(500):
        world = random_world(seed, rows=1, topk=5, depth=1, sharpest=3)
        verify = 0.02 + np.concatenate([[0], np.cumsum(random.exponential(0.004, 5))])
        drafting, rate = 0.001, random.uniform(20, 120)
        controller = controlled("smart_run", world, table(dict(enumerate(verify)), {1: drafting}))
        controller.plan(situation(1, remaining=1))
        controller.select()
        controller.observe(Outcome([[0]], np.zeros(1, int), 1 / rate))
        if not controller.plan(situation(1)).draft:
            assert 2 - rate * (drafting + verify[1]) <= 1 - rate * verify[0]
            continue
        found = acted(controller, world)
        tokens = 1 + np.concatenate([[0], np.cumsum(in_order(world))])
        n = int(np.argmax(tokens - rate * (drafting + verify)))
        assert found.verified.sum() == n
        sizes.append(n)
    assert_acts(np.array(sizes) > 0, np.array(sizes) < 5)


def test_smart_energy_takes_most_tokens_a_joule_within_the_step_s_time():
    random = np.random.default_rng(14)
    sizes, binding = [], []
    for seed in range(500):
        world = random_world(seed, rows=1, topk=5, depth=1, sharpest=3)
        verify = random.uniform(0.012, 0.02) + np.concatenate([[0], np.cumsum(random.exponential(0.003, 5))])
        joules = 1.0 + np.concatenate([[0], np.cumsum(random.exponential(0.15, 5))])
        energy = table(dict(enumerate(joules)), {1: 0.05})
        controller = controlled("smart_energy", world, table(dict(enumerate(verify)), {1: 0.001}), energy=energy)
        if not controller.plan(situation(1)).draft:
            continue
        found = acted(controller, world)
        tokens = 1 + np.concatenate([[0], np.cumsum(in_order(world))])
        rate, time = tokens / (0.05 + joules), 0.001 + verify
        n = int(np.argmax(np.where(time <= 0.025, rate, -1)))
        assert found.verified.sum() == n
        sizes.append(n)
        binding.append(n != int(np.argmax(rate)))
    assert_acts(np.array(sizes) > 0, np.array(sizes) < 5)
    assert np.mean(binding) > 0.1, "the bound changes something"
