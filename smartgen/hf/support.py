"""What this backend can honour of a recipe; the rest is refused by name, before the first token."""

from __future__ import annotations

from smartgen.language.diagnostics import Diagnostic, Label, RecipeError
from smartgen.language.source import Source, Span
from smartgen.policy.support import unsupported
from smartgen.recipe import Recipe


def check_program(recipe: Recipe) -> None:
    """Raises RecipeError (SG501) listing everything in the recipe that generate() cannot honour."""
    found = list(dict.fromkeys(unsupported(recipe.program)))
    if found:
        raise RecipeError([_diagnostic(recipe, word, why) for word, why in found])


def _diagnostic(recipe: Recipe, word: str, why: str) -> Diagnostic:
    source = Source(recipe.origin, recipe.text)
    at = max(0, recipe.text.find(word))
    span = Span(source, at, at + len(word) if recipe.text.find(word) >= 0 else at + 1)
    return Diagnostic(
        "SG501", f"generate() cannot honour `{word}`", (Label(span),), f"{why}; leave it out, or choose another recipe"
    )
