"""`smartgen test`: act out the situations of `<name>.test.yaml` files and compare the decisions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from smartgen.language.diagnostics import Diagnostic, RecipeError, full

app = typer.Typer(add_completion=False)


@app.command()
def run_tests(
    files: Annotated[
        list[Path], typer.Argument(help="Test files, recipes with one beside them, or folders.", show_default=False)
    ],
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Name every test, not only those that fail.")
    ] = False,
) -> None:
    """Run recipes' tables of expected decisions. Exit code 0: all hold, 1: some do not, 2: there is nothing to run."""
    tally = _Tally()
    for path in _suites(files):
        _run(path, tally, verbose)
    if not tally.passed + tally.failed + tally.broken:
        _usage("these files hold no tests")
    broken = f", {tally.broken} files could not be run" if tally.broken else ""
    typer.echo(f"{tally.passed} passed, {tally.failed} failed{broken}")
    raise typer.Exit(1 if tally.failed or tally.broken else 0)


@dataclass
class _Tally:
    passed: int = 0
    failed: int = 0
    broken: int = 0


def _usage(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


def _suites(files: list[Path]) -> Iterator[Path]:
    """Test files in order; a recipe of a folder without one is named."""
    from smartgen.recipe.tested import beside, is_suite

    for path in files:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*.test.y*ml") if is_suite(p))
            for recipe in sorted(path.rglob("*.smart")):
                if beside(recipe) is None:
                    typer.echo(f"{recipe}: no tests beside it")
        elif not path.is_file():
            _usage(f"there is no file or folder {path}")
        elif is_suite(path):
            yield path
        else:
            found = beside(path)
            if found is None:
                _usage(f"{path} has no {path.stem}.test.yaml beside it")
            else:
                yield found


def _run(path: Path, tally: _Tally, verbose: bool) -> None:
    from smartgen.policy.trial import trials

    try:
        for trial in trials(path):
            if trial.mismatches:
                tally.failed += 1
                typer.echo("\n".join([f"{trial.place}: FAILED  {trial.name}", *trial.told(), ""]))
            else:
                tally.passed += 1
                if verbose:
                    typer.echo(f"{trial.place}: passed  {trial.name}")
    except RecipeError as error:
        tally.broken += 1
        _print(error.diagnostics)


def _print(diagnostics: tuple[Diagnostic, ...]) -> None:
    for diagnostic in diagnostics:
        typer.echo(full(diagnostic) + "\n")
