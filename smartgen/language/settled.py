"""Conditions whose answer is known beforehand, `node.prob >= 0`: they decide nothing, or leave nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smartgen.language import syntax as s
from smartgen.language.expressions import Typer
from smartgen.language.intervals import NO, YES, Ranges
from smartgen.language.program import Expr, Read, Recall, Rules, Situation, parts
from smartgen.language.resolve import Resolved, Slots
from smartgen.language.signals import may_be_absent
from smartgen.language.source import Edit, Span, mentions

# What is asked, and what follows where the answer is always yes, or always no.
_SAID = {
    "expand": ("no candidate is left out", "no candidate is kept"),
    "verify": ("no candidate is left out", "nothing is ever verified"),
    "continue": ("drafting goes on to its limit without it", "nothing is ever drafted"),
    "subject to": ("it constrains nothing", "no size fulfils it"),
}
_Asked = tuple[str, s.Expression, Expr]


def settled(policy: Resolved, typer: Typer, situations: Sequence[Situation]) -> None:
    """Warnings. What a param takes part in is left alone: another value of it may decide something."""
    ranges, seen = Ranges(typer.sites), set[Span]()
    everywhere = [*(block.slots.over(policy.slots) for block in policy.chain), policy.slots]
    for slots, situation in zip(everywhere, situations, strict=False):
        for word, condition, code in _asked(slots, situation.rules):
            answer, span = ranges.of(code), condition.span
            if answer not in (YES, NO) or span in seen or span.source != policy.span.source:
                continue
            if _adjustable(policy, span) or any(map(_sometimes, parts(code))):
                continue
            seen.add(span)
            always, never = _SAID[word]
            message = f"this always holds: {always}" if answer == YES else f"this never holds: {never}"
            typer.findings.add("SG911", message, span, "remove it", warning=True, edits=_without(word, span))


def _asked(slots: Slots, rules: Rules) -> Iterator[_Asked]:
    for word, statement, choice in (("expand", slots.expand, rules.expand), ("verify", slots.verify, rules.verify)):
        if statement is not None and statement.choice.where is not None and choice.where is not None:
            yield word, statement.choice.where, choice.where
    if slots.proceed is not None and rules.proceed is not None:
        yield "continue", slots.proceed.value, rules.proceed
    for subject, code in zip(slots.subjects, rules.constraints, strict=False):
        yield "subject to", subject.value, code


def _sometimes(part: object) -> bool:
    """Whether it may be absent, which no comparison holds of; so may what is remembered."""
    return isinstance(part, Recall) or (isinstance(part, Read) and may_be_absent(part.name))


def _adjustable(policy: Resolved, span: Span) -> bool:
    """Whether a param is read, also through a `let`."""
    texts, names = [span.text], set(policy.lets)
    while texts:
        text = texts.pop()
        if any(mentions(text, name) != 0 for name in policy.params):
            return True
        read = {name for name in names if mentions(text, name) != 0}
        names -= read
        texts += [policy.lets[name].value.span.text for name in read]
    return False


def _without(word: str, span: Span) -> tuple[Edit, ...]:
    """The clause, or the statement that it is all of, goes."""
    whole = span.led_by({"continue": r"continue\s+while", "subject to": r"subject\s+to"}.get(word, r"\s+where"))
    return () if whole is None or span.source.is_yaml else (Edit(whole, ""),)
