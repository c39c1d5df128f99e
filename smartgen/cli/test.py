"""`smartgen test`: act out the situations of `<name>.test.yaml` files and compare the decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from smartgen.language.diagnostics import Diagnostic, RecipeError
from smartgen.language.render import full

app = typer.Typer(add_completion=False)
SHARE = 0.9  # of the mutants that a table should notice


@app.command()
def run_tests(
    files: Annotated[
        list[Path], typer.Argument(help="Test files, recipes with one beside them, or folders.", show_default=False)
    ],
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every test.")] = False,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Put small mistakes into the recipes and see whether their tests notice.")
    ] = False,
) -> None:
    """Run recipes' tables of expected decisions. Exit code 0: all hold, 1: some do not, 2: there is nothing to run."""
    tally: Counter[str] = Counter()
    for path in _suites(files):
        _guarded(path, tally, verbose)
    if not tally:
        _usage("there is no test here")
    broken = f", {tally['broken']} files could not be run" if tally["broken"] else ""
    typer.echo(f"{tally['passed']} passed, {tally['failed']} failed{broken}")
    wrong = bool(tally["failed"] or tally["broken"])
    if mutants and not wrong:
        wrong = not _mutants(list(_suites(files)))
    raise typer.Exit(1 if wrong else 0)


def _usage(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


def _suites(files: list[Path]) -> Iterator[Path]:
    """Test files in order."""
    from smartgen.recipe.tested import beside, is_suite

    for path in files:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*.test.y*ml") if is_suite(p))
        elif not path.is_file():
            _usage(f"there is no file or folder {path}")
        elif is_suite(path):
            yield path
        elif (found := beside(path)) is not None:
            yield found
        else:
            _usage(f"{path} has no {path.stem}.test.yaml beside it")


def _guarded(path: Path, tally: Counter[str], verbose: bool) -> None:
    try:
        _run(path, tally, verbose)
    except RecipeError as error:
        tally["broken"] += 1
        _print(error.diagnostics)


def _run(path: Path, tally: Counter[str], verbose: bool) -> None:
    from smartgen.policy.trial import trials

    for trial in trials(path):
        tally["failed" if trial.mismatches else "passed"] += 1
        if trial.mismatches:
            typer.echo("\n".join([f"{trial.place}: FAILED  {trial.name}", *trial.told(), ""]))
        elif verbose:
            typer.echo(f"{trial.place}: passed  {trial.name}")


def _print(diagnostics: tuple[Diagnostic, ...]) -> None:
    for diagnostic in diagnostics:
        typer.echo(full(diagnostic) + "\n")


def _mutants(suites: list[Path]) -> bool:
    """Whether enough of the mutants are noticed; the survivors are listed."""
    from smartgen.policy.trial import attempts

    fates: Counter[str] = Counter()
    for path in suites:
        for attempt in attempts(path):
            fates[attempt.fate] += 1
            if attempt.fate == "survived":
                span = attempt.mutant.span
                line, column = span.source.position(span.start)
                change = f"`{span.text.strip()}` → `{attempt.mutant.after}`"
                typer.echo(f"{span.source.name}:{line}:{column}: survived  {change}")
    changed = fates["noticed"] + fates["survived"]
    share = fates["noticed"] / changed if changed else 1.0
    apart = f"apart from these, {fates['invalid']} are no recipes any more and {fates['same']} are the same program"
    typer.echo(f"mutants: {fates['noticed']} of {changed} noticed ({100 * share:.1f} %); {apart}")
    return share >= SHARE
