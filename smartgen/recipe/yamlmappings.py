"""Mappings of the YAML form: the keys that they have, and what the others were meant to be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import yaml

from smartgen.language.borrowed import extent
from smartgen.language.nearest import closest
from smartgen.language.source import Edit, Span
from smartgen.language.words import EXTENTS, KEYWORDS
from smartgen.recipe.yamlkeys import CASE_MEANT, MEANT
from smartgen.recipe.yamlmeant import as_cases, rule_of_case, values_only
from smartgen.recipe.yamltree import Tree, empty

Nodes = dict[str, yaml.Node]
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Mappings:
    """Reads the mappings of a tree; what is wrong with their keys goes to its findings."""

    def __init__(self, tree: Tree) -> None:
        self.tree, self.findings = tree, tree.findings

    def keys(self, node: yaml.MappingNode, known: Iterable[str], what: str) -> Nodes:
        found: Nodes = {}
        if self.tree.torn(node):
            return found
        there = {str(key.value) for key, _ in node.value}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in known:
                self.unknown(key, value, str(name), tuple(known), what, there)
            elif name in found:
                line = found[name].start_mark.line + 1
                message = f"the key `{name}` stands twice, first on line {line}"
                self.tree.wrong("SG105", message, key, "keep one of them", False, self._without(key, value))
            elif name == "param" and {"policy"} == there & {"policy", "params"} and values_only(value):
                message = "`param` declares a param with its type; what is inherited is set by `params`"
                self.tree.wrong("SG405", message, key, "write `params`", True, (Edit(self.tree.span(key), "params"),))
                found["params"] = value
            else:
                found[name] = value
        return found

    def unknown(
        self,
        key: yaml.Node,
        value: yaml.Node,
        name: str,
        known: tuple[str, ...],
        what: str,
        there: Collection[str] = (),
    ) -> None:
        self.findings.lost(self.tree.span(value).text if isinstance(value, yaml.ScalarNode) else name)
        message = f"{what} has no key `{name}`"
        pair = self.tree.span(key).to(self.tree.span(value))
        borrowed = extent(name) if what == "`limit`" else None
        meant = borrowed or (CASE_MEANT if what == "a case" else MEANT).get(name) or closest(name, known)
        edits: tuple[Edit, ...] = ()
        if name == "<<":
            message, fix = "YAML's merge keys are not read", "inherit with `policy: NAME`, or write the keys out"
        elif (tight := re.fullmatch(r"(\w+)(?::|\s*=\s*)(.+)", name)) and tight.group(1) in known:
            message, written = "a key and its value have `: ` between them", f"{tight.group(1)}: {tight.group(2)}"
            fix, edits = f"write `{written}`", (Edit(self.tree.span(key), written),)
        elif name in EXTENTS and what == "a recipe" and "limit" not in there:
            written = f"limit: {{{pair.text}}}"
            fix, edits = f"write `{written}`", (Edit(pair, written),)
        elif (
            what == "a case"
            and "then" in known
            and "then" not in there
            and "otherwise" not in there
            and (rule := rule_of_case(name))
        ):
            written = f"then: {{{rule}: {self.tree.span(value).text}}}"
            fix, edits = f"write `{written}`", (Edit(pair, written),)
        elif (above := self._hanging(key)) is not None:
            line = Span(self.tree.source, key.start_mark.index, key.start_mark.index)
            fix, edits = f"indent it below `{above}:`", (Edit(line, "  "),)
        elif (
            name in ("when", "if")
            and "cases" in known
            and "cases" not in there
            and isinstance(value, yaml.MappingNode)
            and (it := as_cases([(str(case.value), rules) for case, rules in value.value], self.tree))
        ) or (
            (spelt := re.fullmatch(r"(?:when|if)\s+(.+)", name))
            and "cases" in known
            and "cases" not in there
            and (it := as_cases([(spelt.group(1), value)], self.tree))
        ):
            fix, edits = f"write `{it}`", (Edit(pair, it),)
        elif meant in known and meant not in there:
            fix, edits = f"did you mean `{meant}`?", (Edit(self.tree.span(key), str(meant)),)
        else:
            fix, edits = f"remove it; keys are {', '.join(known)}", self._without(key, value)
        self.tree.wrong("SG405", message, key, fix, False, edits)

    def _hanging(self, key: yaml.Node) -> str | None:
        """The key on the line above whose names and values this one seems to be among: it has nothing behind it."""
        text, line = self.tree.source.text, key.start_mark.index - key.start_mark.column
        above = text[:line].rstrip("\n").rsplit("\n", 1)[-1]
        found = re.fullmatch(rf"[ ]{{{key.start_mark.column}}}(benefit|cost|let|limit|params?):\s*", above)
        return found.group(1) if found else None

    def _without(self, key: yaml.Node, value: yaml.Node) -> tuple[Edit, ...]:
        """The pair removed, if it has lines of its own."""
        text, start = self.tree.source.text, key.start_mark.index
        line = text.rfind("\n", 0, start) + 1
        end = text.find("\n", max(value.end_mark.index - 1, start))
        end = len(text) if end < 0 else end + 1
        if not text[line:start].strip():
            return (Edit(Span(self.tree.source, line, end), ""),)
        pair = re.compile(r"(,\s*)?(\S+:\s+[^,{}]*)(?(1)|,?\s*)(?=[^{]*\})").match(text, text.rfind(",", 0, start))
        if pair is not None and text.rfind(",", 0, start) > text.rfind("{", 0, start) and pair.start(2) == start:
            return (Edit(Span(self.tree.source, pair.start(), pair.end()), ""),)
        return ()

    def pairs(self, keys: Nodes, what: str) -> list[tuple[yaml.Node, yaml.Node]]:
        node = keys.get(what)
        if node is None or empty(node):
            return []
        if not isinstance(node, yaml.MappingNode):
            self._no_mapping(node, what)
            return []
        return [] if self.tree.torn(node) else list(node.value)

    def _no_mapping(self, node: yaml.Node, what: str) -> None:
        raw = self.tree.span(node).text.strip()
        self.findings.lost(raw)
        usual = {"benefit": "accepted", "cost": "verifying", "limit": "depth", "let": "gain"}.get(what, "name")
        edits: tuple[Edit, ...] = ()
        written = f"{{{usual}: {raw}}}"
        pair = re.fullmatch(r"(\w+)\s*[= ]\s*(.+)", raw)
        if pair and (what in ("limit", "params") or "=" in raw):
            written = f"{{{pair.group(1)}: {pair.group(2)}}}"
        if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.MappingNode) for item in node.value):
            starts = (item.start_mark.index for item in node.value)
            text, source = self.tree.source.text, self.tree.source
            edits = tuple(Edit(Span(source, at - 2, at), "  ") for at in starts if text[at - 2 : at] == "- ")
            self.tree.wrong("SG406", f"`{what}` holds names and values", node, "write them without `-`", True, edits)
            return
        if isinstance(node, yaml.SequenceNode) and len(node.value) == 2 and "\n" not in raw:
            written = f"{{{node.value[0].value}: {node.value[1].value}}}"
            edits = (Edit(self.tree.span(node), written),)
        elif isinstance(node, yaml.SequenceNode) and len(node.value) == 1 and "\n" not in raw:
            written = f"{{{usual}: {node.value[0].value}}}"
            edits = (Edit(self.tree.span(node), written),)
        elif isinstance(node, yaml.ScalarNode) and "\n" not in raw and not re.search(r"[{}\[\],#]", raw):
            edits = (Edit(self.tree.span(node), written),)
        fix = f"write `{what}: {written}`" if edits else f"write `{what}: {{{usual}: ...}}`"
        self.tree.wrong("SG406", f"`{what}` holds names and values", node, fix, False, edits)

    def named(self, keys: Nodes, what: str) -> list[tuple[str, Span, yaml.Node]]:
        """Pairs whose keys are names of one's own."""
        found: list[tuple[str, Span, yaml.Node]] = []
        for key, value in self.pairs(keys, what):
            name = self.tree.text(key)
            if name is None:
                continue
            if any(name == other for other, _, _ in found):
                self.tree.wrong("SG105", f"`{name}` stands twice in `{what}`", key, "keep one of them")
            elif self.good_name(name, key):
                found.append((name, self.tree.span(key), value))
        return found

    def good_name(self, name: str, key: yaml.Node) -> bool:
        written = f"my_{name}" if name in KEYWORDS else re.sub(r"\W", "_", name)
        written = written if written[:1].isalpha() else f"x_{written}"
        edits = (Edit(self.tree.span(key), written),)
        if name in KEYWORDS:
            fix = f"choose another name, for example `{written}`"
            self.tree.wrong("SG106", f"`{name}` is a word of the language", key, fix, False, edits)
            return False
        if not NAME.fullmatch(name):
            message = "a name has letters, digits and `_` only, and begins with a letter"
            self.tree.wrong("SG017", message, key, f"write `{written}`", False, edits)
            return False
        return True
