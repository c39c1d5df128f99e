"""Keys of a recipe that are none: a name out of its section, a param outside of `params`, the version under another name."""

from __future__ import annotations

import re

import yaml

from smartgen.language.nearest import misspelt
from smartgen.language.source import Edit, Span
from smartgen.language.words import EXTENTS
from smartgen.recipe.shipped import shipped
from smartgen.recipe.yamlkeys import KEYS, MEANT
from smartgen.recipe.yamltree import Tree

Fix = tuple[str, tuple[Edit, ...]]  # help, edits
_NUMBER = re.compile(r"[0-9.]+%?(?:\s*[A-Za-z/]+)?|true|false")


def out_of_section(tree: Tree, key: yaml.Node, value: yaml.Node) -> Fix | None:
    """`verifying: profile.verify.time` right below the names of `cost:` and not indented like them."""
    text, line = tree.source.text, key.start_mark.index - key.start_mark.column
    deeper = ""
    for above in reversed(text[:line].splitlines()):
        indent = len(above) - len(above.lstrip(" "))
        if above.strip() and indent <= key.start_mark.column:
            section = re.fullmatch(r"[ ]*(cost|let|limit|params?):[ ]*(?:#.*)?", above)
            break
        deeper = above[:indent] if above.strip() else deeper
    else:
        return None
    if section is None or not deeper or not isinstance(value, yaml.ScalarNode):
        return None
    if not _belongs(section.group(1), str(key.value), tree.span(value).text):
        return None
    place = Span(tree.source, line, line + key.start_mark.column)
    return f"indent it below `{section.group(1)}:`", (Edit(place, deeper),)


def _belongs(section: str, name: str, value: str) -> bool:
    """Whether a name with its value could be one of a section's."""
    if misspelt(name, KEYS) is not None and name not in EXTENTS and (section != "cost" or "/" in value):
        return False
    if name in MEANT:
        return False
    if section == "limit":
        return name in EXTENTS
    if section == "cost":
        return re.search(r"profile\.|\btime\b|\d\s*(?:ms|s|J|usd)\b", value) is not None
    return section != "param" or "=" in value


def of_base(tree: Tree, key: yaml.Node, value: yaml.Node, root: yaml.MappingNode) -> Fix | None:
    """`trust: 0.85` among the keys of a recipe that inherits: a value for a param of the base."""
    there = {str(k.value): v for k, v in root.value}
    name, base = str(key.value), str(there["policy"].value) if "policy" in there else ""
    raw = tree.span(value).text.strip()
    if not base or not isinstance(value, yaml.ScalarNode) or not _NUMBER.fullmatch(raw) or not has_param(base, name):
        return None
    if "params" not in there:
        written = f"params: {{{name}: {raw}}}"
        return f"write `{written}`", (Edit(tree.span(key).to(tree.span(value)), written),)
    params = there["params"]
    if not isinstance(params, yaml.MappingNode) or not params.value:
        return None
    first = params.value[0][0].start_mark
    apart = ", " if params.flow_style else f"\n{' ' * first.column}"
    added = Edit(Span(tree.source, first.index, first.index), f"{name}: {raw}{apart}")
    return f"write `{name}: {raw}` among `params`", (Edit(tree.lines(key, value), ""), added)


def has_param(base: str, name: str) -> bool:
    """Whether a base has such a param; of one that is no shipped policy nobody knows here."""
    path = shipped().get(base)
    if path is None:
        return misspelt(name, KEYS) is None
    return (
        re.search(rf"^\s*(?:param\s+)?{re.escape(name)}\s*:", path.read_text(encoding="utf-8"), re.MULTILINE)
        is not None
    )


def wrapped(tree: Tree, key: yaml.Node, value: yaml.Node) -> Fix | None:
    """`spec:` or `config:` around the keys of a recipe: they stand at the margin themselves."""
    if not isinstance(value, yaml.MappingNode) or value.flow_style or not value.value:
        return None
    if not re.fullmatch(r"\w+", str(key.value)) or not all(str(k.value) in KEYS for k, _ in value.value):
        return None
    text, line = tree.source.text, key.start_mark.index - key.start_mark.column
    begins = text.find("\n", key.start_mark.index) + 1
    end = value.start_mark.index + len(text[value.start_mark.index : value.end_mark.index].rstrip())
    deeper = value.start_mark.column - key.start_mark.column
    starts = [begins, *(begins + found.end() for found in re.finditer(r"\n(?=[ ])", text[begins:end]))]
    edits = (
        Edit(Span(tree.source, line, begins), ""),
        *(Edit(Span(tree.source, at, at + deeper), "") for at in starts),
    )
    return "write its keys at the margin, without it", edits


def is_version(key: yaml.Node, value: yaml.Node, root: yaml.MappingNode) -> bool:
    """`apiVersion: 1` in the place of `smartgen: 1`."""
    first = bool(root.value) and root.value[0][0] is key
    named = any(str(k.value) == "smartgen" for k, _ in root.value)
    return (
        first
        and not named
        and isinstance(value, yaml.ScalarNode)
        and re.fullmatch(r"v?1(\.0)?", str(value.value)) is not None
    )


def as_one(tree: Tree, first: yaml.Node, key: yaml.Node, value: yaml.Node) -> Fix | None:
    """`cost:` twice, each with other names: one section of them all."""
    if not isinstance(first, yaml.MappingNode) or not isinstance(value, yaml.MappingNode):
        return None
    names = [str(k.value) for k, _ in (*first.value, *value.value)]
    if len(set(names)) < len(names) or not first.value or not value.value or first.flow_style != value.flow_style:
        return None
    text, line = tree.source.text, key.start_mark.index - key.start_mark.column
    help = f"write all of them below the first `{key.value}:`"
    if first.flow_style:
        inside = text[value.start_mark.index + 1 : value.end_mark.index - 1].strip()
        at = first.end_mark.index - 1
        return help, (Edit(Span(tree.source, at, at), f", {inside}"), Edit(tree.lines(key, value), ""))
    begins = text.find("\n", key.start_mark.index) + 1
    same = first.value[0][0].start_mark.column == value.value[0][0].start_mark.column
    if same and not text[first.end_mark.index : line].strip():
        return help, (Edit(Span(tree.source, line, begins), ""),)
    return None
