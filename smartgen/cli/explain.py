"""`smartgen explain`: a diagnostic code's page, the tables of the language, or what a recipe would do."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartgen.cli.settings import MOST_ROWS, MOST_TOKENS, parse_params
from smartgen.language.diagnostics import RecipeError

if TYPE_CHECKING:
    from smartgen.policy.explain import Row
    from smartgen.profile.online import OnlineCosts
    from smartgen.recipe import Recipe

app = typer.Typer(add_completion=False)
TABLES = ("signals", "functions", "statements", "units")
_STYLES = {"title": "bold", "chosen": "bold green", "kept": "green", "dropped": "dim", "stop": "yellow", "plain": ""}


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help=f"A code (SG203), a table ({', '.join(TABLES)}), or a recipe.")],
    batch: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Rows.")] = 1,
    context: Annotated[int, typer.Option(min=1, max=MOST_TOKENS, help="Tokens a row already has.")] = 200,
    profile: Annotated[Path | None, typer.Option(help="A cost profile from `smartgen profile --out`.")] = None,
    param: Annotated[list[str] | None, typer.Option(help="Set a parameter, name=value.")] = None,
    signal: Annotated[
        list[str] | None, typer.Option(help="A signal of a serving engine, such as engine.queue=40.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the sample candidates.")] = 0,
) -> None:
    """Print the page of a code or a table, or tell in tokens and milliseconds what a recipe would do."""
    if re.fullmatch(r"[sS][gG][0-9]{3}", what):
        _code(what.upper())
    elif what in TABLES:
        from smartgen.language.reference import SECTIONS

        typer.echo("\n".join(SECTIONS[what]()))
    else:
        _recipe(what, batch, context, profile, parse_params(param), _signals(signal), seed)


def _code(code: str) -> None:
    from smartgen.language.codes import codes

    known = codes()
    if code not in known:
        typer.echo(f"error: there is no code {code}; there are {', '.join(known)}", err=True)
        raise typer.Exit(2)
    typer.echo(known[code].page(code))


def _recipe(
    what: str,
    batch: int,
    context: int,
    profile: Path | None,
    params: dict[str, str],
    signals: dict[str, float | str],
    seed: int,
) -> None:
    from smartgen.recipe import load

    try:
        recipe = load(what, params)
        _refuse(recipe, set(signals))
        costs, label = _costs(profile)
    except RecipeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    from smartgen.policy.explain import explain as explained

    typer.echo(f"costs: {label}")
    _show(explained(recipe, costs, batch, context, seed, None, signals))


def _signals(written: list[str] | None) -> dict[str, float | str]:
    """Values of the signals that not every backend has. Raises a usage error for any other name or value."""
    from smartgen.language.capabilities import BACKEND_SIGNALS
    from smartgen.language.signals import SIGNALS

    values: dict[str, float | str] = {}
    for name, text in parse_params(written, "--signal").items():
        if name not in BACKEND_SIGNALS:
            known = ", ".join(sorted(BACKEND_SIGNALS))
            raise typer.BadParameter(f"{name} cannot be set; what can be: {known}", param_hint="--signal")
        values[name] = text
        if SIGNALS[name].kind.base == "number":
            values[name] = _number(name, text)
    return values


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(f"{name} is a number, not {text!r}", param_hint="--signal")
    return number


def _refuse(recipe: Recipe, given: set[str]) -> None:
    """Raises RecipeError for what nothing here gives: energy without a meter, signals without a value."""
    from dataclasses import replace

    from smartgen.language.capabilities import BACKENDS, DRAFTER_SIGNALS
    from smartgen.recipe.targets import refused_by

    replay = BACKENDS["replay"]  # the sample drafter gives all that a drafter can give
    here = replace(replay, gives=replay.gives | given, drafter=DRAFTER_SIGNALS)
    found = refused_by(recipe, here)
    if found:
        raise RecipeError(found)


def _costs(path: Path | None) -> tuple[OnlineCosts, str]:
    """Measured costs, or the example's. Raises RecipeError (SG601, SG602)."""
    from smartgen.profile.example import LABEL, example_profile
    from smartgen.profile.online import OnlineCosts

    if path is None:
        example = example_profile()
        return OnlineCosts.of(example), LABEL
    from smartgen.language.diagnostics import one
    from smartgen.language.source import Source, Span
    from smartgen.profile.errors import ProfileError
    from smartgen.profile.store import load_of_drafting

    named = Span(Source("--profile", str(path)), 0, len(str(path)))
    if path.is_dir():
        raise one("SG601", f"{path} is a folder, and a profile is a file", named, "name a file of `smartgen profile --out`")
    if not path.is_file():
        raise one("SG601", f"there is no profile {path}", named, f"measure one: `smartgen profile --out {path}`")
    try:
        found = load_of_drafting(path)
    except ProfileError as error:
        message, _, fix = str(error).partition("; ")
        raise one("SG602", message, named, fix or "measure it anew with `smartgen profile`") from None
    return OnlineCosts.of(found), str(path)


def _show(rows: list[Row]) -> None:
    """In colour on a terminal, plain in a pipe."""
    import sys

    if not sys.stdout.isatty():
        for row in rows:
            typer.echo(row.text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        console.print(Text(row.text, style=_STYLES[row.role]))
