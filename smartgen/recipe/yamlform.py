"""The YAML form of a recipe: read into the same syntax tree, every expression at its own place in the file.

Keys are statements. Scalars are texts whatever YAML would make of them (`off` stays `off`). OmegaConf resolves `${...}`; a
value that it changed is reported at the place of the interpolation.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

import yaml

from smartgen.language import syntax as s
from smartgen.language.findings import Findings
from smartgen.language.nearest import misspelt
from smartgen.language.source import Edit, Source, Span
from smartgen.language.words import TYPES
from smartgen.recipe.shipped import shipped
from smartgen.recipe.written import Written
from smartgen.recipe.yamlcases import Cases
from smartgen.recipe.yamlkeys import KEYS, MEANT, OWN
from smartgen.recipe.yamlmappings import NAME, Nodes
from smartgen.recipe.yamlmeant import said
from smartgen.recipe.yamlmisplaced import is_version
from smartgen.recipe.yamlstatements import Statements
from smartgen.recipe.yamltree import Tree, empty, filled


def read_yaml(source: Source, findings: Findings) -> Written | None:
    """None where the text is no YAML mapping; `findings` say why (SG4xx, or the language's own codes in expressions)."""
    tree = Tree(source, findings)
    root = tree.root()
    return None if root is None else _Reader(tree).recipe(root)


_ALIKE = 0.8  # of two names


def _near(base: str, whole: bool) -> bool:
    """Whether a shipped policy is called so, but for a slip; for a small one where the recipe is `whole` without a base."""
    near = base if base in shipped() else misspelt(base, shipped())
    return near is not None and (not whole or SequenceMatcher(None, base, near).ratio() > _ALIKE)


class _Reader:
    def __init__(self, tree: Tree) -> None:
        self.tree, self.findings = tree, tree.findings
        self.statements = Statements(tree)
        self.mappings, self.cases = self.statements.mappings, Cases(self.statements)
        self.inner: tuple[s.Policy, ...] = ()  # a policy written out under `policy`

    def recipe(self, root: yaml.MappingNode) -> Written:
        keys = self.mappings.keys(root, KEYS, "a recipe")
        span = self.tree.span(root)
        version = self._version(keys, root)
        use, name = self._base(keys, span)
        params = tuple(
            p for k, v in self.mappings.pairs(keys, "param") if (p := self.statements.param(k, v)) is not None
        )
        settings = self._settings(keys)
        rules, limits = self.statements.rules(keys, use is not None)
        chain = self.cases.chain(keys.get("cases"))
        profile = self._profile(keys["profile"]) if "profile" in keys else None
        policy = s.Policy(name, use, params, rules, chain, span)
        return Written(policy, self.inner, version, settings, limits, profile)

    def _version(self, keys: Nodes, root: yaml.MappingNode) -> s.Number | None:
        if "smartgen" not in keys:
            if any(
                said(key, "smartgen") or MEANT.get(str(key.value)) == "smartgen" or is_version(key, value, root)
                for key, value in root.value
            ):
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
        version = self.statements.expression(node) if not empty(node) else None
        if isinstance(version, s.Number):
            return version
        if version is not None or empty(node):
            edits = (Edit(filled(self.tree, node), " 1" if empty(node) else "1"),)
            self.tree.wrong("SG001", "the language version is one number", node, "write `smartgen: 1`", True, edits)
        return None

    def _base(self, keys: Nodes, span: Span) -> tuple[s.Use | None, s.Name]:
        named = self.tree.text(keys["name"]) if "name" in keys else None
        at = self.tree.span(keys["name"]) if "name" in keys else span
        if "name" in keys and named is not None and not NAME.fullmatch(named):
            self.mappings.good_name(named, keys["name"])
        if "policy" not in keys:
            if not OWN & set(keys) and {"limit", "params", "param"} & set(keys):
                self._nothing_inherited(keys)
            return None, s.Name(named or "recipe", at)
        if isinstance(keys["policy"], yaml.MappingNode) and self._only_named(keys["policy"]):
            return None, s.Name(named or "recipe", at)
        if isinstance(keys["policy"], yaml.MappingNode):
            inner = self._inline(keys["policy"])
            return s.Use(inner.text, (), self.tree.span(keys["policy"])), s.Name(named or "recipe", at)
        base = self.tree.text(keys["policy"])
        if base is None and "params" in keys:
            self.findings.lost(self.tree.span(keys["params"]).text)  # nobody knows whose params they are
        if not base:
            if base is not None:
                edits = (Edit(filled(self.tree, keys["policy"]), " smart"),)
                message = "`policy` names what the recipe inherits, and nothing is named"
                self.tree.wrong("SG406", message, keys["policy"], "write a name: `policy: smart`", True, edits)
            self.findings.lost("")
            return None, s.Name(named or "recipe", at)
        at = self.tree.span(keys["policy"])
        own = "benefit" in keys and "name" not in keys and NAME.fullmatch(base) is not None
        if own and not _near(base, {"expand", "limit"} <= set(keys)):
            self._no_base(keys, base)
            return None, s.Name(base, at)
        return s.Use(base, (), at), s.Name(named or base.rsplit("/", 1)[-1].split(".")[0], at)

    def _nothing_inherited(self, keys: Nodes) -> None:
        """`limit: {nodes: 48}` and a name: settings of a policy that is not named."""
        first = min((node.start_mark.index, key) for key, node in keys.items() if key != "smartgen")[1]
        text, start = self.tree.source.text, keys[first].start_mark.index
        line = text.rfind("\n", 0, text.rfind(first, 0, start)) + 1
        message = "this recipe sets something of a policy, and inherits none"
        edits = (Edit(Span(self.tree.source, line, line), "policy: smart\n"),)
        at = Span(self.tree.source, line, line + len(first))
        self.findings.add("SG405", message, at, "name it, for example `policy: smart`", edits=edits)
        self.findings.lost(" ".join(self.tree.span(node).text for node in keys.values()))

    def _only_named(self, node: yaml.MappingNode) -> bool:
        """`policy: {name: mine}` above a whole recipe: its own name, which is no base; that is recorded."""
        if [str(key.value) for key, _ in node.value] != ["name"]:
            return False
        start = self.tree.source.text.rfind("policy", 0, node.start_mark.index)
        name = node.value[0][1]
        written = f"name: {self.tree.span(name).text.strip()}"
        at = Span(self.tree.source, start, node.end_mark.index)
        whole = Span(self.tree.source, start, start + len(at.text.rstrip()))
        message = "`policy` holds what the recipe inherits, and its own name is `name`"
        self.findings.add("SG405", message, whole, f"write `{written}`", edits=(Edit(whole, written),))
        return True

    def _no_base(self, keys: Nodes, base: str) -> None:
        """`policy: mine` above a whole policy: the name of the recipe itself."""
        start = keys["policy"].start_mark.index
        line = self.tree.source.text.rfind("policy", 0, start)
        at = Span(self.tree.source, line, line + len("policy"))
        message = f"`policy` names what the recipe inherits, and there is no policy `{base}`"
        self.findings.add("SG405", message, at, f"write `name: {base}`", edits=(Edit(at, "name"),))

    def _inline(self, node: yaml.MappingNode) -> s.Name:
        """A policy written out where its name could stand: the recipe's other keys are laid over it."""
        keys = self.mappings.keys(
            node, [key for key in KEYS if key not in ("smartgen", "params", "profile")], "a policy"
        )
        span = self.tree.span(node)
        use, _ = self._base({key: value for key, value in keys.items() if key in ("policy", "name")}, span)
        params = tuple(
            p for k, v in self.mappings.pairs(keys, "param") if (p := self.statements.param(k, v)) is not None
        )
        rules, _ = self.statements.rules(keys, False)
        name = s.Name("(inline)", span)
        self.inner = (*self.inner, s.Policy(name, use, params, rules, self.cases.chain(keys.get("cases")), span))
        return name

    def _declared(self, keys: Nodes) -> bool:
        """`params: {trust: prob = 0.9}`, which declares and does not set; that is recorded."""
        node = keys.get("params")
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        typed = [value for _, value in pairs if re.match(rf"(?:{'|'.join(TYPES)})\s*=[^=]", str(value.value))]
        if node is None or not typed or len(typed) < len(pairs) or "param" in keys:
            return False
        start = self.tree.source.text.rfind("params", 0, node.start_mark.index)
        at = Span(self.tree.source, start, start + len("params"))
        message = "`params` sets those of a base, and what has a type is declared in `param`"
        self.findings.add("SG405", message, at, "write `param`", edits=(Edit(at, "param"),))
        self.findings.lost(" ".join(str(key.value) for key, _ in pairs))
        return True

    def _settings(self, keys: Nodes) -> dict[str, s.Argument]:
        found: dict[str, s.Argument] = {}
        if self._declared(keys):
            return found
        for name, at, value in self.mappings.named(keys, "params"):
            expression = self.statements.expression(value)
            if expression is not None:
                found[name] = s.Argument(s.Name(name, at), expression, at.to(expression.span))
        return found

    def _profile(self, node: yaml.Node) -> s.Text | None:
        named = self.tree.text(node)
        return None if named in (None, "", "auto") else s.Text(str(named), self.tree.span(node))
