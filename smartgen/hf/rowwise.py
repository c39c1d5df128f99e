"""Logits processors and stopping criteria that their authors declare to treat each row of a batch alone."""

from __future__ import annotations

_ATTRIBUTE = "_smartgen_rowwise"


def rowwise(kind: type) -> type:
    """Declare a class of processors or criteria usable row by row; works as a decorator. Raises TypeError for others."""
    if not isinstance(kind, type):
        raise TypeError(f"smartgen.rowwise takes a class, not {type(kind).__name__}")
    setattr(kind, _ATTRIBUTE, True)
    return kind


def is_rowwise(thing: object) -> bool:
    """Whether the object's class, or a base of it, was declared."""
    return bool(getattr(type(thing), _ATTRIBUTE, False))
