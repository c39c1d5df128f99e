"""Compare what was decided with what a test expects, in words a reader can check."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

from smartgen.language.program import Program
from smartgen.language.source import Span
from smartgen.policy.rehearsal import Decision, rehearse
from smartgen.recipe.suite import Case, Expectation, Step, Words

T = TypeVar("T")
TOLERANCE = 1e-4  # relative: what a person works out has a few digits


@dataclass(frozen=True)
class Mismatch:
    """One expectation that does not hold. `where` names step and row as far as there are several."""

    span: Span
    key: str
    where: str
    expected: str
    got: str


def judge(program: Program, case: Case) -> list[Mismatch]:
    """What does not hold in `case`, in order; empty: the recipe does as expected. Raises ProfileError for missing costs."""
    found: list[Mismatch] = []
    total = sum(step.repeat for step in case.steps)
    for number, (step, decision) in enumerate(rehearse(program, case), 1):
        where = f"step {number}" if total > 1 else ""
        found += _of_step(step, decision, where)
    return found


def _of_step(step: Step, decision: Decision, where: str) -> Iterator[Mismatch]:
    for path in decision.unverified:
        text = " ".join(sorted(decision.verify[0])) or "none"
        yield Mismatch(step.span, "accept", where, f"{path}, which was not verified", text)
    for expectation in step.expect:
        yield from _of_expectation(expectation, decision, where)


def _of_expectation(expected: Expectation, decision: Decision, where: str) -> Iterator[Mismatch]:
    key, value = expected.key, expected.value
    if key in ("kept", "verify"):
        yield from _words(expected, cast(Words, value), getattr(decision, key), where)
    elif key == "frontier":
        yield from _passes(expected, cast("tuple[Words, ...]", value), decision, where)
    elif key == "nodes":
        counts = [len(row) for row in decision.verify]
        wanted = _per_row(cast("tuple[int, ...]", value), len(counts))
        for row, (count, want) in enumerate(zip(counts, wanted, strict=True)):
            if count != want:
                yield Mismatch(expected.span, key, _row(where, row, len(counts)), str(want), str(count))
    else:
        yield from _single(expected, _got(key, decision), where)


def _got(key: str, decision: Decision) -> object:
    report = decision.report
    assert report is not None
    values = {"layers": report.layers, "stop": report.reason, "tokens": report.predicted}
    return values[key] if key in values else getattr(decision, key)


def _single(expected: Expectation, got: object, where: str) -> Iterator[Mismatch]:
    want = expected.value
    if not _same(want, got):
        yield Mismatch(expected.span, expected.key, where, _shown(want, expected.key), _shown(got, expected.key))


def _same(want: object, got: object) -> bool:
    if isinstance(want, float) and isinstance(got, float):
        return math.isclose(want, got, rel_tol=TOLERANCE, abs_tol=1e-12)
    return want == got


def _shown(value: object, key: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{1e3 * value:.6g} ms" if key == "time" else f"{value:.6g}"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _words(expected: Expectation, want: Words, got: list[set[str]], where: str) -> Iterator[Mismatch]:
    for row, (words, found) in enumerate(zip(_per_row(want, len(got)), got, strict=True)):
        if words != found:
            yield Mismatch(expected.span, expected.key, _row(where, row, len(got)), _sorted(words), _sorted(found))


def _passes(expected: Expectation, want: tuple[Words, ...], decision: Decision, where: str) -> Iterator[Mismatch]:
    if len(want) != len(decision.frontier):
        after = f"drafted from {len(decision.frontier)} times"
        yield Mismatch(expected.span, "frontier", where, f"drafted from {len(want)} times", after)
        return
    for number, (words, got) in enumerate(zip(want, decision.frontier, strict=True), 1):
        yield from _words(expected, words, got, f"{where}, after layer {number}".removeprefix(", "))


def _per_row(values: tuple[T, ...], rows: int) -> tuple[T, ...]:
    return values * rows if len(values) == 1 else values


def _row(where: str, row: int, rows: int) -> str:
    return f"{where}, row {row + 1}".removeprefix(", ") if rows > 1 else where


def _sorted(words: Iterable[str]) -> str:
    return " ".join(sorted(words, key=lambda word: (len(word), word))) or "none"
