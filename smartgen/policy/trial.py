"""Run a test file: load the recipe that it tests, act out every case, say what does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from smartgen.language.capabilities import ENERGY, Backend, refusals
from smartgen.language.diagnostics import RecipeError, one
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Source
from smartgen.policy.verdict import Mismatch, judge
from smartgen.profile.errors import ProfileError
from smartgen.recipe.load import load_source
from smartgen.recipe.mutants import Mutant, mutants
from smartgen.recipe.read import read_file
from smartgen.recipe.recipe import Recipe
from smartgen.recipe.suite import Case
from smartgen.recipe.suitefile import read_suite
from smartgen.recipe.tested import tested

_STAGE = Backend("a test", gives=frozenset({*SIGNALS, ENERGY}))  # it gives whatever the test says


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
    subject = _Subject(tested(path, suite))
    for case in suite.cases:
        line, _ = suite.source.position(case.span.start)
        yield Trial(f"{path}:{line}", case.name, tuple(subject.run(case)))


@dataclass(frozen=True)
class Attempt:
    """A mutant and what became of it: noticed, survived, invalid (no recipe any more), or same (the same program)."""

    mutant: Mutant
    fate: str


def attempts(path: Path, every: int = 1) -> Iterator[Attempt]:
    """Change the recipe of a test file in every small way (or every so many) and see whether a case fails."""
    suite = read_suite(read_file(path))
    source = tested(path, suite)
    original = _Subject(source)
    for mutant in islice(mutants(source), None, None, every):
        yield Attempt(mutant, _fate(_Subject(mutant.source), original, suite.cases))


def _fate(changed: _Subject, original: _Subject, cases: tuple[Case, ...]) -> str:
    try:
        if all(changed.recipe(case).program.hash == original.recipe(case).program.hash for case in cases):
            return "same"
    except RecipeError:
        return "invalid"
    return "noticed" if any(changed.fails(case) for case in cases) else "survived"


class _Subject:
    """A recipe's text, loaded once for each setting of its parameters and limits."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._loaded: dict[object, Recipe] = {}

    def recipe(self, case: Case) -> Recipe:
        key = (tuple(case.params.items()), tuple(case.limits.items()))
        if key not in self._loaded:
            self._loaded[key] = load_source(self.source, case.params, case.limits)
        return self._loaded[key]

    def run(self, case: Case) -> list[Mismatch]:
        recipe = self.recipe(case)
        for refusal in refusals(recipe.program, _STAGE):
            message = f"`{refusal.word}` of {recipe.name} {refusal.why}"
            raise one(refusal.code, message, case.span, refusal.fix)
        try:
            return judge(recipe.program, case)
        except ProfileError as error:
            message = f"the costs of this test do not suffice: {error}"
            fix = "add what the recipe reads: `costs: {verify: {0: 40 ms, 64: 104 ms}, draft: 2 ms}`"
            raise one("SG453", message, case.span, fix) from None

    def fails(self, case: Case) -> bool:
        try:
            return bool(self.run(case))
        except RecipeError:
            return True
