"""Names that a policy gives: none hides a signal, none stands for two things."""

from __future__ import annotations

from smartgen.language.findings import Findings
from smartgen.language.lexemes import lexemes
from smartgen.language.resolve import Resolved
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Edit, Span
from smartgen.language.syntax import Let, Name


def check_names(policy: Resolved, findings: Findings) -> None:
    """No name may hide a signal, or stand for two things."""
    named = [(p.name, "param") for p in policy.params.values()] + [(n.name, "let") for n in policy.lets.values()]
    everywhere = (policy.slots, *(block.slots for block in policy.chain))
    named += [(c.name, "cost") for slots in everywhere for c in slots.costs.values()]
    named += [(slots.benefit.name, "benefit") for slots in everywhere if slots.benefit]
    seen: dict[str, tuple[str, Span]] = {}
    for name, kind in dict.fromkeys(named):
        written = f"{kind}_{name.text}"
        edits: tuple[Edit, ...] = (Edit(name.span, written),)
        if name.text in SIGNALS:
            read = _read(policy, name) if kind in ("param", "let") else []
            edits += tuple(Edit(span, written) for span in read)
            message = f"`{name.text}` is {SIGNALS[name.text].meaning}"
            fix = f"choose another name, for example `{written}`{', here and where it is read' if read else ''}"
            findings.add("SG106", message, name.span, fix, edits=edits)
        elif name.text in seen and (seen[name.text][0] != kind):
            other, at = seen[name.text]
            line = at.source.position(at.start)[0]
            fix = f"choose another name, for example `{written}`"
            message = f"`{name.text}` is already a {other}, on line {line}"
            if other == "param" and kind == "let" and at.source != name.span.source:
                message = f"`{name.text}` is a param of what this policy uses"
                declared = f"param {name.text}: {policy.params[name.text].type.text}"
                fix, edits = f"give it a value with `{declared} = ...`", _declared(policy.lets[name.text], declared)
            findings.add("SG106", message, name.span, fix, edits=edits)
        seen.setdefault(name.text, (kind, name.span))


def _declared(let: Let, declared: str) -> tuple[Edit, ...]:
    """`let trust = 0.9` as a param; nothing where the `let` is not in the text itself."""
    start = let.span.start
    if not let.span.source.text.startswith("let", start):
        return ()
    return (Edit(Span(let.span.source, start, let.name.span.end), declared),)


def _read(policy: Resolved, name: Name) -> list[Span]:
    """Where else in its policy's text a name stands, apart from labels of arguments."""
    source, found = name.span.source, lexemes(name.span.source.text)
    if source != policy.span.source or source.is_yaml:
        return []
    return [
        Span(source, at.start, at.end)
        for at, following in zip(found, [*found[1:], None], strict=True)
        if at.text == name.text
        and policy.span.start <= at.start < policy.span.end
        and at.start != name.span.start
        and not (following is not None and following.text == ":")
    ]
