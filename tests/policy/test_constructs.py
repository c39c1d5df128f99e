"""What each construct decides, on trees small enough to work out by hand or to try all possibilities."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.memory import Ladder, Ucb
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.recipe import load
from smartgen.tree.layer import Layer

COSTS = "cost drafting = profile.draft.time  cost verifying = profile.verify.time"


class Costs:
    """Seconds by size and by width; the last one goes on."""

    def __init__(self, verify=(1.0,), draft=(0.0,)):
        self.tables = {"verify": verify, "draft": draft}

    def verify(self, batch, top, context):
        table = self.tables["verify"]
        return np.array([table[min(n, len(table) - 1)] for n in range(top + 1)])

    def draft(self, batch, width, context):
        table = self.tables["draft"]
        return table[min(width, len(table) - 1)]

    def catch_up(self, batch, pending, context):
        return self.draft(batch, pending, context)

    def fitted(self, phase, model, batch, context):
        raise NotImplementedError

    def observe_verify(self, *seen):
        pass

    def observe_draft(self, *seen):
        pass

    def observe_catch_up(self, *seen):
        pass


class Acting:
    """A policy on given candidates: `below` maps paths of ranks (of every row) to the children's probabilities."""

    def __init__(self, statements, costs=None, rows=1, energy=None):
        program = load(f"smartgen 1\npolicy p {{ benefit accepted = node.path  {statements} }}").program
        self.controller = Controller(program, costs or Costs(), Learned(), energy)
        self.rows, self.names = rows, None

    def step(self, *below, accepted=0, seconds=1.0, remaining=100, more=None, packed=False):
        """Picked paths of each row; `below` one mapping a row."""
        batch = len(below)
        contexts = np.full(batch, 50)
        rows = None if self.names is None else np.array(self.names)
        situation = Situation(
            contexts,
            np.zeros(batch, int),
            np.full(batch, remaining),
            False,
            0.0,
            DrafterTraits("head"),
            rows=rows,
            packed=packed,
            more=more or {},
        )
        plan = self.controller.plan(situation)
        words = [""]
        if plan.draft:
            fed = [[""]] * batch
            while fed is not None:
                layer = self._layer(below, fed, plan.topk, words)
                frontier = self.controller.grow([layer])
                fed = None if frontier is None else self._fed(frontier, words)
        chosen, tree = self.controller.select(), self.controller.tree
        picked = [" ".join(words[int(tree.token[row, n])] for n in line if n >= 0) for row, line in enumerate(chosen)]
        self.layers = self.controller.step.depth
        counts = np.minimum((chosen >= 0).sum(1), accepted)
        self.controller.observe(Outcome([[1 << 30] * (1 + int(n)) for n in counts], counts, seconds))
        return picked

    @staticmethod
    def _fed(frontier, words):
        held = np.where(frontier.valid, frontier.token, -1)
        return [[words[token] if token >= 0 else None for token in line] for line in held]

    @staticmethod
    def _layer(below, fed, topk, words):
        cells = []
        for row, line in zip(below, fed, strict=True):
            kids = []
            for place, word in enumerate(line):
                for rank, prob in enumerate(row.get(word, ())[:topk] if word is not None else ()):
                    words.append(f"{word}{rank}")
                    kids.append((len(words) - 1, prob, place, rank, True))
            cells.append(kids)
        widest = max(map(len, cells)) or 1
        cells = [kids + [(0, 0.0, 0, 0, False)] * (widest - len(kids)) for kids in cells]
        columns = [np.array([[cell[i] for cell in kids] for kids in cells]) for i in range(5)]
        return Layer(columns[0], columns[1].astype(float), columns[2], columns[3], columns[4].astype(bool))


def test_a_static_tree_is_verified_as_far_as_it_is_there():
    acting = Acting('verify tree "0 1 2" "00 01 20" "000"')
    below = {"": [0.5, 0.25, 0.125], "0": [0.5, 0.25], "1": [0.5], "2": [0.5], "00": [0.5, 0.25]}
    assert acting.step(below) == ["0 1 00 2 01 000 20"], "by benefit, of equals the shallower first"
    assert acting.layers == 3
    assert acting.step({"": [0.5], "0": [0.5, 0.25], "00": [0.9]}) == ["0 00 000 01"]
    limited = load('smartgen 1\npolicy p { benefit accepted = node.path  verify tree "0 1" "00" }', limits={"nodes": 2})
    acting.controller = Controller(limited.program, Costs(), Learned())
    assert acting.step(below) == ["0 1"], "a limit from outside holds for static trees, too"


def test_pooled_nodes_go_where_they_are_worth_most():
    acting = Acting("verify best 4 pooled  expand best 4  limit depth 1")
    assert acting.step({"": [0.5, 0.25, 0.125]}, {"": [0.4, 0.3, 0.2]}) == ["0 1", "0 1"]
    assert acting.step({"": [0.9, 0.05]}, {"": [0.4, 0.3, 0.2]}) == ["0", "0 1 2"]
    capped = Acting("verify best 4 pooled  expand best 4  limit depth 1, nodes 1")
    assert capped.step({"": [0.5, 0.25]}, {"": [0.4, 0.3]}) == ["0", "0"], "`limit nodes` is per row"


def test_a_pooled_size_is_the_best_over_all_pools():
    """Padded, a pool costs what its largest row costs; packed, its mean."""
    source = random.Random(0)
    for trial in range(60):
        packed = bool(trial % 2)
        rows = [{"": sorted((source.random() / 3 for _ in range(3)), reverse=True)} for _ in range(3)]
        table = tuple(itertools.accumulate((1.0, *(source.choice((0.0, 0.1, 0.4)) for _ in range(9)))))
        acting = Acting(
            f"{COSTS}  maximize tokens / time  verify best 0..9 pooled  expand best 3  limit depth 1", Costs(table)
        )
        picked = acting.step(*rows, packed=packed)
        order = sorted(((p, -r, -k) for r, row in enumerate(rows) for k, p in enumerate(row[""])), reverse=True)
        best = -math.inf
        for n in range(10):
            counts = [sum(-r == row for _, r, _ in order[:n]) for row in range(3)]
            size = sum(counts) / 3 if packed else max(counts)
            low = math.floor(size)
            seconds = table[low] + (size - low) * (table[min(low + 1, 9)] - table[low])
            best = max(best, (3 + sum(p for p, _, _ in order[:n])) / seconds)
        totals = acting.controller.step.totals
        assert totals.objective[totals.chosen] == pytest.approx(best, rel=1e-12)
        assert sum(len(line.split()) for line in picked) == totals.size


def test_floors_come_first_and_the_neediest_row_first_of_all():
    text = (
        "maximize tokens  subject to tree.tokens >= min(request.elapsed / 1 s, 9) * 1 tok"
        "  verify best 0..5 pooled  expand best 4  limit depth 1"
    )
    acting = Acting(text)
    below = ({"": [0.5, 0.25, 0.125]}, {"": [0.4, 0.3, 0.2]}, {"": [0.1, 0.1, 0.1]})
    # row 1 needs 1.6 tokens: 0.4 + 0.3 do; row 2 needs 1.15: two nodes; one node is left for the best of the rest
    picked = acting.step(*below, more={"request.elapsed": np.array([1.0, 1.6, 1.15])})
    assert picked == ["0", "0 1", "0 1"]
    # row 2 needs most and can never reach it: it takes all it has; two are left for row 1, who needs 1.6
    picked = acting.step(*below, more={"request.elapsed": np.array([1.0, 1.6, 3.0])})
    assert picked == ["", "0 1", "0 1 2"]


def test_a_searched_width_weighs_the_frontier_against_the_pass():
    text = (
        f"{COSTS}  maximize tokens / time  limit depth 2"
        "  expand best 1..4 maximizing batch.mean(frontier.tokens) - 1 tok/s * profile.draft.time"
    )
    below = {"": [0.4, 0.3, 0.2, 0.1], "0": [0.5], "1": [0.5], "2": [0.5], "3": [0.5]}
    acting = Acting(text, Costs(draft=(0.0, 0.1, 0.35, 0.5, 0.9)))
    acting.step(below)
    # 0.4 - 0.1 = 0.3, 0.7 - 0.35 = 0.35, 0.9 - 0.5 = 0.4, 1 - 0.9 = 0.1
    assert acting.controller.tree.kept[0, :4].tolist() == [True, True, True, False]
    flat = Acting(text, Costs(draft=(0.0, 0.1, 0.4, 0.6, 0.7)))
    flat.step(below)
    # 0.3, 0.3, 0.3, 0.3: of equals the narrowest
    assert flat.controller.tree.kept[0, :4].tolist() == [True, False, False, False]


def test_a_searched_depth_is_the_best_of_all_depths():
    for chance, price in itertools.product((0.3, 0.6, 0.8, 0.95), (0.02, 0.1, 0.3)):
        program = load(
            f"smartgen 1\npolicy p {{ benefit accepted = path({chance})  {COSTS}  maximize tokens / time"
            "  expand best 1  verify all  limit depth 0..8 }"
        ).program
        verify = [1.0 + 0.02 * n for n in range(9)]
        controller = Controller(program, Costs(verify, (0.0, price)), Learned())
        rows = np.full(2, 50)
        plan = controller.plan(Situation(rows, rows, rows, False, 0.0, DrafterTraits("head")))
        rates = [2 * sum(chance**n for n in range(k + 1)) / (verify[k] + k * price) for k in range(9)]
        assert plan.depth == int(np.argmax(rates))
        assert plan.draft == (plan.depth > 0)


def test_a_row_that_says_no_is_drafted_for_no_longer():
    acting = Acting("verify all  expand best 1  continue while layer.max(node.prob) >= 0.5  limit depth 3")
    unsure, sure = {"": [0.4], "0": [0.9], "00": [0.9]}, {"": [0.9], "0": [0.9], "00": [0.9]}
    assert acting.step(unsure, sure) == ["0", "0 00 000"]
    fewer = Acting('verify all  expand best 1  limit depth (if request.tag == "free" then 1 else 2)')
    assert fewer.step(sure, sure, more={"request.tag": ["free", "paid"]}) == ["0", "0 00"]


def test_previous_is_the_step_before_the_newest_layer():
    acting = Acting(
        "verify all  expand best 1  limit depth 6"
        "  continue while layer.depth == 0 or tree.tokens - previous(tree.tokens) > 0.2 tok"
    )
    assert acting.step({"": [0.5], "0": [0.5], "00": [0.5], "000": [0.5]}) == ["0 00 000"]
    layers = Acting("verify all  expand best 1  limit depth 6  continue while previous(layer.max(node.path)) < 0.6")
    # at depth 0 there is nothing before: 0; at depth 1 the root was the layer before: 1
    assert layers.step({"": [0.9], "0": [0.9]}) == ["0"]


def test_a_forecast_respects_constraints_before_the_objective():
    """One pass more brings the step within reach of its floor, though it lowers tokens per second."""
    text = (
        f"{COSTS}  maximize tokens / time  subject to tree.tokens >= 2.5 tok  verify best 0..4"
        "  expand best 1  continue while forecast(objective) > objective  limit depth 4"
    )
    acting = Acting(text, Costs(verify=(1.0, 3.0, 6.0, 9.0, 12.0), draft=(0.0, 1.0)))
    assert acting.step({"": [0.9], "0": [0.9], "00": [0.9]}) == ["0 00"], "1 + 0.9 + 0.81 tokens"
    free = Acting(text.replace("subject to tree.tokens >= 2.5 tok", ""), acting.controller.costs)
    assert free.step({"": [0.9], "0": [0.9]}) == [""]


def test_absent_values_compare_false_and_leave_memories_alone():
    acting = Acting(
        "verify all  expand best 1  limit depth min(floor(ema(batch.mean(last.accepted), 1, start: 2)), 8)"
        "  when not (last.time > 0 s) { limit depth 1 }"
    )
    below = {"": [0.9], "0": [0.9], "00": [0.9], "000": [0.9]}
    assert acting.step(below, accepted=1) == ["0"], "nothing was measured yet"
    assert acting.step(below, accepted=0) == ["0"], "the average is now 1"
    assert acting.step(below) == [""], "and now 0; from here on nothing is verified and nothing learned"
    assert acting.step(below) == [""]
    past, situation = acting.controller.past, acting.controller.step.situation
    assert np.isnan(past.column("accepted", situation)).all()
    assert past.column("length", situation).tolist() == [[1.0]]


def test_row_memories_follow_their_rows():
    acting = Acting("verify all  expand best 1  limit depth min(floor(ema(last.accepted, 1, start: 3)) + 1, 8)")
    below = {"0" * n: [0.9] for n in range(6)}
    acting.names = [7, 8]
    assert acting.step(below, below, accepted=4) == ["0 00 000 0000"] * 2
    assert acting.step(below, {"": [0.9]}, accepted=2) == ["0 00 000 0000 00000", "0"]
    acting.names = [8, 9]  # 7 has left, 9 is new; 8 accepted one node
    assert acting.step(below, below) == ["0 00", "0 00 000 0000"]


def test_energy_is_read_from_its_own_meter():
    costs = f"{COSTS}  cost joules = profile.verify.energy"
    text = f"{costs}  maximize tokens / energy  verify best 0..2  expand best 2  limit depth 1"
    acting = Acting(text, Costs((1.0, 1.0, 9.0)), energy=Costs((10.0, 14.0, 14.5)))
    assert acting.step({"": [0.5, 0.4]}) == ["0 1"], "1.9 / 14.5 J, though it takes nine times as long"


# -- memories against a transcription of what they follow ---------------------------------------------------------------
def published_rung(rungs, x, current, up, down):
    """SGLang 0.5.23, adaptive_spec_params.py, one recomputation; `down` in its sign."""
    at = start = rungs.index(current)
    if current == 0:
        return rungs[min(at + 1, len(rungs) - 1)]
    while at > 0 and x <= (0.5 if rungs[at - 1] == 0 else rungs[at - 1] - 0.5) + down:
        at -= 1
    while at >= start and at < len(rungs) - 1 and x > rungs[at] - 0.5 + up:
        at += 1
    return rungs[at]


def test_the_ladder_is_sglangs():
    source, moved = random.Random(1), 0
    for rungs in ([1, 3, 5, 7], [0, 1, 3], [0, 1], [2]):
        for up, down in ((0.0, -0.25), (0.0, 0.0), (0.5, 0.25)):
            ladder, current = Ladder(), rungs[-1]
            for step in range(1, 200):
                x = source.choice((source.uniform(-0.5, 8), float(source.randint(0, 14)) / 2))
                ladder.update(x, rungs, float(rungs[-1]), up, -down, 5, 10)
                before = current
                if step > 10 and (step - 10) % 5 == 0:
                    current = published_rung(rungs, x, current, up, down)
                moved += current != before
                assert ladder.read(rungs, 0.0) == current
    assert moved > 100


def test_the_bandit_is_ucb1_on_rewards_scaled_by_the_best_mean():
    source = random.Random(2)
    ucb, rewards, played = Ucb(), [[], [], []], []
    for _ in range(300):
        arm = ucb.arm
        played.append(arm)
        reward = 1000 * (source.random() + (0.2, 0.5, 0.3)[arm])
        rewards[arm].append(reward)
        ucb.update(reward, 3, 1)
        if all(rewards):
            means = [np.mean(seen) for seen in rewards]
            total = sum(map(len, rewards))
            index = [
                m / max(means) + math.sqrt(2 * math.log(total) / len(s)) for m, s in zip(means, rewards, strict=True)
            ]
            assert ucb.arm == int(np.argmax(index))
    assert played[:3] == [0, 1, 2]
    assert max(range(3), key=played.count) == 1


def test_a_bandit_that_was_not_in_force_learns_nothing():
    acting = Acting(
        "verify all  expand best 1  limit depth 1"
        "  when batch.size > 1 { limit depth ucb(1, 2, reward: last.tokens / last.time) }"
    )
    below = {"": [0.9], "0": [0.9]}
    acting.step(below)
    assert not acting.controller.learned.memories.get("", {})
    assert all(memory.pulls == [] for bins in acting.controller.learned.memories.values() for memory in bins.values())
    acting.step(below, below)
    (bins,) = acting.controller.learned.memories.values()
    assert bins[""].pulls == [1, 0]
    assert acting.step(below, below) == ["0 00", "0 00"]
