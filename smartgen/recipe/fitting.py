"""A name that means nothing, where one of several could stand: the first that raises nothing new is what is proposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from smartgen.language.diagnostics import Diagnostic, mended
from smartgen.language.signals import SIGNALS
from smartgen.language.source import LONGEST, Edit, Source

Check = Callable[[str], Sequence[Diagnostic]]
_UNKNOWN = ("SG101", "SG102")
_ITSELF = "SG104"
_MOST = 8  # findings of it
_EXAMPLES = ("node.prob", "node.path", "batch.size", "last.rate", "1", "true", "1 ms", "1 tok")


def fitted(source: Source, found: Sequence[Diagnostic], again: Check) -> list[Diagnostic]:
    """The findings of `source`; what is proposed for an unknown name is one that goes with what stands around it.

    `again` checks a changed text. A proposal stays as it is where it raises nothing new, or where no other does better.
    """
    if len(source.text) > LONGEST or len(found) > _MOST:
        return list(found)
    told: list[Diagnostic] = []
    for each in found:
        others = [*told, *(other for other in found[len(told) :] if other is not each)]
        told.append(_fitted(source, each, others, again))
    return told


def _fitted(source: Source, each: Diagnostic, found: Sequence[Diagnostic], again: Check) -> Diagnostic:
    """`found`: the other findings, each with the help it has so far."""
    candidates = [*each.instead, *(_named(each, name) for name in _candidates(each))]
    if not candidates or each.severity != "error" or each.span.source != source:
        return each
    known = {(other.code, other.message) for other in (each, *found)}

    def raises(proposal: Diagnostic) -> int:
        text = mended(source.text, [proposal, *(other for other in found if other.severity == "error")])
        errors = [other for other in again(text) if other.severity == "error"]
        return len({(other.code, other.message) for other in errors} - known)

    if each.edits and not raises(each):
        return each
    return next((proposal for proposal in candidates if not raises(proposal)), each)


def _named(each: Diagnostic, name: str) -> Diagnostic:
    help = f"did you mean `{name}`?" if each.code in _UNKNOWN else f"{each.help}: for example `{name}`"
    return replace(each, help=help, edits=(Edit(each.span, name),))


def _candidates(each: Diagnostic) -> list[str]:
    """What could stand in the name's place: other signals of its group, or of the one that was proposed."""
    text = each.span.text
    if each.code == _ITSELF and not each.edits and text.isidentifier():
        return [*(name for name in SIGNALS if name.rpartition(".")[2] == text and "." in name), *_EXAMPLES]
    whole = len(each.edits) == 1 and each.edits[0].span == each.span
    if each.code not in _UNKNOWN or "." not in text or (each.edits and not whole):
        return []
    groups = [text.rpartition(".")[0], each.edits[0].text.rpartition(".")[0] if each.edits else ""]
    return [name for group in groups if group for name in SIGNALS if name.rpartition(".")[0] == group]
