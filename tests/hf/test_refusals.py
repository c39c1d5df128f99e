"""What cannot work is refused by name before the first token, with a way out."""

from __future__ import annotations

import copy
import json
import os

import pytest
import torch
import transformers as t

import smartgen
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, prompts, write_eagle3

COMBINATIONS = {
    "num_beams=3": {"num_beams": 3},
    "num_beams=0": {"num_beams": 0},
    "penalty_alpha": {"penalty_alpha": 0.6, "top_k": 4},
    "prompt_lookup_num_tokens": {"prompt_lookup_num_tokens": 3},
    "use_cache=False": {"use_cache": False},
    "cache_implementation='static'": {"cache_implementation": "static"},
    "cache_implementation='paged'": {"cache_implementation": "paged"},
    "guidance_scale": {"guidance_scale": 1.5},
    "output_attentions": {"output_attentions": True, "return_dict_in_generate": True},
    "custom_generate": {"custom_generate": lambda *args, **kwargs: None},
    "dola_layers": {"dola_layers": "low"},
    "assistant_early_exit": {"assistant_early_exit": 2},
    "stop_strings": {"stop_strings": ["a"]},
}


@pytest.mark.parametrize("culprit", COMBINATIONS)
def test_combinations(culprit, attached, monkeypatch):
    target = attached(model("llama"))
    monkeypatch.setattr(type(target), "forward", _no_forward)
    with pytest.raises(ValueError, match=culprit.replace("(", r"\(")):
        target.generate(**prompts(1), max_new_tokens=4, smart_recipe=SMALL, **COMBINATIONS[culprit])


def _no_forward(*args, **kwargs):
    raise AssertionError("the model ran before the refusal")


def test_padding_on_the_right_is_named(attached):
    target, inputs = attached(model("llama")), prompts(2)
    inputs["attention_mask"] = inputs["attention_mask"].flip(1)
    with pytest.raises(ValueError, match=r'row 1 of attention_mask .*padding_side = "left"'):
        target.generate(**inputs, max_new_tokens=4, smart_recipe=SMALL)


@pytest.mark.parametrize("kind", ["dynamic", "longrope"])
def test_rope_that_depends_on_the_longest_position(kind, attached):
    factors = {"short_factor": [1.0] * 8, "long_factor": [2.0] * 8} if kind == "longrope" else {"factor": 2.0}
    torch.manual_seed(1)
    config = t.LlamaConfig(
        vocab_size=V,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=40,
        initializer_range=0.3,
        pad_token_id=0,
        eos_token_id=None,
        bos_token_id=1,
        rope_parameters={"rope_type": kind, "rope_theta": 10000.0, "original_max_position_embeddings": 40, **factors},
    )
    target = attached(t.LlamaForCausalLM(config).double().eval())
    target.generation_config.eos_token_id = None
    inputs = prompts(2)
    with pytest.raises(ValueError, match="changes its rotary frequencies at 40 tokens"):
        target.generate(**inputs, max_new_tokens=27, smart_recipe=SMALL)
    plain = target.generate(**inputs, max_new_tokens=26, do_sample=False)
    drafter = Scripted(plain[:, 14:].tolist(), V)
    output = target.generate(**inputs, max_new_tokens=26, do_sample=False, smart_recipe=SMALL, assistant_model=drafter)
    assert output.tolist() == plain.tolist()


def test_an_assistant_of_another_vocabulary(attached):
    target = attached(model("llama"))
    other = t.LlamaForCausalLM(
        t.LlamaConfig(
            vocab_size=1000,
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
        )
    )
    with pytest.raises(ValueError, match="1000 token ids and the target 97"):
        target.generate(**prompts(1), max_new_tokens=3, smart_recipe=SMALL, assistant_model=other)


def test_a_model_that_writes_no_text_is_no_assistant(attached):
    target = attached(model("llama"))
    for wrong in (target.model, torch.nn.Linear(2, 2)):
        with pytest.raises(TypeError, match=f"is a {type(wrong).__name__}, which writes no text"):
            target.generate(**prompts(1), max_new_tokens=3, smart_recipe=SMALL, assistant_model=wrong)


@pytest.mark.parametrize("wrong", ["eagle3", 3, object()])
def test_things_that_are_no_drafter(wrong, attached):
    target = attached(model("llama"))
    with pytest.raises(TypeError, match="load_drafter"):
        target.generate(**prompts(1), max_new_tokens=3, smart_recipe=SMALL, assistant_model=wrong)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((None, model), "a name or a folder as name_or_path, not NoneType"),
        (([], model), "as name_or_path, not list"),
        (("d", None), "the model to draft for as target, not NoneType"),
        (("ngram", 5), "as target, not int"),
        (("ngram", lambda name: torch.nn.Linear(2, 2)), "as target, not Linear"),
    ],
)
def test_load_drafter_names_the_argument_that_is_of_another_kind(arguments, said):
    where, target = arguments
    with pytest.raises(TypeError, match=said):
        smartgen.load_drafter(where, target("llama") if callable(target) else target)


def test_scores_that_are_no_numbers_are_not_drawn_from(attached):
    target = attached(copy.deepcopy(model("llama")))
    with torch.no_grad():
        target.model.norm.weight.fill_(torch.nan)
    for rows in (1, 2):
        with pytest.raises(
            ValueError, match=r"no token can be drawn: the model's scores .* not all numbers \(NaN or inf\)"
        ):
            target.generate(**prompts(rows), max_new_tokens=3, do_sample=True, smart_recipe=SMALL)


class Explosive:
    def __reduce__(self):
        return (os.mkdir, ("exploded",))


def _spoilt(folder, how):
    path = folder / "model.safetensors"
    if how == "truncated":
        path.write_bytes(path.read_bytes()[:500])
    elif how == "pickle":
        path.unlink()
        torch.save({"fc.weight": Explosive()}, folder / "pytorch_model.bin")
    elif how == "config":
        (folder / "config.json").write_text("{")
    elif how == "hidden":
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "target_hidden_size": 128}))
    else:
        from safetensors.torch import load_file, save_file

        tensors = load_file(path)
        if how == "missing":
            del tensors["midlayer.self_attn.q_proj.weight"]
        else:
            tensors["fc.weight"] = tensors["fc.weight"][:, :10].contiguous()
        save_file(tensors, path)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("truncated", "model.safetensors"),
        ("pickle", "pytorch_model.bin"),
        ("config", "config.json"),
        ("hidden", "hidden size 128"),
        ("missing", "q_proj"),
        ("shape", r"'fc.weight' should be \[64, 192\], found \[64, 10\]"),
    ],
)
def test_bad_heads(how, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = model("llama")
    write_eagle3(tmp_path / "head", target)
    _spoilt(tmp_path / "head", how)
    with pytest.raises(ValueError, match=said):
        smartgen.load_drafter(str(tmp_path / "head"), target)
    assert not (tmp_path / "exploded").exists()


def test_an_assistant_in_a_folder_passes_the_same_gate(tmp_path):
    draft = t.FalconForCausalLM(
        t.FalconConfig(vocab_size=V, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, alibi=True)
    )
    draft.save_pretrained(tmp_path / "draft")
    with pytest.raises(ValueError, match="ALiBi"):
        smartgen.load_drafter(str(tmp_path / "draft"), model("llama"))


def test_an_assistant_in_a_folder_keeps_its_sliding_window(tmp_path):
    draft = model("mistral")
    draft.save_pretrained(tmp_path / "draft")
    drafter = smartgen.load_drafter(str(tmp_path / "draft"), model("llama"))
    assert [kind.window for kind in drafter.style.kinds] == [draft.config.sliding_window]


def test_a_profile_for_another_setting(attached, tmp_path):
    from smartgen.profile.profile import Key, Profile
    from smartgen.profile.store import save
    from smartgen.profile.table import CostTable, Point

    path = tmp_path / "other.json"
    save(Profile(Key("gpt", "ngram", "cpu", "float64"), CostTable([Point(1, 1, 0, 0.1)])), path)
    target = attached(model("llama"), profile=str(path))
    with pytest.raises(ValueError, match="model is 'gpt'"):
        target.generate(**prompts(1), max_new_tokens=3, smart_recipe="smart")
    missing = attached(model("llama"), profile=str(tmp_path / "none.json"))
    with pytest.raises(ValueError, match=r"none.json; measure one"):
        missing.generate(**prompts(1), max_new_tokens=3, smart_recipe="smart")
    save(Profile(Key("gpt", "ngram", "cpu", "float64"), CostTable([Point(1, 1, 0, 0.1)]), kind="roofline"), path)
    estimated = attached(model("llama"), profile=str(path))
    with pytest.raises(ValueError, match="an estimate for planning, not a measurement"):
        estimated.generate(**prompts(1), max_new_tokens=3, smart_recipe="smart")
    path.write_text('{"smartgen_profile": 1, "key": {}}')
    broken = attached(model("llama"), profile=str(path))
    with pytest.raises(ValueError, match=r"other.json: field 'key'"):
        broken.generate(**prompts(1), max_new_tokens=3, smart_recipe="smart")


def test_a_recipe_that_this_backend_cannot_honour(attached):
    target = attached(model("llama"))
    plain = "smartgen 1\npolicy p { benefit accepted = node.path  expand best 2  limit depth 2 }"
    queue = plain.replace("limit depth 2", "limit depth (if engine.queue > 3 then 1 else 2)")
    unsure = plain.replace("limit depth 2", "limit depth 2  continue while layer.max(node.entropy) < 1")
    joules = plain.replace(
        "limit depth 2", "limit depth 2  cost used = profile.verify.energy  maximize tokens / energy"
    )
    for text, word in ((queue, "engine.queue"), (unsure, "node.entropy"), (joules, "profile.verify.energy")):
        with pytest.raises(ValueError, match=f"cannot honour `{word}`"):
            target.generate(**prompts(1), max_new_tokens=3, smart_recipe=text)


def test_forwards_that_only_stock_knows(attached, monkeypatch):
    target = attached(model("llama"))
    theirs = type(target).prepare_inputs_for_generation
    monkeypatch.setattr(target, "prepare_inputs_for_generation", theirs.__get__(target), raising=False)
    target.generate(**prompts(1), max_new_tokens=3, smart_recipe=SMALL)
    monkeypatch.setattr(
        target, "prepare_inputs_for_generation", lambda *args, **kwargs: theirs(target, *args, **kwargs)
    )
    with pytest.raises(ValueError, match="replaced prepare_inputs_for_generation of this LlamaForCausalLM"):
        target.generate(**prompts(1), max_new_tokens=3, smart_recipe=SMALL)
    monkeypatch.undo()
    monkeypatch.setattr(type(target), "device", torch.device("meta"))
    with pytest.raises(ValueError, match=r"are offloaded .* load it whole onto one device"):
        target.generate(**prompts(1), max_new_tokens=3, smart_recipe=SMALL)
