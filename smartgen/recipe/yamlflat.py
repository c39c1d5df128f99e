"""A list or a mapping where one text is due: the text that it would be."""

from __future__ import annotations

import re

import yaml

from smartgen.language.source import Edit, Span
from smartgen.language.words import CLAUSES

_HOW_MANY = ("best", "top", "count", "k", "topk", "top_k", "num", "size", "width", "limit", "n", "nodes", "budget")
_ENDS = (("min", "max"), ("low", "high"), ("from", "to"), ("start", "end"), ("least", "most"), ("minimum", "maximum"))
_CLAUSE = {
    **{word: word for word in CLAUSES},
    **dict.fromkeys(("filter", "if", "when", "condition", "threshold"), "where"),
    **dict.fromkeys(("order", "order_by", "sort", "sort_by", "key", "rank_by"), "by"),
    **dict.fromkeys(("objective", "maximize"), "maximizing"),
}


def as_text(node: yaml.Node, span: Span, joint: str) -> tuple[str, tuple[Edit, ...]]:
    """(help, edits) for a node at `span`; `joint` is what the two parts of a pair would have between them."""
    raw = span.text.rstrip()
    if (table := _table(node)) and ("\n" not in raw or raw[:1] != "{"):
        return f"write `{table}`", (Edit(Span(span.source, span.start, span.start + len(raw)), f'"{table}"'),)
    flat = _flat(node, joint)
    taken_apart = flat is not None and isinstance(node, yaml.MappingNode) and len(node.value) > 1
    if flat is not None and (raw[:1] not in "[{" or (taken_apart and "\n" not in raw)):
        end = max(value.end_mark.index for _, value in node.value) if raw[:1] != "{" else span.start + len(raw)
        return f"write `{flat}` on one line", (Edit(Span(span.source, span.start, end), flat),)
    if "\n" in raw or raw[:1] not in "[{":
        return "quote it: YAML splits an unquoted `{a, b}` or `[a, b]` at its commas and `k: v` at the colon", ()
    inside = raw[1:-1].strip()
    scalars = isinstance(node, yaml.MappingNode) and all(isinstance(x, yaml.ScalarNode) for pair in node.value for x in pair)
    if scalars and len(node.value) == 1:
        key, value = (str(part.value) for part in node.value[0])
        inside = value if joint == "limit" else f"{key}{joint}{value}"
    elif re.fullmatch(r"\d+\s*,\s*\d+", inside):
        inside = re.sub(r"\s*,\s*", "..", inside)
    inside = re.sub(r"^(best|all),", r"\1", inside)
    fix = f"write `{inside}`: YAML makes lists of `[ ]` and mappings of `{{ }}` and of an unquoted `: `"
    return fix, (Edit(Span(span.source, span.start, span.start + len(raw)), inside),)


def _table(node: yaml.Node) -> str | None:
    """`{1: 5, 8: 3}`: counts by the size of the batch."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.MappingNode) for item in node.value):
        pairs = [pair for item in node.value for pair in item.value]  # `[1: 5, 32: 2]`
    if len(pairs) < 2 or not all(isinstance(v, yaml.ScalarNode) and re.fullmatch(r"\d+", str(k.value)) for k, v in pairs):
        return None
    return f"table(batch.size, {', '.join(f'{key.value}: {value.value}' for key, value in pairs)})"


def _flat(node: yaml.Node, joint: str) -> str | None:
    """A mapping that is one statement taken apart: `best: 8` and `where: ...`, `min: 0` and `max: 64`, or `time: 25 ms`."""
    if not isinstance(node, yaml.MappingNode) or not all(isinstance(v, yaml.ScalarNode) for _, v in node.value):
        return None
    pairs = [(str(key.value), str(value.value)) for key, value in node.value]
    if joint == " <= ":
        return f"{pairs[0][0]} <= {pairs[0][1]}" if len(pairs) == 1 else None
    found = dict(pairs)
    ends = next(((low, high) for low, high in _ENDS if high in found and {*found} <= {low, high, *_CLAUSE}), None)
    if ends is not None:
        count = f"{found.pop(ends[0], '0')}..{found.pop(ends[1])}"
    else:
        word = pairs[0][0] if pairs else ""
        if word not in (*_HOW_MANY, "all"):
            return None
        count = found.pop(word)
    if joint == "limit":
        return count if ends is not None and not found else None
    if not all(key in _CLAUSE for key in found):
        return None
    head = "all" if pairs[0][0] == "all" else f"best {count}"
    spoken = (
        f"{_CLAUSE[key]} {value}" if key != "pooled" else "pooled" * (value != "false") for key, value in found.items()
    )
    return " ".join(f"{head} {' '.join(spoken)}".split())
