"""`smartgen bake`: the static tree that a policy amounts to, as a recipe of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from smartgen.cli.settings import MOST_ROWS, MOST_TOKENS, parse_params
from smartgen.language.diagnostics import RecipeError

app = typer.Typer(add_completion=False)


@app.command()
def bake(
    recipe: Annotated[str, typer.Argument(help="A shipped name or a path.", show_default=False)],
    batch: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Rows.")] = 1,
    context: Annotated[int, typer.Option(min=1, max=MOST_TOKENS, help="Tokens a row already has.")] = 200,
    profile: Annotated[Path | None, typer.Option(help="A cost profile from `smartgen profile --out`.")] = None,
    param: Annotated[list[str] | None, typer.Option(help="Set a parameter, name=value.")] = None,
    name: Annotated[str | None, typer.Option(help="Of the new policy.")] = None,
) -> None:
    """Print a policy whose benefit reads only rank and depth as a static tree. Exit code 1: it has no such tree."""
    from smartgen.language.words import KEYWORDS
    from smartgen.policy.bake import BakeError, written
    from smartgen.policy.bake import bake as baked_tree
    from smartgen.policy.support import unsupported
    from smartgen.profile.errors import ProfileError
    from smartgen.profile.example import LABEL, example_profile
    from smartgen.profile.online import OnlineCosts
    from smartgen.profile.store import load_of_drafting
    from smartgen.recipe import load

    if name is not None and (not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name in KEYWORDS):
        raise typer.BadParameter(f"{name!r} is no name of a policy: write letters, digits and _", param_hint="--name")
    try:
        found = load(recipe, parse_params(param))
        refused = [f"`{word}` of {found.name} {why}" for word, why in unsupported(found.program)]
        if refused:
            raise BakeError(refused[0])
        costs = example_profile() if profile is None else load_of_drafting(profile)
        tree = baked_tree(found.program, OnlineCosts.of(costs), batch, context)
    except (RecipeError, BakeError, ProfileError) as error:
        typer.echo(str(error) if isinstance(error, RecipeError) else f"error: {error}", err=True)
        raise typer.Exit(1) from None
    where = f"{batch} row{'s' if batch > 1 else ''} of {context} tokens"
    expected = (
        f"{len(tree.paths)} nodes, {tree.tokens / batch:.2f} tokens a row expected in {1e3 * tree.seconds:.1f} ms"
    )
    comments = [f"Baked from {found.name} for {where}: {expected}.", f"Costs: {LABEL if profile is None else profile}."]
    typer.echo(written(name or f"{found.name}_baked", tree, comments), nl=False)
