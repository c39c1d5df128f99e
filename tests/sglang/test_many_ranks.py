"""The real engine on two ranks: one decision for both under tensor parallelism, two minds under data parallelism."""

from __future__ import annotations

import json
import os
import re

import pytest

from tests.sglang.serving import Server, drafted_by, engine_only
from tests.sglang.test_stress import RESTLESS, SHAPES

pytestmark = [engine_only, pytest.mark.slow]
PROMPTS = [[5, 9, 33, 7], [12, 13, 40, 41, 42, 8], [60, 2, 17], [6, 6, 6, 50]]
CORES = {"SGLANG_CPU_OMP_THREADS_BIND": f"0|{min(1, (os.cpu_count() or 1) - 1)}"}  # one for each rank
TENSOR = ("--tp", "2")
FOLLOWED = "the first rank's decision"


def restless(models):
    return [*drafted_by(models), "--smart-recipe", RESTLESS, "--smart-tiers", SHAPES]


def ids(answers):
    return [answer["output_ids"] for answer in answers]


def changes(log: str, rank: int) -> list[tuple[str, str]]:
    """Tier and reason of every change that a rank logged."""
    lines = re.findall(rf" TP{rank}\] smartgen (\{{.*\}})$", log, re.MULTILINE)
    return [(event["to"], event["reason"]) for event in map(json.loads, lines)]


def test_both_ranks_serve_the_first_ones_tiers(models, tmp_path):
    with Server(models, tmp_path / "plain.log", *TENSOR, **CORES) as server:
        plain = ids(server.generate(PROMPTS, 48))
    with Server(models, tmp_path / "log", *restless(models), *TENSOR, **CORES) as server:
        found = [ids(server.generate(PROMPTS, 48)) for _ in range(3)]
        smart = server.smart()
        log = server.log.read_text()
    assert found == [plain] * 3
    assert len(smart["rounds_by_tier"]) >= 5
    assert smart["lost_rounds"] == 0
    first, second = changes(log, 0), changes(log, 1)
    assert [tier for tier, _ in second] == [tier for tier, _ in first]
    assert FOLLOWED in {reason for _, reason in second}  # by its own times it would have taken others
    assert FOLLOWED not in {reason for _, reason in first}


def test_replicas_decide_on_their_own(models, tmp_path):
    with Server(models, tmp_path / "log", *restless(models), "--dp", "2", **CORES) as server:
        found = [ids(server.generate(PROMPTS, 48)) for _ in range(2)]
        states = json.loads(server.get("/smart"))
        accepted = server.post("/smart", "off")
        after = json.loads(server.get("/smart"))
    assert found[0] == found[1]
    assert len(states) == 2
    assert all(len(state["rounds_by_tier"]) > 1 for state in states)
    assert states[0]["rounds_by_tier"] != states[1]["rounds_by_tier"]
    assert accepted["accepted"] is True
    assert [state["recipe"] for state in after] == ["off", "off"]
