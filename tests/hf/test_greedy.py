"""Greedy equality with stock `generate`, exact in float64: what is judged first."""

from __future__ import annotations

import pytest
import torch

import smartgen
from smartgen.language.diagnostics import RecipeError
from smartgen.policy.support import unsupported
from smartgen.recipe import load
from smartgen.recipe.shipped import shipped
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import FAMILIES, V, model, noisy_copy, prompts, write_eagle3

NEW = 24


def _truth(target, inputs, **options):
    plain = target.generate(**inputs, max_new_tokens=NEW, do_sample=False, **options)
    return plain, plain[:, inputs["input_ids"].shape[1] :].tolist()


def _same(target, inputs, recipe, drafter, plain, **options):
    output = target.generate(
        **inputs,
        max_new_tokens=NEW,
        do_sample=False,
        smart_recipe=recipe,
        assistant_model=drafter,
        return_dict_in_generate=True,
        **options,
    )
    assert output.sequences.tolist() == plain.tolist()
    return output.speculation


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_with_real_trees(family, batch, attached, recorded):
    target, inputs = attached(model(family)), prompts(batch)
    plain, truth = _truth(target, inputs)
    stats = [_same(target, inputs, SMALL, Scripted(truth, V, seed), plain) for seed in range(2)]
    assert max(s.accept_length for s in stats) > 1.5
    assert any(step.scattered for step in recorded), "every accepted path was a prefix: no compaction moved anything"
    assert any(rank > 0 for step in recorded for line in step.ranks for rank in line), "only rank 0 was accepted"
    if batch > 1:
        assert any(step.ragged for step in recorded), "rows advanced in step"


@pytest.mark.parametrize("recipe", ["smart", "smart_yaml", "eagle2", "chain", "paper", "off"])
@pytest.mark.parametrize("drafter", ["scripted", "ngram", "assistant", "eagle3"])
def test_every_recipe_with_every_drafter(recipe, drafter, attached, cheap_trees, tmp_path):
    target, inputs = attached(model("llama")), prompts(4)
    plain, truth = _truth(target, inputs)
    if drafter == "eagle3":
        write_eagle3(tmp_path / "head", target)
    made = {
        "scripted": lambda: Scripted(truth, V),
        "ngram": lambda: None,
        "assistant": lambda: noisy_copy(target),
        "eagle3": lambda: smartgen.load_drafter(str(tmp_path / "head"), target),
    }[drafter]()
    stats = _same(target, inputs, recipe, made, plain)
    assert stats.recipe.startswith(recipe.removesuffix("_yaml"))
    if recipe in ("smart", "eagle2", "chain") and drafter in ("scripted", "assistant"):
        assert stats.accepted > 0


HONOURED = sorted(name for name in shipped() if not list(unsupported(load(name).program)))


@pytest.mark.parametrize("recipe", HONOURED)
def test_every_shipped_recipe(recipe, attached, cheap_trees):
    """A recipe that needs more of its drafter than this one gives says so by name; every other one changes no text."""
    target, inputs = attached(model("llama")), prompts(4)
    plain, truth = _truth(target, inputs)
    try:
        _same(target, inputs, recipe, Scripted(truth, V), plain)
    except RecipeError as refusal:
        assert "cannot honour" in str(refusal)  # noqa: PT017
        assert recipe in ("dspark", "specdec_plus", "svip", "smart_energy")


PROCESSED = {
    "repetition": {"repetition_penalty": 1.4},
    "no_repeat": {"no_repeat_ngram_size": 2},
    "bad_words": {"bad_words_ids": [[11], [23, 5]]},
    "min_new": {"min_new_tokens": 6, "eos_token_id": [9, 17]},
    "several_ends": {"eos_token_id": list(range(3, 20))},
    "suppress": {"suppress_tokens": [5, 6, 7], "repetition_penalty": 1.2},
    "eager": {},
}


@pytest.mark.parametrize("name", PROCESSED)
@pytest.mark.parametrize("batch", [1, 4])
def test_processors_and_ends(name, batch, attached):
    target, inputs, options = attached(model("llama")), prompts(batch), PROCESSED[name]
    if name == "eager":
        target.set_attn_implementation("eager")
    try:
        plain, truth = _truth(target, inputs, **options)
        for seed in range(2):
            _same(target, inputs, SMALL, Scripted(truth, V, seed), plain, **options)
    finally:
        target.set_attn_implementation("sdpa")


def test_rows_that_end_early_leave_the_batch(attached):
    target, inputs = attached(model("qwen2")), prompts(4)
    _, truth = _truth(target, inputs)
    ends = sorted({truth[0][3], truth[2][9]})
    plain, truth = _truth(target, inputs, eos_token_id=ends)
    stats = _same(target, inputs, SMALL, Scripted(truth, V), plain, eos_token_id=ends)
    assert stats.row_steps < 4 * stats.steps


def test_one_token_and_the_longest_length(attached):
    target, inputs = attached(model("llama")), prompts(1)
    for length in (1, 2, 3):
        plain = target.generate(**inputs, max_new_tokens=length, do_sample=False)
        _, truth = _truth(target, inputs)
        output = target.generate(
            **inputs, max_new_tokens=length, do_sample=False, smart_recipe=SMALL, assistant_model=Scripted(truth, V)
        )
        assert torch.equal(output, plain)
