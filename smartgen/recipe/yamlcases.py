"""`cases` of the YAML form: the chain of `when`, its end `otherwise`."""

from __future__ import annotations

import yaml

from smartgen.language import syntax as s
from smartgen.language.source import Edit, Span
from smartgen.recipe.yamlkeys import CASE_KEYS, CASE_MEANT, KEYS
from smartgen.recipe.yamlmeant import rule_of_case, rule_written, said
from smartgen.recipe.yamlstatements import Statements
from smartgen.recipe.yamltree import empty


class Cases:
    """Reads the chain with the statements of its blocks."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.tree, self.findings = statements.tree, statements.findings

    def chain(self, node: yaml.Node | None) -> tuple[s.When, ...]:
        chain: list[s.When] = []
        for case in self.statements.listed(node):
            if not isinstance(case, yaml.MappingNode):
                raw = self.tree.span(case).text.strip()
                written = f"{{when: {raw}, then: {{verify: best 4}}}}"
                edits = (Edit(self.tree.span(case), written),) if isinstance(case, yaml.ScalarNode) and raw else ()
                fix = f"write `{written}`" if edits else "write `{when: ..., then: {...}}`"
                self.tree.wrong("SG406", "a case is `when` and `then`, or `otherwise`", case, fix, True, edits)
                continue
            keys = self.statements.mappings.keys(case, CASE_KEYS, "a case")
            body = keys.get("then") or keys.get("otherwise")
            if (body is None or empty(body)) and any(_told(*pair) for pair in case.value):
                continue  # told at that key
            if isinstance(body, yaml.ScalarNode) and (rule := rule_written(str(body.value))) is not None:
                edits = (Edit(self.tree.span(body), rule),)
                self.tree.wrong("SG406", "`then` holds keys and values", body, f"write `then: {rule}`", True, edits)
                continue
            if not isinstance(body, yaml.MappingNode):
                fix = "add `then: {verify: best 4}`"
                self.tree.wrong("SG406", "a case says in `then` what holds in it", case, fix, True)
                continue
            rules, _ = self.statements.rules(self.statements.mappings.keys(body, KEYS, "a case"), False)
            condition = self.statements.expression(keys["when"]) if "when" in keys else None
            if "when" in keys and condition is None:
                continue
            chain.append(s.When(condition, rules, self.tree.span(case)))
        return self._otherwise_last(chain)

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


def _told(key: yaml.Node, value: yaml.Node) -> bool:
    """Whether a key that no case has was meant as one of those that hold what is done in it, which is said at the key."""
    name = str(key.value)
    if name not in CASE_KEYS and isinstance(value, yaml.MappingNode):
        return True
    meant = name in KEYS or rule_of_case(name) or said(key, "then")
    return bool(meant) or CASE_MEANT.get(name) in ("then", "otherwise")
