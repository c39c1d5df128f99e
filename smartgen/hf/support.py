"""What this backend can honour of the language; the rest is refused by name, before the first token."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.drafters.protocol import Drafter
from smartgen.language.diagnostics import Diagnostic, Label, RecipeError
from smartgen.language.program import Measured, Program, Read, Shift, parts
from smartgen.language.source import Source, Span
from smartgen.policy.scope import READERS
from smartgen.recipe import Recipe

_NODE_FIELDS = ("prob", "path", "spine", "rank", "depth", "kept", "source")
_FORECAST = ("tokens", "time", "energy", "money", "objective", "tree.tokens", "tree.nodes")


def check_program(recipe: Recipe, drafter: Drafter | None = None) -> None:
    """Raises RecipeError (SG501) listing everything in the recipe that generate() cannot honour."""
    found = list(dict.fromkeys(_unsupported(recipe.program)))
    if found:
        raise RecipeError([_diagnostic(recipe, word, why) for word, why in found])


def _unsupported(program: Program) -> Iterator[tuple[str, str]]:
    for site in program.sites:
        if site.kind in ("ladder", "ucb"):
            yield site.kind, "is not executed by this version"
    for situation in program.situations:
        rules = situation.rules
        if rules.verify.pooled:
            yield "pooled", "needs an engine that packs rows of different sizes; here every row is padded to the largest"
        if rules.verify.static:
            yield "tree", "static trees are not executed by this version"
        if rules.expand.maximizing is not None:
            yield "maximizing", "a searched width is not executed by this version"
        if rules.limits.depth_low is not None:
            yield "limit depth", "a searched depth is not executed by this version"
        yield from (finding for part in parts(situation) for finding in _part(part))


def _part(part: object) -> Iterator[tuple[str, str]]:
    if isinstance(part, Read):
        known = part.name in READERS or part.name.removeprefix("node.") in _NODE_FIELDS and part.name.startswith("node.")
        if not known:
            yield part.name, "is a signal that generate() does not have"
    if isinstance(part, Measured) and part.quantity == "energy":
        yield f"profile.{part.phase}.energy", "needs an energy meter, and none is read here"
    if isinstance(part, Shift) and part.kind == "forecast":
        odd = [p.name for p in parts(part.of) if isinstance(p, Read) and p.name not in _FORECAST and p.name.startswith(("frontier", "layer"))]
        if odd:
            yield odd[0], "cannot be forecast; totals (tokens, time, objective) can"


def _diagnostic(recipe: Recipe, word: str, why: str) -> Diagnostic:
    source = Source(recipe.origin, recipe.text)
    at = max(0, recipe.text.find(word))
    span = Span(source, at, at + len(word) if recipe.text.find(word) >= 0 else at + 1)
    return Diagnostic("SG501", f"generate() cannot honour `{word}`", (Label(span),), f"{why}; `smartgen check --target hf` tells in advance")
