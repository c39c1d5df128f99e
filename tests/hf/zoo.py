"""Tiny models of many families: initialised widely enough (0.3) that a wrong position or mask changes the text."""

from __future__ import annotations

from functools import cache

import torch
import transformers as t

V = 97
BASE = {
    "vocab_size": V,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": 1,
    "eos_token_id": None,
    "pad_token_id": 0,
    "initializer_range": 0.3,
}
_SLIDING = ["sliding_attention", "sliding_attention", "full_attention"] * 2

FAMILIES = {
    "llama": lambda: t.LlamaForCausalLM(t.LlamaConfig(**BASE)),
    "qwen2": lambda: t.Qwen2ForCausalLM(t.Qwen2Config(**BASE)),
    "qwen3": lambda: t.Qwen3ForCausalLM(t.Qwen3Config(**BASE, head_dim=16)),
    "mistral": lambda: t.MistralForCausalLM(t.MistralConfig(**BASE, sliding_window=8)),
    "gemma3": lambda: t.Gemma3ForCausalLM(
        t.Gemma3TextConfig(**BASE, head_dim=16, sliding_window=8, query_pre_attn_scalar=16, layer_types=_SLIDING)
    ),
    "phi3": lambda: t.Phi3ForCausalLM(t.Phi3Config(**BASE)),
    "gpt2": lambda: t.GPT2LMHeadModel(
        t.GPT2Config(
            vocab_size=V,
            n_positions=512,
            n_embd=64,
            n_layer=6,
            n_head=4,
            bos_token_id=1,
            eos_token_id=None,
            pad_token_id=0,
            initializer_range=0.3,
        )
    ),
    "deepseek_v3": lambda: t.DeepseekV3ForCausalLM(
        t.DeepseekV3Config(
            **{**BASE, "num_key_value_heads": 4},
            moe_intermediate_size=32,
            n_routed_experts=4,
            num_experts_per_tok=2,
            n_shared_experts=1,
            n_group=1,
            topk_group=1,
            kv_lora_rank=16,
            q_lora_rank=24,
            qk_rope_head_dim=8,
            qk_nope_head_dim=8,
            v_head_dim=16,
            first_k_dense_replace=2,
        )
    ),
}


@cache
def model(family: str) -> torch.nn.Module:
    """A deterministic float64 model; shared, so tests must leave it as they found it."""
    torch.manual_seed(7)
    return prepared(FAMILIES[family]())


def prepared(built: torch.nn.Module) -> torch.nn.Module:
    """In float64, with experts that run in it, and without an end token."""
    built = built.double().eval()
    if hasattr(built, "set_experts_implementation"):
        built.set_experts_implementation("eager")
    built.generation_config.eos_token_id, built.generation_config.pad_token_id = None, 0
    return built


def prompts(batch: int, length: int = 14, seed: int = 5) -> dict[str, torch.Tensor]:
    """Random prompts with unequal left padding (none at batch 1)."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, V, (batch, length), generator=generator)
    mask = torch.ones_like(ids)
    for row, padding in enumerate((0, 3, 1, 5)[:batch]):
        ids[row, :padding], mask[row, :padding] = 0, 0
    return {"input_ids": ids, "attention_mask": mask}


def noisy_copy(original: torch.nn.Module, scale: float = 0.01) -> torch.nn.Module:
    """A draft that often agrees."""
    import copy

    copied = copy.deepcopy(original)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.add_(torch.randn_like(parameter) * scale)
    return copied


def write_eagle3(folder, target: torch.nn.Module, draft_vocabulary: int = 41, seed: int = 0) -> None:
    """A head with random weights in the published layout."""
    import json

    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(seed)
    h, heads, keys, dim, inner = 64, 4, 2, 16, 96
    new = lambda *shape: torch.randn(*shape, generator=generator) * 0.2  # noqa: E731
    kept = torch.randperm(V, generator=generator)[:draft_vocabulary].sort().values
    tensors = {
        "fc.weight": new(h, 3 * h),
        "midlayer.self_attn.q_proj.weight": new(heads * dim, 2 * h),
        "midlayer.self_attn.k_proj.weight": new(keys * dim, 2 * h),
        "midlayer.self_attn.v_proj.weight": new(keys * dim, 2 * h),
        "midlayer.self_attn.o_proj.weight": new(h, heads * dim),
        "midlayer.mlp.gate_proj.weight": new(inner, h),
        "midlayer.mlp.up_proj.weight": new(inner, h),
        "midlayer.mlp.down_proj.weight": new(h, inner),
        "midlayer.input_layernorm.weight": torch.ones(h),
        "midlayer.hidden_norm.weight": torch.ones(h),
        "midlayer.post_attention_layernorm.weight": torch.ones(h),
        "norm.weight": torch.ones(h),
        "lm_head.weight": new(draft_vocabulary, h),
        "d2t": kept - torch.arange(draft_vocabulary),
        "t2d": torch.isin(torch.arange(V), kept),
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    config = {
        "hidden_size": h,
        "num_attention_heads": heads,
        "num_key_value_heads": keys,
        "head_dim": dim,
        "intermediate_size": inner,
        "vocab_size": V,
        "draft_vocab_size": draft_vocabulary,
        "rms_norm_eps": 1e-5,
    }
    (folder / "config.json").write_text(json.dumps(config))
