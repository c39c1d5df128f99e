"""What the command line names: files, folders, standard input, shipped recipes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import typer

from smartgen.language.diagnostics import Diagnostic, RecipeError
from smartgen.language.source import Source
from smartgen.recipe.read import MOST_BYTES, decoded, read_file


def sources(names: list[str], endings: tuple[str, ...]) -> Iterator[Source | list[Diagnostic]]:
    """The texts, or what is wrong with one that is no text. Exits with 2 for a name that is nothing."""
    for name in names:
        for path in _paths(name, endings):
            try:
                yield _stdin() if path is None else read_file(path)
            except RecipeError as error:
                yield list(error.diagnostics)


def _paths(name: str, endings: tuple[str, ...]) -> list[Path | None]:
    """None: standard input."""
    path = Path(name)
    if name == "-":
        return [None]
    if path.is_dir():
        inside: list[Path | None] = [
            p for p in sorted(path.rglob("*")) if p.suffix in endings and p.is_file() and ".test." not in p.name
        ]
        if not inside:
            usage(f"{name} holds no {' or '.join(endings)} file")
        return inside
    if not path.exists():
        usage(f"there is no file or folder {name}")
    return [path]


def _stdin() -> Source:
    if sys.stdin is None:
        usage("standard input is closed")
    source = decoded(sys.stdin.buffer.read(MOST_BYTES + 1), "<stdin>")
    from smartgen.recipe.load import looks_like_yaml

    return Source("<stdin>.yaml", source.text) if looks_like_yaml(source.text) else source


def usage(message: str) -> None:
    """Exits with 2."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)
