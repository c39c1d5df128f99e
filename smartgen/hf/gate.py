"""Which models can verify trees: decided before anything is generated, by facts about the model and not by its name.

A tree needs attention that takes any mask, positions given from outside, and a cache that forgets a token without
trace. Recurrent or convolutional state, ALiBi by slot and FlashAttention kernels lack one of the three and mostly
give silently wrong text. Code that is not part of transformers has to prove itself once: a small tree against a
forward of each of its paths.
"""

from __future__ import annotations

import inspect

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

from smartgen.attention.grouped import NAME as GROUPED
from smartgen.attention.mask import MaskKind, MaskStyle

_KINDS = ("full_attention", "sliding_attention")


class UnsupportedModel(ValueError):
    """The model cannot verify trees; the text says why and what to do."""


def capability(model: torch.nn.Module) -> MaskStyle:
    """How this model takes tree masks. Raises UnsupportedModel with the reason and the way out."""
    name, config = type(model).__name__, model.config
    if config.is_encoder_decoder:
        raise UnsupportedModel(f"{name} is an encoder-decoder model; smart_recipe works with decoder-only models")
    _refuse_state(model, name)
    attention = _attention(model)
    style = MaskStyle(additive=attention == "eager", kinds=_kinds(config.get_text_config(), name))
    if not type(model).__module__.startswith("transformers."):
        _prove(model, style, name)
    return style


def _refuse_state(model: torch.nn.Module, name: str) -> None:
    text = model.config.get_text_config()
    if getattr(model, "_is_stateful", False):
        raise _stateful(name, "recurrent state")
    layers = {type(layer) for layer in DynamicCache(config=text).layers}
    odd = sorted(layer.__name__ for layer in layers - {DynamicLayer, DynamicSlidingWindowLayer})
    if odd:
        raise _stateful(name, f"state that is not keys and values ({', '.join(odd)})")
    if getattr(text, "alibi", False) or "position_ids" not in inspect.signature(model.forward).parameters:
        raise UnsupportedModel(
            f"{name} takes no position_ids (ALiBi or positions by slot), so the nodes of a tree cannot stand at the same "
            "position; generate without smart_recipe, or use a model with rotary or learned positions"
        )


def _stateful(name: str, what: str) -> UnsupportedModel:
    return UnsupportedModel(
        f"{name} keeps {what}, which cannot forget a rejected token; generate without smart_recipe, or use a model whose "
        "layers all attend"
    )


def _attention(model: torch.nn.Module) -> str:
    attention = model.config.get_text_config()._attn_implementation or "eager"
    if attention == GROUPED:  # another call is running on this model
        return "sdpa"
    if attention not in ("sdpa", "eager"):
        raise UnsupportedModel(
            f"{type(model).__name__} runs with attention implementation {attention!r}, which takes no tree masks; call "
            'model.set_attn_implementation("sdpa") first'
        )
    return attention


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


def longest_row(model: torch.nn.Module, length: int) -> int:
    """Largest number of tokens a row may reach, trees included, given that the text alone may reach `length`.

    Rotary frequencies that depend on the longest position in a forward (`dynamic`, `longrope`) switch for every row
    at once when one node passes the switch length. Raises UnsupportedModel if the text itself may pass it.
    """
    config = model.config.get_text_config()
    scaling = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    switch = _switch_length(config, scaling)
    if switch is None:
        return 1 << 30
    if length > switch:
        raise UnsupportedModel(
            f"{type(model).__name__} changes its rotary frequencies at {switch} tokens and this text may reach {length}; "
            f"keep prompt and max_new_tokens within {switch} tokens together, or generate without smart_recipe"
        )
    return switch


def _switch_length(config: object, scaling: dict) -> int | None:
    entries = scaling.values() if scaling and all(isinstance(v, dict) for v in scaling.values()) else [scaling]
    lengths = []
    for entry in entries:
        kind = entry.get("rope_type", entry.get("type"))
        if kind in ("longrope", "dynamic"):
            original = entry.get("original_max_position_embeddings") or getattr(
                config, "original_max_position_embeddings", None
            )
            lengths.append(int(original or config.max_position_embeddings))
    return min(lengths) if lengths else None


@torch.no_grad()
def _prove(model: torch.nn.Module, style: MaskStyle, name: str) -> None:
    """Compare a small tree with a forward of each of its paths; raises UnsupportedModel where they differ."""
    import numpy as np

    from smartgen.hf.target import Target
    from smartgen.tree.selection import Selection

    vocabulary = model.config.get_text_config().vocab_size
    prompt = torch.arange(8, device=model.device)[None] % vocabulary
    parent = np.array([[-1, 0, 0, 1, 2, 4]])
    depth = np.array([[0, 1, 1, 2, 2, 3]])
    token = (np.arange(6)[None] * 7 + 3) % vocabulary
    target = Target(model, style, np.zeros(1, np.int64), None)
    model(input_ids=prompt, **{target.cache_argument: target.cache}, use_cache=True, return_dict=True)
    target.cache.seal(24)
    tree = target.verify(Selection(np.full((1, 6), -1), token, parent, depth, np.ones((1, 6), bool)))[0]
    for node in range(6):
        line, at = [], node
        while at >= 0:
            line.append(int(token[0, at]))
            at = int(parent[0, at])
        path = torch.cat([prompt[0], torch.tensor(line[::-1], device=model.device)])[None]
        alone = model(input_ids=path, use_cache=False, return_dict=True).logits[0, -1]
        scale = float(alone.float().abs().max()) or 1.0
        tolerance = 0.05 if alone.dtype in (torch.bfloat16, torch.float16) else 1e-3
        if float((tree[node] - alone).float().abs().max()) > tolerance * scale:
            raise UnsupportedModel(
                f"{name} is not part of transformers and failed the self-check: a tree of tokens gives other logits than "
                "its paths one by one; generate without smart_recipe"
            )
