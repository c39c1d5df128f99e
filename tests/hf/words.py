"""The bundled pair, loaded once: real words where token ids are not enough."""

from __future__ import annotations

from functools import cache

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

import smartgen
from smartgen.models import resolve


@cache
def bundled() -> tuple[PreTrainedModel, PreTrainedModel, PreTrainedTokenizerBase]:
    """Target (attached) and assistant in float32, and their tokenizer, padding on the left."""
    target, assistant = (
        AutoModelForCausalLM.from_pretrained(resolve(name), dtype=torch.float32).eval()
        for name in ("bundled-target", "bundled-assistant")
    )
    tokenizer = AutoTokenizer.from_pretrained(resolve("bundled-target"), padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return smartgen.attach(target), assistant, tokenizer
