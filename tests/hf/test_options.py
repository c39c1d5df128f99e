"""Options count as stock counts them: the call's, else the given configuration's, else the model's."""

from __future__ import annotations

import copy

import pytest
import torch
from transformers import GenerationConfig

import smartgen
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.words import bundled
from tests.hf.zoo import V, model, prompts


@pytest.fixture
def own(attached):
    """A model of one's own, whose configuration may be changed."""
    return attached(copy.deepcopy(model("qwen2")))


@pytest.mark.parametrize(("name", "value"), [("num_beams", 3), ("use_cache", False), ("output_attentions", True)])
def test_the_models_configuration_fills_what_a_given_one_leaves_open(name, value, own):
    setattr(own.generation_config, name, value)
    given = GenerationConfig(max_new_tokens=4, pad_token_id=0)
    for options in ({"generation_config": given}, {"max_new_tokens": 4}):
        with pytest.raises(ValueError, match=name):
            own.generate(**prompts(1), smart_recipe=SMALL, **options)
    calm = {"num_beams": 1, "use_cache": True, "output_attentions": False}
    assert own.generate(**prompts(1), max_new_tokens=4, smart_recipe=SMALL, **{name: calm[name]}).shape == (1, 18)


def test_the_cache_that_old_configurations_name_is_no_obstacle(own):
    """Stock takes `hybrid` for unset: so do models of the hub that still carry it."""
    own.generation_config.cache_implementation = "hybrid"
    assert own.generate(**prompts(1), max_new_tokens=4, smart_recipe=SMALL).shape == (1, 18)


@pytest.mark.parametrize("place", ["call", "given", "model", "model beside a given one"])
def test_stop_strings_wherever_they_stand(place):
    target, assistant, tokenizer = bundled()
    target = copy.deepcopy(target)
    inputs = tokenizer("def read(", return_tensors="pt")
    options = {"max_new_tokens": 40, "do_sample": False, "tokenizer": tokenizer}
    plain = target.generate(**inputs, **options, stop_strings=["\n"])
    assert plain.shape[1] < inputs["input_ids"].shape[1] + 40
    if place == "call":
        options["stop_strings"] = ["\n"]
    elif place == "given":
        options = {
            "generation_config": GenerationConfig(max_new_tokens=40, do_sample=False, stop_strings=["\n"]),
            "tokenizer": tokenizer,
        }
    else:
        target.generation_config.stop_strings = ["\n"]
        if place == "model beside a given one":
            options = {
                "generation_config": GenerationConfig(max_new_tokens=40, do_sample=False),
                "tokenizer": tokenizer,
            }
    smartgen.attach(target)
    output = target.generate(**inputs, **options, smart_recipe="eagle2", assistant_model=assistant)
    assert output.tolist() == plain.tolist()
    if place != "call":
        kept = options["generation_config"] if place == "given" else target.generation_config
        assert kept.stop_strings == ["\n"], "the caller's configuration was changed"


def test_a_batch_stops_at_its_strings():
    target, assistant, tokenizer = bundled()
    inputs = tokenizer(["def read(", "class A:\n", "for x in", "import"], return_tensors="pt", padding=True)
    inputs.pop("token_type_ids", None)
    options = {"max_new_tokens": 30, "do_sample": False, "stop_strings": ["\n", ":"], "tokenizer": tokenizer}
    plain = target.generate(**inputs, **options)
    output = target.generate(**inputs, **options, smart_recipe="eagle2", assistant_model=assistant)
    assert output.tolist() == plain.tolist()


@pytest.mark.parametrize("text", ["import jso", "def read_fi", "class A:\n    "])
def test_token_healing_heals_as_stock_does(text):
    target, assistant, tokenizer = bundled()
    inputs = tokenizer(text, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    options = {"max_new_tokens": 8, "do_sample": False, "token_healing": True}
    plain = target.generate(**inputs, **options, tokenizer=tokenizer)
    output = target.generate(**inputs, **options, tokenizer=tokenizer, smart_recipe="eagle2", assistant_model=assistant)
    assert output.tolist() == plain.tolist()
    assert "heal_tokens" not in target.__dict__
    with pytest.raises(ValueError, match="token_healing needs the tokenizer"):
        target.generate(**inputs, **options, smart_recipe="eagle2")


def test_an_input_that_every_forward_needs_is_named(attached, monkeypatch):
    target = attached(model("gpt2"))
    monkeypatch.setattr(type(target), "forward", _no_forward(type(target).forward))
    with pytest.raises(ValueError, match="token_type_ids: the nodes of a tree would need it too"):
        target.generate(**prompts(1), token_type_ids=torch.ones(1, 14, dtype=int), max_new_tokens=3, smart_recipe=SMALL)


def _no_forward(forward):
    import functools

    @functools.wraps(forward)
    def ran(*args, **kwargs):
        raise AssertionError("the model ran before the refusal")

    return ran


def test_positions_of_the_call_are_continued(attached):
    """Learned positions: a prompt that begins at position 20 gives another text, and ours is stock's."""
    target = attached(model("gpt2"))
    inputs = {**prompts(1), "position_ids": torch.arange(14)[None] + 20}
    plain = target.generate(**inputs, max_new_tokens=20, do_sample=False)
    assert plain.tolist() != target.generate(**prompts(1), max_new_tokens=20, do_sample=False).tolist()
    drafter = Scripted(plain[:, 14:].tolist(), V)
    output = target.generate(**inputs, max_new_tokens=20, do_sample=False, smart_recipe=SMALL, assistant_model=drafter)
    assert output.tolist() == plain.tolist()


def test_an_empty_prompt_is_a_sentence(attached):
    with pytest.raises(ValueError, match="the prompt holds no tokens"):
        attached(model("llama")).generate(torch.zeros(1, 0, dtype=int), max_new_tokens=3, smart_recipe=SMALL)
