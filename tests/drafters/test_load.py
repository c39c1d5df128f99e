"""What a folder holds is read from its tensors."""

from __future__ import annotations

import json

import pytest
import torch
import transformers as t
from safetensors.torch import load_file, save_file

from smartgen.attention.mask import MaskKind, MaskStyle
from smartgen.drafters.assistant import Assistant
from smartgen.drafters.eagle3 import Eagle3Head
from smartgen.drafters.errors import DrafterError
from smartgen.drafters.load import load_drafter
from smartgen.drafters.ngram import NGram
from tests.drafters.heads import rewritten, written
from tests.hf.zoo import model


def _causal(folder, **sizes):
    shape = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2}
    config = t.LlamaConfig(**{**shape, "num_attention_heads": 2, **sizes})
    t.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def _load(where, **options):
    return load_drafter(where, model("llama"), **options)


def test_the_three_kinds(tmp_path):
    assert isinstance(_load("ngram"), NGram)
    head = _load(str(written(tmp_path / "head")))
    assert isinstance(head, Eagle3Head)
    assert (head.source, head.name, head.dtype) == ("head", "eagle3:head", torch.float64)
    assert _load(tmp_path / "head", dtype=torch.float32).dtype == torch.float32
    assistant = _load(_causal(tmp_path / "causal"))
    assert isinstance(assistant, Assistant)
    assert (assistant.source, assistant.model.dtype) == ("assistant", torch.float64)


def test_an_assistant_takes_masks_as_it_is_told(tmp_path):
    style = MaskStyle(False, (MaskKind("sliding_attention", 8),))
    asked = []
    assistant = _load(_causal(tmp_path), style_of=lambda loaded: asked.append(loaded) or style)
    assert assistant.style is style
    assert asked == [assistant.model]


def test_an_incomplete_head_is_not_taken_for_a_causal_model(tmp_path):
    rewritten(written(tmp_path), lambda name, tensor: None if name == "fc.weight" else tensor)
    with pytest.raises(DrafterError, match=r"has no tensor 'fc\.weight'"):
        _load(tmp_path)


def test_an_older_head_is_named(tmp_path):
    save_file(
        {"fc.weight": torch.zeros(2, 4), "layers.0.mlp.up_proj.weight": torch.zeros(2, 2)}, tmp_path / "a.safetensors"
    )
    (tmp_path / "a.safetensors").rename(tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(DrafterError, match="looks like an EAGLE-1/2 head"):
        _load(tmp_path)


def test_foreign_weights_are_described(tmp_path):
    save_file({"conv.bias": torch.zeros(2), "conv.weight": torch.zeros(2)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DrafterError, match=r"neither an EAGLE-3 head .* its first tensors are conv.bias, conv.weight"):
        _load(tmp_path)


def test_no_folder_and_an_empty_one(tmp_path):
    with pytest.raises(DrafterError, match="is no folder; a drafter is a folder with"):
        _load(tmp_path / "none")
    with pytest.raises(DrafterError, match=r"holds no config.json"):
        _load(tmp_path)


def test_a_causal_model_with_tensors_missing(tmp_path):
    path = _causal(tmp_path) / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(DrafterError, match=r"lacks 1 tensor of LlamaForCausalLM: 'model.layers.1.mlp.up_proj.weight'"):
        _load(tmp_path)


def test_a_truncated_causal_model(tmp_path):
    path = _causal(tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DrafterError, match=r"model.safetensors cannot be read as safetensors"):
        _load(tmp_path)


def test_a_pickled_causal_model_is_not_loaded(tmp_path):
    path = _causal(tmp_path) / "model.safetensors"
    torch.save(load_file(path), tmp_path / "pytorch_model.bin")
    path.unlink()
    with pytest.raises(DrafterError, match="holds no safetensors; convert the assistant model first"):
        _load(tmp_path)


def test_code_beside_the_weights_never_runs(tmp_path):
    config = json.loads((_causal(tmp_path) / "config.json").read_text())
    ways = {"AutoConfig": "custom.Config", "AutoModelForCausalLM": "custom.Model"}
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "unheard", "auto_map": ways}))
    (tmp_path / "custom.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(DrafterError, match="cannot be loaded as a causal model"):
        _load(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_an_assistant_of_another_family(tmp_path):
    with pytest.raises(DrafterError, match="the assistant knows 40 token ids and the target 97"):
        _load(_causal(tmp_path, vocab_size=40))


@pytest.mark.parametrize("dtype", [torch.int8, "bf16", torch.float8_e4m3fn, 5])
def test_a_dtype_to_run_in(dtype):
    with pytest.raises(DrafterError, match=r"cannot run in dtype=.*floating-point torch.dtype of 16 bits"):
        _load("ngram", dtype=dtype)
