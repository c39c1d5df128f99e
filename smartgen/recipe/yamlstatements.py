"""Statements of the YAML form: a key says how one begins, its value is the rest."""

from __future__ import annotations

import re
from typing import Any

import yaml

from smartgen.language import syntax as s
from smartgen.language.parse import parse_expression, parse_statement
from smartgen.language.source import Edit, Excerpt, Span
from smartgen.language.units import unit
from smartgen.language.words import EXTENTS, TYPES
from smartgen.recipe.yamlkeys import RULE_KEYS
from smartgen.recipe.yamlmappings import Mappings, Nodes
from smartgen.recipe.yamlmeant import param_taken_apart, type_of
from smartgen.recipe.yamltree import Tree, empty, filled


class Statements:
    """Reads the statements of a tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree, self.findings = tree, tree.findings
        self.mappings = Mappings(tree)

    def rules(self, keys: Nodes, derived: bool) -> tuple[tuple[s.Rule, ...], dict[str, int]]:
        rules: list[Any] = []
        for word in ("let", "benefit", "cost"):
            for name, _, value in self.mappings.named(keys, word):
                rules.append(self._statement(word, f"{word} {name} = ", value, name))
            if word == "benefit" and len(rules) > 1 and sum(isinstance(rule, s.Benefit) for rule in rules) > 1:
                self._two_benefits(keys["benefit"])
                rules.pop()
        for key, kind, words in RULE_KEYS:
            if key in keys:
                rules.append(self._statement(kind, words, keys[key], key))
        for node in self.listed(keys.get("subject_to")):
            rules.append(self._statement("subject", "subject to ", node, "subject_to"))
        caps, outer = self._limit(keys, derived)
        if caps:
            rules.append(s.Limit(caps, self.tree.span(keys["limit"])))
        return tuple(rule for rule in rules if rule is not None), outer

    def param(self, key: yaml.Node, value: yaml.Node) -> s.Param | None:
        name = self.tree.text(key)
        if name is None or self._typed(name, key, value) or not self.mappings.good_name(name, key):
            return None
        if isinstance(value, yaml.ScalarNode) and (kind := type_of(str(value.value))):
            written = f"{kind} = {value.value}"
            edits = (Edit(self.tree.span(value), written),)
            self.tree.wrong("SG005", f"`{name}` has no type", value, f"write `{name}: {written}`", False, edits)
            self.findings.lost(name)
            return None
        if isinstance(value, yaml.MappingNode) and (line := param_taken_apart(value)):
            span = self.tree.span(value)
            at = Span(span.source, span.start, span.start + len(span.text.rstrip()))
            message, edits = "a param is `type = value` on one line", (Edit(at, line),)
            self.tree.wrong("SG407", message, value, f"write `{name}: {line}`", True, edits)
            self.findings.lost(name)
            return None
        found = self._statement("param", f"param {name}: ", value, name)
        if found is None:
            self.findings.lost(name)
            return None
        return s.Param(s.Name(name, self.tree.span(key)), found.type, found.value, found.span)

    def _typed(self, name: str, key: yaml.Node, value: yaml.Node) -> bool:
        """Whether a param has its type in front, `prob trust: 0.9`; that is recorded."""
        pair = re.fullmatch(r"([A-Za-z/]+)\s+([A-Za-z_]\w*)", name)
        kind = pair.group(1) if pair is not None else ""
        raw = self.tree.span(value).text.strip()
        if pair is None or (kind not in TYPES and unit(kind) is None) or "=" in raw:
            return False
        written = f"{pair.group(2)}: {kind} = {raw}"
        edits = (Edit(self.tree.span(key).to(self.tree.span(value)), written),)
        self.tree.wrong("SG005", "the type stands behind the name", key, f"write `{written}`", False, edits)
        self.findings.lost(pair.group(2))
        return True

    def _statement(self, kind: str, words: str, node: yaml.Node, key: str) -> Any:
        """The statement of which `node` is the rest."""
        if empty(node):
            self._nothing(node, key)
            return None
        joint = {"subject": " <= ", "limit": "limit"}.get(kind, " ")
        excerpt = self.tree.excerpt(node, joint)
        if excerpt is None:
            self.findings.lost(self.tree.span(node).text)
            return None
        first = words.split()[-1]
        if kind in ("maximize", "proceed", "subject", "expand", "verify") and re.match(rf"{first}\b", excerpt.text):
            return self._said_twice(kind, words, node, excerpt, key)
        found = parse_statement(kind, words, excerpt, self.findings)
        if found is None:
            self.findings.lost(excerpt.text)
        return found

    def _said_twice(self, kind: str, words: str, node: yaml.Node, excerpt: Excerpt, key: str) -> Any:
        """`continue: while x`: the key has said the word."""
        first = words.split()[-1]
        rest = re.match(rf"(?:{first}|to|while)\s+", excerpt.text)
        end = rest.end() if rest else len(first)
        removed = excerpt.span(0, end)
        fix = f"write `{key}: {excerpt.text[end:]}`"
        message = f"the key `{key}` already says `{first}`"
        self.findings.add("SG406", message, excerpt.span(0, len(first)), fix, edits=(Edit(removed, ""),))
        length = len(excerpt.text)
        inner = Excerpt(excerpt.source, excerpt.text[end:], excerpt.starts[end:length], excerpt.ends[end:length])
        return parse_statement(kind, words, inner, self.findings) if inner.text else None

    def _nothing(self, node: yaml.Node, key: str) -> None:
        self.findings.lost("")
        example = {
            "maximize": "tokens / time",
            "expand": "best 10",
            "verify": "best 0..64",
            "continue": "layer.depth < 4",
            "subject_to": "time <= 25 ms",
            "depth": "8",
            "width": "10",
            "topk": "10",
            "nodes": "64",
        }.get(key, "node.path")
        edits = (Edit(filled(self.tree, node), f" {example}"),) if not self.tree.span(node).text.strip() else ()
        edits = edits or (Edit(self.tree.span(node), example),)
        self.tree.wrong("SG406", f"`{key}` has no value", node, f"write one: `{key}: {example}`", True, edits)

    def _two_benefits(self, node: yaml.Node) -> None:
        self.tree.wrong("SG105", "a policy has one benefit", node, "keep one of them", True)

    def _limit(self, keys: Nodes, derived: bool) -> tuple[tuple[s.Cap, ...], dict[str, int]]:
        """Caps of the policy itself; on top of a base they only tighten, so plain numbers go outside."""
        caps: list[s.Cap] = []
        outer: dict[str, int] = {}
        pairs = self.mappings.pairs(keys, "limit")
        there = {str(key.value) for key, _ in pairs}
        for key, value in pairs:
            name: str | None = str(key.value)
            if name not in EXTENTS:
                name = self.mappings.unknown(key, value, str(name), tuple(EXTENTS), "`limit`", there)
            if name is None:
                continue
            if name in outer or any(cap.extent == name for cap in caps):
                edits = self.tree.without(key, value)
                self.tree.wrong("SG105", f"`{name}` stands twice in `limit`", key, "keep one of them", False, edits)
                continue
            found = self._statement("limit", f"limit {name} ", value, name)
            if found is None:
                continue
            count = found.caps[0].count
            plain = isinstance(count.low, s.Number) and count.high is None and not count.low.unit
            if derived and plain and count.low.value == int(count.low.value):
                outer[name] = int(count.low.value)
            else:
                caps.append(s.Cap(name, count, self.tree.span(value)))
        return tuple(caps), outer

    def listed(self, node: yaml.Node | None) -> list[yaml.Node]:
        if node is None:
            return []
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def expression(self, node: yaml.Node) -> s.Expression | None:
        excerpt = self.tree.excerpt(node)
        return None if excerpt is None else parse_expression(excerpt, self.findings)
