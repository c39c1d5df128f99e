"""A chain of `when` written as keys of the recipe: `when batch.size > 8: {...}` beside `otherwise: {...}`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from smartgen.language.source import Edit, Span
from smartgen.recipe.yamltree import Tree

_WHEN = re.compile(r"(?:when|if|elif|else if|else when)\s+(\S.*)")
_REST = ("otherwise", "else", "default")
Case = tuple[str, yaml.MappingNode]  # condition, empty for `otherwise`, and what holds there


@dataclass(frozen=True)
class Chain:
    """The pairs of the recipe that make up the chain, and the change that makes one `cases` of them."""

    pairs: tuple[tuple[yaml.Node, yaml.Node], ...]
    edits: tuple[Edit, ...]


def chain(root: yaml.MappingNode, tree: Tree) -> Chain | None:
    """The chain among the keys of `root`; None where fewer than two pairs are one, and no list."""
    pairs, cases, pending = [], [], ""
    for key, value in root.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
        spelt = _WHEN.fullmatch(name)
        found: list[Case] | None = None
        if name in ("when", "if") and isinstance(value, yaml.ScalarNode) and not pending and str(value.value).strip():
            pending, found = str(value.value).strip(), []
        elif name in ("when", "if") and isinstance(value, yaml.MappingNode):
            inner = [(str(k.value), v) for k, v in value.value if isinstance(v, yaml.MappingNode)]
            found = inner if len(inner) == len(value.value) else None
        elif name in ("when", "if") and isinstance(value, yaml.SequenceNode):
            found = _listed(value)
        elif name in ("then", "do") and pending and isinstance(value, yaml.MappingNode):
            found, pending = [(pending, value)], ""
        elif (spelt or name in _REST) and isinstance(value, yaml.MappingNode):
            found = [(spelt.group(1) if spelt else "", value)]
        if found is not None:
            pairs.append((key, value))
            cases += found
    listed = any(isinstance(value, yaml.SequenceNode) for _, value in pairs)
    if len(pairs) + listed < 2 or pending or root.flow_style or not all(condition for condition, _ in cases[:-1]):
        return None
    return Chain(tuple(pairs), _edits(tuple(pairs), cases, tree))


def _listed(items: yaml.SequenceNode) -> list[Case] | None:
    """`- batch.size > 8: {...}`; None where an item is something else."""
    found: list[Case] = []
    for item in items.value:
        pair = item.value[0] if isinstance(item, yaml.MappingNode) and len(item.value) == 1 else (None, None)
        if not isinstance(pair[0], yaml.ScalarNode) or not isinstance(pair[1], yaml.MappingNode):
            return None
        name = str(pair[0].value)
        found.append(("" if name in _REST else name, pair[1]))
    return found


def _edits(pairs: tuple[tuple[yaml.Node, yaml.Node], ...], cases: list[Case], tree: Tree) -> tuple[Edit, ...]:
    text, source = tree.source.text, tree.source
    margin = " " * pairs[0][0].start_mark.column
    written = "\n".join(_lines(case, margin, text) for case in cases)
    edits = []
    for place, (key, value) in enumerate(pairs):
        start = key.start_mark.index
        end = start + len(text[start : value.end_mark.index].rstrip())
        if place == 0:
            edits.append(Edit(Span(source, start, end), f"cases:\n{written}"))
        else:
            line = text.rfind("\n", 0, start) + 1
            edits.append(Edit(Span(source, line, min(len(text), end + 1)), ""))
    return tuple(edits)


def _lines(case: Case, margin: str, text: str) -> str:
    """One item of the list, its rules as they stood, indented by six."""
    condition, rules = case
    inside = text[rules.start_mark.index : rules.end_mark.index].rstrip()
    if not rules.flow_style:
        spaces = f"\n{' ' * rules.start_mark.column}"
        inside = f"\n{margin}      " + inside.replace(spaces, f"\n{margin}      ")
    else:
        inside = f" {inside}"
    if not condition:
        return f"{margin}  - otherwise:{inside}"
    quoted = f'"{condition}"' if re.search(r": |#|^[\[{\"']", condition) and '"' not in condition else condition
    return f"{margin}  - when: {quoted}\n{margin}    then:{inside}"
