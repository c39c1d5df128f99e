"""Files that live at the top of the repository and inside the wheel: the grammar and the recipes."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def folder(name: str) -> Path:
    """`grammars` or `recipes`: the wheel's copy, or the checkout's own. Raises FileNotFoundError if neither is there."""
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"smartgen's own {name}/ folder is missing from {_PACKAGE}: the installation is damaged")
