"""The recipes that come with smartgen."""

from __future__ import annotations

from pathlib import Path

from smartgen.language.resources import folder


def shipped() -> dict[str, Path]:
    """Name → file of every shipped recipe; where a policy exists in both forms the `.smart` file has the name."""
    found = {path.stem: path for path in sorted(folder("recipes").glob("*.yaml")) if not path.stem.endswith(".test")}
    found.update({path.stem: path for path in sorted(folder("recipes").glob("*.smart"))})
    return dict(sorted(found.items()))
