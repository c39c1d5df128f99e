"""Files that a verb writes: asked for before the work."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import typer

from smartgen.atomic import writable


def check_output(path: Path, option: str, inputs: Collection[Path]) -> None:
    """To be asked before the work whose result goes to `path`.

    Raises OSError where it cannot be written, a usage error where that would overwrite one of `inputs`.
    """
    if path.exists() and any(path.samefile(read) for read in inputs):
        raise typer.BadParameter(
            f"{path} is read here, too, and would be overwritten; name another file", param_hint=option
        )
    writable(path)
