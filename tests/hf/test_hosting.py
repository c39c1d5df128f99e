"""The host's part of a step, measured for profiles."""

from __future__ import annotations

import copy

import smartgen
from smartgen.drafters.assistant import Assistant
from smartgen.hf.hosting import host_points
from tests.hf.zoo import model, noisy_copy


def test_a_step_with_and_without_drafting_takes_some_time_on_the_host():
    target = smartgen.attach(copy.deepcopy(model("llama")))
    drafter = Assistant(noisy_copy(model("llama"), 0.012), target)
    plain, drafting = host_points(target, drafter, 2)
    assert (plain.batch, plain.size, drafting.size) == (2, 0, 1)
    assert 0 < plain.seconds < 0.2
    assert 0 < drafting.seconds < 0.2
