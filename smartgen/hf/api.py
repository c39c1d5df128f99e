"""Attaching to one model, and loading drafters by name."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import torch

from smartgen.drafters.load import load_drafter as load_from_folder
from smartgen.hf.attachment import Attachment, previous_generate, set_attachment
from smartgen.hf.gate import capability
from smartgen.hf.generate import attached_generate
from smartgen.models.get import resolve
from smartgen.packing.model import drop_packing, set_packing

if TYPE_CHECKING:
    from smartgen.drafters.protocol import Drafter


def attach(
    model: torch.nn.Module, learn: bool = True, profile: str | os.PathLike[str] | None = None, pack: bool = True
) -> torch.nn.Module:
    """Give one model's `generate` the `smart_recipe` argument; returns the model. `detach` undoes it.

    `learn` False freezes calibration and growth; `profile` is the path of a cost profile to use in every call; `pack`
    False forbids the second copy of the linear weights that speeds decoding up on x86 CPUs (`smartgen.packing`).
    Raises `UnsupportedModel` (a ValueError) for a model that cannot verify trees.
    """
    if not isinstance(model, torch.nn.Module) or not hasattr(model, "generate"):
        raise TypeError(f"smartgen.attach takes a model with generate(), not {type(model).__name__}")
    for name, value in (("learn", learn), ("pack", pack)):
        if not isinstance(value, bool):
            raise TypeError(f"smartgen.attach takes True or False as {name}, not {value!r}")
    if not (profile is None or isinstance(profile, str | os.PathLike)):
        raise TypeError(f"smartgen.attach takes the path of a cost profile as profile, not {type(profile).__name__}")
    inner = _inner(model)
    attachment = Attachment(learn, None if profile is None else os.fspath(profile))
    attachment.style(inner)
    attachment.previous = previous_generate(inner) if _is_ours(inner) else inner.__dict__.get("generate")
    set_attachment(inner, attachment)
    set_packing(inner, pack)
    inner.generate = partial(attached_generate, inner)
    return model


def detach(model: torch.nn.Module) -> torch.nn.Module:
    """Undo `attach` and forget what was learned; a model that was never attached stays as it is."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"smartgen.detach takes a model, not {type(model).__name__}")
    inner = _inner(model)
    if _is_ours(inner):
        before = previous_generate(inner)
        del inner.__dict__["generate"]
        if before is not None:
            inner.generate = before
    set_attachment(inner, None)
    drop_packing(inner)
    return model


def _inner(model: torch.nn.Module) -> torch.nn.Module:
    """The model inside what `torch.compile` or PEFT makes of it: that is whose `generate` is called in the end."""
    model = getattr(model, "_orig_mod", model)
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _is_ours(model: torch.nn.Module) -> bool:
    bound = model.__dict__.get("generate")
    return isinstance(bound, partial) and bound.func is attached_generate


def load_drafter(
    name_or_path: str | os.PathLike[str], target: torch.nn.Module, dtype: torch.dtype | None = None
) -> Drafter:
    """A drafter for `target`: a bundled name ("smollm2-135m-eagle3"), a folder with an EAGLE-3 head or a causal model,
    or "ngram". Raises DrafterError (a ValueError) naming the file and what does not fit, TypeError for an argument of
    another kind.
    """
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise TypeError(f"load_drafter takes a name or a folder as name_or_path, not {type(name_or_path).__name__}")
    if not isinstance(target, torch.nn.Module) or not hasattr(target, "config"):
        raise TypeError(f"load_drafter takes the model to draft for as target, not {type(target).__name__}")
    if str(name_or_path) == "ngram":
        return load_from_folder("ngram", target, dtype=dtype)
    return load_from_folder(resolve(name_or_path), target, dtype=dtype, style_of=capability)
