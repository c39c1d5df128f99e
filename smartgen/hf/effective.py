"""Generation options as they will hold in a call, known before `generate` has worked them out itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Options:
    """`options(name)`: the call's own argument, else the given configuration's, else the model's; None if nobody says.

    That is stock's order: a given configuration replaces the model's only where it says something.
    """

    def __init__(self, call: Mapping[str, Any], given: Any, default: Any) -> None:
        self._call, self._given, self._default = call, given, default

    def __call__(self, name: str) -> Any:
        if name in self._call:
            return self._call[name]
        said = getattr(self._given, name, None)
        return said if said is not None else getattr(self._default, name, None)
