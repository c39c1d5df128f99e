"""What `smart_recipe` cannot be combined with, refused by name before the first token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers.cache_utils import DynamicCache
from transformers.generation import utils as stock

_ADVICE = "drop one of the two"
# Inputs that the loop knows how to go on from, and those that only the prompt's forward reads.
_INPUTS = {
    "attention_mask",
    "position_ids",
    "cache",
    "past_key_values",
    "use_cache",
    "logits_to_keep",
    "mm_token_type_ids",
}
_INPUTS |= {"mm_encoder_outputs", *getattr(stock, "MULTIMODAL_INPUTS_TO_DROP_OUTSIDE_PREFILL", ())}


def refuse_combinations(effective: Callable[[str], Any], call: dict[str, Any]) -> None:
    """`effective(name)` gives a generation option as it will hold in this call; `call` are the call's own arguments.

    Raises ValueError naming the culprit.
    """
    beams = effective("num_beams")
    if beams is not None and beams < 1:
        raise ValueError(f"num_beams={beams}: there is at least one beam, and smart_recipe has no more; leave it out")
    for found, culprit, why in _conflicts(effective, call):
        if found:
            raise ValueError(f"smart_recipe cannot be combined with {culprit}: {why}; {_ADVICE}")


def refuse_inputs(kwargs: dict[str, Any]) -> None:
    """`kwargs` as `generate` prepared them for the model's forwards. Raises ValueError for an input that stock would give
    to every forward, and that would have to be known for every node of a tree.
    """
    unknown = sorted(name for name, value in kwargs.items() if value is not None and name not in _INPUTS)
    if unknown:
        raise ValueError(
            f"smart_recipe cannot be combined with {unknown[0]}: the nodes of a tree would need it too; {_ADVICE}"
        )
    positions = kwargs.get("position_ids")
    if positions is not None and positions.dim() > 2:
        raise ValueError(
            "smart_recipe knows one position a token, and this model counts along several axes (images, videos); generate "
            "without smart_recipe"
        )


def refuse_changed_forwards(model: torch.nn.Module) -> None:
    """Raises ValueError for a model whose forwards need something that only stock `generate` brings along: inputs that
    somebody else prepares (the prompt learning of PEFT adds virtual tokens there), weights that are elsewhere.
    """
    name, prepare = type(model).__name__, model.prepare_inputs_for_generation
    if getattr(prepare, "__func__", prepare) is not type(model).prepare_inputs_for_generation:
        raise ValueError(
            f"somebody replaced prepare_inputs_for_generation of this {name} (prompt and prefix tuning do), and the nodes of a "
            "tree do not pass through it; generate without smart_recipe"
        )
    if model.device.type == "meta":
        raise ValueError(
            f"the weights of this {name} are offloaded and fetched in every forward, which leaves trees nothing to win; load "
            "it whole onto one device, or generate without smart_recipe"
        )


def _conflicts(effective: Callable[[str], Any], call: dict[str, Any]):
    beams = effective("num_beams") or 1
    yield beams > 1, f"num_beams={beams}", "beam search keeps several hypotheses of a row"
    yield bool(effective("penalty_alpha")), "penalty_alpha (contrastive search)", "it re-ranks by hidden states"
    yield effective("dola_layers") is not None, "dola_layers", "it contrasts layers"
    yield bool(effective("constraints") or effective("force_words_ids")), "constrained beam search", "it needs beams"
    lookup = effective("prompt_lookup_num_tokens")
    yield (
        lookup is not None,
        f"prompt_lookup_num_tokens={lookup}",
        "smartgen drafts n-grams itself when no drafter is given",
    )
    yield bool(effective("use_mtp")), "use_mtp", "both would draft"
    yield effective("assistant_early_exit") is not None, "assistant_early_exit", "both would draft"
    yield bool(effective("assistant_ensemble_weight")), "assistant_ensemble_weight", "it changes the target's text"
    yield effective("speculation_type") is not None, "speculation_type", "both would draft"
    implementation = effective("cache_implementation")
    allowed = implementation in (None, "dynamic", "dynamic_full", "hybrid")  # the last is None by stock's own rule
    yield not allowed, f"cache_implementation={implementation!r}", "trees need smartgen's own cache"
    yield effective("use_cache") is False, "use_cache=False", "trees are verified against cached keys and values"
    yield bool(effective("output_attentions")), "output_attentions", "a tree's attentions are not a sequence's"
    yield bool(effective("output_hidden_states")), "output_hidden_states", "a tree's hidden states are not a sequence's"
    guidance = effective("guidance_scale")
    yield (
        guidance not in (None, 1, 1.0),
        f"guidance_scale={guidance}",
        "it runs the model a second time for every token",
    )
    yield (
        effective("watermarking_config") is not None and "SynthID" in type(effective("watermarking_config")).__name__,
        "SynthID watermarking",
        "it keeps state from token to token",
    )
    yield bool(call.get("synced_gpus")), "synced_gpus", "ranks would make different numbers of forwards"
    yield call.get("negative_prompt_ids") is not None, "negative_prompt_ids", "it runs the model a second time"
    cache = call.get("cache", call.get("past_key_values"))
    dynamic = cache is None or type(cache) is DynamicCache
    yield not dynamic, f"a {type(cache).__name__} as past_key_values", "trees need smartgen's own cache"
    filled = cache is not None and cache.get_seq_length() > 0
    yield filled, "past_key_values that already hold tokens", "smartgen fills a cache of its own; pass the whole text"
    yield call.get("inputs_embeds") is not None, "inputs_embeds", "drafters read token ids"
