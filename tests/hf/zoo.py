"""Tiny random models of many families, in float64, where equality with stock is exact.

Initialised at 0.3: at the usual 0.02 a random model repeats a handful of tokens whatever it attends to, which hides
wrong masks and positions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import transformers as hf

VOCABULARY = 97
_SIZES = {
    "vocab_size": VOCABULARY, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 6,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, "initializer_range": 0.3,
    "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": None, "pad_token_id": 0,
}  # fmt: skip


def _gpt2() -> hf.GPT2Config:
    return hf.GPT2Config(vocab_size=VOCABULARY, n_embd=64, n_layer=6, n_head=4, n_positions=512, initializer_range=0.3,
                         bos_token_id=1, eos_token_id=None, pad_token_id=0)


def _deepseek() -> hf.DeepseekV3Config:
    sizes = {**_SIZES, "num_key_value_heads": 4}
    return hf.DeepseekV3Config(**sizes, moe_intermediate_size=32, n_shared_experts=1, n_routed_experts=4, n_group=2,
                               topk_group=1, num_experts_per_tok=2, first_k_dense_replace=1, kv_lora_rank=16,
                               q_lora_rank=24, qk_rope_head_dim=8, qk_nope_head_dim=8, v_head_dim=16)


_CONFIGS = {
    "llama": lambda: hf.LlamaConfig(**_SIZES),
    "qwen2": lambda: hf.Qwen2Config(**_SIZES),
    "qwen3": lambda: hf.Qwen3Config(**_SIZES, head_dim=16),
    "mistral": lambda: hf.MistralConfig(**_SIZES, sliding_window=8),
    "gemma3": lambda: hf.Gemma3TextConfig(
        **_SIZES, head_dim=16, sliding_window=8, query_pre_attn_scalar=16,
        layer_types=["sliding_attention", "sliding_attention", "full_attention"] * 2),
    "phi3": lambda: hf.Phi3Config(**_SIZES),
    "gpt2": _gpt2,
    "deepseek": _deepseek,
}  # fmt: skip

FAMILIES = tuple(_CONFIGS)


def build(config: Any, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.nn.Module:
    """A model with random weights that never ends a text by itself."""
    torch.manual_seed(seed)
    model = hf.AutoModelForCausalLM.from_config(config, dtype=dtype).eval()
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model


def config_of(family: str, **changes: Any) -> Any:
    """The family's configuration, with `changes` set on it."""
    config = _CONFIGS[family]()
    for name, value in changes.items():
        setattr(config, name, value)
    return config


@lru_cache(maxsize=None)
def tiny(family: str) -> torch.nn.Module:
    """One shared model a family: attach to it, detach from it, but change nothing else."""
    model = build(config_of(family))
    if family == "deepseek":
        model.set_experts_implementation("eager")  # the grouped kernel knows no float64
    return model


def prompts(batch: int, length: int = 12, seed: int = 1) -> dict[str, torch.Tensor]:
    """Random prompts; in a batch row b is left-padded by 0, 3, 1, 5, ... columns."""
    torch.manual_seed(seed)
    ids = torch.randint(2, VOCABULARY, (batch, length))
    mask = torch.ones_like(ids)
    for row in range(batch):
        padding = (0, 3, 1, 5)[row % 4] if batch > 1 else 0
        ids[row, :padding], mask[row, :padding] = 0, 0
    return {"input_ids": ids, "attention_mask": mask}
