"""Chain lengths that follow the past: tables, ladders, averages, bandits; each against its published update, step by step."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.recipes.world import assert_acts, chain_lengths, table


def drifting(random, batch, least=0.02, spread=0.06):
    """`outcome` for chain_lengths: acceptance drifts between `least` and nearly sure, a step takes 10 ms + 2 ms a token."""
    level = [random.uniform(least, 1)]

    def outcome(step, length):
        level[0] = float(np.clip(level[0] + random.normal(0, spread), least, 0.99))
        accepted = (np.cumprod(random.random((batch, length)) < level[0], 1)).sum(1) if length else np.zeros(batch, int)
        return accepted, 0.010 + 0.002 * length

    return outcome


def recorded(outcome, log):
    def record(step, length):
        accepted, seconds = outcome(step, length)
        log.append((length, accepted, seconds))
        return accepted, seconds

    return record


def test_vllm_table():
    """[1, 63]: 3, [64, 255]: 2, from 256 on: 0."""

    def length(batch):
        return chain_lengths("vllm_table", batch, 1, lambda step, length: (np.zeros(batch, int), 0.01))[0]

    assert [length(batch) for batch in (1, 2, 63, 64, 65, 200, 255, 256, 300)] == [3, 3, 3, 2, 2, 2, 2, 0, 0]


class Slot:
    """SGLang's AdaptiveStepSlot (0.5.23): an average of accepted drafts, updated where steps > 0, and a walk on the steps."""

    def __init__(self, candidates, initial, down):
        self.candidates, self.down = candidates, down
        self.current = initial if initial in candidates else candidates[len(candidates) // 2]
        self.ema, self.count = self.current - 1.0, 0

    def update(self, accepted):
        if self.current > 0:
            self.ema = 0.8 * self.ema + 0.2 * accepted
        self.count += 1
        if self.count <= 10 or (self.count - 10) % 5:
            return
        at = self.candidates.index(self.current)
        if self.current == 0:
            self.current = self.candidates[min(at + 1, len(self.candidates) - 1)]
            return
        start = at
        while at > 0:
            below = self.candidates[at - 1]
            if self.ema > (0.5 if below == 0 else below - 0.5) + self.down:
                break
            at -= 1
        if at == start:
            while at < len(self.candidates) - 1 and self.ema > self.candidates[at] - 0.5:
                at += 1
        self.current = self.candidates[at]


@pytest.mark.parametrize(
    ("batch", "candidates", "down"),
    [(1, [1, 3, 5, 7], -0.25), (3, [1, 3, 5, 7], -0.25), (8, [0, 1, 3], 0.0), (32, [0, 1], 0.0)],
)
def test_sglang_adaptive(batch, candidates, down):
    random, log = np.random.default_rng(batch), []
    lengths = chain_lengths("sglang_adaptive", batch, 1000, recorded(drifting(random, batch), log))
    slot, expected = Slot(candidates, 3, down), []
    for _, accepted, _ in log:
        expected.append(slot.current)
        slot.update(accepted.mean())
    assert lengths == expected
    assert_acts(np.array(lengths) > candidates[0], np.array(lengths) < candidates[-1])


def test_hf_heuristic():
    """transformers: num_assistant_tokens += 2 if all matched, else max(1, num_assistant_tokens - 1)."""
    random, log = np.random.default_rng(0), []
    lengths = chain_lengths("hf_heuristic", 1, 300, recorded(drifting(random, 1, 0.9), log), longest=24)
    planned, expected = 20, []
    for length, accepted, _ in log:
        expected.append(min(planned, 24))
        planned = length + 2 if accepted[0] == length else max(1, length - 1)
    assert lengths == expected
    assert_acts(np.diff(lengths) > 0, np.diff(lengths) < 0)


def test_smartspec():
    """argmax over k of B (1 - a^(k+1)) / (1 - a) / T(k), a a moving average of accepted / tried, T linear."""
    random, log = np.random.default_rng(1), []
    batch, fixed, node, drafting = 4, 0.010, 0.001, 0.001
    costs = table({n: fixed + node * n for n in (0, 4, 8)}, {1: drafting, 2: drafting}, batch)
    lengths = chain_lengths("smartspec", batch, 800, recorded(drifting(random, batch, 0.3, 0.02), log), costs)
    rate, expected, k = 0.7, [], np.arange(9)
    for length, accepted, _ in log:
        tokens = np.array([(1 - rate ** (j + 1)) / (1 - rate) for j in k])
        expected.append(int(np.argmax(batch * tokens / (fixed + (node + drafting) * k))))
        if length:
            tried = np.minimum(accepted + 1, length)
            rate += 0.05 * (np.mean(accepted / tried) - rate)
    assert lengths == expected
    assert_acts(np.array(lengths) > 1, np.array(lengths) < 3)


def ucb1(pulls, sums):
    """The arm of UCB1 (Auer et al., 2002) on rewards scaled by the largest mean; arms that were never pulled come first."""
    for arm, count in enumerate(pulls):
        if count == 0:
            return arm
    means = [total / count for total, count in zip(sums, pulls, strict=True)]
    log = math.log(sum(pulls))
    return int(np.argmax([m / max(means) + math.sqrt(2 * log / n) for m, n in zip(means, pulls, strict=True)]))


@pytest.mark.parametrize(
    ("recipe", "arms", "hold"), [("banditspec", [1, 2, 3, 4], 1), ("nightjar", [0, 1, 2, 3, 4, 5], 8)]
)
def test_bandits(recipe, arms, hold):
    random, log = np.random.default_rng(2), []
    lengths = chain_lengths(recipe, 2, 1000, recorded(drifting(random, 2), log))
    pulls, sums, arm, held, expected = [0] * len(arms), [0.0] * len(arms), 0, 0, []
    for _, accepted, seconds in log:
        expected.append(arms[arm])
        pulls[arm] += 1
        sums[arm] += (accepted.sum() + 2) / seconds
        held += 1
        if held == hold:
            arm, held = ucb1(pulls, sums), 0
    assert lengths == expected
    assert_acts(np.array(lengths) > arms[0], np.array(lengths) < arms[-1])


def test_nightjar_has_a_bandit_for_every_bin_of_batch_sizes():
    """What two rows learned says nothing to four: the second bandit begins with its first arm."""
    random = np.random.default_rng(3)
    two = chain_lengths("nightjar", 2, 48, drifting(random, 2))
    four = chain_lengths("nightjar", 4, 48, drifting(random, 4))
    assert two[::8] == four[::8] == [0, 1, 2, 3, 4, 5]
