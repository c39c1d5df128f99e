"""What a call measures where there is no profile, and what `smartgen profile` does."""

from __future__ import annotations

import copy

import pytest
import torch
import transformers as t

import smartgen
from smartgen.drafters.assistant import Assistant
from smartgen.hf.costing import profile_key
from smartgen.hf.profiling import measure_profile
from smartgen.profile import store
from smartgen.profile.measure import PENDING
from tests.hf.zoo import BASE, model, noisy_copy, prepared, prompts


@pytest.fixture
def pair():
    target = smartgen.attach(copy.deepcopy(model("llama")))
    return target, Assistant(noisy_copy(model("llama"), 0.012), target)


@pytest.mark.parametrize(("length", "read"), [(24, True), (4, False)])
def test_a_call_remembers_what_reading_its_prompt_took(length, read, pair, tmp_path, monkeypatch):
    """One token of it says nothing of how reading grows with the text."""
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path))
    target, drafter = pair
    prompt = torch.arange(2 * length).reshape(2, length) % 50 + 5
    target.generate(prompt, max_new_tokens=8, do_sample=False, smart_recipe="smart", assistant_model=drafter)
    found = store.find(profile_key(target, drafter))
    assert {(p.batch, p.size) for p in found.catch_up.points} == ({(2, 1), (2, length + 1)} if read else set())
    assert {p.batch for p in found.draft.points} == {2}
    assert all(p.seconds > 0 for p in found.catch_up.points)


def test_a_profile_has_first_passes_of_several_lengths(pair):
    target, drafter = pair
    found = measure_profile(target, drafter, [1, 2], [16], 0.5, "test", lambda text: None)
    assert {(p.batch, p.context) for p in found.catch_up.points} == {(1, 16), (2, 16)}
    assert {p.size for p in found.catch_up.points} <= set(PENDING)
    assert {p.size for p in found.catch_up.points} >= {1, 4}
    for table in (found.verify, found.draft, found.catch_up, found.host):
        assert set(table.batches) == {1, 2}


def test_a_cache_that_cannot_be_written_costs_the_memory_only(attached, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path / "file"))
    target = attached(model("llama"))
    plain = target.generate(**prompts(1), max_new_tokens=6, do_sample=False)
    assert target.generate(**prompts(1), max_new_tokens=6, do_sample=False, smart_recipe="smart").equal(plain)
    assert "not kept, since" in caplog.text


def test_a_vocabulary_smaller_than_a_tree(attached):
    torch.manual_seed(7)
    target = attached(prepared(t.LlamaForCausalLM(t.LlamaConfig(**{**BASE, "vocab_size": 31}))))
    inputs = {"input_ids": torch.arange(3, 15)[None]}
    plain = target.generate(**inputs, max_new_tokens=12, do_sample=False)
    for recipe in ("smart", "eagle2"):
        assert target.generate(**inputs, max_new_tokens=12, do_sample=False, smart_recipe=recipe).equal(plain)
