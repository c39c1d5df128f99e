"""`cases` of the YAML form: the chain of `when`, its end `otherwise`."""

from __future__ import annotations

import re
from itertools import zip_longest

import yaml

from smartgen.language import syntax as s
from smartgen.language.source import Edit, Span
from smartgen.recipe.yamlkeys import CASE_KEYS, CASE_MEANT, KEYS
from smartgen.recipe.yamlmeant import rule_of_case, rule_written, said
from smartgen.recipe.yamlnames import Reading, as_mapping
from smartgen.recipe.yamlstatements import Statements
from smartgen.recipe.yamltree import empty


class Cases:
    """Reads the chain with the statements of its blocks."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.tree, self.findings = statements.tree, statements.findings

    def chain(self, node: yaml.Node | None) -> tuple[s.When, ...]:
        chain: list[s.When] = []
        before: yaml.Node | None = None
        cases = self.statements.listed(node)
        if isinstance(node, yaml.MappingNode) and "when" in _names(node):
            self._no_list(node)
        for case, following in zip_longest(cases, cases[1:]):
            if not isinstance(case, yaml.MappingNode):
                message = "a case is `when` and `then`, or `otherwise`"
                reading = as_mapping(case, self.tree.source)
                if reading is not None:
                    self.tree.wrong("SG406", message, case, reading.fix, True, reading.edits)
                    continue
                raw = self.tree.span(case).text.strip()
                written = f"{{when: {raw}, then: {{verify: best 4}}}}"
                edits = (Edit(self.tree.span(case), written),) if isinstance(case, yaml.ScalarNode) and raw else ()
                fix = f"write `{written}`" if edits else "write `{when: ..., then: {...}}`"
                self.tree.wrong("SG406", message, case, fix, True, edits)
                continue
            if self._apart(case, before):
                return self._otherwise_last(chain)
            before = case
            keys = self.statements.mappings.keys(case, CASE_KEYS, "a case")
            body = keys.get("then") or keys.get("otherwise")
            if _names(case) == ["when"] and following is not None and _names(following) == ["then"]:
                continue  # the two are one, and that is told at the second
            if (body is None or empty(body)) and any(_told(*pair) for pair in case.value):
                continue  # told at that key
            if not isinstance(body, yaml.MappingNode):
                self._nothing_held(case, "then" if "then" in keys else "otherwise", body)
                continue
            rules, _ = self.statements.rules(self.statements.mappings.keys(body, KEYS, "a case"), False)
            condition = self.statements.expression(keys["when"]) if "when" in keys else None
            if "when" in keys and condition is None:
                continue
            chain.append(s.When(condition, rules, self.tree.span(case)))
        return self._otherwise_last(chain)

    def _nothing_held(self, case: yaml.MappingNode, key: str, body: yaml.Node | None) -> None:
        """A case without `then`, or whose `key` holds no keys and values; that is recorded."""
        if body is None:
            end = case.start_mark.index + len(self.tree.span(case).text.rstrip()) - (case.flow_style is True)
            joint = ", " if case.flow_style else f"\n{' ' * case.start_mark.column}"
            edits = (Edit(Span(self.tree.source, end, end), f"{joint}then: {{verify: best 4}}"),)
            fix = "add `then: {verify: best 4}`"
            self.tree.wrong("SG406", "a case says in `then` what holds in it", case, fix, True, edits)
            return
        reading = as_mapping(body, self.tree.source)
        said = body.value if isinstance(body, yaml.SequenceNode) else [body]
        rules = [rule_written(str(item.value)) if isinstance(item, yaml.ScalarNode) else None for item in said]
        written = f"{{{', '.join(rule[1:-1] for rule in rules if rule)}}}" if rules and all(rules) else ""
        if empty(body):
            written = " {verify: best 4}"
        if reading is None:
            fix = f"write `{key}: {written.strip() or '{verify: best 4}'}`"
            reading = Reading(fix, (Edit(self.tree.span(body), written),) if written else (), short=True)
        self.tree.wrong("SG406", f"`{key}` holds keys and values", body, reading.fix, reading.short, reading.edits)

    def _no_list(self, case: yaml.MappingNode) -> None:
        """`when:` and `then:` below `cases:` without the dash of an item; that is recorded."""
        source, first = self.tree.source, case.value[0][0].start_mark
        edits: tuple[Edit, ...] = (Edit(self.tree.span(case), f"[{self.tree.span(case).text}]"),)
        if not case.flow_style:
            starts = [key.start_mark.index for key, _ in case.value]
            items = [key.start_mark.index for key, _ in case.value if key.value in ("when", "otherwise")]
            edits = tuple(Edit(Span(source, at, at), "- " if at in items else "  ") for at in starts)
            inner = [m.start() for m in re.finditer(rf"(?<=\n)(?=[ ]{{{first.column + 1},}}\S)", source.text)]
            end = case.end_mark.index
            edits += tuple(Edit(Span(source, at, at), "  ") for at in inner if starts[0] < at < end)
        message = "`cases` is a list, whose items begin with `- `"
        self.tree.wrong("SG406", message, case.value[0][0], "write `- when: ...`", True, edits)

    def _apart(self, case: yaml.MappingNode, before: yaml.Node | None) -> bool:
        """Whether a case is a `then` without its `when`, which is the item before it or is missing; that is recorded."""
        if _names(case) != ["then"]:
            return False
        text, at = self.tree.source.text, case.start_mark.index
        alone = before is not None and _names(before) == ["when"]
        dash = text.rfind("-", 0, at)
        if alone and dash >= 0 and not text[dash + 1 : at].strip():
            edits = (Edit(Span(self.tree.source, dash, dash + 1), " "),)
            fix = "write it without `-`"
        else:
            at += case.flow_style is True
            joint = ", " if case.flow_style else f"\n{' ' * case.start_mark.column}"
            fix = "say in `when` when it holds, for example `when: batch.size > 8`"
            edits = (Edit(Span(self.tree.source, at, at), f"when: batch.size > 8{joint}"),)
        message = "`when` and `then` are one item of the list"
        self.tree.wrong("SG406", message, case.value[0][0], fix, False, edits)
        self.findings.lost("")
        return True

    def _otherwise_last(self, chain: list[s.When]) -> tuple[s.When, ...]:
        for case in chain[:-1]:
            if case.condition is None:
                span = Span(case.span.source, case.span.start, case.span.start + len("otherwise"))
                edits = self._moved(case.span, chain[-1].span)
                self.findings.add(
                    "SG018", "`otherwise` stands last", span, "move it to the end of the list", edits=edits
                )
        return tuple(sorted(chain, key=lambda case: case.condition is None))

    def _moved(self, case: Span, last: Span) -> tuple[Edit, ...]:
        """The lines of a case behind those of the last one."""
        text = case.source.text
        start = text.rfind("\n", 0, case.start) + 1
        end = start + len(text[start : case.end].rstrip())
        behind = last.start + len(last.text.rstrip())
        lines = text[start : end + 1]
        if text[end : end + 1] != "\n" or text[start : case.start].strip() != "-":
            return ()
        at = Span(case.source, behind, behind)
        return Edit(Span(case.source, start, end + 1), ""), Edit(at, "\n" + lines.rstrip("\n"))


def _names(case: yaml.Node) -> list[str]:
    return [str(key.value) for key, _ in case.value] if isinstance(case, yaml.MappingNode) else []


def _told(key: yaml.Node, value: yaml.Node) -> bool:
    """Whether a key that no case has was meant as one of those that hold what is done in it, which is said at the key."""
    name = str(key.value)
    if name in CASE_KEYS:
        return False
    if isinstance(value, yaml.MappingNode):
        return True
    begun = re.match(r"(?:then|otherwise)\b", name)  # `then {expand: best 2}`
    meant = name in KEYS or rule_of_case(name) or said(key, "then") or begun
    return bool(meant) or CASE_MEANT.get(name) in ("then", "otherwise")
