"""Modules that can be imported and hold anything, for packages which an engine on a CPU imports and never runs."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any


class _Meta(type):
    """Class attributes of inert classes are their own dotted names (enums of dtypes are read that way)."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return f"{cls.__name__}.{name}"


class Inert(types.ModuleType):
    """Lower-case attributes are inert modules, upper-case ones empty classes; empty as a container, usable as a decorator."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)

    def __getattr__(self, name: str) -> Any:
        found = part(self.__name__, name)
        setattr(self, name, found)
        return found

    def __call__(self, *given: Any, **named: Any) -> Any:
        return given[0] if len(given) == 1 and callable(given[0]) and not named else (lambda function: function)

    def __getitem__(self, _: Any) -> Inert:
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __contains__(self, _: Any) -> bool:
        return False

    def __bool__(self) -> bool:
        return False


def part(owner: str, name: str) -> Any:
    """What `owner.name` is."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name[0].isupper():
        return _Meta(name, (), {"__init__": lambda self, *given, **named: None})
    full = f"{owner}.{name}"
    return sys.modules.setdefault(full, Inert(full))


class _Submodules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, package: str) -> None:
        self.prefix = package + "."

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.startswith(self.prefix) else None

    def create_module(self, spec: Any) -> types.ModuleType:
        return Inert(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def install(package: str) -> None:
    """Make every submodule of `package` importable."""
    sys.meta_path.insert(0, _Submodules(package))
