"""`smartgen sglang serve`: SGLang's server, steered by a recipe."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)
ENGINE = "from sglang.cli.main import main; main()"  # its command `sglang`, in this very interpreter
PASSED = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.callback()
def sglang() -> None:
    """SGLang, steered by a recipe."""


@app.command(context_settings=PASSED)
def serve(
    context: typer.Context,
    recipe: Annotated[str, typer.Option(help="A shipped name, a path, or a recipe's text.")] = "smart",
    profile: Annotated[str, typer.Option(help="A file of `smartgen profile --engine sglang`, or auto.")] = "auto",
    tiers: Annotated[str, typer.Option(help="steps/topk/draft tokens, with commas.", show_default="derived")] = "",
) -> None:
    """Check the recipe, then become `sglang serve`; everything else on the line goes there as it is."""
    from smartgen.sglang.errors import ServeError
    from smartgen.sglang.preflight import checked_recipe, named_profile
    from smartgen.sglang.settings import parse_tiers

    try:
        checked_recipe(recipe)
        named_profile(profile)
        parse_tiers(tiers)
    except ServeError as error:
        sys.exit(_refused(str(error)))
    if importlib.util.find_spec("sglang") is None:
        sys.exit(_refused("SGLang is not installed here: `pip install sglang`"))
    flags = ["--smart-recipe", recipe, "--smart-profile", profile, *(["--smart-tiers", tiers] if tiers else [])]
    os.execv(sys.executable, [sys.executable, "-c", ENGINE, "serve", *context.args, *flags])


def _refused(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1
