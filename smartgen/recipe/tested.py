"""Which recipe a test file is about, and which test file a recipe has."""

from __future__ import annotations

from pathlib import Path

from smartgen.language.diagnostics import one
from smartgen.language.source import Source, Span
from smartgen.recipe.read import read_file
from smartgen.recipe.shipped import shipped
from smartgen.recipe.suite import Suite


def is_suite(path: Path) -> bool:
    """Whether a file is a table of tests by its name."""
    return path.name.endswith((".test.yaml", ".test.yml"))


def beside(recipe: Path) -> Path | None:
    """The test file of a recipe, or None."""
    for ending in (".test.yaml", ".test.yml"):
        path = recipe.with_name(recipe.stem + ending)
        if path.is_file():
            return path
    return None


def tested(path: Path, suite: Suite) -> Source:
    """The text of the recipe that the test file at `path` is about. Raises RecipeError if there is none."""
    name = path.name.rsplit(".test.", 1)[0]
    choices = [path.with_name(name + ending) for ending in (".smart", ".yaml", ".yml")]
    if suite.recipe is not None:
        choices = [path.with_name(suite.recipe)]
        if suite.recipe in shipped():
            choices.append(shipped()[suite.recipe])
    for choice in choices:
        if choice.is_file():
            return read_file(choice)
    wanted = suite.recipe or f"{name}.smart"
    at = Span(suite.source, 0, 1)
    fix = "put it beside this file, or name it: `recipe: smart`"
    raise one("SG401", f"there is no recipe {wanted} to test", at, fix)
