"""What has no effect: warnings about lines that could as well be left out, and errors about blocks that never hold."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence

from smartgen.language.expressions import Broken, Place, Typer
from smartgen.language.facts import Line
from smartgen.language.intervals import Ranges
from smartgen.language.program import Const, Expr, Situation
from smartgen.language.reach import unreachable
from smartgen.language.resolve import Block, Resolved, Slots
from smartgen.language.source import Edit, Span

_ANYWHERE = Place("`let`", frozenset({"forecast", "previous", "marginal"}))


def blocks(policy: Resolved, conditions: Sequence[Expr | None], typer: Typer) -> None:
    """Blocks of the `when` chain that never hold."""
    for place, earlier in unreachable(conditions, Ranges(typer.sites)).items():
        block = policy.chain[place]
        at = block.span if block.condition is None else block.condition.span
        if earlier is None:
            message = "this can never hold"
        else:
            line = policy.chain[earlier].span.source.position(policy.chain[earlier].span.start)[0]
            message = f"this block is never reached: the `when` on line {line} holds wherever this one would"
        fix = "remove it, or put the narrower condition first"
        edits = () if block.span.source.is_yaml else _removed(policy.chain, place)
        typer.findings.add("SG320", message, _first_line(at), fix, edits=edits)


def empty(policy: Resolved, typer: Typer) -> None:
    """A last block without statements; an earlier one keeps those behind it from applying."""
    last = policy.chain[-1] if policy.chain else None
    if last is None or last.span.source != policy.span.source:
        return
    if last.slots == Slots() and not any(last.span.holds(let.span) for let in policy.lets.values()):
        message = "this block changes nothing"
        _no_effect(typer, "SG907", message, _first_line(last.span), last.span)


def _removed(chain: Sequence[Block], place: int) -> tuple[Edit, ...]:
    """The block goes; an `otherwise` left alone becomes plain statements."""
    block = chain[place]
    rest = [b for i, b in enumerate(chain) if i != place]
    if len(rest) == 1 and rest[0].condition is None:
        text = rest[0].span.text
        inside = text[text.find("{") + 1 : text.rfind("}")].strip()
        return Edit(block.span, ""), Edit(rest[0].span, inside)
    return (Edit(block.span, ""),)


def _first_line(span: Span) -> Span:
    end = span.text.find("\n")
    return span if end < 0 else Span(span.source, span.start, span.start + end)


def unread(policy: Resolved, typer: Typer) -> list[str]:
    """Lets that nothing reads; what is wrong in them is wrong all the same and recorded."""
    found = [name for name in policy.lets if name not in typer.read_lets]
    sites = len(typer.sites)
    for name in found:
        with contextlib.suppress(Broken):
            typer.type(policy.lets[name].value, _ANYWHERE)
    del typer.sites[sites:]
    return found


def names(policy: Resolved, typer: Typer, unread: Iterable[str]) -> None:
    """Params and lets that nothing reads."""
    for name, param in policy.params.items():
        if name not in typer.read_params and param.span.source == policy.span.source:
            _no_effect(typer, "SG902", f"nothing reads the param `{name}`", param.name.span, param.span)
    for name in unread:
        let = policy.lets[name]
        if let.span.source == policy.span.source:
            _no_effect(typer, "SG902", f"nothing reads `{name}`", let.name.span, let.span)


def currencies(policy: Resolved, typer: Typer) -> None:
    """Amounts in two currencies, which the language takes for one."""
    if policy.span.source.is_yaml:
        return
    text = re.sub(r"#[^\n]*", lambda m: " " * len(m[0]), policy.span.text)
    found = list(re.finditer(r"(?<![\w.])[0-9.]+\s*(usd|eur)\b|(?<=:)\s*(usd|eur)(?=\s*[=/])", text))
    names = [m[1] or m[2] for m in found]
    if len(set(names)) < 2:
        return
    usual = max(("usd", "eur"), key=names.count)
    for place, name in zip(found, names, strict=True):
        if name == usual:
            continue
        start = policy.span.start + place.start(1 if place[1] else 2)
        at = Span(policy.span.source, start, start + len(name))
        message = f"an amount in {name} beside others in {usual} counts like one of these"
        typer.findings.add("SG909", message, at, f"write `{usual}`", warning=True, edits=(Edit(at, usual),))


def costs(policy: Resolved, typer: Typer, lines: Iterable[Line], situations: Sequence[Situation]) -> None:
    """Costs whose total decides nothing."""
    deciding = [line for line in lines if not line.word.startswith("cost ") and line.word != "benefit"]
    read = {name.removeprefix("forecast:") for line in deciding for name in line.reads}
    for slots in _own_slots(policy):
        for name, cost in slots.costs.items():
            total = next((t.total for s in situations for t in s.rules.costs if t.name == name), None)
            if total is not None and total not in read and cost.span.source == policy.span.source:
                message = f"no objective, constraint or condition reads `{total}`, so this cost decides nothing"
                _no_effect(typer, "SG904", message, cost.name.span, cost.span)


def limits(policy: Resolved, typer: Typer, situations: Sequence[Situation]) -> None:
    """Limits that are no tighter than the verbs."""
    rules = situations[-1].rules
    slots = policy.slots
    for extent, choice, statement in (("width", rules.expand, slots.expand), ("nodes", rules.verify, slots.verify)):
        cap = slots.caps.get(extent)
        if cap is None or choice.high is None or choice.pooled or statement is None or len(situations) > 1:
            continue
        if not cap.span.source == statement.span.source == policy.span.source:
            continue
        most, code = Ranges(typer.sites).of(choice.high)[1], _value(cap.count.low.span, typer, rules, extent)
        if code is not None and code >= most:
            word = "expand" if extent == "width" else "verify"
            message = f"this limit has no effect: `{word}` takes at most {most:.0f}"
            _no_effect(typer, "SG901", message, cap.span, _with_comma(cap.span))


def _value(span: Span, typer: Typer, rules: object, extent: str) -> float | None:
    text = span.text
    param = typer.params.get(text)
    if param is not None and isinstance(param.code, Const) and not isinstance(param.code.value, str):
        return float(param.code.value)
    return float(text) if text.isdigit() else None


def _with_comma(cap: Span) -> Span | None:
    """A cap and the comma that it would leave behind; None where it is the only one of its line."""
    text = cap.source.text
    before, behind = re.search(r",\s*$", text[: cap.start]), re.match(r"\s*,\s*", text[cap.end :])
    if before:
        return Span(cap.source, before.start(), cap.end)
    return Span(cap.source, cap.start, cap.end + behind.end()) if behind else None


def _own_slots(policy: Resolved) -> list[Slots]:
    return [policy.slots, *(block.slots for block in policy.chain)]


def _no_effect(typer: Typer, code: str, message: str, at: Span, removed: Span | None) -> None:
    edits = () if removed is None or removed.source.is_yaml else (Edit(removed, ""),)
    typer.findings.add(
        code, message, at, "use it or remove it" if code == "SG902" else "remove it", warning=True, edits=edits
    )
