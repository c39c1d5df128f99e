"""Which models can verify trees: decided before anything is generated, by facts about the model and not by its name.

A tree needs attention that takes any mask, positions given from outside, and a cache that forgets a token without
trace. Recurrent or convolutional state, ALiBi by slot and FlashAttention kernels lack one of the three and mostly
give silently wrong text. Code that is not part of transformers has to prove itself once: a small tree against a
forward of each of its paths.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import torch
from transformers.cache_utils import DynamicCache

from smartgen.attention.grouped import NAME as GROUPED
from smartgen.attention.mask import MaskKind, MaskStyle

_KINDS = ("full_attention", "sliding_attention")
_KNOWN_LAYERS = {"DynamicLayer", "DynamicSlidingWindowLayer", "DummyLayer"}  # the last: reads another layer's cache


class UnsupportedModel(ValueError):
    """The model cannot verify trees; the text says why and what to do."""


def capability(model: torch.nn.Module) -> MaskStyle:
    """How this model takes tree masks. Raises UnsupportedModel with the reason and the way out."""
    name, attention = type(model).__name__, attention_of(model)
    text = model.config.get_text_config()
    _refuse_state(model, name, text)
    _refuse_positions(model, name, text)
    _refuse_attention(model, attention, name)
    style = MaskStyle(additive=attention == "eager", kinds=_kinds(text, name))
    unknown = _unknown_code(model)
    if unknown is not None:
        _prove(model, style, unknown)
    return style


def _foreign(model: torch.nn.Module) -> bool:
    return not type(model).__module__.startswith("transformers.")


def _unknown_code(model: torch.nn.Module) -> str | None:
    """What of the model's code belongs neither to transformers nor to torch.nn, in words: quantised layers may compute one
    token differently beside others. None if nothing does.
    """
    name = type(model).__name__
    if _foreign(model):
        return f"{name} is not part of transformers"
    for module in model.modules():
        if not type(module).__module__.startswith(("transformers.", "torch.nn.")):
            return f"{name} has layers of {type(module).__module__}.{type(module).__qualname__}"
    return None


def _takes_anything(parameters: Mapping[str, inspect.Parameter]) -> bool:
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())


def attention_of(model: torch.nn.Module) -> str:
    """Name of the attention implementation of a decoder-only model. Raises UnsupportedModel for encoder-decoders."""
    if model.config.is_encoder_decoder:
        raise UnsupportedModel(
            f"{type(model).__name__} is an encoder-decoder model; smart_recipe works with decoder-only models: generate "
            "without it"
        )
    attention = str(model.config.get_text_config()._attn_implementation or "eager")
    return "sdpa" if attention == GROUPED else attention  # grouped: another call is running on this model


def _refuse_state(model: torch.nn.Module, name: str, text: object) -> None:
    if getattr(model, "_is_stateful", False):
        raise _stateful(name, "recurrent state")
    layers = {type(layer) for layer in DynamicCache(config=text).layers}
    odd = sorted(layer.__name__ for layer in layers if layer.__name__ not in _KNOWN_LAYERS)
    if odd:
        raise _stateful(name, f"state that is not keys and values ({', '.join(odd)})")
    names = inspect.signature(model.forward).parameters
    if {"langs", "target_mapping"} & set(names):  # XLM and XLNet
        raise UnsupportedModel(
            f"{name} writes a token by filling a mask behind the text, which a tree has no place for; generate without "
            "smart_recipe"
        )
    if not ({"cache", "past_key_values"} & set(names) or (_foreign(model) and _takes_anything(names))):
        raise UnsupportedModel(
            f"{name} keeps no cache of keys and values, against which trees are verified; generate without smart_recipe, or "
            "use a model with a cache"
        )


def _refuse_positions(model: torch.nn.Module, name: str, text: object) -> None:
    if getattr(text, "alibi", False) or "position_ids" not in inspect.signature(model.forward).parameters:
        raise UnsupportedModel(
            f"{name} takes no position_ids (ALiBi or positions by slot), so the nodes of a tree cannot stand at the same "
            "position; generate without smart_recipe, or use a model with rotary or learned positions"
        )
    if "local" in (getattr(text, "attention_layers", None) or ()):
        raise UnsupportedModel(
            f"{name} has local attention that looks back by slots of the cache and not by positions, so the nodes of a tree "
            "would see too little; generate without smart_recipe"
        )


def _stateful(name: str, what: str) -> UnsupportedModel:
    return UnsupportedModel(
        f"{name} keeps {what}, which cannot forget a rejected token; generate without smart_recipe, or use a model whose "
        "layers all attend"
    )


def _refuse_attention(model: torch.nn.Module, attention: str, name: str) -> None:
    if attention not in ("sdpa", "eager"):
        usable = "sdpa" if getattr(model, "_supports_sdpa", True) else "eager"
        raise UnsupportedModel(
            f"{name} runs with attention implementation {attention!r}, which takes no tree masks; call "
            f'model.set_attn_implementation("{usable}") first'
        )


def _kinds(config: object, name: str) -> tuple[MaskKind, ...]:
    window = getattr(config, "sliding_window", None)
    names = list(dict.fromkeys(getattr(config, "layer_types", None) or ()))
    unknown = [kind for kind in names if kind not in _KINDS]
    if unknown:
        raise UnsupportedModel(
            f"{name} has layers of kind {unknown[0]!r}, for which smartgen knows no tree mask; generate without smart_recipe"
        )
    if not names:
        sliding = window is not None and getattr(config, "use_sliding_window", True)
        names = ["sliding_attention" if sliding else "full_attention"]
    return tuple(MaskKind(kind, window if kind == "sliding_attention" else None) for kind in names)


def refuse_rope_switch(model: torch.nn.Module, length: int) -> None:
    """Raise UnsupportedModel if a text of `length` tokens may pass a length at which rotary frequencies change.

    Frequencies that depend on the longest position in a forward (`dynamic`, `longrope`) change for every row at once
    when one row passes it. Below it trees are safe: no node is given a position behind the end of its row's text.
    """
    switch = _switch_length(model.config.get_text_config())
    if switch is not None and length > switch:
        raise UnsupportedModel(
            f"{type(model).__name__} changes its rotary frequencies at {switch} tokens and this text may reach {length}; "
            f"keep prompt and max_new_tokens within {switch} tokens together, or generate without smart_recipe"
        )


def _switch_length(config: object) -> int | None:
    scaling = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    entries = scaling.values() if scaling and all(isinstance(v, dict) for v in scaling.values()) else [scaling]
    lengths = []
    for entry in entries:
        kind = str(entry.get("rope_type", entry.get("type")))
        if "dynamic" in kind:
            lengths.append(int(config.max_position_embeddings))
        elif kind == "longrope":
            original = entry.get("original_max_position_embeddings")
            original = original or getattr(config, "original_max_position_embeddings", None)
            lengths.append(int(original or config.max_position_embeddings))
    return min(lengths) if lengths else None


@torch.no_grad()
def _prove(model: torch.nn.Module, style: MaskStyle, unknown: str) -> None:
    """Compare a small tree with a forward of each of its paths; raises UnsupportedModel where they differ."""
    from smartgen.hf.selfcheck import tree_equals_paths

    why = ""
    try:
        proven = tree_equals_paths(model, style)
    except Exception as error:  # foreign code may answer a tree in any way
        proven, why = False, f" ({type(error).__name__}: {(str(error).splitlines() or [''])[0][:120]})"
    if not proven:
        raise UnsupportedModel(
            f"{unknown} and failed the self-check: a tree of tokens gives other logits than its paths one by one{why}; "
            + ("call model.eval() before attaching, or " if model.training else "")
            + "generate without smart_recipe"
        )
