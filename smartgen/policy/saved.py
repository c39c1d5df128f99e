"""What was learned as plain data, and back: the parts are counts and averages, so that their attributes say everything."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

VERSION = 1
T = TypeVar("T")


def plain(thing: object) -> dict[str, Any]:
    """The attributes of an object as lists, numbers, texts and flags."""
    return {name: _plain(value) for name, value in _public(thing).items()}


def _public(thing: object) -> dict[str, Any]:
    """Attributes and properties that may be set, by name."""
    own = {name: value for name, value in vars(thing).items() if not name.startswith("_")}
    kept = (name for name, of in vars(type(thing)).items() if isinstance(of, property) and of.fset is not None)
    return own | {name: getattr(thing, name) for name in kept}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def filled(thing: T, data: Any, what: str) -> T:
    """Set every attribute of a fresh object from `plain` data. Raises ValueError, naming `what`, where the two differ."""
    own = _public(thing)
    if not isinstance(data, dict) or set(data) != set(own):
        raise ValueError(f"{what} was saved by another version of smartgen: forget it and learn anew")
    for name, value in own.items():
        given = data[name]
        if isinstance(value, np.ndarray):
            given = np.asarray(given, value.dtype)
            if given.shape != value.shape:
                raise ValueError(f"{what}: `{name}` has the shape {given.shape} and should have {value.shape}")
        elif isinstance(value, tuple):
            given = tuple(given)
        setattr(thing, name, given)
    return thing


def checked(state: Any) -> dict[str, Any]:
    """`state` if it is one of ours. Raises ValueError otherwise."""
    if not isinstance(state, dict) or "smartgen_learned" not in state:
        raise ValueError("this is no saved state of what smartgen has learned")
    if state["smartgen_learned"] != VERSION:
        raise ValueError(f"this state has version {state['smartgen_learned']}, this smartgen reads version {VERSION}")
    missing = {"maps", "memories", "growths", "gains", "regimes"} - set(state)
    if missing:
        raise ValueError(f"this saved state lacks {', '.join(sorted(missing))}")
    return state
