"""Slips of the hand in the lines of a YAML file: a `;` at the end, a first line that is indented, a missing `:` or space."""

from __future__ import annotations

import re

from smartgen.language.diagnostics import Diagnostic
from smartgen.language.source import Edit, Source, Span, line_end
from smartgen.recipe.yamlkeys import KEYS
from smartgen.recipe.yamlsigns import unreadable

_KEY = rf"(?:{'|'.join(KEYS)})"


def slip(source: Source, at: int, said: str) -> Diagnostic | None:
    """What the lines up to the one that holds character `at`, where the reader stopped, show; None for no slip.

    `said`: the reader's own words.
    """
    found = _comment(source, at) or _ended(source, at) or _surplus(source, at)
    found = found or _set_in(source) or _first_item(source) or _no_then(source, at) or _beside_case(source, at)
    found = found or _dash(source, at)
    return found or (_no_colon(source, at) if "mapping values" in said else None)


def _ended(source: Source, at: int) -> Diagnostic | None:
    """`limit: {depth: 6};`, `limit:;`."""
    marks = re.compile(r"(?<=[}\]\"':])[ ]*(;)(?=[ ]*(?:#[^\n]*)?$)", re.MULTILINE)
    found = list(marks.finditer(source.text))
    if not found or found[0].start(1) > line_end(source.text, at):
        return None
    edits = tuple(Edit(Span(source, *mark.span(1)), "") for mark in found)
    return unreadable("no `;` ends a line of YAML", edits[0].span, "remove it", edits)


def _comment(source: Source, at: int) -> Diagnostic | None:
    """`// a note` on a line of its own."""
    sign = re.compile(r"^[ ]*(//+|--|;+)(?=[ ])", re.MULTILINE).search(source.text)
    if sign is None or sign.start() > at:
        return None
    span = Span(source, *sign.span(1))
    return unreadable("comments begin with `#`", span, "write `#`", (Edit(span, "#"),))


def _surplus(source: Source, at: int) -> Diagnostic | None:
    """`limit: {depth: 4 }}`."""
    start = source.text.rfind("\n", 0, at) + 1
    line = source.text[start : line_end(source.text, start)]
    closing = re.search(r"([}\]])[ ]*(?:#.*)?$", line)
    if closing is None or line.count(closing.group(1)) <= line.count("{" if closing.group(1) == "}" else "["):
        return None
    span = Span(source, start + closing.start(1), start + closing.end(1))
    return unreadable(f"this `{closing.group(1)}` closes nothing", span, "remove it", (Edit(span, ""),))


def _set_in(source: Source) -> Diagnostic | None:
    """The first key stands further in than the others."""
    first = re.match(r"(?:[ ]*(?:#[^\n]*)?\n)*([ ]+)(\w+):", source.text)
    if first is None or not re.search(rf"^{_KEY}:", source.text[first.end() :], re.MULTILINE):
        return None
    span = Span(source, *first.span(1))
    message = f"`{first.group(2)}` stands further in than the other keys"
    return unreadable(message, span, "write it at the margin", (Edit(span, ""),))


def _beside_case(source: Source, at: int) -> Diagnostic | None:
    """`- when: batch.size > 8` above a `then:` that stands below the `-`."""
    start = source.text.rfind("\n", 0, at) + 1
    here = re.compile(r"([ \t]*)(?:then|otherwise):").match(source.text, start)
    above = re.search(r"(?:^|\n)([ ]*-[ ]+)when:[^\n]*\n$", source.text[:start])
    if here is None or above is None or here.group(1) == " " * len(above.group(1)):
        return None
    span = Span(source, *here.span(1)) if here.group(1) else Span(source, start, start + 1)
    edits = (Edit(Span(source, *here.span(1)), " " * len(above.group(1))),)
    return unreadable("`when` and `then` are one item of the list", span, "indent it like `when`", edits)


def _first_item(source: Source) -> Diagnostic | None:
    """`cases:` above `when: ...` without its dash, and an item with one further down."""
    found = re.compile(r"^cases:[ ]*\n([ ]*)(when):", re.MULTILINE).search(source.text)
    if found is None or not re.search(r"^[ ]*- ", source.text[found.end() :], re.MULTILINE):
        return None
    place = Span(source, found.start(2), found.start(2))
    message = "`cases` is a list, whose items begin with `- `"
    return unreadable(message, Span(source, *found.span(2)), "write `- when: ...`", (Edit(place, "- "),))


def _no_then(source: Source, at: int) -> Diagnostic | None:
    """`- when: batch.size > 8` above a line `{expand: best 1}`."""
    start = source.text.rfind("\n", 0, at) + 1
    for begins in (start, source.text.rfind("\n", 0, max(0, start - 1)) + 1):
        here = re.compile(r"([ ]*)\{[^\n]*\}[ ]*$", re.MULTILINE).match(source.text, begins)
        above = re.search(r"(?:^|\n)([ ]*-[ ]+)when:[^\n]*\n$", source.text[:begins])
        if here is None or above is None:
            continue
        place = Span(source, here.end(1), here.end(1))
        shown = source.text[here.end(1) : here.end()].strip()
        message, span = "a case says in `then` what holds in it", Span(source, here.end(1), here.end())
        return unreadable(message, span, f"write `then: {shown}`", (Edit(place, "then: "),))
    return None


def _dash(source: Source, at: int) -> Diagnostic | None:
    """`- depth: 8` above `nodes: 32`, `- smartgen: 1` above `policy: smart`: one of the keys with a `-`."""
    start = source.text.rfind("\n", 0, at) + 1
    here = re.compile(r"([ ]*)(- )?\w+:").match(source.text, start)
    above = re.search(r"(?:^|\n)([ ]*)(- )?\w+:[^\n]*\n$", source.text[:start])
    if here is None or above is None or here.group(1) != above.group(1) or bool(here.group(2)) == bool(above.group(2)):
        return None
    span = Span(source, *(here if here.group(2) else above).span(2))
    return unreadable("names with values are no list", span, "write it without `-`", (Edit(span, ""),))


def _no_colon(source: Source, at: int) -> Diagnostic | None:
    """`limit {depth: 6, nodes: 32}`, `limit:{depth: 6}`, and `drafting profile.draft.time` above another name."""
    start = source.text.rfind("\n", 0, at) + 1
    line = source.text[start : line_end(source.text, start)]
    brace = re.match(r"[ ]*(?:-[ ]+)?(\w+)(:?[ ]*)(?=\{)", line)
    if brace is not None and not re.fullmatch(r":[ ]+", brace.group(2)):
        return _put(source, start + brace.start(1), brace.group(1), start + brace.end(2), f"{{{line[brace.end() + 1 :]}")
    quoted = re.match(r"[ ]*(?:-[ ]+)?(\w+)(:?[ ]*)(?=[\"'])", line)
    if quoted is not None and not re.fullmatch(r":[ ]+", quoted.group(2)):  # `depth "table(batch.size, 1: 8, 16: 2)"`
        return _put(source, start + quoted.start(1), quoted.group(1), start + quoted.end(), line[quoted.end() :])
    above = re.search(r"(?:^|\n)([ ]*)(\w+)([ ]+)([^\s:#][^\n]*?)[ ]*\n$", source.text[:start])
    alike = re.match(r"([ ]*)\w+:", line)
    if above is None or alike is None or above.group(1) != alike.group(1) or re.match(r"\w+:\s", above.group(4)):
        return None
    return _put(source, above.start(2), above.group(2), above.end(3), above.group(4))


def _put(source: Source, start: int, key: str, end: int, value: str) -> Diagnostic:
    """The finding that `: ` is missing between a key, which begins at `start`, and its value, which begins at `end`."""
    behind = start + len(key)
    edits = (Edit(Span(source, behind, end), ": "),)
    span = Span(source, start, behind)
    return unreadable("between a key and its value stands `: `", span, f"write `{key}: {value}`", edits)
