"""Run a test file: load the recipe that it tests, act out every case, say what does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from smartgen.language.diagnostics import Diagnostic, Label, RecipeError
from smartgen.language.source import Source
from smartgen.policy.support import unsupported
from smartgen.policy.verdict import Mismatch, judge
from smartgen.profile.errors import ProfileError
from smartgen.recipe.load import load_source, read_file
from smartgen.recipe.recipe import Recipe
from smartgen.recipe.suite import Case, Suite
from smartgen.recipe.suitefile import read_suite
from smartgen.recipe.tested import tested


@dataclass(frozen=True)
class Trial:
    """A case that was acted out; `place`: file and line; `mismatches` empty: all is as expected."""

    place: str
    name: str
    mismatches: tuple[Mismatch, ...]

    def told(self) -> Iterator[str]:
        """Lines: what was expected, and what came instead."""
        for miss in self.mismatches:
            line, _ = miss.span.source.position(miss.span.start)
            yield f"  {miss.key}{', ' + miss.where if miss.where else ''} (line {line})"
            yield f"    expected  {miss.expected}"
            yield f"    got       {miss.got}"


def trials(path: Path) -> Iterator[Trial]:
    """Every case of a test file. Raises RecipeError for what is wrong with the file or with the recipe."""
    suite = read_suite(read_file(path))
    source = tested(path, suite)
    for case in suite.cases:
        line, _ = suite.source.position(case.span.start)
        yield Trial(f"{path}:{line}", case.name, tuple(run(source, suite, case)))


def run(source: Source, suite: Suite, case: Case) -> list[Mismatch]:
    """Act out one case on the recipe of `source` under the case's own parameters and limits."""
    recipe = load_source(source, case.params, case.limits)
    _executable(recipe, case)
    try:
        return judge(recipe.program, case)
    except ProfileError as error:
        fix = "add what the recipe reads: `costs: {verify: {0: 40 ms, 64: 104 ms}, draft: 2 ms}`"
        raise RecipeError(
            [Diagnostic("SG453", f"the costs of this test do not suffice: {error}", (Label(case.span),), fix)]
        ) from None


def _executable(recipe: Recipe, case: Case) -> None:
    for word, why in unsupported(recipe.program):
        message = f"`{word}` of {recipe.name} {why}"
        raise RecipeError([Diagnostic("SG501", message, (Label(case.span),), "test what can be executed")])
