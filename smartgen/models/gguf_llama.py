"""Reads a Llama out of a GGUF file: its configuration, and its weights in float32 under their Hugging Face names.

The loader of transformers would do it too, but wants accelerate, and hands out a model that it then refuses to save.
The `gguf` package parses the file and dequantises; what is left is naming, and undoing one permutation: llama.cpp
interleaves the two halves of each head's rotation in the rows of the query and key projections
(`LlamaModel.permute` in its `convert_hf_to_gguf.py`), where Hugging Face keeps them one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smartgen.models.registry import ModelError

if TYPE_CHECKING:
    from gguf import GGUFReader
    from transformers import LlamaConfig

_WHOLE = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
_IN_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def open_llama(path: Path) -> GGUFReader:
    """The file, mapped into memory; `ModelError` if it is no GGUF or not a Llama."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
    except (ValueError, IndexError, OSError) as error:
        raise ModelError(f"{path} cannot be read as GGUF: {error}") from error
    if (architecture := _field(reader, "general.architecture")) != "llama":
        raise ModelError(f"{path} holds a model of architecture '{architecture}'; only llama is converted here")
    return reader


def llama_config(reader: GGUFReader) -> LlamaConfig:
    """The configuration, with the end token that ends a turn of a chat."""
    from transformers import LlamaConfig

    def shape(name: str) -> Any:
        return _field(reader, f"llama.{name}")

    return LlamaConfig(
        architectures=["LlamaForCausalLM"],
        vocab_size=shape("vocab_size"),
        hidden_size=shape("embedding_length"),
        intermediate_size=shape("feed_forward_length"),
        num_hidden_layers=shape("block_count"),
        num_attention_heads=shape("attention.head_count"),
        num_key_value_heads=shape("attention.head_count_kv"),
        max_position_embeddings=shape("context_length"),
        rms_norm_eps=_shortest(shape("attention.layer_norm_rms_epsilon")),
        rope_parameters={"rope_type": "default", "rope_theta": shape("rope.freq_base")},
        tie_word_embeddings=all(tensor.name != "output.weight" for tensor in reader.tensors),
        bos_token_id=_field(reader, "tokenizer.ggml.bos_token_id"),
        eos_token_id=_field(reader, "tokenizer.ggml.eos_token_id"),
        pad_token_id=_field(reader, "tokenizer.ggml.padding_token_id"),
        dtype="float32",
    )


def weights(reader: GGUFReader, config: LlamaConfig) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Every tensor under its Hugging Face name, dequantised, in the order of the file."""
    from gguf.quants import dequantize

    keys = config.num_key_value_heads or config.num_attention_heads
    heads = {"attn_q": config.num_attention_heads, "attn_k": keys}
    for tensor in reader.tensors:
        layer, part = _parts(tensor.name)
        values = dequantize(tensor.data, tensor.tensor_type)
        if part in heads:
            values = _halves_apart(values, heads[part])
        name = f"model.layers.{layer}.{_IN_LAYER[part]}" if layer else _WHOLE[part]
        yield f"{name}.weight", np.ascontiguousarray(values, dtype=np.float32)


def _parts(name: str) -> tuple[str, str]:
    """Layer number ("" outside the layers) and part of a tensor's name."""
    match = re.fullmatch(r"(?:blk\.(\d+)\.)?(\w+)\.weight", name)
    if match is None or match[2] not in (_IN_LAYER if match[1] else _WHOLE):
        raise ModelError(f"a plain Llama has no tensor '{name}': this GGUF file cannot be converted")
    return match[1] or "", match[2]


def _halves_apart(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows (heads, pairs, 2) back to (heads, 2, pairs)."""
    rows, columns = values.shape
    apart: NDArray[np.float32] = values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2)
    return apart.reshape(rows, columns)


def _shortest(value: float) -> float:
    """A float32 in its shortest decimal form: 1e-05, not 9.999999747378752e-06; in float32 they are the same."""
    return float(str(np.float32(value)))


def _field(reader: GGUFReader, name: str) -> Any:
    field = reader.get_field(name)
    if field is None:
        raise ModelError(f"the GGUF file lacks the entry '{name}'")
    return field.contents()
