"""`smartgen schema`: the JSON Schema of the YAML form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def schema(
    verify: Annotated[
        Path | None,
        typer.Option(help="Compare a file with the schema; exit with 1 if it is another.", show_default=False),
    ] = None,
) -> None:
    """Print the JSON Schema of the YAML form, generated from the tables that read it.

    For editors: `# yaml-language-server: $schema=recipe.schema.json` on the first line of a recipe.
    """
    from smartgen.recipe.schema import text

    if verify is None:
        typer.echo(text(), nl=False)
        return
    try:
        same = verify.read_text(encoding="utf-8") == text()
    except (OSError, ValueError) as error:
        typer.echo(
            f"error: {verify} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}", err=True
        )
        raise typer.Exit(2) from None
    typer.echo(
        f"{verify}: {'up to date' if same else 'another schema; write it anew with smartgen schema > ' + str(verify)}"
    )
    raise typer.Exit(0 if same else 1)
