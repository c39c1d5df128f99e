"""What keys and values of the YAML form were meant to be, where they are something else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from smartgen.language.borrowed import extent
from smartgen.language.nearest import misspelt
from smartgen.language.units import SPELT, unit
from smartgen.language.words import EXTENTS
from smartgen.recipe.yamlkeys import KEYS, RULE_KEYS
from smartgen.recipe.yamltree import Tree


def said(key: yaml.Node, meant: str) -> bool:
    """Whether a key is `meant`, but for a slip of the fingers."""
    return isinstance(key, yaml.ScalarNode) and misspelt(str(key.value), [meant]) is not None


def rule_written(text: str) -> str | None:
    """`verify best 4` as a mapping; None where it begins with no statement."""
    word, _, rest = text.partition(" ")
    if word == "limit" and len(rest.split()) == 2:
        return f"{{limit: {{{': '.join(rest.split())}}}}}"
    plain = rest.strip() and not re.search(r"[,{}\[\]#]|: ", rest)
    return f"{{{word}: {rest.strip()}}}" if plain and word in [key for key, _, _ in RULE_KEYS] else None


def values_only(node: yaml.Node) -> bool:
    """Names with values, none of them with a type."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return bool(pairs) and all(isinstance(v, yaml.ScalarNode) and "=" not in str(v.value) for _, v in pairs)


def type_of(value: str) -> str:
    """The type of a bare value where `type = value` is due, empty where it is no value."""
    number = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z/]*)", value.strip())
    if value in ("true", "false"):
        return "flag"
    if number is None or (number.group(2) and unit(number.group(2)) is None):
        return ""
    if number.group(2):
        return number.group(2)
    return "count" if "." not in number.group(1) else "prob" if float(number.group(1)) <= 1 else "number"


def param_taken_apart(node: yaml.MappingNode) -> str:
    """`{type: count, default: 4}` as `count = 4`; empty where it is something else."""
    parts = {str(key.value): str(value.value) for key, value in node.value if isinstance(value, yaml.ScalarNode)}
    value = next((parts[key] for key in ("default", "value") if key in parts), "")
    kind = next((parts[key] for key in ("type", "kind", "unit") if key in parts), "") or type_of(value)
    return f"{SPELT.get(kind, kind)} = {value}" if value and kind and "\n" not in kind + value else ""


_IN_A_ROW = (("depth",), ("depth", "nodes"), ("depth", "topk", "nodes"), ("depth", "width", "topk", "nodes"))


def caps_of(node: yaml.Node) -> str:
    """`[6, 40]`, `[depth 6, nodes 40]`, `depth 6, nodes 40` as a mapping of extents; empty where it is something else."""
    items = node.value if isinstance(node, yaml.SequenceNode) else str(node.value).split(",")
    texts = [str(item.value) if isinstance(item, yaml.Node) else item for item in items]
    if not all(isinstance(text, str) and "\n" not in text for text in texts) or not 0 < len(texts) <= len(EXTENTS):
        return ""
    if all(text.strip().isdigit() for text in texts):
        pairs = list(zip(_IN_A_ROW[len(texts) - 1], (text.strip() for text in texts), strict=True))
    else:
        found = [
            re.fullmatch(r"\s*(?:--(?:limit[-_ ])?)?([A-Za-z_]\w*)\s*(?:<=|[:= ])\s*(\w+)\s*", text) for text in texts
        ]
        pairs = [(m.group(1), m.group(2)) for m in found if m is not None]
        pairs = [
            (name if name in EXTENTS else misspelt(name, EXTENTS) or extent(name) or "", cap) for name, cap in pairs
        ]
    named = len({name for name, _ in pairs}) == len(texts) and all(name for name, _ in pairs)
    return f"{{{', '.join(f'{name}: {cap}' for name, cap in pairs)}}}" if named else ""


def caps_in(node: yaml.Node) -> str:
    """`{num_speculative_tokens: 5}`, another engine's settings of the tree, as a mapping of extents; empty where none is."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    caps = {extent(str(key.value)): str(value.value) for key, value in pairs if str(value.value).isdigit()}
    known = [f"{name}: {cap}" for name, cap in caps.items() if name is not None]
    return f"{{{', '.join(known)}}}" if known else ""


_NAME, _VALUE = ("name", "key", "id"), ("value", "default", "expression", "expr", "cost", "limit")


def named_items(node: yaml.Node, what: str) -> list[str]:
    """`- name: trust` with `value: 0.9` below, and costs without names, as `trust: 0.9`; empty where it is something else."""
    items = node.value if isinstance(node, yaml.SequenceNode) else []
    lines: list[str] = []
    for item in items:
        pair = (
            re.fullmatch(r"(\w+)\s*(?:=|:|\s)\s*([^\s=].*)", str(item.value))
            if isinstance(item, yaml.ScalarNode)
            else None
        )
        if pair is not None and what in ("params", "limit", "let", "cost", "benefit"):
            lines.append(f"{pair.group(1)}: {pair.group(2)}")
        elif what == "cost" and isinstance(item, yaml.ScalarNode) and "profile." in str(item.value):
            lines.append(f"{'drafting' if 'profile.draft' in item.value else 'verifying'}: {item.value}")
        elif isinstance(item, yaml.MappingNode):
            parts = {
                str(key.value): str(value.value) for key, value in item.value if isinstance(value, yaml.ScalarNode)
            }
            name = next((parts[key] for key in _NAME if key in parts), "")
            value = next((parts[key] for key in _VALUE if key in parts), "")
            value = param_taken_apart(item) if what == "param" else value
            lines += [f"{name}: {value}"] if name and value else []
    return lines if len({line.partition(":")[0] for line in lines}) == len(items) > 0 else []


def rule_of_case(name: str) -> str | None:
    """The statement that a key of a case is, or was meant to be."""
    return name if name in KEYS else misspelt(name, [key for key, _, _ in RULE_KEYS] + ["limit"])


def as_cases(cases: Sequence[tuple[str, yaml.Node]], tree: Tree) -> str:
    """`when: {CONDITION: {RULES}}`, `when CONDITION: {RULES}` as a list of cases; empty where it is something else."""
    if not all(isinstance(rules, yaml.MappingNode) for _, rules in cases):
        return ""
    pairs = [(key, tree.source.text[v.start_mark.index : v.end_mark.index].strip()) for key, v in cases]
    pairs = [(key, rules if rules.startswith("{") else f"{{{', '.join(rules.splitlines())}}}") for key, rules in pairs]
    pairs = [(key, re.sub(r"\s+", " ", rules)) for key, rules in pairs]
    if any(rules.count("{") > 1 for _, rules in pairs):
        return ""
    quoted = ((f"'{c}'" if re.search(r"[,{}\[\]\"]", c) else c, rules) for c, rules in pairs)
    return f"cases: [{', '.join(f'{{when: {condition}, then: {rules}}}' for condition, rules in quoted)}]"
