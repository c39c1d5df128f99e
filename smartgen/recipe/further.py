"""YAML's reader stops at the first thing that it cannot read: what is wrong behind it is told as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from smartgen.language.diagnostics import Diagnostic, Label, mended
from smartgen.language.source import Edit, Source, Span

Check = Callable[[str], Sequence[Diagnostic]]
UNREADABLE = "SG403"
_LONGEST = 6_000  # characters of a text that is worth reading again and again
_ROUNDS = 5
_NOWHERE = -1


def further(source: Source, found: Sequence[Diagnostic], again: Check) -> list[Diagnostic]:
    """The findings of `source`; where its only one is that it is no YAML, those of the mended text too.

    `again` checks a changed text.
    """
    if not found or len(found) > 1 or found[0].code != UNREADABLE or len(source.text) > _LONGEST:
        return list(found)
    first, text, places = found[0], source.text, list(range(len(source.text) + 1))
    told = [first]
    for _ in range(_ROUNDS):
        edits = [edit for edit in first.edits if edit.span.source.text == text]
        if not edits:
            break
        text, places = mended(text, [first]), _moved(places, edits)
        rest = [each for each in again(text) if each.severity == "error"]
        mapped = [it for each in rest if (it := _mapped(each, source, text, places)) is not None]
        said = {(it.message, it.span) for it in told}
        told += [it for it in mapped if (it.message, it.span) not in said]
        if not rest or rest[0].code != UNREADABLE or len(said) == len({(it.message, it.span) for it in told}):
            break
        first = rest[0]
    return sorted(told, key=lambda each: each.span.start)


def _moved(places: list[int], edits: Sequence[Edit]) -> list[int]:
    """For every character of the edited text its place in the original, -1 for what was put in."""
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end), reverse=True):
        places = places[: edit.span.start] + [_NOWHERE] * len(edit.text) + places[edit.span.end :]
    return places


def _mapped(each: Diagnostic, source: Source, text: str, places: list[int]) -> Diagnostic | None:
    """The finding at its place in the original; None where it is about what was put in, or behind an end that is another."""
    spans = [*(label.span for label in each.labels), *(edit.span for edit in each.edits)]
    if any(span.source.text != text or span.end > len(text) for span in spans):
        return None
    if any(_NOWHERE in places[span.start : span.end + 1] for span in spans):
        return None

    def back(span: Span) -> Span:
        return Span(source, places[span.start], places[span.end])

    labels = tuple(Label(back(label.span), label.text) for label in each.labels)
    return replace(each, labels=labels, edits=tuple(Edit(back(edit.span), edit.text) for edit in each.edits))
