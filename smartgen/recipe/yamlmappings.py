"""Mappings of the YAML form: the keys that they have, and what the others were meant to be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import yaml

from smartgen.language.resolve import other_cost
from smartgen.language.source import Edit, Span
from smartgen.language.words import KEYWORDS
from smartgen.recipe.yamlchain import chain
from smartgen.recipe.yamlkeys import KEYS, OWN
from smartgen.recipe.yamlmeant import values_only
from smartgen.recipe.yamlmisplaced import as_one, has_param
from smartgen.recipe.yamlnames import as_names
from smartgen.recipe.yamltree import Tree, empty
from smartgen.recipe.yamlunknown import Unknown, answer

Nodes = dict[str, yaml.Node]
_OUTSIDE = [key for key in KEYS if key not in ("smartgen", "policy", "name", "profile")]  # no names of one's own
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Mappings:
    """Reads the mappings of a tree; what is wrong with their keys goes to its findings."""

    def __init__(self, tree: Tree) -> None:
        self.tree, self.findings = tree, tree.findings

    def keys(self, node: yaml.MappingNode, known: Iterable[str], what: str) -> Nodes:
        found: Nodes = {}
        places: Nodes = {}  # the keys themselves
        if self.tree.torn(node):
            return found
        there = {str(key.value) for key, _ in node.value}
        base = next((str(value.value) for key, value in node.value if key.value == "policy"), "")
        told = self._chained(node) if "cases" in known and "cases" not in there else ()
        told = self._hung(node) if what == "a case" else told
        for key, value in node.value:
            if any(key is other for other in told):
                continue
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in known:
                meant = self.unknown(key, value, str(name), tuple(known), what, there, node)
                if meant is not None and meant not in there:
                    found.setdefault(meant, value)  # so that what is wrong in it is told, too
            elif name in found:
                line = found[name].start_mark.line + 1
                message = f"the key `{name}` stands twice, first on line {line}"
                fix = as_one(self.tree, found[name], key, value)
                if empty(found[name]):  # `limit:` above `limit: {depth: 6}`
                    spare, found[name] = (places[name], found[name]), value
                else:
                    spare = (key, value)
                fix = fix or ("keep one of them", self.tree.without(*spare))
                self.tree.wrong("SG105", message, key, fix[0], False, fix[1])
            elif name == "params" and OWN & there and not {"policy", "param"} & there:
                message = (
                    "`params` sets what is inherited, and nothing is; a param is declared by `param` with its type"
                )
                self.tree.wrong("SG405", message, key, "write `param`", True, (Edit(self.tree.span(key), "param"),))
                found["param"] = value
            elif (
                name == "param"
                and {"policy"} == there & {"policy", "params"}
                and values_only(value)
                and all(has_param(base, str(k.value)) for k, _ in value.value)
            ):
                message = "`param` declares a param with its type; what is inherited is set by `params`"
                self.tree.wrong("SG405", message, key, "write `params`", True, (Edit(self.tree.span(key), "params"),))
                found["params"] = value
            else:
                found[name], places[name] = value, key
        return found

    def _chained(self, node: yaml.MappingNode) -> tuple[yaml.Node, ...]:
        """The keys of a chain of `when` that stands among the keys of a recipe; it is recorded as one mistake."""
        found = chain(node, self.tree)
        if found is None:
            return ()
        for _, value in found.pairs:
            self.findings.lost(self.tree.span(value).text)
        first = found.pairs[0][0]
        fix = "write one list, `cases: [{when: ..., then: {...}}, {otherwise: {...}}]`"
        self.tree.wrong("SG405", f"a recipe has no key `{first.value}`", first, fix, False, found.edits)
        return tuple(key for key, _ in found.pairs)

    def unknown(
        self,
        key: yaml.Node,
        value: yaml.Node,
        name: str,
        known: tuple[str, ...],
        what: str,
        there: Collection[str] = (),
        root: yaml.MappingNode | None = None,
    ) -> str | None:
        """Records a key that a mapping does not have; the known one that it was meant to be, where that is plain."""
        found = answer(Unknown(self.tree, key, value, name, known, what, there, root))
        message = found.message or f"{what} has no key `{name}`"
        self.tree.wrong("SG405", message, key, found.fix, False, found.edits)
        if found.renamed is None:
            self.findings.lost(self.tree.span(key).to(self.tree.span(value)).text)
        return found.renamed

    def _hung(self, case: yaml.MappingNode) -> tuple[yaml.Node, ...]:
        """The keys behind an empty `then:` or `otherwise:` of a case, not indented below it; recorded as one mistake."""
        names = [str(key.value) for key, _ in case.value]
        place = next((i for i, (_, v) in enumerate(case.value) if names[i] in ("then", "otherwise") and empty(v)), None)
        rest = case.value[place + 1 :] if place is not None and not case.flow_style else []
        if place is None or not rest or not all(str(key.value) in _OUTSIDE for key, _ in rest):
            return ()
        text, first = self.tree.source.text, rest[0][0]
        line = first.start_mark.index - first.start_mark.column
        end = first.start_mark.index + len(text[first.start_mark.index : rest[-1][1].end_mark.index].rstrip())
        starts = [line, *(line + found.end() for found in re.finditer(r"\n(?=[ ])", text[line:end]))]
        edits = tuple(Edit(Span(self.tree.source, start, start), "  ") for start in starts)
        message, fix = (
            f"what holds stands below `{names[place]}:`, one step further in",
            f"indent it below `{names[place]}:`",
        )
        self.tree.wrong("SG405", message, first, fix, False, edits)
        for _, value in rest:
            self.findings.lost(self.tree.span(value).text)
        return tuple(key for key, _ in rest)

    def _too_deep(self, key: yaml.Node, value: yaml.Node, what: str) -> bool:
        """Whether a key of the recipe stands among the names of `what`, a level too deep; that is recorded."""
        name, text, source = str(key.value), self.tree.source.text, self.tree.source
        line = key.start_mark.index - key.start_mark.column
        outer = re.findall(rf"^([ ]*){what}:[ ]*$", text[:line], re.MULTILINE)
        if name not in _OUTSIDE or not outer or text[line : key.start_mark.index].strip():
            return False
        if re.search(rf"^{outer[-1]}{name}:", text, re.MULTILINE):
            return False
        deeper = key.start_mark.column - len(outer[-1])
        end = key.start_mark.index + len(text[key.start_mark.index : value.end_mark.index].rstrip())
        starts = [line, *(line + found.end() for found in re.finditer(r"\n(?=[ ])", text[line:end]))]
        edits = tuple(Edit(Span(source, start, start + deeper), "") for start in starts)
        fix = f"indent it like `{what}:`"
        self.tree.wrong("SG405", f"`{name}` is a key of the recipe, not one of `{what}`", key, fix, False, edits)
        self.findings.lost(self.tree.span(value).text)
        return True

    def pairs(self, keys: Nodes, what: str) -> list[tuple[yaml.Node, yaml.Node]]:
        node = keys.get(what)
        if node is None or empty(node):
            return []
        if not isinstance(node, yaml.MappingNode):
            span = self.tree.span(node)
            reading = as_names(node, span, what)
            self.findings.lost(" ".join((span.text.strip(), *(edit.text for edit in reading.edits))))
            message = f"`{what}` holds names and values"
            self.tree.wrong("SG406", message, node, reading.fix, reading.short, reading.edits)
            return []
        if self.tree.torn(node) or self._spelt_out(node, what):
            return []
        return [(key, value) for key, value in node.value if not self._too_deep(key, value, what)]

    def _spelt_out(self, node: yaml.MappingNode, what: str) -> bool:
        """`{name: accepted, value: node.path}` for a pair; that is recorded."""
        said = {str(key.value): value for key, value in node.value}
        value = next((said[word] for word in ("value", "expr", "expression", "formula") if word in said), None)
        if value is None or len(said) != 2 or "name" not in said or what not in ("benefit", "cost", "let"):
            return False
        span = self.tree.span(node)
        written = f"{self.tree.span(said['name']).text.strip()}: {self.tree.span(value).text.strip()}"
        edits = (Edit(Span(span.source, span.start, span.start + len(span.text.rstrip())), written),)
        edits = edits if not node.flow_style else (Edit(span, f"{{{written}}}"),)
        self.tree.wrong("SG406", f"`{what}` holds names and values", node, f"write `{written}`", True, edits)
        self.findings.lost(span.text)
        return True

    def named(self, keys: Nodes, what: str) -> list[tuple[str, Span, yaml.Node]]:
        """Pairs whose keys are names of one's own."""
        found: list[tuple[str, Span, yaml.Node]] = []
        before: yaml.Node | None = None
        for key, value in self.pairs(keys, what):
            name = self.tree.text(key)
            if name is None or self._glued(name, key, value, before):
                continue
            before = value
            if any(name == other for other, _, _ in found):
                message, edits, fix = f"`{name}` stands twice in `{what}`", self.tree.without(key, value), "keep one of them"
                if what == "cost" and (meant := other_cost(str(value.value), [other for other, _, _ in found])):
                    edits, fix = (Edit(self.tree.span(key), meant),), f"did you mean `{meant}`?"
                self.tree.wrong("SG105", message, key, fix, False, edits)
            elif self.good_name(name, key):
                found.append((name, self.tree.span(key), value))
        return found

    def _glued(self, name: str, key: yaml.Node, value: yaml.Node, before: yaml.Node | None) -> bool:
        """Whether a name without a value is a pair with another sign, or the end of a number; that is recorded."""
        pair = re.fullmatch(r"(\w+)\s*(?:=|:)\s*(\S.*)", name)
        if self.tree.span(value).text.strip():
            return False
        if pair is not None:
            written = f"{pair.group(1)}: {pair.group(2)}"
            edits = (Edit(self.tree.span(key), written),)
            message = "a key and its value have `: ` between them"
            self.tree.wrong("SG405", message, key, f"write `{written}`", False, edits)
            self.findings.lost(name)
            return True
        if (
            before is None
            or re.fullmatch(r"\d+,\d+", (number := self.tree.span(before).to(self.tree.span(key))).text) is None
        ):
            return False
        written = number.text.replace(",", ".")
        self.findings.add(
            "SG010", "the decimal sign is a point", number, f"write `{written}`", edits=(Edit(number, written),)
        )
        return True

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
