"""The YAML form of a recipe: read into the same syntax tree, every expression at its own place in the file.

Keys are statements. Scalars are texts whatever YAML would make of them (`off` stays `off`). OmegaConf resolves `${...}`; a
value that it changed is reported at the place of the interpolation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

import yaml

from smartgen.language import syntax as s
from smartgen.language.findings import Findings
from smartgen.language.nearest import closest
from smartgen.language.parse import parse_expression, parse_statement
from smartgen.language.source import Edit, Excerpt, Source, Span
from smartgen.language.words import EXTENTS, KEYWORDS
from smartgen.recipe.written import Written
from smartgen.recipe.yamlkeys import CASE_KEYS, CASE_MEANT, KEYS, MEANT, RULE_KEYS
from smartgen.recipe.yamlmeant import as_cases, rule_of_case, rule_written, said, values_only
from smartgen.recipe.yamltree import Tree

Nodes = dict[str, yaml.Node]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_yaml(source: Source, findings: Findings) -> Written | None:
    """None where the text is no YAML mapping; `findings` say why (SG4xx, or the language's own codes in expressions)."""
    tree = Tree(source, findings)
    root = tree.root()
    return None if root is None else _Reader(tree).recipe(root)


class _Reader:
    def __init__(self, tree: Tree) -> None:
        self.tree, self.findings = tree, tree.findings
        self.inner: tuple[s.Policy, ...] = ()  # a policy written out under `policy`

    def recipe(self, root: yaml.MappingNode) -> Written:
        keys = self._keys(root, KEYS, "a recipe")
        span = self.tree.span(root)
        version = self._version(keys, root)
        use, name = self._base(keys, span)
        params = tuple(p for k, v in self._pairs(keys, "param") if (p := self._param(k, v)) is not None)
        settings = self._settings(keys)
        rules, limits = self._rules(keys, use is not None)
        chain = self._cases(keys.get("cases"))
        profile = self._profile(keys["profile"]) if "profile" in keys else None
        policy = s.Policy(name, use, params, rules, chain, span)
        return Written(policy, self.inner, version, settings, limits, profile)

    def _profile(self, node: yaml.Node) -> s.Text | None:
        named = self.tree.text(node)
        return None if named in (None, "", "auto") else s.Text(str(named), self.tree.span(node))

    def _settings(self, keys: Nodes) -> dict[str, s.Argument]:
        found: dict[str, s.Argument] = {}
        for name, at, value in self._named(keys, "params"):
            expression = self._expression(value)
            if expression is not None:
                found[name] = s.Argument(s.Name(name, at), expression, at.to(expression.span))
        return found

    # -- keys -----------------------------------------------------------------------------------------------------
    def _keys(self, node: yaml.MappingNode, known: Iterable[str], what: str) -> Nodes:
        found: Nodes = {}
        if self.tree.torn(node):
            return found
        there = {str(key.value) for key, _ in node.value}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in known:
                self._unknown(key, value, str(name), tuple(known), what, there)
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
        return (Edit(Span(self.tree.source, line, end), ""),) if not text[line:start].strip() else ()

    def _unknown(
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
        meant = (CASE_MEANT if what == "a case" else MEANT).get(name) or closest(name, known)
        edits: tuple[Edit, ...] = ()
        if name == "<<":
            message, fix = "YAML's merge keys are not read", "inherit with `policy: NAME`, or write the keys out"
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
            name in ("when", "if") and "cases" in known and "cases" not in there and (it := as_cases(value, self.tree))
        ):
            fix, edits = f"write `{it}`", (Edit(pair, it),)
        elif meant in known and meant not in there:
            fix, edits = f"did you mean `{meant}`?", (Edit(self.tree.span(key), str(meant)),)
        else:
            fix, edits = f"remove it; keys are {', '.join(known)}", self._without(key, value)
        self.tree.wrong("SG405", message, key, fix, False, edits)

    def _pairs(self, keys: Nodes, what: str) -> list[tuple[yaml.Node, yaml.Node]]:
        node = keys.get(what)
        if node is None or _empty(node):
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
            edits = tuple(Edit(Span(source, at - 2, at), "") for at in starts if text[at - 2 : at] == "- ")
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

    def _named(self, keys: Nodes, what: str) -> list[tuple[str, Span, yaml.Node]]:
        """Pairs whose keys are names of one's own."""
        found: list[tuple[str, Span, yaml.Node]] = []
        for key, value in self._pairs(keys, what):
            name = self.tree.text(key)
            if name is None:
                continue
            if any(name == other for other, _, _ in found):
                self.tree.wrong("SG105", f"`{name}` stands twice in `{what}`", key, "keep one of them")
            elif self._good_name(name, key):
                found.append((name, self.tree.span(key), value))
        return found

    def _good_name(self, name: str, key: yaml.Node) -> bool:
        written = f"my_{name}" if name in KEYWORDS else re.sub(r"\W", "_", name)
        written = written if written[:1].isalpha() else f"x_{written}"
        edits = (Edit(self.tree.span(key), written),)
        if name in KEYWORDS:
            fix = f"choose another name, for example `{written}`"
            self.tree.wrong("SG106", f"`{name}` is a word of the language", key, fix, False, edits)
            return False
        if not _NAME.fullmatch(name):
            message = "a name has letters, digits and `_` only, and begins with a letter"
            self.tree.wrong("SG017", message, key, f"write `{written}`", False, edits)
            return False
        return True

    # -- the head -------------------------------------------------------------------------------------------------
    def _version(self, keys: Nodes, root: yaml.MappingNode) -> s.Number | None:
        if "smartgen" not in keys:
            if any(said(key, "smartgen") for key, _ in root.value):
                return None  # told at that key
            start = root.start_mark.index
            flow = self.tree.source.text[start : start + 1] == "{"
            at = Span(self.tree.source, start + flow, start + flow)
            edits = (Edit(at, "smartgen: 1, " if flow else f"smartgen: 1\n{' ' * root.start_mark.column}"),)
            fix = "write `smartgen: 1` on the first line"
            first = root.value[0][0] if root.value else root
            self.tree.wrong("SG001", "a recipe begins with its language version", first, fix, True, edits)
            return None
        node = keys["smartgen"]
        version = self._expression(node) if not _empty(node) else None
        if isinstance(version, s.Number):
            return version
        if version is not None or _empty(node):
            edits = (Edit(self._filled(node), " 1" if _empty(node) else "1"),)
            self.tree.wrong("SG001", "the language version is one number", node, "write `smartgen: 1`", True, edits)
        return None

    def _filled(self, node: yaml.Node) -> Span:
        """Where the value of a key goes: over the value, or right behind the colon where there is none."""
        span = self.tree.span(node)
        return span if span.text.strip() else Span(self.tree.source, node.start_mark.index, node.start_mark.index)

    def _base(self, keys: Nodes, span: Span) -> tuple[s.Use | None, s.Name]:
        named = self.tree.text(keys["name"]) if "name" in keys else None
        at = self.tree.span(keys["name"]) if "name" in keys else span
        if "name" in keys and named is not None and not _NAME.fullmatch(named):
            self._good_name(named, keys["name"])
        if "policy" not in keys:
            return None, s.Name(named or "recipe", at)
        if isinstance(keys["policy"], yaml.MappingNode):
            inner = self._inline(keys["policy"])
            return s.Use(inner.text, (), self.tree.span(keys["policy"])), s.Name(named or "recipe", at)
        base = self.tree.text(keys["policy"])
        if not base:
            if base is not None:
                edits = (Edit(self._filled(keys["policy"]), " smart"),)
                message = "`policy` names what the recipe inherits, and nothing is named"
                self.tree.wrong("SG406", message, keys["policy"], "write a name: `policy: smart`", True, edits)
            self.findings.lost("")
            return None, s.Name(named or "recipe", at)
        at = self.tree.span(keys["policy"])
        return s.Use(base, (), at), s.Name(named or base.rsplit("/", 1)[-1].split(".")[0], at)

    def _inline(self, node: yaml.MappingNode) -> s.Name:
        """A policy written out where its name could stand: the recipe's other keys are laid over it."""
        keys = self._keys(node, [key for key in KEYS if key not in ("smartgen", "params", "profile")], "a policy")
        span = self.tree.span(node)
        use, _ = self._base({key: value for key, value in keys.items() if key in ("policy", "name")}, span)
        params = tuple(p for k, v in self._pairs(keys, "param") if (p := self._param(k, v)) is not None)
        rules, _ = self._rules(keys, False)
        name = s.Name("(inline)", span)
        self.inner = (*self.inner, s.Policy(name, use, params, rules, self._cases(keys.get("cases")), span))
        return name

    # -- statements -----------------------------------------------------------------------------------------------
    def _rules(self, keys: Nodes, derived: bool) -> tuple[tuple[s.Rule, ...], dict[str, int]]:
        rules: list[Any] = []
        for word in ("let", "benefit", "cost"):
            for name, _, value in self._named(keys, word):
                rules.append(self._statement(word, f"{word} {name} = ", value, name))
            if word == "benefit" and len(rules) > 1 and sum(isinstance(rule, s.Benefit) for rule in rules) > 1:
                self._two_benefits(keys["benefit"])
                rules.pop()
        for key, kind, words in RULE_KEYS:
            if key in keys:
                rules.append(self._statement(kind, words, keys[key], key))
        for node in self._list(keys.get("subject_to")):
            rules.append(self._statement("subject", "subject to ", node, "subject_to"))
        caps, outer = self._limit(keys, derived)
        if caps:
            rules.append(s.Limit(caps, self.tree.span(keys["limit"])))
        return tuple(rule for rule in rules if rule is not None), outer

    def _two_benefits(self, node: yaml.Node) -> None:
        self.tree.wrong("SG105", "a policy has one benefit", node, "keep one of them", True)

    def _statement(self, kind: str, words: str, node: yaml.Node, key: str) -> Any:
        """The statement of which `node` is the rest."""
        if _empty(node):
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
        edits = (Edit(self._filled(node), f" {example}"),) if not self.tree.span(node).text.strip() else ()
        edits = edits or (Edit(self.tree.span(node), example),)
        self.tree.wrong("SG406", f"`{key}` has no value", node, f"write one: `{key}: {example}`", True, edits)

    def _limit(self, keys: Nodes, derived: bool) -> tuple[tuple[s.Cap, ...], dict[str, int]]:
        """Caps of the policy itself; on top of a base they only tighten, so plain numbers go outside."""
        caps: list[s.Cap] = []
        outer: dict[str, int] = {}
        for key, value in self._pairs(keys, "limit"):
            name = str(key.value)
            if name not in EXTENTS:
                self._unknown(key, value, name, tuple(EXTENTS), "`limit`")
                continue
            if name in outer or any(cap.extent == name for cap in caps):
                self.tree.wrong("SG105", f"`{name}` stands twice in `limit`", key, "keep one of them")
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

    def _cases(self, node: yaml.Node | None) -> tuple[s.When, ...]:
        chain: list[s.When] = []
        for case in self._list(node):
            if not isinstance(case, yaml.MappingNode):
                raw = self.tree.span(case).text.strip()
                written = f"{{when: {raw}, then: {{verify: best 4}}}}"
                edits = (Edit(self.tree.span(case), written),) if isinstance(case, yaml.ScalarNode) and raw else ()
                fix = f"write `{written}`" if edits else "write `{when: ..., then: {...}}`"
                self.tree.wrong("SG406", "a case is `when` and `then`, or `otherwise`", case, fix, True, edits)
                continue
            keys = self._keys(case, CASE_KEYS, "a case")
            body = keys.get("then") or keys.get("otherwise")
            if body is None and any(rule_of_case(str(k.value)) or said(k, "then") for k, _ in case.value):
                continue  # told at that key
            if isinstance(body, yaml.ScalarNode) and (rule := rule_written(str(body.value))) is not None:
                edits = (Edit(self.tree.span(body), rule),)
                self.tree.wrong("SG406", "`then` holds keys and values", body, f"write `then: {rule}`", True, edits)
                continue
            if not isinstance(body, yaml.MappingNode):
                fix = "add `then: {verify: best 4}`"
                self.tree.wrong("SG406", "a case says in `then` what holds in it", case, fix, True)
                continue
            rules, _ = self._rules(self._keys(body, KEYS, "a case"), False)
            condition = self._expression(keys["when"]) if "when" in keys else None
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

    def _param(self, key: yaml.Node, value: yaml.Node) -> s.Param | None:
        name = self.tree.text(key)
        if name is None or not self._good_name(name, key):
            return None
        found = self._statement("param", f"param {name}: ", value, name)
        return (
            None if found is None else s.Param(s.Name(name, self.tree.span(key)), found.type, found.value, found.span)
        )

    def _list(self, node: yaml.Node | None) -> list[yaml.Node]:
        if node is None:
            return []
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def _expression(self, node: yaml.Node) -> s.Expression | None:
        excerpt = self.tree.excerpt(node)
        return None if excerpt is None else parse_expression(excerpt, self.findings)


def _empty(node: yaml.Node) -> bool:
    """`key:` with nothing behind it, or YAML's null."""
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.value in ("", "~", "null", "Null", "NULL")
