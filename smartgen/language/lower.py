"""The last stage: a resolved policy becomes a `Program`, or a RecipeError with everything that is wrong."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from smartgen.language import lints, params
from smartgen.language.check import Checker
from smartgen.language.contrast import contrasting
from smartgen.language.expressions import Typer
from smartgen.language.facts import Facts
from smartgen.language.findings import Findings
from smartgen.language.named import check_names
from smartgen.language.params import Settings
from smartgen.language.program import Expr, Program, Situation
from smartgen.language.resolve import Resolved, Slots
from smartgen.language.settled import settled
from smartgen.language.source import Edit, Span
from smartgen.language.work import off, work


@dataclass(frozen=True)
class Lowered:
    """What executes, and what is known about it."""

    program: Program
    facts: Facts


def lower(
    policy: Resolved, findings: Findings, settings: Settings | None = None, limits: Mapping[str, int] | None = None
) -> Lowered:
    """Check and lower. `settings`: parameter values from outside; `limits`: caps from outside. Warnings go to `findings`.

    Raises RecipeError with everything that was found if any of it is an error.
    """
    check_names(policy, findings)
    typer = Typer(policy, findings, params.values(policy, findings, settings or {}))
    checker = Checker(typer, limits or {})
    situations = _situations(policy, checker, findings)
    lines = tuple(sorted(checker.lines.values(), key=lambda line: line.span.start))
    unread = lints.unread(policy, typer)
    findings.raise_errors()  # what is unused in a wrong policy may be used in the right one
    lints.names(policy, typer, unread)
    lints.costs(policy, typer, lines, situations)
    lints.limits(policy, typer, situations)
    lints.currencies(policy, typer)
    settled(policy, typer, situations)
    lints.empty(policy, typer)
    sites = tuple(typer.sites)
    digest = hashlib.sha256(repr((situations, sites)).encode()).hexdigest()[:16]
    program = Program(policy.name.text, situations, sites, digest)
    return Lowered(program, Facts(work(situations, sites), off(situations, sites), lines))


def _situations(policy: Resolved, checker: Checker, findings: Findings) -> tuple[Situation, ...]:
    found = []
    conditions: list[Expr | None] = []
    before = len(findings.errors)
    for block in policy.chain:
        conditions.append(None if block.condition is None else checker.condition(block.condition))
        found.append(Situation(conditions[-1], checker.rules(block.slots.over(policy.slots))))
    if len(findings.errors) == before and not _mended(policy, findings):  # a broken condition holds nowhere
        lints.blocks(policy, conditions, checker.typer)
    if not policy.chain or policy.chain[-1].condition is not None:
        lacking = _lacking(policy.slots, policy.chain[0].slots) if policy.chain else None
        if lacking:
            _no_otherwise(policy, lacking, findings)
        else:
            found.append(Situation(None, checker.rules(policy.slots)))
    return tuple(found)


def _mended(policy: Resolved, findings: Findings) -> bool:
    """Whether a condition could be read only after it was mended."""
    conditions = [block.condition.span for block in policy.chain if block.condition is not None]
    errors = [error.span for error in findings.errors]
    return any(e.source == at.source and at.start <= e.start <= at.end for e in errors for at in conditions)


def _lacking(base: Slots, block: Slots) -> str | None:
    """A statement that the base, on its own, misses and the block supplies."""
    if base.benefit is None and block.benefit is not None:
        return " ".join(block.benefit.span.text.split())
    if "depth" not in base.caps and "depth" in block.caps:
        shown = block.caps["depth"].span.text
        return f"limit {shown}" if shown.startswith("depth ") else "limit depth 8"  # it may stand in what was mended
    return None


def _no_otherwise(policy: Resolved, lacking: str, findings: Findings) -> None:
    last = policy.chain[-1].span
    condition = policy.chain[0].condition
    count = re.search(r"(?<![\w.])[0-9]+(?=\s*$)", lacking)
    if count is not None and condition is not None:  # another one than where the condition holds
        lacking = lacking[: count.start()] + contrasting(count.group(), condition.span.text)
    written = f"otherwise {{ {lacking} }}"
    edits = () if last.source.is_yaml else (Edit(Span(last.source, last.end, last.end), f"\n  {written}"),)
    end = last.text.find("{")
    at = Span(last.source, last.start, last.start + end) if end > 0 else last
    findings.add(
        "SG319",
        "no block holds where none of these `when` does, and a slot is filled in no other way",
        at,
        f"add `{written}`",
        edits=edits,
    )
