"""What is wrong behind a mistake is told as well: YAML's reader stops at the first thing that it cannot read, and an
expression with a mistake in it has no type that anything around it could be held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from smartgen.language.diagnostics import Diagnostic, Label, changes, mended
from smartgen.language.source import LONGEST, Edit, Source, Span

Check = Callable[[str], Sequence[Diagnostic]]
UNREADABLE = "SG403"
_ROUNDS = 5
_DEEP = 2  # mistakes that may hide behind one another, beside what YAML's reader stops at
_NOWHERE = -1


def further(source: Source, found: Sequence[Diagnostic], again: Check) -> list[Diagnostic]:
    """The findings of `source`; where its only one is that it is no YAML, those of the mended text too.

    `again` checks a changed text.
    """
    if not found or len(found) > 1 or found[0].code != UNREADABLE or len(source.text) > LONGEST:
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


def behind(source: Source, found: Sequence[Diagnostic], again: Check) -> list[Diagnostic]:
    """The findings of `source`, and those that come up in its place when all of them are mended.

    What is about the text as it was written is a finding of its own; what is about a help's own words, and is mended
    elsewhere, belongs to that help. Nothing is added that does not make the text better.
    """
    told = list(found)
    if len(source.text) > LONGEST or any(edit.span.source != source for each in told for edit in each.edits):
        return told
    for _ in range(_DEEP):
        errors = _errors(told)
        text, places = mended(source.text, errors), _moved(list(range(len(source.text) + 1)), changes(errors))
        rest = _errors(again(text)) if text != source.text else []
        better = list(told)
        for each in rest:
            _take(better, each, source, text, places)
        if better == told or len(_errors(again(mended(source.text, _errors(better))))) >= len(rest):
            break
        told = better
    return sorted(told, key=lambda each: each.span.start) if len(told) > len(found) else told


def _take(told: list[Diagnostic], each: Diagnostic, source: Source, text: str, places: list[int]) -> None:
    """Add a finding of the mended text to `told`, or its help to the one whose help wrote what it is about."""
    if each.span.source.text != text:
        return
    mapped = _mapped(each, source, text, places)
    if mapped is not None:
        if mapped.edits and (mapped.code, mapped.message) not in {(it.code, it.message) for it in told}:
            told.append(mapped)
        return
    edits = [_back(edit.span, source, text, places) for edit in each.edits]
    for index, other in enumerate(told):
        begun = next((edit for edit in other.edits if _written(edit, each.span, text, places)), None)
        if begun is not None and edits and all(edits) and each.help not in other.help:
            further = tuple(Edit(span, edit.text) for span, edit in zip(edits, each.edits, strict=True) if span)
            told[index] = replace(
                other, help=f"{other.help} and {each.help.partition(', or ')[0]}", edits=(*other.edits, *further)
            )


def _written(edit: Edit, span: Span, text: str, places: list[int]) -> bool:
    """Whether the text of an edit stands in the mended text where a span is."""
    start = next((i for i in range(span.start, -1, -1) if places[i] == edit.span.start - 1), -1) + 1
    return text.startswith(edit.text, start) and start <= span.start and span.end <= start + len(edit.text)


def _back(span: Span, source: Source, text: str, places: list[int]) -> Span | None:
    """A span of the mended text at its place in the original; None where that is in what was put in, or elsewhere."""
    if span.source.text != text or span.end > len(text) or _NOWHERE in places[span.start : span.end + 1]:
        return None
    return Span(source, places[span.start], places[span.end])


def _errors(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    return [each for each in found if each.severity == "error"]


def _moved(places: list[int], edits: Sequence[Edit]) -> list[int]:
    """For every character of the edited text its place in the original, -1 for what was put in."""
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end), reverse=True):
        places = places[: edit.span.start] + [_NOWHERE] * len(edit.text) + places[edit.span.end :]
    return places


def _mapped(each: Diagnostic, source: Source, text: str, places: list[int]) -> Diagnostic | None:
    """The finding at its place in the original; None where it is about what was put in, or behind an end that is another."""
    labels = [_back(label.span, source, text, places) for label in each.labels]
    edits = [_back(edit.span, source, text, places) for edit in each.edits]
    if not all(labels) or not all(edits):
        return None
    return replace(
        each,
        labels=tuple(Label(span, label.text) for span, label in zip(labels, each.labels, strict=True) if span),
        edits=tuple(Edit(span, edit.text) for span, edit in zip(edits, each.edits, strict=True) if span),
    )
