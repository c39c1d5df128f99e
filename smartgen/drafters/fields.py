"""The fields of a head's config, read one by one, so that what is wrong is told with its name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from smartgen.drafters.errors import DrafterError


class Fields:
    """The fields of a config, each of the kind that is asked for. A field that is null is one that is not there.

    Every method raises DrafterError naming the field, what was expected and what was found.
    """

    def __init__(self, values: dict[str, Any], path: Path) -> None:
        self.values, self.path = values, path

    def whole(self, name: str, otherwise: int | None = None) -> int:
        """A size: a whole number of at least 1."""
        value = self._get(name, otherwise)
        if not _is_number(value) or value < 1 or value != int(value):
            raise self._wrong(name, "a whole number of at least 1")
        return int(value)

    def positive(self, name: str, otherwise: float) -> float:
        """A constant: a number above 0, and finite."""
        value = self._get(name, otherwise)
        if not _is_number(value) or value <= 0:
            raise self._wrong(name, "a number above 0")
        return float(value)

    def object(self, name: str) -> dict[str, Any]:
        """An object within the config, an empty one if there is none."""
        value = self._get(name, {})
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return value

    def layers(self, name: str) -> tuple[int, ...]:
        """A list of layers of the target, an empty one if there is none."""
        value = self._get(name, [])
        if not isinstance(value, list) or not all(isinstance(layer, int) for layer in value):
            raise self._wrong(name, "a list of whole numbers")
        return tuple(value)

    def _get(self, name: str, otherwise: Any) -> Any:
        value = self.values.get(name)
        return otherwise if value is None else value

    def _wrong(self, name: str, wanted: str) -> DrafterError:
        found = repr(self.values[name]) if name in self.values else "nothing"
        return DrafterError(f"{self.path} misses or misstates {name!r}: it should be {wanted}, found {found}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
