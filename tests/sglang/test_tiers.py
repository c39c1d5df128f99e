"""Tiers: how they are written, derived and chosen. No engine is needed."""

from __future__ import annotations

import numpy as np
import pytest

from smartgen.policy.average import AverageTree
from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Situation
from smartgen.policy.tiers import OFF, Tier, choose_tier, price
from smartgen.profile.example import example_profile
from smartgen.profile.online import OnlineCosts
from smartgen.profile.table import CostTable, Point
from smartgen.recipe import load
from smartgen.recipe.shipped import shipped
from smartgen.sglang.derive import derive, imagined
from smartgen.sglang.errors import ServeError
from smartgen.sglang.preflight import checked_recipe
from smartgen.sglang.settings import MOST_TIERS, parse_tiers, written

PLANNED = {
    *(
        "banditspec",
        "bastion",
        "caddtree",
        "chain",
        "eagle1",
        "eagle2",
        "eagle3",
        "hf_heuristic",
        "msd",
        "nightjar",
        "off",
    ),
    *("sequoia", "sglang_adaptive", "smart", "smart_run", "smart_yaml", "smartspec", "trtllm", "vllm_table"),
}


def situation(batch: int = 2, remaining: int = 1000) -> Situation:
    zeros = np.zeros(batch, np.int64)
    return Situation(zeros + 100, zeros + 5, zeros + remaining, False, 0.0, DrafterTraits("head"))


def controller(recipe: str, verify: dict[int, float], draft: float) -> Controller:
    costs = OnlineCosts(
        CostTable(Point(2, 100, size, seconds) for size, seconds in verify.items()),
        CostTable([Point(2, 100, 1, draft), Point(2, 100, 8, draft)]),
    )
    return Controller(load(recipe).program, costs, Learned())


class TestWriting:
    def test_round_trip(self) -> None:
        tiers = parse_tiers("3/4/8, 2/1/3")
        assert tiers == (OFF, Tier(2, 1, 3), Tier(3, 4, 8))
        assert parse_tiers(written(tiers)) == tiers

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("3/4", "is no tier"),
            ("a/b/c", "is no tier"),
            ("3/4/²", "is no tier"),
            ("3/4/800000000000000000000", "is no tier"),
            ("0/2/4", "drafts nothing"),
            ("2/1/4", "write 2/1/3"),
            ("1/2/4", "3 draft nodes of 2 candidates"),
            (", ".join(f"{n}/2/{n + 1}" for n in range(1, 9)), "too many"),
        ],
    )
    def test_mistakes_are_named(self, text: str, says: str) -> None:
        with pytest.raises(ServeError, match=says):
            parse_tiers(text)


class TestDeriving:
    @pytest.mark.parametrize("name", sorted(PLANNED))
    def test_every_planned_recipe_has_tiers(self, name: str) -> None:
        tiers = derive(checked_recipe(name).program, example_profile(), None)
        assert OFF in tiers
        assert len(tiers) <= MOST_TIERS
        assert (len(tiers) > 1) == (name != "off")
        assert parse_tiers(written(tiers)) == tiers

    @pytest.mark.parametrize("name", sorted(set(shipped()) - PLANNED))
    def test_every_other_one_is_refused_by_name(self, name: str) -> None:
        with pytest.raises(ServeError, match=f"`{name}` cannot be served: SG50"):
            checked_recipe(name)

    def test_a_ceiling_holds(self) -> None:
        most = Tier(3, 2, 6)
        for name in sorted(PLANNED):
            assert all(tier.within(most) for tier in derive(checked_recipe(name).program, example_profile(), most)), (
                name
            )

    def test_few_tiers_come_close_to_all_shapes(self) -> None:
        """On drafts between those that they were derived for."""
        program, profile = load("smart").program, example_profile()
        tiers = derive(program, profile, None)
        every = [Tier(s, k, n) for s in range(1, 7) for k in (2, 3, 4) for n in range(s + 1, 33)]
        every = [OFF, *(tier for tier in every if tier.nodes <= tier.candidates)]
        reached = []
        for batch in (1, 4, 16):
            made = Controller(program, OnlineCosts(profile.verify, profile.draft), Learned())
            made.plan(situation(batch))
            for agreement in (0.3, 0.5, 0.7, 0.85):
                average = imagined(agreement, 0.4, {2, 3, 4}, 6)
                rate = {t: price(made, made.step, t, average, np.ones(batch)).chosen_of("objective") for t in every}
                reached.append(max(rate[t] for t in tiers) / max(rate.values()))
        assert min(reached) >= 0.96
        assert np.mean(reached) >= 0.985


class TestChoosing:
    def choose(self, recipe: str, tiers: str, agreement: float, **costs: float) -> Tier:
        made = controller(recipe, {0: 1.0, 3: 1.0 + 3 * costs["node"], 31: 1.0 + 31 * costs["node"]}, costs["draft"])
        step = made.begin(situation())
        offered = parse_tiers(tiers)
        average = imagined(agreement, 0.4, {t.topk for t in offered}, 6)
        return choose_tier(made, step, offered, average, np.ones(2)).tier

    def test_a_useless_draft_is_left_off(self) -> None:
        assert self.choose("smart", "1/2/3, 3/2/6", 0.02, node=0.05, draft=0.1) == OFF

    def test_a_good_draft_goes_deep(self) -> None:
        assert self.choose("smart", "1/2/3, 3/2/6", 0.9, node=0.01, draft=0.05) == Tier(3, 2, 6)

    def test_a_dear_pass_keeps_it_shallow(self) -> None:
        assert self.choose("smart", "1/2/3, 3/2/6", 0.7, node=0.01, draft=0.4) == Tier(1, 2, 3)

    def test_rows_without_a_warm_draft_count_nothing(self) -> None:
        made = controller("smart", {0: 1.0, 5: 1.6}, 0.1)
        step, average = made.begin(situation()), imagined(0.9, 0.4, {2}, 3)
        tiers = parse_tiers("3/2/6")
        assert choose_tier(made, step, tiers, average, np.ones(2)).tier == Tier(3, 2, 6)
        assert choose_tier(made, step, tiers, average, np.zeros(2)).tier == OFF

    def test_limits_round_down(self) -> None:
        made = controller("vllm_table", {0: 1.0, 5: 1.6}, 0.1)
        step = made.begin(situation())
        tiers = parse_tiers("1/1/2, 2/1/3, 5/1/6")
        assert choose_tier(made, step, tiers, AverageTree(), np.ones(2)).tier == Tier(2, 1, 3)

    def test_nothing_is_decided_on_a_tree_that_nobody_saw(self) -> None:
        made = controller("smart", {0: 1.0, 5: 1.6}, 0.1)
        choice = choose_tier(made, made.begin(situation()), parse_tiers("3/2/6"), AverageTree(), np.ones(2))
        assert (choice.tier, choice.reason) == (Tier(3, 2, 6), "the average tree is not learned yet")

    def test_price_is_tokens_and_seconds_of_the_tree(self) -> None:
        made = controller("smart", {0: 1.0, 2: 1.4}, 0.1)
        average = imagined(0.6, 0.4, {2}, 2)
        first, second = average.layers(2, 2)
        found = price(made, made.begin(situation()), Tier(2, 2, 3), average, np.ones(2))
        best = np.sort(np.concatenate([first, second]))[::-1][:2]
        assert found.chosen_of("tokens") == pytest.approx(2 * (1 + best.sum()))
        assert found.chosen_of("time") == pytest.approx(1.4 + 2 * 0.1)

    def test_a_pass_is_charged_for_the_layer_it_continues(self) -> None:
        text = """smartgen 1
policy deep {
  benefit  accepted  = node.path
  cost     drafting  = 1 ms * batch.mean(layer.depth + layer.nodes + frontier.nodes + frontier.tokens / 1 tok)
  cost     verifying = 4 ms
  maximize tokens / time
  expand   best 2
  verify   best 0..6
  limit    depth 3
}
"""
        made, average = (
            Controller(load(text).program, OnlineCosts(CostTable([]), CostTable([])), Learned()),
            imagined(0.6, 0.4, {2}, 3),
        )
        step = made.begin(situation())
        first, second, _ = average.layers(2, 3)
        passes = [0 + 1 + 1 + 1, 1 + 2 + 2 + first.sum(), 2 + 4 + 2 + second[:2].sum()]
        for steps in (1, 2, 3):
            found = price(made, step, Tier(steps, 2, 3), average, np.ones(2))
            assert found.chosen_of("time") == pytest.approx(1e-3 * (4 + sum(passes[:steps])))


class TestAverageTree:
    def test_mean_of_sorted_layers(self) -> None:
        average = AverageTree()
        for layer in ([0.1, 0.5], [0.3, 0.1]):
            average.observe(2, [np.array([layer])])
        assert average.layers(2, 1)[0].sum() == pytest.approx(0.5)
        assert not average.known(2)

    def test_unseen_layers_repeat_the_growth(self) -> None:
        average = AverageTree()
        average.observe(1, [np.array([[0.5]])])
        assert [layer.sum() for layer in average.layers(1, 3)] == pytest.approx([0.5, 0.25, 0.125])

    def test_unseen_layers_spread_as_the_first_ones_children(self) -> None:
        average = AverageTree()
        average.observe(2, [np.array([[0.6, 0.3]])])
        _, second, third = average.layers(2, 3)
        assert second == pytest.approx([0.36, 0.18, 0.18, 0.09])
        assert third == pytest.approx([0.216, 0.108, 0.108, 0.054])  # of the best two, 0.36 and 0.18

    def test_shallow_news_reach_deep_layers(self) -> None:
        average = AverageTree()
        for _ in range(10):
            average.observe(1, [np.array([[0.8]]), np.array([[0.4]])])
        for _ in range(20):
            average.observe(1, [np.array([[0.1]])])
        first, second = average.layers(1, 2)
        assert first == pytest.approx(0.1 + 0.7 * 10 / 17 * 0.94**13, rel=0.05)
        assert second == pytest.approx(first * 0.5, rel=0.1)

    def test_a_layer_seen_once_or_long_ago_is_believed_less(self) -> None:
        average = AverageTree()
        average.observe(1, [np.array([[0.8]]), np.array([[0.0]])])
        assert average.layers(1, 2)[1] == pytest.approx(0.8 * (0.8 + 0.0) / 2)
        for _ in range(100):
            average.observe(1, [np.array([[0.8]]), np.array([[0.0]])])
        assert average.layers(1, 2)[1] == pytest.approx(0.8 * 0.8 * 0.06 / 1.06)
        for _ in range(500):
            average.observe(1, [np.array([[0.8]])])
        assert average.layers(1, 2)[1] > 0.9 * 0.64
        average.observe(1, [np.array([[0.8]]), np.array([[0.4]])])  # and outweighed by the next look
        assert average.layers(1, 2)[1] == pytest.approx(0.8 * (0.8 + 0.5) / 2, rel=0.05)


class TestDraftThatMends:
    """Tiers chosen round by round, each teaching what its own shape shows; what deep layers are worth changes meanwhile."""

    TIERS = parse_tiers("1/2/2, 1/3/4, 2/2/4, 2/4/8, 3/2/4, 4/2/9")
    WIDTHS = (2, 3, 4)
    CHILDREN = 0.7 * 0.35 ** np.arange(4)  # chances below every node of a good layer

    def drafted(self, tier: Tier, width: int, deep: float) -> list[np.ndarray]:
        """Benefits that a draft of this width shows in the tier's rounds; `deep` of a good layer's below the first."""
        frontier, layers = np.ones(1), []
        for depth in range(max(tier.steps, 1)):
            layer = np.outer(frontier, self.CHILDREN[:width] * (1.0 if depth == 0 else deep)).ravel()
            layers.append(np.tile(layer, (2, 1)))
            frontier = np.sort(layer)[::-1][:width]
        return layers

    def rounds(self, average: AverageTree, number: int, deep: float) -> list[Tier]:
        made = controller("smart", {0: 1.0, 3: 1.12, 31: 2.24}, 0.05)
        chosen = []
        for _ in range(number):
            tier = choose_tier(made, made.begin(situation()), self.TIERS, average, np.ones(2)).tier
            for width in self.WIDTHS if tier == OFF else range(2, tier.topk + 1):
                average.observe(width, self.drafted(tier, width, deep))
            chosen.append(tier)
        return chosen

    def test_deep_layers_that_mended_are_found_out(self) -> None:
        average = AverageTree()
        poor = self.rounds(average, 200, deep=0.05)
        good = self.rounds(average, 200, deep=1.0)
        assert sum(tier.steps > 1 for tier in poor[10:]) <= 6  # which is what a look at deep layers costs
        assert all(tier.steps == 1 for tier in poor[-5:])
        assert all(tier.steps > 1 for tier in good[100:])

    def test_one_flat_layer_keeps_none_from_being_tried(self) -> None:
        average = AverageTree()
        self.rounds(average, AverageTree.ENOUGH, deep=0.0)
        good = self.rounds(average, 150, deep=1.0)
        assert all(tier.steps > 1 for tier in good[100:])
