"""The four verbs on fake costs and hand-made candidates."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartgen.policy.calibration import CalibrationMap
from smartgen.policy.controller import Controller
from smartgen.policy.growth import Gain, Growth
from smartgen.policy.learned import Learned
from smartgen.policy.regime import Regime
from smartgen.policy.siblings import room_in_families, room_in_fans
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.profile.isotonic import isotonic
from smartgen.recipe import load
from smartgen.tree.layer import Layer, Skipped


class Costs:
    """Verification `fixed` + `slope` x nodes, drafting `pass_` a pass; remembers what it was told."""

    def __init__(self, fixed=0.040, slope=0.001, pass_=0.002, steps=()):
        self.fixed, self.slope, self.pass_, self.steps, self.seen = fixed, slope, pass_, dict(steps), []

    def verify(self, batch, top, context):
        sizes = np.arange(top + 1)
        return self.fixed + self.slope * sizes + sum((sizes >= at) * extra for at, extra in self.steps.items())

    def draft(self, batch, width, context):
        return self.pass_

    def catch_up(self, batch, pending, context):
        return self.draft(batch, pending, context)

    def fitted(self, phase, model, batch, context):
        return lambda n: (self.fixed if phase == "verify" else 0.0) + self.slope * np.asarray(n, float)

    def observe_verify(self, *seen):
        self.seen.append(seen)

    def observe_draft(self, *seen):
        self.seen.append(seen)

    def observe_catch_up(self, *seen):
        self.seen.append(seen)


def situation(batch=1, remaining=100, free=False, one_pass=False):
    rows = np.full(batch, 50)
    return Situation(
        rows, np.zeros(batch, int), np.full(batch, remaining), False, 0.0, DrafterTraits("head", one_pass, free), 1
    )


def layer(probs, width=1, batch=1, tokens=None):
    """`width` parents with the same children's probabilities."""
    k = len(probs)
    shape = (batch, width * k)
    token = np.broadcast_to(np.arange(width * k) if tokens is None else np.asarray(tokens), shape)
    return Layer(
        token,
        np.broadcast_to(np.tile(probs, width), shape).astype(float),
        np.broadcast_to(np.repeat(np.arange(width), k), shape),
        np.broadcast_to(np.tile(np.arange(k), width), shape),
        np.ones(shape, bool),
    )


def run(controller, probs, committed, here=None):
    """One step; returns (layers drafted, nodes verified)."""
    plan = controller.plan(here or situation())
    depth = 0
    if plan.draft:
        frontier = controller.grow([layer(probs[: plan.topk])])
        depth = 1
        while frontier is not None:
            frontier = controller.grow([layer(probs[: plan.topk], frontier.token.shape[1])])
            depth += 1
    chosen = controller.select()
    report = controller.observe(Outcome([committed], np.array([len(committed) - 1]), 0.05, [(1, 0.002)] * depth))
    assert report.nodes == chosen.shape[1]
    return depth, chosen.shape[1]


def test_limits_are_never_exceeded_and_decisions_repeat():
    for name, depth, nodes in (("eagle2", 8, 59), ("chain", 5, 5), ("smart", 16, 64), ("paper", 8, 200), ("off", 0, 0)):
        results = [
            run(Controller(load(name).program, Costs(), Learned()), np.array([0.6, 0.2, 0.1, 0.05]), [7])
            for _ in range(2)
        ]
        assert results[0] == results[1]
        assert results[0][0] <= depth
        assert results[0][1] <= nodes
    assert run(Controller(load("chain").program, Costs(), Learned()), np.array([0.9]), [7]) == (5, 5)


def test_not_speculating_competes_and_dear_trees_lose():
    program = load("smart").program
    cheap = run(Controller(program, Costs(slope=0.0005), Learned()), np.array([0.9, 0.05]), [7])
    dear = run(Controller(program, Costs(slope=0.2), Learned()), np.array([0.9, 0.05]), [7])
    assert cheap[1] > 3
    assert dear[1] == 0


def test_the_last_token_is_not_drafted_for():
    assert run(
        Controller(load("eagle2").program, Costs(), Learned()), np.array([0.9]), [7], situation(remaining=1)
    ) == (0, 0)
    assert (
        run(Controller(load("eagle2").program, Costs(), Learned()), np.array([0.9]), [7], situation(remaining=3))[0]
        == 2
    )


def test_a_staircase_is_crossed_where_the_other_side_pays():
    """One node more costs a jump that eight nodes repay: a one-node rule would stop, the scan does not."""
    program = load(
        "smartgen 1\npolicy p { benefit accepted = node.path  cost v = profile.verify.time  maximize tokens / time"
        "  expand best 16  verify best 0..16  limit depth 1 }"
    ).program
    costs = Costs(fixed=0.04, slope=0.0, steps={1: 0.008})
    assert run(Controller(program, costs, Learned()), np.full(16, 0.06), [7])[1] == 16


def test_a_useless_drafter_rests_and_is_probed_at_4_8_16_16():
    controller = Controller(load("smart").program, Costs(slope=0.002, pass_=0.008), Learned())
    drafted = []
    for step in range(120):
        depth, _nodes = run(controller, np.array([0.02, 0.01]), [99])
        if depth:
            drafted.append(step)
    gaps = np.diff(drafted[-5:])
    assert set(gaps) == {16}
    regime = Regime()
    due = [step for step in range(1, 60) if regime.probe_due()]
    assert np.diff([0, *due]).tolist()[:4] == [4, 8, 16, 16]


@pytest.mark.parametrize(("right", "soon"), [(0, False), (1, False), (7, False), (9, True), (16, True)])
def test_a_probe_would_have_paid_if_enough_rows_were_right(right, soon):
    """A pass costs a quarter of a plain step and verifying the first node another: half of 16 rows have to be right."""
    costs = Costs(fixed=0.040, slope=0.010, pass_=0.010)
    controller = Controller(load("smart").program, costs, Learned())
    controller.learned.gain(controller.situations[-1][1].key, False).observe(100.0, 60.0, 1)  # doubted, not useless
    drafted, here = [], situation(batch=16)
    for step in range(30):
        if controller.plan(here).draft:
            drafted.append(step)
            controller.grow([layer(np.array([0.1, 0.05]), batch=16)])
        controller.select()
        committed = [[0] if row < right else [99] for row in range(16)]
        controller.observe(Outcome(committed, np.zeros(16, int), 0.04, []))
    assert (np.diff(drafted)[1] == 4) == soon, drafted


def test_a_mended_drafter_is_noticed_within_20_steps():
    controller = Controller(load("smart").program, Costs(slope=0.0005, pass_=0.004), Learned())
    for _ in range(150):
        run(controller, np.array([0.05, 0.02]), [99])
    verified = [run(controller, np.array([0.95, 0.02]), [0, 0, 0, 1])[1] for _ in range(40)]
    assert any(verified[:20])


@pytest.mark.parametrize("right", [True, False])
def test_a_drafter_that_is_woken_is_judged_by_all_that_it_skipped(right):
    controller = Controller(load("smart").program, Costs(pass_=1.0), Learned())  # never worth it
    while not (plan := controller.plan(situation())).back:
        controller.select()
        controller.observe(Outcome([[7]], np.zeros(1, int), 0.05))
    assert plan.back == 16
    gain = controller.step.gain
    site = next(site for site in controller.program.sites if site.kind == "calibrated")
    counts, before = controller.learned.map_for(site), (gain.predicted, gain.observed)
    probs, token = np.array([0.5, 0.3, 0.1, 0.05]), np.array([7, 8, 9, 10])
    valid = np.array([[False, True, True]])
    shape = (1, 3, 4)
    following = np.full((1, 3), 8 if right else 11)
    controller.look_back(Skipped(np.broadcast_to(token, shape), np.broadcast_to(probs, shape), following, valid))
    assert controller.grow([layer(probs, tokens=token)]) is None
    assert (gain.predicted, gain.observed) == before, "within a step nothing changes"
    trials, hits = counts.trials.sum(), counts.hits.sum()
    assert controller.select().shape == (1, 4)
    controller.observe(Outcome([[7, 3]], np.ones(1, int), 0.05, [(4, 1.0)]))
    fade, told = 0.5 ** (1 / 8), [(0.0, 0.0), (0.95, float(right)), (0.95, float(right)), (0.95, 1.0)]
    predicted, observed = before
    for promised, came in told:
        predicted, observed = predicted * fade + promised, observed * fade + came
    assert (gain.predicted, gain.observed) == pytest.approx((predicted, observed))
    belief = min(1.0, controller.step.gain.value) if right else 0.0
    assert 4 * belief <= counts.trials.sum() - trials <= 4, "the probe's own trials"
    assert counts.hits.sum() - hits <= 1


def test_many_rows_share_what_a_look_goes_back_to():
    for batch, back in ((4, 4), (16, 1), (32, 0)):
        controller = Controller(load("smart").program, Costs(pass_=1.0), Learned())
        while not (plan := controller.plan(situation(batch))).draft:
            controller.select()
            controller.observe(Outcome([[7]] * batch, np.zeros(batch, int), 0.05))
        assert plan.back == back


def test_trials_stand_under_committed_parents_only():
    controller = Controller(load("smart").program, Costs(slope=0.0001, pass_=0.0001), Learned())
    controller.plan(situation())
    frontier = controller.grow([layer(np.array([0.6, 0.3]), tokens=[5, 6])])
    assert frontier is not None
    controller.grow([layer(np.array([0.6, 0.3]), frontier.token.shape[1], tokens=[1, 2, 3, 4])])
    controller.select()
    controller.observe(Outcome([[6, 9]], np.array([1]), 0.05))
    (learned,) = controller.learned.maps.values()
    assert learned.trials.sum() == 4, "two of the first layer, two under the committed one"
    assert learned.hits.sum() == 1


def test_trials_count_as_much_as_the_gain_of_their_source():
    controller = Controller(load("smart").program, Costs(slope=0.0001, pass_=0.0001), Learned())
    counted, believed = [0.0], []
    for _ in range(2):
        controller.plan(situation())
        controller.grow([layer(np.array([0.6, 0.3]), tokens=[5, 6])])
        controller.select()
        gain = controller.step.gain
        believed.append(min(1.0, gain.value))
        controller.observe(Outcome([[9]], np.array([0]), 0.05))
        counted.append(next(iter(controller.learned.maps.values())).trials.sum())
        for _ in range(30):
            gain.observe(3.0, 0.0, 1)
    assert np.diff(counted) == pytest.approx([2 * weight for weight in believed])
    assert believed[1] < 0.1, "a drafter that has turned useless teaches its map next to nothing"


def test_frozen_state_learns_nothing():
    controller = Controller(load("smart").program, Costs(slope=0.0001), Learned())
    controller.learned.frozen = True
    run(controller, np.array([0.9, 0.05]), [0, 3])
    assert all(learned.trials.sum() == 0 for learned in controller.learned.maps.values())


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 63), min_size=2, max_size=4),
    st.lists(st.integers(1, 63), min_size=2, max_size=3),
    st.lists(st.integers(0, 20), min_size=13, max_size=13),
    st.integers(0, 3),
)
def test_the_scan_equals_brute_force_over_all_trees(first, second, steps, fixed):
    """Every ancestor-closed tree of two layers, with any monotone cost: the scan's objective is the best there is."""
    program = load(
        "smartgen 1\npolicy p { benefit accepted = node.path  cost v = profile.verify.time  maximize tokens / time"
        "  expand best 2  verify best 0..12  limit depth 2, topk 4 }"
    ).program
    costs = Costs(fixed=1.0 + fixed, slope=0.0, steps={n: steps[n] / 16 for n in range(1, 13)})
    controller = Controller(program, costs, Learned())
    controller.plan(situation())
    a = np.sort(np.array(first) / 64)[::-1] / len(first)
    b = np.sort(np.array(second) / 64)[::-1] / len(second)
    frontier = controller.grow([layer(a)])
    assert frontier is not None
    controller.grow([layer(b, frontier.token.shape[1])])
    controller.select()
    tree, totals = controller.tree, controller.step.totals
    nodes = range(tree.size)
    curve = costs.verify(1, 12, 0)
    best = 0.0
    for size in range(0, min(12, tree.size) + 1):
        for chosen in itertools.combinations(nodes, size):
            if all(tree.parent[0, n] < 0 or tree.parent[0, n] in chosen for n in chosen):
                best = max(best, (1 + sum(tree.path[0, n] for n in chosen)) / curve[size])
    assert totals.objective[totals.chosen] == pytest.approx(best, rel=1e-9)


def test_calibration_is_the_identity_until_it_has_data_and_then_learns():
    learned = CalibrationMap(("node.rank", "node.source"))
    prob, rank = np.array([[0.5, 0.3, 0.1]]), np.array([[0, 1, 2]])
    assert learned.estimate(prob, [rank, "head"]).value.tolist() == prob.tolist()
    random = np.random.default_rng(0)
    for _ in range(400):
        cell = learned.estimate(prob, [rank, "head"]).cell[0]
        learned.record(cell, (random.random(3) < [0.8, 0.3, 0.05]).astype(float))
        learned.step()
    np.testing.assert_allclose(learned.estimate(prob, [rank, "head"]).value[0], [0.8, 0.3, 0.05], atol=0.08)
    assert learned.trials.sum() < 3 * 64 / (1 - learned.DECAY), "counts fade, so memory of the far past does"


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 9)), min_size=1, max_size=20))
def test_isotonic_is_scipys(pairs):
    from scipy.optimize import isotonic_regression

    values, weights = (np.array(column) for column in zip(*pairs, strict=True))
    np.testing.assert_allclose(isotonic(values, weights), isotonic_regression(values, weights=weights).x, atol=1e-9)


def test_siblings_share_at_most_one():
    values, parents = np.array([[0.9, 0.6, 0.2, 0.2, 0.7, 0.7]]), np.array([[1, 1, 1, 2, 3, 3]])
    np.testing.assert_allclose(values * room_in_families(values, parents), [[0.9, 0.075, 0.025, 0.2, 0.7, 0.3]])
    assert room_in_families(values[:, :1], parents[:, :1]) is None, "nobody is short of room"
    np.testing.assert_allclose(room_in_families(np.array([[1.0, 0.4]]), np.zeros((1, 2), np.int64)), [[1, 0]])


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 12), st.randoms(use_true_random=False))
def test_siblings_in_a_row_are_siblings(batch, width, fan, random):
    values = np.array([random.choice([0, 6, 20, random.randrange(65)]) / 64 for _ in range(batch * width * fan)])
    values, parents = values.reshape(batch, -1), np.repeat(np.arange(width) - 1, fan)[None].repeat(batch, 0)
    anywhere, in_a_row = room_in_families(values, parents), room_in_fans(values, fan)
    assert (anywhere is None) == (in_a_row is None)
    if anywhere is not None:
        np.testing.assert_array_equal(anywhere, in_a_row)


def test_a_trial_counts_as_much_as_its_siblings_left_it():
    learned, prob = CalibrationMap(("node.rank",)), np.array([[np.sqrt(0.42 * 0.55)]])
    cell = learned.estimate(prob, [1]).cell
    for step in range(4000):  # right in one of two where it stands alone, in one of twenty beside a strong one
        alone = step % 2 == 0
        learned.record(
            cell.ravel(), np.array([float(step % 4 == 0 if alone else step % 40 == 1)]), 1.0, 1.0 if alone else 0.1
        )
    learned.refresh()
    assert learned.estimate(prob, [1]).value[0, 0] == pytest.approx(0.5, abs=0.01)


def test_a_layer_that_disappointed_once_is_drawn_again():
    growth, root, frontier = Growth(), np.ones(1), np.array([0.8])
    growth.observe(0, root, np.array([[0.6, 0.2]]))
    growth.observe(1, frontier, np.array([[0.08, 0.0]]))
    assert growth.ahead(1, frontier).sum() == pytest.approx(0.8 * (0.8 + 0.1) / 2), "half as the layer above"
    assert growth.ahead(2, frontier).sum() == pytest.approx(0.8 * (0.8 + 0.1) / 2), "a depth never seen is as that one"
    for _ in range(30):
        growth.observe(1, frontier, np.array([[0.08, 0.0]]))
    assert growth.ahead(1, frontier).sum() < 0.8 * 0.16, "seen often it is believed"
    for _ in range(2000):
        growth.observe(0, root, np.array([[0.6, 0.2]]))
    assert growth.ahead(1, frontier).sum() > 0.8 * 0.7, "long ago it is not"
    growth.observe(1, frontier, np.array([[0.6, 0.0]]))
    assert growth.ahead(1, frontier).sum() > 0.8 * 0.7, "what is seen then is not drowned in it"
    flat = Growth()
    flat.observe(1, frontier, np.full((1, 10), 0.04))
    for _ in range(2000):
        flat.observe(0, root, np.array([[0.6, 0.2]]))
    assert flat.ahead(1, frontier)[0, 0] > 0.8 * 0.55, "nor how it spread over its candidates"


def test_growth_and_gain_follow_what_they_see():
    growth, gain = Growth(), Gain()
    assert growth.ahead(0, np.ones(2)).sum() == 2.0
    for _ in range(100):
        growth.observe(0, np.ones(2), np.array([[0.3, 0.2], [0.3, 0.2]]))
        gain.observe(2.0, 1.0, 1)
    np.testing.assert_allclose(growth.ahead(0, np.ones(2)).sum(1), 0.5, rtol=0.01)
    assert 0.45 < gain.value < 0.6
    for _ in range(60):
        gain.observe(1.0, 2.0, 1)
    assert gain.value == Gain.CEILING
