"""Lines of YAML that stand too far in or out, and tabs."""

from __future__ import annotations

import re

import yaml

from smartgen.language.diagnostics import Diagnostic
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Edit, Source, Span
from smartgen.language.words import KEYWORDS
from smartgen.recipe.yamlkeys import KEYS
from smartgen.recipe.yamlsigns import unreadable


def tab(source: Source, at: int) -> Diagnostic:
    """A tab where a line begins; the fix is of every such line."""
    found = source.text.find("\t", max(0, at - 1))
    at = found if 0 <= found <= at + 1 else at
    edits: list[Edit] = []
    for m in re.finditer(r"^([ \t]*\t[ \t]*)(\w*)", source.text, re.MULTILINE):
        above = source.text[: m.start()].rstrip("\n").rsplit("\n", 1)[-1]
        alike = edits and re.match(r"[ \t]*", above).group() == m.group(1)  # type: ignore[union-attr]
        spaces = edits[-1].text if alike else _untabbed(source.text, m.start(), m.group(2), m.group(1))
        edits.append(Edit(Span(source, m.start(1), m.end(1)), spaces))
    help = "remove it" if edits and edits[0].text == "" else "use spaces"
    return unreadable("YAML is not indented with tabs", Span(source, at, at + 1), help, tuple(edits))


def _untabbed(text: str, line: int, key: str, tabs: str) -> str:
    """The spaces of a line that begins with tabs: those of the other statements where its key is one."""
    if key in KEYS:
        first = re.search(rf"^([ ]*)(?:{'|'.join(KEYS)}):", text, re.MULTILINE)
        return first.group(1) if first is not None else ""
    return _indent(text, line) or tabs.replace("\t", "  ")


def _indent(text: str, line: int) -> str:
    """The indentation that a line at `line` has by the line above it."""
    above = text[:line].rstrip("\n").rsplit("\n", 1)[-1]
    spaces = above[: len(above) - len(above.lstrip())].replace("\t", "  ")
    return spaces if re.search(r":\s+\S", above) else spaces + "  "


def too_deep(source: Source, line: int) -> Diagnostic | None:
    """A line deeper than the one above it lets it be."""
    deep = re.match(r"[ ]+", source.text[line:])
    spaces = _indent(source.text, line)
    if deep is None or len(spaces) >= deep.end():
        return None
    span = Span(source, line, line + deep.end())
    message = "this line does not fit the indentation above"
    return unreadable(message, span, "indent keys of one level alike", (Edit(span, spaces),))


def indentation(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    """A line in which YAML expects another key, or an end."""
    line = source.text.rfind("\n", 0, at) + 1
    partly = re.match(
        r"[ ]*(?:-[ ]+)?\w+:[ ]+(\"([^\"\n]*)\"[ ]*[^\s#,][^\n#]*?)[ ]*(?:#[^\n]*)?(?:\n|$)", source.text[line:]
    )
    if partly is not None and at > line + partly.start(1):
        span = Span(source, line + partly.start(1), line + partly.end(1))
        name = partly.group(2) in SIGNALS or partly.group(2) in KEYWORDS
        written = span.text.replace(f'"{partly.group(2)}"', partly.group(2), 1) if name else f"'{span.text}'"
        return unreadable("a value in quotes ends with its quote", span, f"write `{written}`", (Edit(span, written),))
    above = source.text[:line].rstrip("\n").rsplit("\n", 1)[-1]
    spaces = above[: len(above) - len(above.lstrip())]
    key = re.match(r"[ ]*(\w+):", source.text[line:])
    if key is not None and key.group(1) in KEYS:  # a statement stands where the others do
        first = re.search(rf"^([ ]*)(?:{'|'.join(KEYS)}):", source.text, re.MULTILINE)
        spaces = first.group(1) if first is not None else spaces
    there = len(source.text[line:]) - len(source.text[line:].lstrip(" "))
    edits = (Edit(Span(source, line, line + there), spaces),) if len(spaces) != there else ()
    return unreadable(message, Span(source, at, at + 1), fix, edits)
