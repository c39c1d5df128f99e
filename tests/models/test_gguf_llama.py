"""A tiny Llama written as llama.cpp writes it, and read back, says what it said before."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from smartgen.models.gguf_llama import _IN_LAYER, llama_config, open_llama, weights
from smartgen.models.registry import ModelError

HEADS, KEYS = 4, 2


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=40, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=HEADS,
        num_key_value_heads=KEYS, rms_norm_eps=1e-5, initializer_range=0.3, tie_word_embeddings=True,
        max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=2,
        rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def interleaved(matrix, heads):
    """Rows (heads, 2, pairs) to (heads, pairs, 2), as the converter of llama.cpp does."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def write(model, path, architecture="llama", extra=None):
    config, state = model.config, {name: value.numpy() for name, value in model.state_dict().items()}
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_vocab_size(config.vocab_size)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEYS)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(100000.0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_tensor("token_embd.weight", state["model.embed_tokens.weight"])
    writer.add_tensor("output_norm.weight", state["model.norm.weight"])
    for layer in range(config.num_hidden_layers):
        for short, long in _IN_LAYER.items():
            values = state[f"model.layers.{layer}.{long}.weight"]
            heads = {"attn_q": HEADS, "attn_k": KEYS}.get(short)
            values = interleaved(values, heads) if heads else values
            writer.add_tensor(f"blk.{layer}.{short}.weight", np.ascontiguousarray(values))
    if extra:
        writer.add_tensor(extra, np.zeros((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@torch.no_grad()
def test_a_llama_comes_back_unchanged(model, tmp_path):
    write(model, tmp_path / "tiny.gguf")
    reader = open_llama(tmp_path / "tiny.gguf")
    config = llama_config(reader)
    assert config.rms_norm_eps == 1e-5
    assert config.tie_word_embeddings
    again = LlamaForCausalLM(config).eval()
    state = {name: torch.tensor(values) for name, values in weights(reader, config)}
    assert again.load_state_dict(state, strict=False).missing_keys == ["lm_head.weight"]
    ids = torch.arange(12)[None]
    torch.testing.assert_close(again(ids).logits, model(ids).logits, rtol=0, atol=0)


def test_what_is_no_plain_llama_is_refused_by_name(model, tmp_path):
    (tmp_path / "not.gguf").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(ModelError, match=r"not\.gguf cannot be read as GGUF"):
        open_llama(tmp_path / "not.gguf")
    write(model, tmp_path / "other.gguf", architecture="gemma")
    with pytest.raises(ModelError, match="architecture 'gemma'"):
        open_llama(tmp_path / "other.gguf")
    write(model, tmp_path / "bias.gguf", extra="blk.0.attn_q.bias")
    reader = open_llama(tmp_path / "bias.gguf")
    with pytest.raises(ModelError, match=r"no tensor 'blk\.0\.attn_q\.bias'"):
        list(weights(reader, llama_config(reader)))
