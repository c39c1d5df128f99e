"""The last stage: a resolved policy becomes a `Program`, or a RecipeError with everything that is wrong."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping

from smartgen.language import syntax as s
from smartgen.language.check import Checker
from smartgen.language.diagnostics import Diagnostic
from smartgen.language.expressions import PARAM_KINDS, Broken, Place, Typer, constant
from smartgen.language.findings import Findings
from smartgen.language.program import Program, Situation
from smartgen.language.resolve import Resolved, Slots
from smartgen.language.signals import SIGNALS
from smartgen.language.types import FLAG, TEXT, Kind, Typed, quantity
from smartgen.language.units import unit
from smartgen.language.words import KEYWORDS, closest

Settings = Mapping[str, s.Expression]


def lower(
    policy: Resolved, findings: Findings, settings: Settings | None = None, limits: Mapping[str, int] | None = None
) -> tuple[Program, tuple[Diagnostic, ...]]:
    """Check and lower. `settings`: parameter values from outside; `limits`: caps from outside. Returns warnings too.

    Raises RecipeError with every error found.
    """
    params = _params(policy, findings, settings or {})
    typer = Typer(policy, findings, params)
    checker = Checker(typer, limits or {})
    _names(policy, findings)
    situations = tuple(_situations(policy, checker, findings))
    _lints(policy, typer, findings)
    findings.raise_errors()
    sites = tuple(typer.sites)
    digest = hashlib.sha256(repr((situations, sites)).encode()).hexdigest()[:16]
    return Program(policy.name.text, situations, sites, digest), tuple(findings.all)


def _situations(policy: Resolved, checker: Checker, findings: Findings) -> list[Situation]:
    found = []
    for block in policy.chain:
        condition = None if block.condition is None else checker.condition(block.condition)
        found.append(Situation(condition, checker.rules(block.slots.over(policy.slots), block.span)))
    if not policy.chain or policy.chain[-1].condition is not None:
        slots = policy.slots
        if policy.chain and _lacks(slots, policy.chain[0].slots):
            findings.add(
                "SG319",
                "no block holds where none of these `when` does, and a slot is filled in no other way",
                policy.chain[-1].span,
                "add `otherwise { ... }`",
            )
            return found
        found.append(Situation(None, checker.rules(slots, policy.span)))
    return found


def _lacks(base: Slots, block: Slots) -> bool:
    """Whether the base, on its own, misses what the block supplies."""
    return (base.benefit is None and block.benefit is not None) or ("depth" not in base.caps and "depth" in block.caps)


def _params(policy: Resolved, findings: Findings, settings: Settings) -> dict[str, Typed]:
    values: dict[str, Typed] = {}
    empty = Resolved(policy.name, {}, {}, Slots(), (), policy.span)
    for name, expression in settings.items():
        if name not in policy.params:
            near = closest(name, policy.params)
            findings.add(
                "SG103",
                f"`{policy.name.text}` has no param `{name}`",
                expression.span,
                f"did you mean `{near}`?" if near else f"its params: {', '.join(policy.params) or 'none'}",
            )
    for name, param in policy.params.items():
        kind = _param_kind(param, findings)
        try:
            typed = Typer(empty, findings, values).type(settings.get(name, param.value), Place("`param`"))
        except Broken:
            typed = constant(0.0, kind, param.span)
        else:
            _fits(kind, typed, param, findings)
        values[name] = Typed(kind, typed.axis, typed.phase, typed.code, frozenset(), param.span)
    return values


def _param_kind(param: s.Param, findings: Findings) -> Kind:
    written = param.type.text
    if written in PARAM_KINDS:
        return PARAM_KINDS[written]
    found = unit(written)
    if found is None:
        meant = {
            "int": "count",
            "float": "number",
            "bool": "flag",
            "str": "text",
            "string": "text",
            "time": "ms",
            "probability": "prob",
            "integer": "count",
            "boolean": "flag",
            "tokens": "tok",
            "seconds": "s",
        }.get(written) or closest(written, PARAM_KINDS)
        findings.add(
            "SG210",
            f"there is no type `{written}`",
            param.type.span,
            f"did you mean `{meant}`?"
            if meant
            else "types: prob, count, number, flag, text, or a unit like ms or ms/tok",
        )
        return Kind()
    return quantity(found[0])


def _fits(kind: Kind, typed: Typed, param: s.Param, findings: Findings) -> None:
    if typed.kind.base != kind.base or typed.kind.dimension != kind.dimension:
        fix = (
            f"write it in `{param.type.text}`"
            if kind.base == "number"
            else {FLAG: "write `true` or `false`", TEXT: 'write "..."'}[kind]
        )
        findings.add(
            "SG205", f"`{param.name.text}` is declared as {param.type.text}, this is {typed.kind}", typed.span, fix
        )
    elif kind.prob and not typed.kind.prob:
        findings.add(
            "SG205",
            f"{typed.span.text.strip() or 'this'} is not a probability",
            typed.span,
            "a probability lies in 0..1",
        )
    elif kind.whole and not typed.kind.whole:
        findings.add(
            "SG205",
            f"{typed.span.text.strip() or 'this'} is not a count",
            typed.span,
            "a count is a whole number without unit",
        )


def _names(policy: Resolved, findings: Findings) -> None:
    """No name may hide a signal or a keyword."""
    named = [(p.name, "param") for p in policy.params.values()] + [(n.name, "let") for n in policy.lets.values()]
    named += [(c.name, "cost") for c in policy.slots.costs.values()]
    if policy.slots.benefit:
        named.append((policy.slots.benefit.name, "benefit"))
    for name, kind in named:
        if name.text in SIGNALS:
            findings.add(
                "SG106",
                f"`{name.text}` is {SIGNALS[name.text].meaning}",
                name.span,
                f"choose another name, for example `{kind}_{name.text}`",
            )
        elif name.text in KEYWORDS:
            findings.add(
                "SG106",
                f"`{name.text}` is a word of the language",
                name.span,
                f"choose another name, for example `my_{name.text}`",
            )


def _lints(policy: Resolved, typer: Typer, findings: Findings) -> None:
    for name, param in policy.params.items():
        if name not in typer.read_params:
            findings.add(
                "SG902", f"nothing reads the param `{name}`", param.name.span, "use it or remove it", warning=True
            )
    unread = [name for name in policy.lets if name not in typer.read_lets]
    sites = len(typer.sites)
    for name in unread:  # nobody reads it, but what is wrong in it is wrong all the same
        with contextlib.suppress(Broken):
            typer.type(policy.lets[name].value, Place("`let`", frozenset({"forecast", "previous", "marginal"})))
    del typer.sites[sites:]
    for name, let in policy.lets.items():
        if name in unread:
            findings.add("SG902", f"nothing reads `{name}`", let.name.span, "use it or remove it", warning=True)
