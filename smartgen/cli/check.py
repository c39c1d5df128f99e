"""`smartgen check`: every finding of every recipe named."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from smartgen.cli.settings import parse_params
from smartgen.language.diagnostics import Diagnostic, RecipeError, as_json, concise, full
from smartgen.language.source import Source
from smartgen.recipe.load import load_source, read_file

app = typer.Typer(add_completion=False)


@app.command()
def check(
    recipes: Annotated[list[str], typer.Argument(help="Files, folders, or - for standard input.", show_default=False)],
    format: Annotated[str, typer.Option("--format", help="full, concise or json")] = "full",
    param: Annotated[list[str] | None, typer.Option(help="Set a parameter, name=value.")] = None,
) -> None:
    """Check recipes. Exit code 0: clean, 1: findings, 2: nothing could be checked."""
    if format not in ("full", "concise", "json"):
        raise typer.BadParameter(f"there is no format {format!r}: full, concise or json", param_hint="--format")
    params = parse_params(param)
    found: list[Diagnostic] = []
    clean: list[str] = []
    for source in _sources(recipes):
        findings = _findings(source, params)
        found += findings
        if not findings:
            clean.append(source.name if isinstance(source, Source) else str(source))
    _print(found, clean, format)
    raise typer.Exit(1 if any(d.severity == "error" for d in found) else 0)


def _sources(names: list[str]) -> list[Source | Path]:
    sources: list[Source | Path] = []
    for name in names:
        path = Path(name)
        if name == "-":
            text = sys.stdin.buffer.read().decode("utf-8", errors="replace")
            sources.append(Source("<stdin>.yaml" if text.lstrip().startswith("smartgen:") else "<stdin>", text))
        elif path.is_dir():
            inside = [
                p for p in sorted(path.rglob("*")) if p.suffix in (".smart", ".yaml", ".yml") and ".test." not in p.name
            ]
            if not inside:
                _usage(f"{name} holds no .smart or .yaml file")
            sources += inside
        elif path.is_file():
            sources.append(path)
        else:
            _usage(f"there is no file or folder {name}")
    return sources


def _usage(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


def _findings(source: Source | Path, params: dict[str, str]) -> list[Diagnostic]:
    try:
        return list(load_source(source if isinstance(source, Source) else read_file(source), params).warnings)
    except RecipeError as error:
        return list(error.diagnostics)


def _print(found: list[Diagnostic], clean: list[str], format: str) -> None:
    if format == "json":
        typer.echo(as_json(found))
        return
    for diagnostic in found:
        typer.echo(full(diagnostic) + "\n" if format == "full" else concise(diagnostic))
    for name in clean:
        typer.echo(f"{name}: ok")
