"""`smartgen explain`: a diagnostic code's page, the signals, or what a recipe would do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from smartgen.cli.settings import parse_params
from smartgen.language.diagnostics import RecipeError

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="A code (SG203), `signals`, or a recipe.")],
    batch: Annotated[int, typer.Option(min=1, help="Rows.")] = 1,
    context: Annotated[int, typer.Option(min=1, help="Tokens a row already has.")] = 200,
    profile: Annotated[Path | None, typer.Option(help="A cost profile from `smartgen profile --out`.")] = None,
    param: Annotated[list[str] | None, typer.Option(help="Set a parameter, name=value.")] = None,
    seed: Annotated[int, typer.Option(help="Of the sample candidates.")] = 0,
) -> None:
    """Print the page of a diagnostic code, or tell in tokens and milliseconds what a recipe would do."""
    if re.fullmatch(r"[sS][gG][0-9]{3}", what):
        _code(what.upper())
    elif what == "signals":
        _signals()
    else:
        _recipe(what, batch, context, profile, parse_params(param), seed)


def _code(code: str) -> None:
    from smartgen.language.codes import codes

    known = codes()
    if code not in known:
        typer.echo(f"error: there is no code {code}; there are {', '.join(known)}", err=True)
        raise typer.Exit(2)
    typer.echo(known[code].page(code))


def _signals() -> None:
    from smartgen.language.signals import SIGNALS
    from smartgen.language.types import AXIS_NAMES

    for name, signal in SIGNALS.items():
        typer.echo(f"{name:24} {signal.kind!s:28} per {AXIS_NAMES[signal.axis]:8} {signal.meaning}")


def _recipe(what: str, batch: int, context: int, profile: Path | None, params: dict[str, str], seed: int) -> None:
    from smartgen.profile.errors import ProfileError
    from smartgen.recipe import load

    try:
        recipe = load(what, params)
    except RecipeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    from smartgen.policy.explain import explain as explained
    from smartgen.policy.support import unsupported
    from smartgen.profile.example import LABEL, example_profile
    from smartgen.profile.online import OnlineCosts
    from smartgen.profile.store import load as load_profile

    refused = list(unsupported(recipe.program))
    if refused:
        typer.echo(f"error: this version cannot execute `{refused[0][0]}` of {recipe.name}: {refused[0][1]}", err=True)
        raise typer.Exit(1)
    try:
        costs = example_profile() if profile is None else load_profile(profile)
    except ProfileError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"costs: {LABEL if profile is None else profile}")
    for line in explained(recipe.program, OnlineCosts(costs.verify, costs.draft), batch, context, seed):
        typer.echo(line)
