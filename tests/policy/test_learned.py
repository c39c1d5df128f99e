"""What was learned survives a round trip through JSON, and goes on as if nothing had happened."""

from __future__ import annotations

import json

import numpy as np
import pytest

from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.recipe import load
from smartgen.tree.layer import Layer
from tests.policy.test_controller import Costs

EVERYTHING = """smartgen 1
policy everything {
  let hits = batch.mean(last.accepted)
  benefit accepted = path(calibrated(node.prob, node.rank, node.source))
  cost verifying = profile.verify.time
  cost drafting = profile.draft.time
  maximize tokens / time
  expand best ucb(1, 2, reward: last.tokens / last.time, hold: 2)
  continue while forecast(objective) > 0.9 * objective
  verify best 0..16
  limit depth ladder(ema(hits, 0.3, start: 2, bins: batch.size), 1, 2, 4, every: 2, start: 2)
}
"""


def steps(learned: Learned, count: int, seed: int) -> list[tuple[int, int]]:
    """A few steps of a drafter that is right now and then; (layers, nodes) of each."""
    controller = Controller(load(EVERYTHING).program, Costs(), learned)
    random, seen = np.random.default_rng(seed), []
    for _ in range(count):
        rows = np.full(2, 50)
        plan = controller.plan(Situation(rows, rows, rows, False, 0.0, DrafterTraits("head")))
        layers, frontier = 0, None
        while plan.draft and (layers == 0 or frontier is not None):
            width = 1 if frontier is None else frontier.token.shape[1]
            shape = (2, width * plan.topk)
            prob = np.tile(np.sort(random.dirichlet(np.ones(3), 2)[:, :2])[:, ::-1][:, : plan.topk], (1, width))
            parent = np.broadcast_to(np.repeat(np.arange(width), plan.topk), shape)
            rank = np.broadcast_to(np.tile(np.arange(plan.topk), width), shape)
            valid = np.ones(shape, bool) if frontier is None else np.repeat(frontier.valid, plan.topk, 1)
            frontier = controller.grow([Layer(rank + 10 * layers, prob, parent, rank, valid)])
            layers += 1
        chosen = controller.select()
        lucky = [0] if chosen.shape[1] and random.random() < 0.7 else []
        controller.observe(Outcome([[*lucky, 99]] * 2, np.full(2, len(lucky)), 0.05))
        seen.append((layers, chosen.shape[1]))
    return seen


def test_a_round_trip_through_json_changes_no_decision():
    first, second = Learned(), Learned()
    steps(first, 40, seed=0)
    second.restore(json.loads(json.dumps(first.state())))
    assert json.dumps(second.state(), sort_keys=True) == json.dumps(first.state(), sort_keys=True)
    assert {type(memory).__name__ for bins in second.memories.values() for memory in bins.values()} == {
        "Ema",
        "Ladder",
        "Ucb",
    }
    after = steps(first, 30, seed=1)
    assert steps(second, 30, seed=1) == after
    assert steps(Learned(), 30, seed=1) != after, "what was learned makes a difference, or this test shows nothing"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({}, "no saved state"),
        ({"smartgen_learned": 99}, "version 99"),
        ({"smartgen_learned": 1, "maps": {}}, "lacks gains, growths, memories, regimes"),
    ],
)
def test_foreign_states_are_refused_and_change_nothing(broken, message):
    learned = Learned()
    steps(learned, 5, seed=0)
    before = json.dumps(learned.state())
    with pytest.raises(ValueError, match=message):
        learned.restore(broken)
    state = learned.state()
    next(iter(state["maps"].values()))["trials"].pop()
    with pytest.raises(ValueError, match="trials"):
        learned.restore(state)
    state = learned.state()
    next(iter(state["memories"].values()))[""] = {"kind": "Ema"}
    with pytest.raises(ValueError, match="no remembered state"):
        learned.restore(state)
    assert json.dumps(learned.state()) == before


def test_policies_that_say_the_same_share_what_was_learned():
    plain = load("smart").program
    derived = load("smartgen 1\npolicy slo { use smart  subject to time <= 30 ms }").program
    trusting = load("smart", params={"trust": "0.9"}).program
    learned = Learned()
    maps = {id(learned.map_for(program.sites[0])) for program in (plain, derived, trusting)}
    assert len(maps) == 1
    keys = [Controller(program, Costs(), learned).situations[0][1].key for program in (plain, derived)]
    assert keys[0] == keys[1]
    changed = load("smartgen 1\npolicy other { use smart  expand best 4 }").program
    assert Controller(changed, Costs(), learned).situations[0][1].key != keys[0]
