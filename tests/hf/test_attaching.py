"""Attaching, enabling, letting go: in any order, in any thread, around other people's changes."""

from __future__ import annotations

import copy
import functools
import threading

import pytest
import torch
import transformers as t
from transformers import GenerationMixin
from transformers.generation import StoppingCriteria, StoppingCriteriaList

import smartgen
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import BASE, V, model, noisy_copy, prepared, prompts, write_eagle3


@pytest.fixture
def own():
    """A model of one's own, as nobody has touched it."""
    copied = copy.deepcopy(model("qwen2"))
    smartgen.detach(copied)
    return copied


def _tokens(target, recipe=SMALL, batch=1):
    return target.generate(**prompts(batch), max_new_tokens=3, do_sample=False, smart_recipe=recipe).shape[1] - 14


def test_attach_and_enable_nest_and_undo_in_any_order(own):
    stock, before = GenerationMixin.generate, dict(own.__dict__)
    smartgen.enable()
    try:
        smartgen.attach(smartgen.attach(own))
        assert _tokens(own) == 3
        smartgen.detach(own)
        assert _tokens(own) == 3, "enabled for all"
        smartgen.attach(own)
    finally:
        smartgen.disable()
    assert GenerationMixin.generate is stock
    assert _tokens(own) == 3, "attached by itself"
    smartgen.detach(smartgen.detach(own))
    with pytest.raises(ValueError, match="smart_recipe"):
        _tokens(own)
    assert own.__dict__.keys() == before.keys()


@pytest.mark.parametrize(("name", "value"), [("learn", "no"), ("pack", 1), ("profile", 5)])
def test_attaching_with_arguments_of_another_kind(name, value, own):
    with pytest.raises(TypeError, match=f"as {name}"):
        smartgen.attach(own, **{name: value})


def test_disable_leaves_a_later_patch_of_somebody_else(monkeypatch):
    monkeypatch.setattr(GenerationMixin, "generate", GenerationMixin.generate)
    smartgen.enable()
    ours = GenerationMixin.generate

    def theirs(self, *args, **kwargs):
        return ours(self, *args, **kwargs)

    GenerationMixin.generate = theirs
    smartgen.disable()
    assert GenerationMixin.generate is theirs


def test_somebodys_own_generate_comes_back(own):
    called = []

    def theirs(*args, **kwargs):
        called.append(1)
        return type(own).generate(own, *args, **kwargs)

    own.generate = theirs
    smartgen.attach(smartgen.attach(own))
    _tokens(own, recipe=None)
    assert called == [1], "a call without a recipe is theirs"
    assert _tokens(own) == 3
    smartgen.detach(own)
    assert own.__dict__["generate"] is theirs


@pytest.mark.parametrize("way", ["forward", "module", "in place"])
def test_compiled_models(way):
    torch.manual_seed(7)
    own = prepared(t.LlamaForCausalLM(t.LlamaConfig(**{**BASE, "num_hidden_layers": 1})))
    if way == "forward":
        own.forward = torch.compile(own.forward, backend="eager")
    if way == "in place":
        own.compile(backend="eager")
    target = smartgen.attach(torch.compile(own, backend="eager") if way == "module" else own)
    plain = target.generate(**prompts(1), max_new_tokens=6, do_sample=False)
    assert target.generate(**prompts(1), max_new_tokens=6, do_sample=False, smart_recipe="chain").equal(plain)
    smartgen.detach(target)
    assert "generate" not in own.__dict__


class _Adapted(torch.nn.Module):
    """As PEFT wraps a model: its `generate` is the base model's in the end."""

    def __init__(self, base) -> None:
        super().__init__()
        self.base_model = base

    def get_base_model(self):
        return self.base_model

    def generate(self, *args, **kwargs):
        return self.base_model.generate(*args, **kwargs)


def test_a_model_with_adapters(own):
    wrapped = smartgen.attach(_Adapted(own))
    assert _tokens(wrapped) == 3
    smartgen.detach(wrapped)
    assert "generate" not in own.__dict__


def test_things_that_are_no_model():
    for thing in (3, None, "gpt2", torch.nn.Linear(2, 2)):
        with pytest.raises(TypeError, match=f"takes a model with generate.*{type(thing).__name__}"):
            smartgen.attach(thing)
    with pytest.raises(TypeError, match="takes a model, not int"):
        smartgen.detach(3)


def test_calls_from_threads_share_a_model(attached, cheap_trees, tmp_path):
    target = attached(model("llama"))
    write_eagle3(tmp_path / "head", target)
    head = smartgen.load_drafter(str(tmp_path / "head"), target)
    inputs = [prompts(batch, seed=seed) for seed in range(3) for batch in (1, 4)]
    truth = [target.generate(**each, max_new_tokens=20, do_sample=False) for each in inputs]
    wrong = []

    def run(number):
        scripted = Scripted(truth[number][:, 14:].tolist(), V, number)
        for recipe, drafter in ((SMALL, scripted), ("smart", head), ("eagle2", head)):
            output = target.generate(
                **inputs[number], max_new_tokens=20, do_sample=False, smart_recipe=recipe, assistant_model=drafter
            )
            if not output.equal(truth[number]):
                wrong.append((number, recipe))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert target.config._attn_implementation == "sdpa"
    assert not any(layer._forward_pre_hooks for layer in target.model.layers)


@smartgen.rowwise
class _Breaks(StoppingCriteria):
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, ids, scores, **kwargs):
        self.calls += 1
        if self.calls == 9:
            raise RuntimeError("a user's own mistake")
        return torch.zeros(len(ids), dtype=torch.bool)


@pytest.mark.parametrize("recipe", ["smart", "eagle2"])
def test_an_exception_in_the_middle_leaves_a_usable_model(recipe, attached, cheap_trees, tmp_path):
    target, inputs = attached(model("llama")), prompts(4)
    write_eagle3(tmp_path / "head", target)
    head = smartgen.load_drafter(str(tmp_path / "head"), target)
    plain = target.generate(**inputs, max_new_tokens=20, do_sample=False)
    call = functools.partial(
        target.generate, **inputs, max_new_tokens=20, do_sample=False, smart_recipe=recipe, assistant_model=head
    )
    with pytest.raises(RuntimeError, match="own mistake"):
        call(stopping_criteria=StoppingCriteriaList([_Breaks()]))
    assert target.config._attn_implementation == "sdpa"
    assert not any(layer._forward_pre_hooks for layer in target.model.layers)
    assert call().equal(plain)


def test_a_model_that_is_moved_gets_other_costs(own):
    smartgen.attach(own)
    for dtype in (torch.float64, torch.float32):
        own.to(dtype).generate(**prompts(1), max_new_tokens=4, do_sample=False, smart_recipe="smart")
    kept = own.__dict__["_smartgen_attachment"]._costs.values()
    assert sorted(source.profile.key.dtype for source in kept) == ["float32", "float64"]


def test_two_assistants_of_one_shape_learn_apart(own):
    smartgen.attach(own)
    good, bad = noisy_copy(own), noisy_copy(own, 1.0)
    for assistant in (good, bad):
        own.generate(**prompts(1), max_new_tokens=8, do_sample=False, smart_recipe="eagle2", assistant_model=assistant)
    assert len(own.__dict__["_smartgen_attachment"]._learned) == 2
    learned = own.__dict__["_smartgen_attachment"]._learned.values()
    assert len({id(each) for each in learned}) == 2


def test_learning_can_be_forbidden(own):
    smartgen.attach(own, learn=False)
    own.generate(
        **prompts(1), max_new_tokens=8, do_sample=False, smart_recipe="eagle2", assistant_model=noisy_copy(own)
    )
    (learned,) = own.__dict__["_smartgen_attachment"]._learned.values()
    assert learned.frozen


def test_a_pipeline_passes_the_recipe_on():
    from transformers import pipeline

    from tests.hf.words import bundled

    target, _, tokenizer = bundled()
    speak = pipeline("text-generation", model=target, tokenizer=tokenizer)
    plain = speak("def read(", max_new_tokens=12, do_sample=False)
    assert speak("def read(", max_new_tokens=12, do_sample=False, smart_recipe="eagle2") == plain
