"""What section 10 of docs/language/semantics.md says of learned things, transcribed and held against the code."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from smartgen.policy.calibration import CalibrationMap
from smartgen.policy.calls import CallLength
from smartgen.policy.controller import Controller
from smartgen.policy.drain import row_weights
from smartgen.policy.growth import Gain, Growth
from smartgen.policy.learned import Learned
from smartgen.policy.regime import Regime
from smartgen.policy.rehearsal import GivenCosts
from smartgen.policy.situation import DrafterTraits, Situation
from smartgen.policy.skipped import label_skipped, positions
from smartgen.recipe import load
from smartgen.recipe.suite import CostLine
from smartgen.tree.layer import Skipped

CUTS = (0.001, 0.003, 0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.42, 0.55, 0.68, 0.8, 0.9, 0.96, 0.99)
CENTRES = [0.0005, *(float(np.sqrt(a * b)) for a, b in itertools.pairwise(CUTS)), 0.996]
RANKS, DEPTHS = (1, 2, 3, 5), (2, 3, 5, 8)


def _class(cuts, value):
    return sum(value >= cut for cut in cuts)


def _pooled(values, weights):
    """Falling neighbours pooled."""
    blocks = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (b, n, j), (a, m, i) = blocks.pop(), blocks.pop()
            blocks.append(((a * m + b * n) / (m + n), m + n, i + j))
    return [value for value, _, count in blocks for _ in range(count)]


def _table(trials, successes, rank, depth):
    """Chances at the 17 centres of one cell."""
    values, weights = [], []
    for at, centre in enumerate(CENTRES):
        alike = [(rank, other, at) for other in range(5)]
        coarse = (sum(successes.get(x, 0.0) for x in alike) + 12 * centre) / (sum(trials.get(x, 0) for x in alike) + 12)
        cell = (rank, depth, at)
        values.append(min((successes.get(cell, 0.0) + 12 * coarse) / (trials.get(cell, 0) + 12), 1.0))
        weights.append(trials.get(cell, 0) + 12)
    return _pooled(values, weights)


def test_calibration():
    made, random = CalibrationMap(("node.rank", "node.depth")), np.random.default_rng(5)
    trials, successes, tables = {}, {}, {}
    for step in range(1, 21):
        f, rank, depth = random.random((1, 40)), random.integers(0, 7, (1, 40)), random.integers(1, 11, (1, 40))
        right = (random.random((1, 40)) < f * f).astype(float)
        rooms = np.where(random.random((1, 40)) < 0.2, random.random((1, 40)), 1.0)
        made.record(made.estimate(f, [rank, depth]).cell.ravel(), right.ravel(), 1.0, rooms.ravel())
        made.step()
        for p, r, d, hit, room in zip(f[0], rank[0], depth[0], right[0], rooms[0], strict=True):
            cell = (_class(RANKS, r), _class(DEPTHS, d), _class(CUTS, p))
            trials[cell], successes[cell] = trials.get(cell, 0) + room, successes.get(cell, 0) + hit
        if step in (8, 16):
            tables = {(r, d): _table(trials, successes, r, d) for r in range(5) for d in range(5)}
            trials, successes = ({cell: 0.98 * n for cell, n in counts.items()} for counts in (trials, successes))
    f, rank, depth = random.random((1, 300)), random.integers(0, 7, (1, 300)), random.integers(1, 11, (1, 300))
    expected = [
        np.interp(np.log(max(p, CENTRES[0])), np.log(CENTRES), tables[_class(RANKS, r), _class(DEPTHS, d)])
        for p, r, d in zip(f[0], rank[0], depth[0], strict=True)
    ]
    assert made.estimate(f, [rank, depth]).value[0] == pytest.approx(expected, abs=1e-12)
    assert np.abs(np.array(expected) - f[0]).max() > 0.1  # something was learned


def test_progress():
    remaining, generated, step = np.array([10, 40, 25]), np.array([5, 60, 12]), 20
    seconds, promised = [1.0, 1.3, 1.5], np.array([0.0, 0.3, 2.5])
    pace = np.maximum((generated + 16) / (step + 16), 1)
    needed = remaining / (pace + (1 + promised - pace) / 10)
    weights = np.zeros(3)
    for draw in np.random.default_rng(0).standard_normal((32, 3)):
        order = np.argsort(-(needed + np.maximum(0.15 * needed, 2) * draw))
        for place, row in enumerate(order):
            weights[row] += max(seconds[place] - (seconds[place - 1] if place else 0.0), 0.0)
    expected = weights / weights.mean()
    assert row_weights(remaining, generated, step, np.array(seconds), promised) == pytest.approx(expected, rel=1e-12)
    assert expected.max() > 1.2


def test_tokens_left():
    calls, tokens, ends, left = CallLength(), 0.0, 0.0, 0
    for steps in ([(3, 90), (2, 88)], [(1, 5), (5, 0)], [(4, 6), (1, 5), (2, 3)]):
        calls.begins()
        tokens, ends = tokens * 0.9, (ends + (left > 0)) * 0.9
        for gained, left in steps:
            calls.goes_on(gained, left)
            tokens += gained
            for most in (1, 7, 1000):
                assert calls.expected(most) == pytest.approx(max(min(most, (tokens + 16) / (ends + 1)), 1))
    assert 10 < calls.expected(1000) < 20


def test_rest():
    regime = Regime()
    assert [step for step in range(1, 62) if regime.probe_due()] == [4, 12, 28, 44, 60]
    regime.drafted(paid=False)
    assert [step for step in range(1, 33) if regime.probe_due()] == [16, 32]
    regime.drafted(paid=True)
    assert [step for step in range(1, 13) if regime.probe_due()] == [4, 12]
    regime.drafted(paid=True, surprising=True)
    regime.drafted(paid=True)
    assert [step for step in range(1, 50) if regime.probe_due()] == [4, 8, 12, 16, 20, 28, 44]


def test_a_look_that_takes_too_long_is_put_off():
    regime, fed = Regime(), itertools.count()
    efforts = (
        0.3 + 0.001 * next(fed) for _ in itertools.count()
    )  # plain steps; the third probe is the first to be asked
    assert [step for step in range(1, 60) if regime.probe_due(lambda: next(efforts))] == [4, 12, 33, 54]


def test_rest_of_a_drafter_that_costs_nothing():
    regime, a, b = Regime(), 1.0, 0.0
    for promise, effort in [(0.0, 0.2)] * 20 + [(0.6, 0.1)] * 5:
        regime.looked(promise, effort)
        a, b = a + (promise - a) / 8, b + (effort - b) / 8
        assert regime.pays == (a >= b)


def test_gain():
    gain, sums, steady, chance = Gain(), np.array([1.5, 1.5]), np.array([8.0, 8.0]), 0.0
    bases, values = [], []
    for step in [(6.0, 5.0), (4.0, 5.0), (3.0, 3.0), *[(4.0, 0.0)] * 12]:
        gain.observe(*step, rows=2)
        sums, chance = sums * 2 ** (-1 / 8) + np.array(step) / 2, chance * 2 ** (-1 / 8) + step[0] / 4
        steady = steady * 2 ** (-1 / 128) + np.array(step) / 2
        base = steady[1] / steady[0]
        lately, off = (sums[1] + base / 2) / (sums[0] + 1 / 2), (sums[1] - base * sums[0]) ** 2
        bases.append(base)
        values.append(base + max(0.0, 1 - base * chance / off) * (lately - base))
        assert gain.value == pytest.approx(values[-1])
    assert values[2] == bases[2], "no more than chance"
    assert values[-1] < 0.6 * bases[-1]
    gain.observe(0.0, 400.0, rows=2)
    assert gain.value == 1.2


@pytest.mark.parametrize("rows", [1, 2, 5, 16, 17])
def test_skipped_positions(rows):
    costs = {"verify": CostLine(((0, 1.0),)), "draft": CostLine(((1, 1.0),))}
    controller = Controller(load("smart").program, GivenCosts(costs, rows), Learned())
    at = np.full(rows, 50)
    step = controller.begin(Situation(at, at, at, False, 0.0, DrafterTraits("head")))
    back = positions(step)
    assert back == math.floor(16 / rows)
    random = np.random.default_rng(rows)
    prob = -np.sort(-random.dirichlet(np.ones(5), (rows, back)), 2)[..., :4]
    token, following = (
        random.permuted(np.tile(np.arange(6), (rows, back, 1)), axis=2)[..., :4],
        np.full((rows, back), 3),
    )
    counts = random.integers(0, back + 1, rows)  # what each row has skipped, its newest at the end
    valid = np.arange(back)[::-1] < counts[:, None]
    label_skipped(controller, step, Skipped(token, prob, following, valid))
    expected = Gain()
    for place in range(back):
        predicted = sum(prob[row, place].sum() for row in range(rows) if back - place <= counts[row])
        accepted = sum(3 in token[row, place] for row in range(rows) if back - place <= counts[row])
        expected.observe(predicted, accepted, rows)
    assert vars(step.gain) == pytest.approx(vars(expected))
    assert not any(known.trials.any() for known in controller.learned.maps.values())


def test_growth():
    growth, g, shares, worth = Growth(), [0.0, 0.0], np.zeros((2, 12)), [0.0, 0.0]
    for step in range(1, 80):
        random = np.random.default_rng(step)
        worth[1] *= 0.5 ** (1 / 100)
        frontier, layers = random.random(2), random.random((2, 2, 5)) ** np.array([1, 3])[:, None, None] / 4
        for d, (above, layer) in enumerate(zip((np.ones(2), frontier), layers, strict=True)):
            if d == 1 and (40 < step < 60 or step > 62):  # the second layer is not drawn
                continue
            growth.observe(d, above, layer)
            worth[d] = min(worth[d] + 1, 1 / 0.06)
            weight = 1 / worth[d]
            g[d] += weight * (layer.sum() / above.sum() - g[d])
            shares[d, :5] += weight * (np.sort(layer, axis=1)[:, ::-1].sum(0) / layer.sum() - shares[d, :5])
            shares[d, 5:] *= 1 - weight
    told = worth[1]
    assert 10 < told < 15
    second, spread = (told * g[1] + g[0]) / (told + 1), (told * shares[1] + shares[0]) / (told + 1)
    assert growth.ahead(0, np.array([0.5]))[0] == pytest.approx(0.5 * g[0] * shares[0])
    for depth in (1, 2, 9):  # never drawn: as the depth above
        assert growth.ahead(depth, np.array([0.5]))[0] == pytest.approx(0.5 * second * spread, rel=1e-9)
    assert abs(second - g[1]) > 1e-3
    assert abs(spread - shares[1]).max() > 1e-3
