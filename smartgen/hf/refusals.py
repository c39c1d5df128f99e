"""What `smart_recipe` cannot be combined with, refused by name before the first token."""

from __future__ import annotations

from typing import Any

_ADVICE = "drop one of the two"


def refuse_combinations(model: Any, effective: Any, call: dict[str, Any]) -> None:
    """`effective(name)` gives a generation option as it will hold in this call; `call` are the call's own arguments.

    Raises ValueError naming the culprit.
    """
    for found, culprit, why in _conflicts(effective, call):
        if found:
            raise ValueError(f"smart_recipe cannot be combined with {culprit}: {why}; {_ADVICE}")


def _conflicts(effective: Any, call: dict[str, Any]):
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
    yield effective("speculation_type") is not None, "speculation_type", "both would draft"
    implementation = effective("cache_implementation")
    allowed = implementation in (None, "dynamic", "dynamic_full")
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
    filled = cache is not None and getattr(cache, "get_seq_length", lambda: 1)() > 0
    yield filled, "past_key_values that already hold tokens", "smartgen fills a cache of its own; pass the whole text"
    yield call.get("inputs_embeds") is not None, "inputs_embeds", "drafters read token ids"
