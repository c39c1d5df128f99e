"""Grouped-query attention over tree masks without copying keys and values for every query head.

With a mask, stock sdpa attention repeats the keys and values of a group once per query head before it starts; at a
batch of 16 that costs more than the attention itself. The heads of a group read the same keys, so they can stand side
by side on the query axis instead: the same products, no copy. On a 2-core CPU a step of SmolLM2-135M in bf16 with one
draft node a row and 16 rows takes 81 ms instead of 95 (`benchmarks/grouped_attention.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from smartgen.switch import shared

NAME = "smartgen_grouped"
LONGEST = 128  # queries; beyond it (prompts) the expanded mask would outweigh what is saved

_lock = threading.Lock()


def grouped_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: object,
) -> tuple[torch.Tensor, None]:
    """Same contract as stock's sdpa function: query (B, H, Q, D), key and value (B, H / g, T, D) → (B, Q, H, D)."""
    groups = getattr(module, "num_key_value_groups", 1)
    batch, heads, queries, _ = query.shape
    foldable = groups > 1 and attention_mask is not None and attention_mask.shape[1] == 1 and queries <= LONGEST
    if not foldable or dropout or key.shape[1] * groups != heads or kwargs.get("position_bias") is not None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, **kwargs)
    mask = attention_mask
    if queries > 1:
        length = mask.shape[-1]
        mask = mask.expand(batch, 1, queries, length)[:, :, None].expand(batch, 1, groups, queries, length)
        mask = mask.reshape(batch, 1, groups * queries, length)
    folded = query.reshape(batch, heads // groups, groups * queries, query.shape[-1])
    output = torch.nn.functional.scaled_dot_product_attention(folded, key, value, attn_mask=mask, scale=scaling)
    return output.reshape(batch, heads, queries, -1).transpose(1, 2).contiguous(), None


@contextmanager
def grouped(model: torch.nn.Module) -> Iterator[None]:
    """Run a model's sdpa attention grouped inside the block; nested and concurrent blocks share one switch.

    Another thread that uses the model meanwhile gets the same function of its inputs, up to rounding. Only where
    measured to pay: on CPUs and Nvidia GPUs, for models with sdpa attention and grouped heads, whose attention is looked
    up by name. Elsewhere nothing happens.
    """
    config = model.config.get_text_config()
    if not _pays(model, config):
        yield
        return
    use = partial(setattr, config, "_attn_implementation")
    with shared(_lock, config, "_smartgen_grouped_users", partial(use, NAME), partial(use, "sdpa")):
        yield


def _pays(model: torch.nn.Module, config: object) -> bool:
    if not getattr(model, "_supports_attention_backend", False):  # it may compare the name instead of looking it up
        return False
    heads = getattr(config, "num_attention_heads", 1)
    keys = getattr(config, "num_key_value_heads", None) or heads
    return model.device.type in ("cpu", "cuda") and config._attn_implementation in ("sdpa", NAME) and heads // keys > 1


def register() -> None:
    """Make the function known to transformers under its name; idempotent."""
    AttentionInterface.register(NAME, grouped_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)


register()
