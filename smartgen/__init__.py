"""Tree-based speculative decoding inside `generate`, steered by a small policy language.

    import smartgen
    smartgen.attach(model)
    model.generate(**inputs, smart_recipe="smart")

Nothing heavy is imported until a name below is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "attach": "smartgen.hf.api",
    "detach": "smartgen.hf.api",
    "enable": "smartgen.hf.generate",
    "disable": "smartgen.hf.generate",
    "method": "smartgen.hf.method",
    "load_drafter": "smartgen.hf.api",
    "rowwise": "smartgen.hf.rowwise",
    "load": "smartgen.recipe",
    "Recipe": "smartgen.recipe",
}

__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    from smartgen.hf.api import attach as attach
    from smartgen.hf.api import detach as detach
    from smartgen.hf.api import load_drafter as load_drafter
    from smartgen.hf.generate import disable as disable
    from smartgen.hf.generate import enable as enable
    from smartgen.hf.method import method as method
    from smartgen.hf.rowwise import rowwise as rowwise
    from smartgen.recipe import Recipe as Recipe
    from smartgen.recipe import load as load


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'smartgen' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
