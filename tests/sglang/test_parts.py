"""The backend's parts that need no engine: rounds matched late, rest, costs, learning from a rebuilt draft."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from smartgen.policy.average import AverageTree
from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Situation
from smartgen.policy.tiers import OFF, Tier
from smartgen.profile.profile import Key, Profile
from smartgen.recipe import load
from smartgen.sglang.costs import VISITS, RoundCosts
from smartgen.sglang.learning import Drafted, learn
from smartgen.sglang.requests import Requests
from smartgen.sglang.rest import Rest
from smartgen.sglang.steering import LOOK, Steering
from smartgen.sglang.stopwatch import Stopwatch

TIER = Tier(2, 2, 4)
KEY = Key("target", "draft", "cpu", "float32")


class TestRest:
    def test_it_falls_asleep_after_idle_rounds_and_marks_who_lived_through(self) -> None:
        rest = Rest()
        for _ in range(Rest.AFTER):
            rest.decided(False, ["a"], may_sleep=True)
        assert (rest.level, rest.warm(["a"])) == ("idle", [True])
        rest.decided(False, ["a"], may_sleep=True)
        assert (rest.level, rest.warm(["a", "new"])) == ("asleep", [False, True])

    @pytest.mark.parametrize(("rows", "rounds"), [(1, 25), (4, 25), (8, 13), (16, 7), (64, 7)])
    def test_a_large_batch_knows_sooner(self, rows: int, rounds: int) -> None:
        rest, requests = Rest(), [str(row) for row in range(rows)]
        for _ in range(rounds - 1):
            rest.decided(False, requests, may_sleep=True)
        assert rest.level == "idle"
        rest.decided(False, requests, may_sleep=True)
        assert rest.level == "asleep"
        assert rounds > Rest.LOOKS[0]  # with one look at the least

    def test_waking_leaves_old_requests_out_until_they_are_prefilled_anew(self) -> None:
        rest = Rest()
        for _ in range(Rest.AFTER + 1):
            rest.decided(False, ["a"], may_sleep=True)
        rest.decided(True, ["a", "b"], may_sleep=False)
        assert rest.level == "drafting"
        assert rest.warm(["a", "b"]) == [False, True]
        rest.prefilled(["a"])
        assert rest.warm(["a"]) == [True]

    def test_recipes_without_an_objective_only_idle(self) -> None:
        rest = Rest()
        for _ in range(100):
            rest.decided(False, ["a"], may_sleep=False)
        assert rest.level == "idle"

    def test_requests_that_ended_are_forgotten(self) -> None:
        rest = Rest()
        rest.holes.update({"a", "b"})
        rest.decided(True, ["b"], may_sleep=False)
        assert rest.holes == {"b"}


def learned(steering: Steering) -> None:
    """As if its average tree had been seen often enough."""
    for _ in range(AverageTree.ENOUGH):
        steering.average.observe(2, [np.array([[0.6, 0.2]])])


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path))


@pytest.mark.usefixtures("cache")
class TestCosts:
    def tour(self, costs: RoundCosts, batch: int) -> list[Tier]:
        seen = []
        while (tier := costs.tour(batch, 300.0)) is not None:
            seen.append(tier)
            costs.toured(tier, batch, 300.0, 0.002 * tier.steps, 0.01 + 0.001 * tier.nodes)
        return seen

    def test_a_tour_visits_every_tier_and_fills_the_table(self) -> None:
        costs = RoundCosts(Profile(KEY), [OFF, TIER], [])
        seen = self.tour(costs, 4)
        assert seen == [OFF, TIER] * (VISITS + 1)
        assert costs.verify(4, 3, 300.0)[3] == pytest.approx(0.013)
        assert costs.draft(4, 2, 300.0) == pytest.approx(0.002)
        assert costs.tour(5, 300.0) is None
        assert costs.tour(16, 300.0) == OFF

    def test_what_was_measured_is_remembered(self) -> None:
        from smartgen.profile import store

        self.tour(RoundCosts(Profile(KEY), [OFF, TIER], []), 4)
        found = store.find(KEY)
        assert found is not None
        assert RoundCosts(found, [OFF, TIER], []).tour(4, 300.0) is None

    def test_batches_are_looked_up_at_their_graphs(self) -> None:
        costs = RoundCosts(Profile(KEY), [OFF], [1, 4, 8])
        assert [costs.bucket(batch) for batch in (1, 2, 4, 5, 9)] == [1, 4, 4, 8, 9]

    def test_rounds_correct_the_table(self) -> None:
        costs = RoundCosts(Profile(KEY), [OFF, TIER], [])
        self.tour(costs, 4)
        before = costs.verify(4, 3, 300.0)[3]
        for _ in range(60):
            costs.saw(TIER, 4, 300.0, 0.004, 2 * before)
        assert costs.verify(4, 3, 300.0)[3] == pytest.approx(2 * before, rel=0.1)

    def test_the_first_layer_has_a_cost_of_its_own(self) -> None:
        first = Tier(1, 2, 3)
        costs = RoundCosts(Profile(KEY), [OFF, first, TIER], [])
        while (tier := costs.tour(4, 300.0)) is not None:
            costs.toured(tier, 4, 300.0, {OFF: 0.0, first: 0.0001, TIER: 0.0031}[tier], 0.01)
        assert costs.draft(4, 1, 300.0) == pytest.approx(0.0001)
        assert costs.draft(4, 2, 300.0) == pytest.approx(0.003)

    def test_chains_have_one_width_and_any_cost_model(self) -> None:
        costs = RoundCosts(Profile(KEY), [OFF, Tier(2, 1, 3)], [])
        self.tour(costs, 4)
        assert costs.fitted("draft", "linear", 4, 300.0)(np.array([1.0]))[0] == pytest.approx(0.002)

    def test_too_few_sizes_for_a_cost_model_are_off_with_a_reason(self) -> None:
        costs = RoundCosts(Profile(KEY), [OFF, TIER], [])
        self.tour(costs, 2)
        steering = Steering(load("bastion"), [OFF, TIER], TIER, costs)
        learned(steering)
        steering.decide(situation(2), ["a", "b"], [False, False], Stopwatch("cpu"))
        assert steering.choice.tier == OFF
        assert "'roofline' needs 3 measured sizes" in steering.choice.reason

    def test_a_look_goes_past_a_searched_depth_of_nothing(self) -> None:
        chains = [OFF, Tier(1, 1, 2), Tier(4, 1, 5)]
        costs = RoundCosts(Profile(KEY), chains, [])
        while (tier := costs.tour(2, 300.0)) is not None:
            costs.toured(tier, 2, 300.0, 0.1 * tier.steps, 0.01 + 0.001 * tier.nodes)
        steering = Steering(load("smartspec"), chains, chains[-1], costs)
        for _ in range(AverageTree.ENOUGH):
            steering.average.observe(1, [np.array([[0.6]])])
        chosen = {}
        for number in range(1, Rest.AFTER + 5):
            found = steering.decide(situation(2), ["a", "b"], [False, False], Stopwatch("cpu"))
            chosen[number] = found.tier, steering.choice.reason == LOOK
        looks = {round_ + 1 for round_ in Rest.LOOKS}
        assert {number for number, (tier, _) in chosen.items() if tier == chains[-1]} == looks
        assert {number for number, (_, looking) in chosen.items() if looking} == looks
        assert steering.rest.asleep

    def test_a_prefix_found_stale_late_is_not_learned_from(self) -> None:
        """As on a device with overlap, which says so behind the launch of the request's first round."""
        torch = pytest.importorskip("torch")
        costs = RoundCosts(Profile(KEY), [OFF, TIER], [])
        self.tour(costs, 2)
        steering = Steering(load("smart"), [OFF, TIER], TIER, costs)
        found = steering.decide(situation(2), ["a", "b"], [False, False], Stopwatch("cpu"))
        assert found.counted.tolist() == [True, True]
        arrays = drafted()
        for name in ("scores", "tokens", "frontier", "selected"):
            found.copies[name] = torch.tensor(getattr(arrays, name)).flatten(1)
        found.copies["committed"] = torch.tensor([[7, 9, 1], [5, 0, 0]])
        steering.rest.reused(["a"])
        steering.observe([2, 0])
        (calibration,) = steering.learned.maps.values()
        assert found.counted.tolist() == [False, True]
        assert calibration.trials.sum() == 2  # the first layer of `b`
        assert calibration.hits.sum() == 0
        assert steering.rest.warm(["a", "b"]) == [False, True]

    def test_served_rounds_are_no_tour(self) -> None:
        costs = RoundCosts(Profile(KEY), [OFF, TIER], [])
        costs.saw(TIER, 4, 300.0, 0.004, 0.01)
        assert not costs.measured
        assert costs.tour(4, 300.0) == OFF


def situation(batch: int) -> Situation:
    zeros = np.zeros(batch, np.int64)
    return Situation(zeros + 50, zeros + 5, zeros + 500, False, 0.0, DrafterTraits("head"))


def drafted() -> Drafted:
    """Two rows alike: below the root 7 (0.6) and 8 (0.3); below 7: 9 and 10, below 8: 11 and 12."""
    scores = np.array([[0.6, 0.3, 0.42, 0.06, 0.15, 0.03]] * 2)
    tokens = np.array([[7, 8, 9, 10, 11, 12]] * 2)
    frontier = np.array([[[0, 1], [2, 4]]] * 2)
    return Drafted(2, scores, tokens, frontier, np.array([[0, 1, 2]] * 2))


@pytest.mark.usefixtures("cache")
class TestLearning:
    def learned(
        self, counted: list[bool], committed: list[list[int]], recipe: str = "smart"
    ) -> tuple[Controller, AverageTree, float]:
        costs = RoundCosts(Profile(KEY), [OFF, TIER], [])
        controller, average = Controller(load(recipe).program, costs, Learned()), AverageTree()
        step = controller.begin(situation(2))
        predicted = learn(controller, average, step, TIER, drafted(), np.array(counted), committed, 0.02, [1, 2])
        return controller, average, predicted

    def test_layers_have_the_drafts_conditional_probabilities(self) -> None:
        first, second = drafted().layers()
        assert first.prob[0].tolist() == [0.6, 0.3]
        assert second.prob[0] == pytest.approx([0.7, 0.1, 0.5, 0.1])
        assert second.parent[0].tolist() == [0, 0, 1, 1]

    def test_prediction_and_average_are_those_of_the_tree(self) -> None:
        _, average, predicted = self.learned([True, True], [[7, 9, 1], [5]])
        assert predicted == pytest.approx(2 * (1 + 0.6 + 0.3 + 0.42))
        assert average.layers(2, 1)[0] == pytest.approx([0.6, 0.3])
        assert average.sums == pytest.approx({(1, 1): 0.6, (1, 2): 0.42, (2, 1): 0.9, (2, 2): 0.66})
        assert average.shares[2, 2] == pytest.approx(np.array([0.42, 0.15, 0.06, 0.03]) / 0.66)

    def test_trials_follow_the_committed_text(self) -> None:
        controller, _, _ = self.learned([True, True], [[7, 9, 1], [5]])
        (calibration,) = controller.learned.maps.values()
        assert calibration.trials.sum() == 6  # both rows' first layers, and the children of 7 in the first row
        assert calibration.hits.sum() == 2

    def test_rows_that_do_not_count_teach_nothing(self) -> None:
        controller, _, predicted = self.learned([True, False], [[7, 9, 1], [7, 9, 2]])
        (calibration,) = controller.learned.maps.values()
        assert calibration.trials.sum() == 4
        assert predicted == pytest.approx(1 + 0.6 + 0.3 + 0.42)

    def test_the_past_is_that_of_the_rows_that_count(self) -> None:
        controller, _, _ = self.learned([True, False], [[7, 9, 1], [7, 9, 2]], "smart_run")
        assert controller.past.accepted.tolist() == [2]


class TestRequests:
    TAGGED = """smartgen 1
policy tagged {
  benefit accepted = node.path
  expand  best 2
  verify  best 3
  limit   depth 2
  when batch.count(request.tag == "chat") > 0 { limit depth 0 }
}
"""

    def batch(self, *given: object) -> SimpleNamespace:
        sampling = [SimpleNamespace(max_new_tokens=9, temperature=0.0, custom_params=one) for one in given]
        requests = [
            SimpleNamespace(rid=f"r{place}", output_ids=[3], origin_input_ids=[1, 2], sampling_params=one)
            for place, one in enumerate(sampling)
        ]
        pool = SimpleNamespace(size=8, available_size=lambda: 6)
        info = SimpleNamespace(is_all_greedy=True)
        return SimpleNamespace(reqs=requests, sampling_info=info, token_to_kv_pool_allocator=pool)

    def test_a_tag_is_read_by_the_recipe(self) -> None:
        requests = Requests("EAGLE3", DrafterTraits("head"))
        steering = Steering(load(self.TAGGED), [OFF, TIER], TIER, RoundCosts(Profile(KEY), [OFF, TIER], []))
        chosen = []
        for tag in ("chat", "code"):
            there = requests.situation(self.batch(None, {"smart_tag": tag}), queued=0)
            chosen.append(steering.decide(there, ["r0", "r1"], [False, False], Stopwatch("cpu")).tier)
        assert chosen == [OFF, TIER]

    def test_who_opted_out(self) -> None:
        given = self.batch(None, {"smart_speculate": False}, {"smart_speculate": True}, {"else": 1})
        assert Requests.opted_out(given) == [False, True, False, False]


def test_the_plugin_imports_no_torch_before_a_hook_runs() -> None:
    """The engine reads the plugin in every process it starts, whether a recipe is asked for or not."""
    told = "import sys, smartgen.sglang.plugin as found; found.Plugin().hooks(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    assert "smartgen.sglang.touring" in loaded
    assert not {"torch", "transformers", "sglang"} & set(loaded)
