"""One help that is the whole fix: what a mended place would be told next is mended in the same help."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from smartgen.language.diagnostics import Diagnostic, Label, mended
from smartgen.language.source import LONGEST, Edit, Source, Span

Check = Callable[[str], Sequence[Diagnostic]]
_MOST = 12  # findings of it
_WORD = re.compile(r"[\w.]+")
_FEW = 2  # findings beside which a sign is worth a second look: reading goes on behind a mended sign anyway
_ROUNDS = 3  # mistakes that may hide behind one another


def completed(source: Source, found: Sequence[Diagnostic], again: Check) -> list[Diagnostic]:
    """The findings of `source`, each help so complete that no other finding comes up in its place.

    `again` checks a changed text. A finding stays as it is where its help is not a change on one line, where the change
    raises nothing new there, or where what it raises has no such help itself.
    """
    if len(source.text) > LONGEST or len(found) > _MOST:
        return list(found)
    return [_completed(source, each, found, again) for each in found]


@dataclass(frozen=True)
class _Change:
    """Characters start..end of the source become `text`."""

    start: int
    end: int
    text: str

    def applied(self, to: str) -> str:
        return to[: self.start] + self.text + to[self.end :]


def _completed(source: Source, each: Diagnostic, found: Sequence[Diagnostic], again: Check) -> Diagnostic:
    change = _change(each, source, source.text)
    named = each.code == "SG101" and each.message.startswith("nothing is called")  # another name may fit: see `fitted`
    if each.instead or named or each.severity != "error" or (each.code.startswith("SG0") and len(found) > _FEW) or change is None:
        return each
    known = {(other.code, other.message) for other in found}
    first, last = change, each
    for _ in range(_ROUNDS):
        text = change.applied(source.text)
        begins, ends = change.start, change.start + len(change.text)
        raised = [
            other
            for other in again(text)
            if other.severity == "error"
            and (other.code, other.message) not in known
            and other.span.start <= ends
            and other.span.end >= begins
        ]
        if not raised:
            break
        further = _change(raised[0], Source(source.name, text), text)
        if further is None or len(raised) > 1:
            return each
        change, last = _both(change, further, source.text, text), raised[0]
        known.add((last.code, last.message))
        if "\n" in source.text[change.start : change.end] + change.text:
            return each
    else:
        return each
    if change is first or not change.text.strip():
        return each
    place = Span(source, change.start, change.end)
    help, edits = f"write `{' '.join(change.text.split())}`", (Edit(place, change.text),)
    words = {word for edit in each.edits for word in _WORD.findall(edit.text)}
    if words <= {*_WORD.findall(change.text)}:
        return replace(each, help=help, edits=edits)
    return replace(last, labels=(Label(place),), help=help, edits=edits)  # nothing is left of the first help


def _change(each: Diagnostic, source: Source, text: str) -> _Change | None:
    """The finding's edits and all that it points at as one change on one line; None where they are not."""
    spans = [edit.span for edit in each.edits]
    if not spans or any(span.source != source for span in (*spans, each.span)):
        return None
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    around = min(start, each.span.start), max(end, each.span.end)
    if "\n" not in text[around[0] : around[1]]:
        start, end = around
    if "\n" in text[start:end]:
        return None
    whole = mended(text, [each])
    return _Change(start, end, whole[start : end + len(whole) - len(text)])


def _both(first: _Change, then: _Change, original: str, between: str) -> _Change:
    """Two changes, the second one of the text that the first one made, as one change of the original."""
    grown = len(between) - len(original)
    start = min(first.start, then.start)
    end = max(first.start + len(first.text), then.end)
    final = then.applied(between)
    return _Change(start, end - grown, final[start : end + len(final) - len(between)])
