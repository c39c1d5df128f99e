"""What this backend can honour of a recipe; the rest is refused by name, before the first token."""

from __future__ import annotations

from smartgen.drafters.protocol import Drafter
from smartgen.language.capabilities import BACKENDS, Refusal, refusals
from smartgen.language.diagnostics import Diagnostic, Label, RecipeError
from smartgen.language.source import Source, Span
from smartgen.recipe import Recipe


def check_program(recipe: Recipe, drafter: Drafter) -> None:
    """Raises RecipeError (SG501) listing everything in the recipe that generate() cannot honour with this drafter."""
    given = getattr(drafter, "signals", frozenset())
    found = [_diagnostic(recipe, refusal) for refusal in refusals(recipe.program, BACKENDS["hf"], given)]
    if found:
        raise RecipeError(found)


def _diagnostic(recipe: Recipe, refusal: Refusal) -> Diagnostic:
    source, word = Source(recipe.origin, recipe.text), refusal.word
    at = max(0, recipe.text.find(word))
    span = Span(source, at, at + len(word) if recipe.text.find(word) >= 0 else at + 1)
    message = f"generate() cannot honour `{word}`: it {refusal.why}"
    return Diagnostic(refusal.code, message, (Label(span),), refusal.fix)
