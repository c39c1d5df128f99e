"""A list or a text where names with values are due: the mapping that it would be."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from smartgen.language.source import Edit, Source, Span
from smartgen.recipe.yamlmeant import caps_of, named_items

_USUAL = {"benefit": "accepted", "cost": "verifying", "limit": "depth", "let": "gain"}  # names of what has none


class Reading(NamedTuple):
    """What is to be done, and the edits that do it. `short`: what is wrong begins on the first line."""

    fix: str
    edits: tuple[Edit, ...]
    short: bool = False


def as_names(node: yaml.Node, span: Span, what: str) -> Reading:
    """The node at `span` as a mapping of `what`."""
    raw = span.text.strip()
    folded = re.match(r"[|>][+-]?[ ]*(?=\n)", raw)
    if folded is not None:
        place = Span(span.source, span.start, span.start + folded.end())
        return Reading(f"remove `{folded.group().strip()}`: it makes a text of the lines", (Edit(place, ""),), short=True)
    reading = _items(node, span.source, raw, what) or as_mapping(node, span.source)
    if reading is not None:
        return reading
    signs = list(re.finditer(r"^[ ]*[A-Za-z_]\w*([ ]*:?=[ ]*)(?=[^\s=])", raw, re.MULTILINE))
    if len(signs) == len(raw.splitlines()) > 1:
        edits = tuple(Edit(Span(span.source, span.start + m.start(1), span.start + m.end(1)), ": ") for m in signs)
        return Reading(f"write `{raw.splitlines()[0][: signs[0].start(1)]}: ...`", edits, short=True)
    apart = re.fullmatch(r"([A-Za-z_]\w*)(?:[ ]*:?=[ ]*|[ ]+)([A-Za-z0-9(\"][^\n]*)", raw)
    alone = not _before(span).strip()
    if apart is not None and alone:  # `accepted node.path` on a line of its own
        place = Span(span.source, span.start + apart.end(1), span.start + apart.start(2))
        return Reading(f"write `{apart.group(1)}: {apart.group(2)}`", (Edit(place, ": "),), short=True)
    written = (caps_of(node) if what == "limit" else "") or _flow(node, raw, what)
    if written:
        return Reading(f"write `{what}: {written}`", (Edit(span, written),))
    return Reading(f"write `{what}: {{{_usual(what)}: ...}}`", ())


def _before(span: Span) -> str:
    """What stands before it on its line."""
    return span.source.text[span.source.text.rfind("\n", 0, span.start) + 1 : span.start]


def _usual(what: str) -> str:
    return _USUAL.get(what, "name")


def _items(node: yaml.Node, source: Source, raw: str, what: str) -> Reading | None:
    """A list whose items say a name and a value each."""
    lines = named_items(node, what) if "\n" in raw or raw[:1] == "[" else ""
    if not lines:
        return None
    flow = raw[:1] == "["
    block = f"{{{', '.join(lines)}}}" if flow else f"\n{' ' * node.start_mark.column}".join(lines)
    place = Span(source, node.start_mark.index, node.start_mark.index + len(raw))
    return Reading(f"write names with values: `{lines[0]}`", (Edit(place, block),), short=True)


def as_mapping(node: yaml.Node, source: Source) -> Reading | None:
    """A list of mappings, which is one mapping with a `-` before each pair, or with brackets for braces."""
    items = node.value if isinstance(node, yaml.SequenceNode) else []
    if not items or not all(isinstance(item, yaml.MappingNode) for item in items):
        return None
    if isinstance(node, yaml.SequenceNode) and node.flow_style:  # `[depth: 4]`, `[{verify: best 4}]`
        pairs = [source.text[k.start_mark.index : v.end_mark.index] for item in items for k, v in item.value]
        place, written = Span(source, node.start_mark.index, node.end_mark.index), f"{{{', '.join(pairs)}}}"
        return Reading(f"write `{written}`", (Edit(place, written),))
    starts = (item.start_mark.index for item in items)
    edits = tuple(Edit(Span(source, at - 2, at), "  ") for at in starts if source.text[at - 2 : at] == "- ")
    return Reading("write them without `-`", edits, short=True)


def _flow(node: yaml.Node, raw: str, what: str) -> str:
    """`[trust, 0.9]`, `trust = 0.9` or a value alone as `{name: value}`, `[]` as `{}`; empty where it is something else."""
    if "\n" in raw:
        return ""
    if raw == "[]":
        return "{}"
    items = node.value if isinstance(node, yaml.SequenceNode) else []
    if 1 <= len(items) <= 2 and all(isinstance(item, yaml.ScalarNode) for item in items):
        *names, value = (str(item.value) for item in items)
        return f"{{{names[0] if names else _usual(what)}: {value}}}"
    if not isinstance(node, yaml.ScalarNode) or re.search(r"[{}\[\],#]", raw):
        return ""
    raw = re.sub(r"^--(param|limit)?[-_ ]?", "", raw)  # as the command line has it
    pair = re.fullmatch(r"(\w+)\s*[=: ]\s*(.+)", raw)
    named = pair is not None and (what in ("limit", "params") or "=" in raw or pair.group(2)[0].isalpha())
    return f"{{{pair.group(1)}: {pair.group(2)}}}" if pair and named else f"{{{_usual(what)}: {raw}}}"
