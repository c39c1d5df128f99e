"""`smartgen recipes`: what ships, and what two policies have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartgen.language.diagnostics import RecipeError
from smartgen.language.nearest import closest
from smartgen.recipe.shipped import shipped

app = typer.Typer(add_completion=False, invoke_without_command=True)


@app.callback()
def default(context: typer.Context) -> None:
    """List, show and compare the shipped recipes."""
    if context.invoked_subcommand is None:
        list_recipes()


@app.command("list")
def list_recipes() -> None:
    """Every shipped recipe and what it does in one line."""
    found = shipped()
    width = max(map(len, found))
    for name, path in found.items():
        typer.echo(f"{name:{width}}  {_summary(path)}")


def _summary(path: Path) -> str:
    """A recipe's first comment."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line[1:].strip() for line in lines if line.startswith("#")), "")


@app.command()
def show(name: Annotated[str, typer.Argument(help="A name from `smartgen recipes list`.")]) -> None:
    """A recipe's text."""
    found = shipped()
    if name not in found:
        near = closest(name, found)
        fix = f"did you mean {near}?" if near else f"there are {', '.join(found)}"
        typer.echo(f"error: there is no recipe {name}; {fix}", err=True)
        raise typer.Exit(2)
    typer.echo(found[name].read_text(encoding="utf-8"), nl=False)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(help="A shipped name or a path.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
) -> None:
    """Compare two policies slot by slot, as they are executed: names, units and inheritance resolved.

    Exit code 0: the same program, 1: they differ, 2: one of them cannot be read.
    """
    from smartgen.recipe.load import load
    from smartgen.recipe.lowered import slots

    try:
        a, b = load(first), load(second)
    except RecipeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if a.program.hash == b.program.hash:
        typer.echo(f"{first} and {second} are the same program")
        return
    typer.echo("\n".join(_difference(slots(a.program), slots(b.program), first, second)))
    raise typer.Exit(1)


def _difference(a: dict[str, str], b: dict[str, str], first: str, second: str) -> list[str]:
    """Lines: `-` of the first, `+` of the second, then what both share."""
    lines = [f"- {first}", f"+ {second}"]
    names = [*a, *(slot for slot in b if slot not in a)]
    for slot in names:
        if a.get(slot) != b.get(slot):
            lines += ["", slot]
            lines += [f"  {sign} {text[slot]}" for sign, text in (("-", a), ("+", b)) if slot in text]
    same = [slot for slot in names if a.get(slot) == b.get(slot)]
    return [*lines, "", f"the same: {', '.join(same) or 'nothing'}"]
