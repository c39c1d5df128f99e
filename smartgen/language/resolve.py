"""Inheritance flattened: one policy with every slot filled from its bases, parameters at their final values.

Replaced by the derived policy: benefit, maximize, expand, continue, verify, each limit extent, the whole `when` chain.
By name: param, let, cost. `subject to` adds: derived policies tighten, never loosen. A slot that a derived policy
writes also removes that slot from every inherited block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from smartgen.language import syntax as s
from smartgen.language.findings import Findings
from smartgen.language.source import Span

FindBase = Callable[[str, Span], "tuple[s.Policy, FindBase]"]
T = TypeVar("T")
DEEPEST_USE = 16


@dataclass(frozen=True)
class Slots:
    """The slots of a policy, or of one block of it."""

    benefit: s.Benefit | None = None
    costs: Mapping[str, s.Cost] = field(default_factory=dict)
    maximize: s.Maximize | None = None
    subjects: tuple[s.Subject, ...] = ()
    expand: s.Expand | None = None
    proceed: s.Proceed | None = None
    verify: s.Verify | None = None
    caps: Mapping[str, tuple[s.Cap, ...]] = field(default_factory=dict)

    def over(self, base: Slots) -> Slots:
        """This policy's slots on top of its base's."""
        return Slots(
            self.benefit or base.benefit,
            {**base.costs, **self.costs},
            self.maximize or base.maximize,
            base.subjects + self.subjects,
            self.expand or base.expand,
            self.proceed or base.proceed,
            self.verify or base.verify,
            {**base.caps, **self.caps},
        )

    def without(self, written: Slots) -> Slots:
        """An inherited block, less what the derived policy writes itself."""
        return replace(
            self,
            benefit=None if written.benefit else self.benefit,
            costs={name: cost for name, cost in self.costs.items() if name not in written.costs},
            maximize=None if written.maximize else self.maximize,
            expand=None if written.expand else self.expand,
            proceed=None if written.proceed else self.proceed,
            verify=None if written.verify else self.verify,
            caps={extent: cap for extent, cap in self.caps.items() if extent not in written.caps},
        )


@dataclass(frozen=True)
class Block:
    """A `when` (or, condition None, `otherwise`) with its slots."""

    condition: s.Expression | None
    slots: Slots
    span: Span


@dataclass(frozen=True)
class Resolved:
    """A policy without bases. `lets` and `params` by name; `chain` in order."""

    name: s.Name
    params: Mapping[str, s.Param]
    lets: Mapping[str, s.Let]
    slots: Slots
    chain: tuple[Block, ...]
    span: Span


def resolve(policy: s.Policy, find: FindBase, findings: Findings, depth: int = 0) -> Resolved:
    """Flatten `policy`; `find` looks a base up by name. Findings: unknown names of arguments, duplicates, cycles."""
    own, named = _slots(policy.rules, findings)
    chain = tuple(_block(block, findings, named) for block in policy.chain)
    params = _unique([(p.name, p) for p in policy.params], "param", findings)
    lets = {name.text: let for name, let in named}
    if policy.use is None:
        return Resolved(policy.name, params, lets, own, chain, policy.span)
    if depth >= DEEPEST_USE:
        findings.add(
            "SG104", "these policies use one another in a circle", policy.use.span, "let one of them stand on its own"
        )
        return Resolved(policy.name, params, lets, own, chain, policy.span)
    found, find_next = find(policy.use.name, policy.use.span)
    base = resolve(found, find_next, findings, depth + 1)
    inherited = _with_arguments(base, policy.use, findings)
    kept = tuple(replace(block, slots=block.slots.without(own)) for block in base.chain)
    return Resolved(
        policy.name, {**inherited, **params}, {**base.lets, **lets}, own.over(base.slots), chain or kept, policy.span
    )


def _with_arguments(base: Resolved, use: s.Use, findings: Findings) -> Mapping[str, s.Param]:
    params = dict(base.params)
    for argument in use.arguments:
        name = argument.label.text if isinstance(argument.label, s.Name) else ""
        if name not in params:
            known = ", ".join(params) or "none"
            findings.add(
                "SG103", f"`{use.name}` has no param `{name or '(unnamed)'}`", argument.span, f"its params: {known}"
            )
            continue
        params[name] = replace(params[name], value=argument.value)
    return params


def _block(block: s.When, findings: Findings, lets: list[tuple[s.Name, s.Let]]) -> Block:
    slots, inner = _slots(block.rules, findings)
    lets.extend(inner)  # a name is a name of the whole policy
    return Block(block.condition, slots, block.span)


def _slots(rules: tuple[s.Rule, ...], findings: Findings) -> tuple[Slots, list[tuple[s.Name, s.Let]]]:
    single: dict[type, Any] = {}
    costs, lets, subjects = [], [], []
    caps: dict[str, tuple[s.Cap, ...]] = {}
    for rule in rules:
        if isinstance(rule, s.Let):
            lets.append((rule.name, rule))
        elif isinstance(rule, s.Cost):
            costs.append((rule.name, rule))
        elif isinstance(rule, s.Subject):
            subjects.append(rule)
        elif isinstance(rule, s.Limit):
            for cap in rule.caps:
                if cap.extent in caps:
                    _twice(cap.extent, cap.span, caps[cap.extent][0].span, findings)
                caps[cap.extent] = (cap,)
        else:
            if type(rule) in single:
                _twice(_WORD[type(rule)], rule.span, single[type(rule)].span, findings)
            single.setdefault(type(rule), rule)
    _unique(lets, "let", findings)
    slots = Slots(
        benefit=single.get(s.Benefit),
        costs=_unique(costs, "cost", findings),
        maximize=single.get(s.Maximize),
        subjects=tuple(subjects),
        expand=single.get(s.Expand),
        proceed=single.get(s.Proceed),
        verify=single.get(s.Verify),
        caps=caps,
    )
    return slots, lets


_WORD: dict[type, str] = {
    s.Benefit: "benefit",
    s.Maximize: "maximize",
    s.Expand: "expand",
    s.Proceed: "continue",
    s.Verify: "verify",
}


def _unique(pairs: list[tuple[s.Name, T]], word: str, findings: Findings) -> dict[str, T]:
    found: dict[str, T] = {}
    where: dict[str, Span] = {}
    for name, thing in pairs:
        if name.text in found:
            _twice(f"{word} {name.text}", name.span, where[name.text], findings)
        found.setdefault(name.text, thing)
        where.setdefault(name.text, name.span)
    return found


def _twice(word: str, span: Span, first: Span, findings: Findings) -> None:
    line = first.source.position(first.start)[0]
    findings.add(
        "SG105",
        f"this policy already says `{word}`, on line {line}",
        span,
        "keep one; to vary it by situation use `when`",
    )
