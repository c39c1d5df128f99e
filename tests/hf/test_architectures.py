"""Families beyond the usual ones: equal in float64, or refused by name with a reason and a way out."""

from __future__ import annotations

import pytest
import torch
import transformers as t

import smartgen
from tests.hf.conftest import SMALL
from tests.hf.menagerie import OTHERS, UNSUITABLE
from tests.hf.scripted import Scripted
from tests.hf.zoo import BASE, V, model, prepared, prompts


@pytest.mark.parametrize("family", OTHERS)
def test_other_families(family, attached, recorded):
    """eager attention takes its softmax in float32, which still leaves no tie at this size."""
    torch.manual_seed(7)
    target, inputs = attached(prepared(OTHERS[family]())), prompts(4)
    plain = target.generate(**inputs, max_new_tokens=20, do_sample=False)
    output = target.generate(
        **inputs,
        max_new_tokens=20,
        do_sample=False,
        smart_recipe=SMALL,
        assistant_model=Scripted(plain[:, 14:].tolist(), V),
    )
    assert output.tolist() == plain.tolist()
    assert any(step.scattered for step in recorded)
    assert any(step.ragged for step in recorded)


@pytest.mark.parametrize("reason", UNSUITABLE)
def test_models_that_cannot_do_trees_are_refused_with_a_way_out(reason):
    unsuitable = UNSUITABLE[reason]().eval()
    with pytest.raises(ValueError, match=rf"{type(unsuitable).__name__} .*{reason}.*generate without"):
        smartgen.attach(unsuitable)
    assert "generate" not in unsuitable.__dict__


def test_flash_attention_is_offered_what_the_model_has(monkeypatch):
    for target, usable in ((model("qwen3"), "sdpa"), (OTHERS["gemma2"](), "eager")):
        monkeypatch.setattr(target.config, "_attn_implementation_internal", "flash_attention_2")
        monkeypatch.setattr(type(target), "_supports_sdpa", usable == "sdpa")
        with pytest.raises(ValueError, match=rf'set_attn_implementation\("{usable}"\)'):
            smartgen.attach(target)
        monkeypatch.undo()


class _Blind(t.LlamaForCausalLM):
    """Ignores masks and positions: trees come out wrong."""

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, **kwargs):
        return super().forward(input_ids=input_ids, **kwargs)


class _Fussy(t.LlamaForCausalLM):
    """Falls over any mask of a tree."""

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, **kwargs):
        if attention_mask is not None and attention_mask.dim() == 4:
            raise IndexError("too many indices")
        return super().forward(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids, **kwargs)


class _Plain(t.LlamaForCausalLM):
    """Somebody's own class that changes nothing."""


def test_unknown_code_has_to_prove_itself(attached):
    config = t.LlamaConfig(**BASE)
    with pytest.raises(ValueError, match="_Blind is not part of transformers and failed the self-check"):
        smartgen.attach(_Blind(config).eval())
    with pytest.raises(ValueError, match=r"_Fussy .*failed the self-check.*IndexError: too many indices"):
        smartgen.attach(_Fussy(config).eval())
    torch.manual_seed(7)
    target, inputs = attached(prepared(_Plain(config))), prompts(4)
    plain = target.generate(**inputs, max_new_tokens=12, do_sample=False)
    assert (
        target.generate(**inputs, max_new_tokens=12, do_sample=False, smart_recipe="eagle2").tolist() == plain.tolist()
    )


class _Rounded(torch.nn.Linear):
    """Quantised layer whose step is set by the largest number in the forward, as dynamic quantisation sets it."""

    def forward(self, x):
        step = x.abs().max() / 7
        return super().forward((x / step).round() * step)


class _Scaled(torch.nn.Linear):
    """Somebody's own layer that keeps tokens apart."""

    def forward(self, x):
        return super().forward(x) * 2


def test_layers_of_unknown_code_have_to_prove_themselves():
    for own, kept in ((_Scaled, True), (_Rounded, False)):
        target = t.LlamaForCausalLM(t.LlamaConfig(**BASE)).eval()
        down = target.model.layers[1].mlp.down_proj
        target.model.layers[1].mlp.down_proj = own(down.in_features, down.out_features, bias=False)
        if kept:
            smartgen.detach(smartgen.attach(target))
            continue
        with pytest.raises(ValueError, match=r"has layers of .*_Rounded and failed the self-check"):
            smartgen.attach(target)
        with pytest.raises(ValueError, match=r"call model.eval\(\) before attaching"):
            smartgen.attach(target.train())


def _llava():
    vision = t.CLIPVisionConfig(
        hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=8
    )
    return t.LlavaForConditionalGeneration(
        t.LlavaConfig(
            vision_config=vision, text_config=t.LlamaConfig(**BASE), image_token_id=90, vision_feature_layer=-1
        )
    )


def test_an_image_in_the_prompt(attached):
    torch.manual_seed(7)
    target, inputs = attached(prepared(_llava())), prompts(4)
    inputs["input_ids"] = inputs["input_ids"].clamp(max=89)
    inputs["input_ids"][:, 6:10] = 90
    inputs["pixel_values"] = torch.randn(4, 3, 16, 16, dtype=torch.float64)
    plain = target.generate(**inputs, max_new_tokens=16, do_sample=False)
    drafter = Scripted(plain[:, 14:].tolist(), V)
    output = target.generate(**inputs, max_new_tokens=16, do_sample=False, smart_recipe=SMALL, assistant_model=drafter)
    assert output.tolist() == plain.tolist()


def test_positions_of_several_axes_are_refused(attached):
    text = {**BASE, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3]}}
    vision = {"depth": 1, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "patch_size": 4}
    target = attached(
        prepared(t.Qwen2VLForConditionalGeneration(t.Qwen2VLConfig(text_config=text, vision_config=vision)))
    )
    with pytest.raises(ValueError, match="counts along several axes"):
        target.generate(**prompts(1), max_new_tokens=4, smart_recipe=SMALL)
