"""Checkpoints that are broken, foreign or for another target: one sentence with file, tensor, expected and found."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from smartgen.drafters.errors import DrafterError
from tests.drafters.heads import configured, features, loaded, rewritten, written
from tests.hf.zoo import V

Q = "midlayer.self_attn.q_proj.weight"


def _without(gone: str):
    return lambda name, tensor: None if name == gone else tensor


def _with(changed: str, change):
    return lambda name, tensor: change(tensor) if name == changed else tensor


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without(Q), rf"has no tensor '{Q}' \[64, 128\]"),
        (_without("d2t"), r"has no tensor 'd2t' \[41\]"),
        (_with(Q, lambda t: t[:, :64]), rf"'{Q}' should be \[64, 128\], found \[64, 64\]"),
        (_with("lm_head.weight", lambda t: t[:40]), r"'lm_head.weight' should be \[41, 64\], found \[40, 64\]"),
        (_with("t2d", lambda t: t[:-1]), r"'t2d' should be \[97\], found \[96\]"),
        (_with("fc.weight", lambda t: t.to(torch.int8)), "'fc.weight' should hold floating-point weights"),
        (_with("fc.weight", lambda t: t * torch.nan), r"'fc.weight' holds numbers that are not finite \(NaN or inf\)"),
        (_with("d2t", lambda t: t.float()), "'d2t' should hold whole numbers, found torch.float32"),
        (_with("d2t", lambda t: t + V), f"'d2t' maps a draft token outside the target's {V} ids"),
        (_with("d2t", lambda t: t - V), f"'d2t' maps a draft token outside the target's {V} ids"),
    ],
)
def test_a_tensor_that_is_not_as_published(change, said, tmp_path):
    rewritten(written(tmp_path), change)
    with pytest.raises(DrafterError, match=said) as told:
        loaded(tmp_path)
    assert str(tmp_path / "model.safetensors") in str(told.value)


def test_a_tensor_too_many_is_a_variant(tmp_path):
    tensors = load_file(written(tmp_path) / "model.safetensors")
    tensors["fc.bias"] = torch.zeros(64)
    (tmp_path / "model.safetensors").unlink()
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    with pytest.raises(DrafterError, match=r"pytorch_model.bin has the tensor 'fc.bias', which an EAGLE-3 head"):
        loaded(tmp_path)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"hidden_size": None}, "misses or misstates 'hidden_size'"),
        (
            {"intermediate_size": "wide"},
            "misstates 'intermediate_size': it should be a whole number of at least 1, found 'wide'",
        ),
        ({"num_attention_heads": 0, "head_dim": None}, "misstates 'num_attention_heads'.*found 0"),
        ({"head_dim": 2.5}, "misstates 'head_dim'.*found 2.5"),
        ({"vocab_size": True}, "misstates 'vocab_size'.*found True"),
        ({"rms_norm_eps": -1}, "misstates 'rms_norm_eps': it should be a number above 0, found -1"),
        ({"rope_theta": float("nan")}, "misstates 'rope_theta': it should be a number above 0, found nan"),
        ({"num_key_value_heads": 3}, "4 heads over 3 key heads"),
        ({"draft_vocab_size": V + 1}, "draft vocabulary 98 of 97"),
        ({"rope_scaling": 7}, "misstates 'rope_scaling': it should be an object, found 7"),
        ({"rope_scaling": {"rope_type": "linear", "factor": "x"}}, "misses or misstates its rotary scaling"),
        ({"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, "rotary scaling 'dynamic' is not one of"),
        ({"rope_scaling": {"rope_type": "llama3"}}, "misses or misstates its rotary scaling"),
        ({"norm_output": True}, "sets 'norm_output', a variant"),
        ({"partial_rotary_factor": 0.5}, "turns a part of each head only"),
        ({"hidden_act": "gelu"}, "asks for the activation 'gelu'"),
        ({"speculators_model_type": "eagle3"}, "has no transformer_layer_config"),
        ({"eagle_config": [1]}, r"misstates 'eagle_config': it should be an object, found \[1\]"),
        ({"eagle_config": {"eagle_aux_hidden_state_layer_ids": "x"}}, "misstates 'eagle_aux_hidden_state_layer_ids'"),
    ],
)
def test_a_config_that_is_not_as_published(config, said, tmp_path):
    written(tmp_path, **config)
    with pytest.raises(DrafterError, match=said) as told:
        loaded(tmp_path)
    assert "config.json" in str(told.value)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"vocab_size": 128}, "vocabulary 128; this target has 64 and 97"),
        ({"target_hidden_size": 32}, "hidden size 32 and vocabulary 97; this target has 64"),
        ({"hidden_size": 32, "target_hidden_size": 64}, r"should be \[32"),
    ],
)
def test_a_head_for_another_target(config, said, tmp_path):
    with pytest.raises(DrafterError, match=said):
        loaded(written(tmp_path, **config))


@pytest.mark.parametrize("length", [0, 7, 2000])
def test_a_truncated_file(length, tmp_path):
    path = written(tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(
        DrafterError, match=r"model.safetensors cannot be read as weights .*; fetch the checkpoint again"
    ):
        loaded(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_a_config_that_is_no_json_object(text, tmp_path):
    (written(tmp_path) / "config.json").write_text(text)
    with pytest.raises(DrafterError, match=r"config.json (is not readable JSON|should hold a JSON object)"):
        loaded(tmp_path)


class _Trap:
    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self):
        return (Path.touch, (self.witness,))


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, 2))])
def test_code_in_a_pickle_never_runs(save, tmp_path):
    (written(tmp_path) / "model.safetensors").unlink()
    witness = tmp_path / "ran"
    save({"fc.weight": _Trap(witness)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(DrafterError, match=r"pytorch_model.bin cannot be read as weights"):
        loaded(tmp_path)
    assert not witness.exists()


def test_a_pickle_of_tensors_is_read(tmp_path):
    tensors = load_file(written(tmp_path) / "model.safetensors")
    safe = loaded(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    x = features(1, 4)
    assert torch.equal(loaded(tmp_path).fc(x), safe.fc(x))
    torch.save({**tensors, "epoch": 3}, tmp_path / "pytorch_model.bin")
    with pytest.raises(DrafterError, match="'epoch' should be a tensor, found int"):
        loaded(tmp_path)


def test_a_folder_without_weights(tmp_path):
    (written(tmp_path) / "model.safetensors").unlink()
    with pytest.raises(DrafterError, match=r"holds neither model.safetensors nor pytorch_model.bin"):
        loaded(tmp_path)


def test_a_head_with_embeddings_of_its_own(tmp_path):
    tensors = load_file(written(tmp_path) / "model.safetensors")
    tensors["embed_tokens.weight"] = torch.randn(V, 64)
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    assert torch.equal(loaded(tmp_path).embedding, tensors["embed_tokens.weight"].double())
    configured(tmp_path, vocab_size=96)
    with pytest.raises(DrafterError, match="vocabulary 96"):
        loaded(tmp_path)


def test_weights_in_shards(tmp_path):
    whole = loaded(written(tmp_path))
    tensors = load_file(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    places = {name: f"model-0000{1 + number % 2}-of-00002.safetensors" for number, name in enumerate(sorted(tensors))}
    for shard in set(places.values()):
        save_file({name: tensors[name] for name in tensors if places[name] == shard}, tmp_path / shard)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    x = features(1, 4)
    assert torch.equal(loaded(tmp_path).fc(x), whole.fc(x))
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(DrafterError, match=r"index.json names model-00002-of-00002.safetensors, which is not in"):
        loaded(tmp_path)


def test_offsets_beside_a_full_vocabulary(tmp_path):
    """Some trainers write `d2t`, all zeros, where the head has every token of the target."""
    written(tmp_path, draft_vocab_size=V)
    full = {"lm_head.weight": torch.randn(V, 64), "d2t": torch.zeros(V, dtype=torch.long), "t2d": torch.ones(V).bool()}
    rewritten(tmp_path, lambda name, tensor: full.get(name, tensor))
    assert loaded(tmp_path).target_ids.tolist() == list(range(V))
