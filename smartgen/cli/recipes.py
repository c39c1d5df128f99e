"""`smartgen recipes`: what ships."""

from __future__ import annotations

from typing import Annotated

import typer

from smartgen.language.nearest import closest
from smartgen.recipe.shipped import shipped

app = typer.Typer(add_completion=False, invoke_without_command=True)


@app.callback()
def default(context: typer.Context) -> None:
    """List and show the shipped recipes."""
    if context.invoked_subcommand is None:
        list_recipes()


@app.command("list")
def list_recipes() -> None:
    """Every shipped recipe and its first comment."""
    for name, path in shipped().items():
        comment = next(
            (line[1:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")), ""
        )
        typer.echo(f"{name:12} {comment}")


@app.command()
def show(name: Annotated[str, typer.Argument(help="A name from `smartgen recipes list`.")]) -> None:
    """A recipe's text."""
    found = shipped()
    if name not in found:
        near = closest(name, found)
        typer.echo(
            f"error: there is no recipe {name}; "
            + (f"did you mean {near}?" if near else f"there are {', '.join(found)}"),
            err=True,
        )
        raise typer.Exit(2)
    typer.echo(found[name].read_text(encoding="utf-8"), nl=False)
