"""Inheritance flattened: one policy with every slot filled from its bases, parameters at their final values.

Replaced by the derived policy: benefit, maximize, expand, continue, verify, each limit extent, the whole `when` chain.
By name: param, let, cost. `subject to` adds: derived policies tighten, never loosen. A slot that a derived policy
writes also removes that slot from every inherited block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from smartgen.language import syntax as s
from smartgen.language.decimal_commas import decimal_comma
from smartgen.language.diagnostics import Label
from smartgen.language.findings import Findings
from smartgen.language.nearest import closest
from smartgen.language.source import Edit, Span, comment_behind, mentions
from smartgen.language.words import EXTENTS

# Looks a base up by name; None after recording what is wrong with the name.
FindBase = Callable[[str, Span], "tuple[s.Policy, FindBase] | None"]
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
    caps: Mapping[str, s.Cap] = field(default_factory=dict)

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
    """A policy without bases. `lets` and `params` by name; `chain` in order; `span` is that of the derived policy."""

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
    params = _unique([(p.name, p, p.span) for p in policy.params], "param", findings)
    lets = _unique([(let.name, let, let.span) for let in named], "let", findings)
    alone = Resolved(policy.name, params, lets, own, chain, policy.span)
    if policy.use is None:
        return alone
    if depth >= DEEPEST_USE:
        findings.add(
            "SG104", "these policies use one another in a circle", policy.use.span, "let one of them stand on its own"
        )
        return alone
    found = find(policy.use.name, policy.use.span)
    if found is None:
        findings.lost("")  # what the base would have said is not missing
        return alone
    base = resolve(found[0], found[1], findings, depth + 1)
    inherited = _with_arguments(base, policy.use, findings)
    kept = tuple(replace(block, slots=block.slots.without(own)) for block in base.chain)
    return Resolved(
        policy.name, {**inherited, **params}, {**base.lets, **lets}, own.over(base.slots), chain or kept, policy.span
    )


def _with_arguments(base: Resolved, use: s.Use, findings: Findings) -> Mapping[str, s.Param]:
    params = dict(base.params)
    comma = decimal_comma(use.arguments, named=True)
    if comma is not None:
        place, written = comma
        edits: tuple[Edit, ...] = (Edit(place, written),)
        findings.add("SG010", "the decimal sign is a point", place, f"write `{written}`", edits=edits)
        return params
    for argument in use.arguments:
        label = argument.label
        name = label.text if isinstance(label, s.Name) else ""
        if name in params:
            params[name] = replace(params[name], value=argument.value)
            continue
        known = list(params)
        given = {other.label.text for other in use.arguments if isinstance(other.label, s.Name)}
        free = [param for param in known if param not in given]
        meant = known[0] if len(known) == 1 else closest(name, known) or (free[0] if len(free) == 1 and name else None)
        if name in EXTENTS and meant is None and (limited := _as_limit(use, argument, name)):
            message = f"`{use.name}` has no param `{name}`"
            findings.add("SG103", message, argument.span, f"write `limit {name} {argument.value.span.text}`", edits=limited)
            continue
        at = label.span if label is not None else argument.span
        edits = ()
        if meant and label is not None:
            edits = (Edit(at, meant),)
        elif meant:
            edits = (Edit(Span(at.source, at.start, at.start), f"{meant}: "),)
        else:
            edits = (_without_argument(use, argument),)
        fix = (
            f"did you mean `{meant}`?" if meant and name else f"write `{meant}: {argument.span.text}`" if meant else ""
        )
        message = f"`{use.name}` has no param `{name}`" if name else f"arguments of `{use.name}` are named"
        fix = fix or (f"its params are {', '.join(known)}" if known else "remove it: it has no params")
        findings.add("SG103", message, at, fix, edits=edits)
    return params


def _as_limit(use: s.Use, argument: s.Argument, extent: str) -> tuple[Edit, ...]:
    """`use eagle2(depth: 6)` as a limit of one's own, in the text form."""
    text, source = use.span.source.text, use.span.source
    if source.is_yaml or re.search(rf"^\s*limit\b[^\n]*\b{extent}\b", text, re.MULTILINE):
        return ()
    end = use.span.end
    return _without_argument(use, argument), Edit(Span(source, end, end), f"\n  limit {extent} {argument.value.span.text}")


def _without_argument(use: s.Use, argument: s.Argument) -> Edit:
    """The argument goes, with the comma or the parentheses that it leaves behind."""
    text, start, end = argument.span.source.text, argument.span.start, argument.span.end
    while end < len(text) and text[end] in " ,":
        end += 1
    if len(use.arguments) == 1 and text[end : end + 1] == ")":
        return Edit(Span(argument.span.source, text.rfind("(", 0, start), end + 1), "")
    return Edit(Span(argument.span.source, start, end), "")


def _block(block: s.When, findings: Findings, lets: list[s.Let]) -> Block:
    slots, inner = _slots(block.rules, findings)
    lets.extend(inner)  # a name is a name of the whole policy
    return Block(block.condition, slots, block.span)


def _slots(rules: tuple[s.Rule, ...], findings: Findings) -> tuple[Slots, list[s.Let]]:
    single: dict[type, Any] = {}
    costs, lets, subjects = [], [], []
    caps: dict[str, s.Cap] = {}
    for rule in _searched(rules, findings):
        if isinstance(rule, s.Let):
            lets.append(rule)
        elif isinstance(rule, s.Cost):
            costs.append((rule.name, rule, rule.span))
        elif isinstance(rule, s.Subject):
            subjects.append(rule)
        elif isinstance(rule, s.Limit):
            _limits(rule, caps, findings)
        else:
            if isinstance(rule, s.Benefit) and s.Benefit in single and _replaces(rule, single[s.Benefit]):
                old = single.pop(s.Benefit)
                _twice("benefit", old.span, rule.span, findings, old.span, "kept")
            elif type(rule) in single:
                _twice(_WORD[type(rule)], rule.span, single[type(rule)].span, findings, rule.span)
            single.setdefault(type(rule), rule)
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


def _replaces(rule: s.Benefit, first: s.Benefit) -> bool:
    """Whether the later of two benefits is the one that is meant: it is read, or the first is called an old one."""
    text = rule.span.source.text
    read = (mentions(text, rule.name.text) or 0) > 1 or first.name.text.startswith(("old", "legacy", "prev"))
    return read and mentions(text, first.name.text) == 1


def _searched(rules: tuple[s.Rule, ...], findings: Findings) -> Iterator[s.Rule]:
    """The rules; a `maximize` on the line of an `expand` with a range is the clause that searches the range."""
    before: s.Rule | None = None
    for rule in rules:
        choice = before.choice if isinstance(before, s.Expand) else None
        undecided = choice is not None and choice.count is not None and choice.count.high and not choice.maximizing
        if isinstance(rule, s.Maximize) and isinstance(before, s.Expand) and undecided and _behind(rule.span, before):
            word = Span(rule.span.source, rule.span.start, rule.span.start + len("maximize"))
            message = "a range of `expand` is searched by `maximizing`"
            findings.add("SG006", message, word, "write `maximizing`", edits=(Edit(word, "maximizing"),))
            before = replace(before, choice=replace(before.choice, maximizing=rule.value))
        else:
            if before is not None:
                yield before
            before = rule
    if before is not None:
        yield before


def _behind(span: Span, rule: s.Expand) -> bool:
    """Whether it goes on on the line on which a rule ends, in the text form."""
    source = span.source
    return source == rule.span.source and not source.is_yaml and "\n" not in source.text[rule.span.end : span.start]


def _limits(rule: s.Limit, caps: dict[str, s.Cap], findings: Findings) -> None:
    for cap in rule.caps:
        if cap.extent in caps and _means_nodes(rule, cap, caps):
            message = f"this policy already says `limit {cap.extent}`"
            at = Span(cap.span.source, cap.span.start, cap.span.start + len(cap.extent))
            also = (Label(caps[cap.extent].span, "first"),)
            help = f"did you mean `nodes {cap.count.span.text}`?"
            findings.add("SG105", message, cap.span, help, also=also, edits=(Edit(at, "nodes"),))
        elif cap.extent in caps:
            _twice(f"limit {cap.extent}", cap.span, caps[cap.extent].span, findings, _cap_removed(rule, cap))
        caps.setdefault(cap.extent, cap)


def _means_nodes(rule: s.Limit, cap: s.Cap, caps: Mapping[str, s.Cap]) -> bool:
    """`limit depth 6, depth 48`: one of the two is no depth that anybody has."""
    first, second = caps[cap.extent].count.low, cap.count.low
    if cap.extent == "nodes" or "nodes" in caps or any(other.extent == "nodes" for other in rule.caps):
        return False
    if not isinstance(first, s.Number) or not isinstance(second, s.Number) or cap.span.source.is_yaml:
        return False
    return second.value >= max(4 * first.value, 16)


def _cap_removed(rule: s.Limit, cap: s.Cap) -> Span:
    """The cap with its comma; the whole statement where it is the only one."""
    place = rule.caps.index(cap)
    if len(rule.caps) == 1:
        return rule.span
    if place:
        return Span(cap.span.source, rule.caps[place - 1].span.end, cap.span.end)
    return Span(cap.span.source, cap.span.start, rule.caps[1].span.start)


_WORD: dict[type, str] = {
    s.Benefit: "benefit",
    s.Maximize: "maximize",
    s.Expand: "expand",
    s.Proceed: "continue",
    s.Verify: "verify",
}


def _unique(things: list[tuple[s.Name, T, Span]], word: str, findings: Findings) -> dict[str, T]:
    found: dict[str, T] = {}
    where: dict[str, Span] = {}
    for name, thing, span in things:
        if name.text in found and word == "cost" and (meant := other_cost(span.text, found)):
            message, edits = f"this policy already says `cost {name.text}`", (Edit(name.span, meant),)
            also = (Label(where[name.text], "first"),)
            findings.add("SG105", message, name.span, f"did you mean `{meant}`?", also=also, edits=edits)
        elif name.text in found:
            _twice(f"{word} {name.text}", name.span, where[name.text], findings, span)
        found.setdefault(name.text, thing)
        where.setdefault(name.text, name.span)
    return found


def other_cost(value: str, there: Collection[str]) -> str:
    """What a second cost of one name would be called by what it reads; empty where that is no other name."""
    read = re.search(r"\bprofile\.(verify|draft)\b", value)
    meant = {"verify": "verifying", "draft": "drafting"}[read[1]] if read is not None else ""
    return meant if meant not in there else ""


def _given_up(first: Span, second: Span) -> bool:
    """Whether the comment behind the second one speaks of what the first one reads and it does not: why it was changed."""
    comment = comment_behind(second.source.text, second.end)
    read = set(re.findall(r"[a-z]+\.[a-z]+", first.text)) - set(re.findall(r"[a-z]+\.[a-z]+", second.text))
    return any(mentions(comment, name) for name in read)


def _twice(word: str, span: Span, first: Span, findings: Findings, removed: Span, label: str = "first") -> None:
    if removed == span and _given_up(first, span):
        removed = first
    line = first.source.position(first.start)[0]
    findings.add(
        "SG105",
        f"this policy already says `{word}`, on line {line}",
        span,
        "keep one of them; to vary it by situation use `when`" if " " not in word else "keep one of them",
        also=(Label(first, label),),
        edits=() if removed.source.is_yaml else (Edit(removed, ""),),
    )
