"""The YAML form of a recipe: read into the same syntax tree, every expression at its own place in the file.

Keys are statements: `smartgen, policy, name, profile, params, param, let, benefit, cost, maximize, subject_to, expand,
continue, verify, limit, cases`. Scalars are texts whatever YAML would make of them (`off` stays `off`). OmegaConf
resolves `${...}`; a value that it changed is reported at the place of the interpolation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml

from smartgen.language import parse as p
from smartgen.language import syntax as s
from smartgen.language.diagnostics import Diagnostic, Label, RecipeError
from smartgen.language.source import Source, Span
from smartgen.language.words import closest

KEYS = (
    "smartgen",
    "policy",
    "name",
    "profile",
    "params",
    "param",
    "let",
    "benefit",
    "cost",
    "maximize",
    "subject_to",
    "expand",
    "continue",
    "verify",
    "limit",
    "cases",
)
_EXTENTS = ("depth", "width", "topk", "nodes")
_MOST_NESTED = 40
T = TypeVar("T")


@dataclass(frozen=True)
class Written:
    """What a text says: its policy, earlier policies beside it, settings for parameters and outer limits."""

    policy: s.Policy
    others: tuple[s.Policy, ...] = ()
    version: s.Number | None = None
    params: Mapping[str, s.Expression] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    profile: str | None = None


def read_yaml(source: Source) -> Written:
    """Raises RecipeError (SG4xx, or the language's own codes inside expressions)."""
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source

    def read(self) -> Written:
        root = self._compose()
        if not isinstance(root, yaml.MappingNode):
            raise self._error("SG403", "a YAML recipe is a mapping", root, "begin with `smartgen: 1`")
        self.values = self._resolved(root)
        keys = self._keys(root, KEYS, "a recipe")
        self._require_version(keys, root)
        span = self._span(root)
        use, name = self._base(keys, span)
        params = tuple(self._param(k, v) for k, v in self._pairs(keys.get("param"), "param"))
        settings = {self._key(k): self._expression(v) for k, v in self._pairs(keys.get("params"), "params")}
        chain = self._cases(keys.get("cases"))
        rules, limits = self._rules(keys, use is not None)
        profile = self._scalar(keys["profile"]) if "profile" in keys else None
        policy = s.Policy(name, use, params, rules, chain, span)
        version = self._expression(keys["smartgen"])
        assert isinstance(version, s.Number)
        return Written(policy, (), version, settings, limits, None if profile == "auto" else profile)

    # -- YAML -----------------------------------------------------------------------------------------------------
    def _compose(self) -> yaml.Node:
        text = self.source.text
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            at = min(mark.index if mark else 0, max(0, len(text) - 1))
            problem = str(getattr(error, "problem", None) or "it cannot be read")
            fix = (
                'quote an expression that holds `: `, `#`, `{` or `[`: "..."' if mark else "save it as plain UTF-8 text"
            )
            raise RecipeError(
                [Diagnostic("SG403", f"this is not YAML: {problem}", (Label(Span(self.source, at, at + 1)),), fix)]
            ) from None
        except RecursionError:
            raise RecipeError(
                [
                    Diagnostic(
                        "SG012",
                        "this file is nested too deeply",
                        (Label(Span(self.source, 0, 1)),),
                        "a recipe is two levels deep",
                    )
                ]
            ) from None
        if root is None:
            raise RecipeError(
                [
                    Diagnostic(
                        "SG403", "this file is empty", (Label(Span(self.source, 0, 1)),), "begin with `smartgen: 1`"
                    )
                ]
            )
        return root

    def _resolved(self, root: yaml.Node) -> dict[int, str]:
        """Values that OmegaConf's interpolation changes, by the identity of their node."""
        changed: dict[int, str] = {}
        if "${" not in self.source.text:
            return changed
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        whole = OmegaConf.create(self._plain(root, 0))
        for path, node in self._scalars(root, ()):
            if "${" in node.value:
                try:
                    found: Any = whole
                    for step in path:
                        found = found[step]
                    changed[id(node)] = str(found)
                except OmegaConfBaseException as error:
                    reason = str(error).splitlines()[0]
                    raise self._error(
                        "SG404",
                        f"this interpolation does not resolve: {reason}",
                        node,
                        "give a default: `${oc.env:NAME,default}`",
                    ) from None
        return changed

    def _plain(self, node: yaml.Node, depth: int) -> Any:
        if depth > _MOST_NESTED:
            raise self._error("SG012", "this file is nested too deeply", node, "a recipe is two levels deep")
        if isinstance(node, yaml.MappingNode):
            return {str(k.value): self._plain(v, depth + 1) for k, v in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(v, depth + 1) for v in node.value]
        return node.value

    def _scalars(self, node: yaml.Node, path: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], yaml.ScalarNode]]:
        if isinstance(node, yaml.ScalarNode):
            return [(path, node)]
        inner = (
            [(str(k.value), v) for k, v in node.value]
            if isinstance(node, yaml.MappingNode)
            else list(enumerate(node.value))
        )
        return [found for key, child in inner for found in self._scalars(child, (*path, key))]

    def _keys(self, node: yaml.MappingNode, known: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in known:
                meant = {
                    "subject": "subject_to",
                    "constraints": "subject_to",
                    "when": "cases",
                    "version": "smartgen",
                    "limits": "limit",
                    "costs": "cost",
                    "lets": "let",
                }.get(name) or closest(name, known)
                fix = f"did you mean `{meant}`?" if meant else f"keys: {', '.join(known)}"
                raise self._error("SG405", f"{what} has no key `{name}`", key, fix)
            if name in found:
                raise self._error("SG105", f"`{name}` stands twice", key, "keep one")
            found[name] = value
        return found

    def _pairs(self, node: yaml.Node | None, what: str) -> list[tuple[yaml.Node, yaml.Node]]:
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        if not isinstance(node, yaml.MappingNode):
            raise self._error("SG406", f"`{what}` holds names and values", node, f"write `{what}: {{name: value}}`")
        return list(node.value)

    # -- pieces ---------------------------------------------------------------------------------------------------
    def _require_version(self, keys: dict[str, yaml.Node], root: yaml.Node) -> None:
        if "smartgen" not in keys:
            raise self._error(
                "SG001",
                "a recipe begins with its language version",
                root,
                "write `smartgen: 1` on the first line",
                short=True,
            )

    def _base(self, keys: dict[str, yaml.Node], span: Span) -> tuple[s.Use | None, s.Name]:
        if "policy" not in keys:
            name = self._scalar(keys["name"]) if "name" in keys else "recipe"
            return None, s.Name(name, self._span(keys["name"]) if "name" in keys else span)
        base = self._scalar(keys["policy"])
        at = self._span(keys["policy"])
        name = self._scalar(keys["name"]) if "name" in keys else base.rsplit("/", 1)[-1].split(".")[0]
        return s.Use(base, (), at), s.Name(name, at)

    def _rules(self, keys: dict[str, yaml.Node], derived: bool) -> tuple[tuple[s.Rule, ...], dict[str, int]]:
        rules: list[s.Rule] = []
        for word, kind in (("let", s.Let), ("benefit", s.Benefit), ("cost", s.Cost)):
            for key, value in self._pairs(keys.get(word), word):
                rules.append(kind(s.Name(self._key(key), self._span(key)), self._expression(value), self._span(value)))
        if "maximize" in keys:
            rules.append(s.Maximize(self._expression(keys["maximize"]), self._span(keys["maximize"])))
        for node in self._list(keys.get("subject_to")):
            rules.append(s.Subject(self._expression(node), self._span(node)))
        if "expand" in keys:
            rules.append(s.Expand(self._parsed(keys["expand"], p.parse_choice), self._span(keys["expand"])))
        if "continue" in keys:
            rules.append(
                s.Proceed(self._expression(self._without_while(keys["continue"])), self._span(keys["continue"]))
            )
        if "verify" in keys:
            rules.append(s.Verify(self._parsed(keys["verify"], p.parse_verify), self._span(keys["verify"])))
        caps, outer = self._limit(keys.get("limit"), derived)
        if caps:
            rules.append(s.Limit(caps, self._span(keys["limit"])))
        return tuple(rules), outer

    def _without_while(self, node: yaml.Node) -> yaml.Node:
        if isinstance(node, yaml.ScalarNode) and node.value.startswith("while "):
            raise self._error("SG406", "the key `continue` already says `while`", node, "write the condition alone")
        return node

    def _limit(self, node: yaml.Node | None, derived: bool) -> tuple[tuple[s.Cap, ...], dict[str, int]]:
        """Caps of the policy itself; on top of a base they only tighten, so plain numbers go outside."""
        caps, outer = [], {}
        for key, value in self._pairs(node, "limit"):
            name = self._key(key)
            if name not in _EXTENTS:
                near = closest(name, _EXTENTS)
                raise self._error(
                    "SG405",
                    f"`limit` has no extent `{name}`",
                    key,
                    f"did you mean `{near}`?" if near else f"extents: {', '.join(_EXTENTS)}",
                )
            count = self._parsed(value, p.parse_count)
            if derived and isinstance(count.low, s.Number) and count.high is None and not count.low.unit:
                outer[name] = int(count.low.value)
            else:
                caps.append(s.Cap(name, count, self._span(value)))
        return tuple(caps), outer

    def _cases(self, node: yaml.Node | None) -> tuple[s.When, ...]:
        chain = []
        for case in self._list(node):
            if not isinstance(case, yaml.MappingNode):
                raise self._error(
                    "SG406",
                    "a case is `{when: ..., then: {...}}` or `{otherwise: {...}}`",
                    case,
                    "write `- when: batch.size > 8`",
                )
            keys = self._keys(case, ("when", "then", "otherwise"), "a case")
            body = keys.get("then") or keys.get("otherwise")
            if not isinstance(body, yaml.MappingNode):
                raise self._error("SG406", "a case says what holds in it", case, "add `then: {maximize: ...}`")
            rules, _ = self._rules(self._keys(body, KEYS, "a case"), False)
            condition = self._expression(keys["when"]) if "when" in keys else None
            chain.append(s.When(condition, rules, self._span(case)))
        return tuple(chain)

    def _param(self, key: yaml.Node, value: yaml.Node) -> s.Param:
        name = self._key(key)
        return self._parsed(value, lambda source, start, end: p.parse_param(source, start, end, name))

    def _list(self, node: yaml.Node | None) -> list[yaml.Node]:
        if node is None:
            return []
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error("SG406", "a name is plain text", node, "write a single word")
        return str(node.value)

    def _scalar(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(
                "SG407",
                "an expression is one text, this is a list or a mapping",
                node,
                "quote it: YAML splits an unquoted `{a, b}` or `[a, b]` at its commas and `k: v` at the colon",
            )
        return self.values.get(id(node), str(node.value))

    def _expression(self, node: yaml.Node) -> s.Expression:
        return self._parsed(node, p.parse_expression)

    def _parsed(self, node: yaml.Node, parse: Callable[[Source, int, int], T]) -> T:
        """Parse a scalar where it stands; one that YAML or OmegaConf changed is parsed apart and reported as a whole."""
        text = self._scalar(node)
        start, end = node.start_mark.index, node.end_mark.index
        raw = self.source.text[start:end]
        inside = raw.find(text)
        if text and inside >= 0:
            return parse(self.source, start + inside, start + inside + len(text))
        apart = Source(self.source.name, text)
        try:
            return parse(apart, 0, len(text))
        except RecipeError as error:
            first = error.diagnostics[0]
            raise RecipeError(
                [
                    Diagnostic(
                        first.code, first.message, (Label(Span(self.source, start, end), f"= {text}"),), first.help
                    )
                ]
            ) from None

    def _span(self, node: yaml.Node) -> Span:
        return Span(self.source, node.start_mark.index, max(node.start_mark.index + 1, node.end_mark.index))

    def _error(self, code: str, message: str, node: yaml.Node, fix: str, short: bool = False) -> RecipeError:
        span = self._span(node)
        if short or isinstance(node, yaml.MappingNode | yaml.SequenceNode):
            line_end = self.source.text.find("\n", span.start)
            span = Span(self.source, span.start, line_end if line_end > span.start else span.start + 1)
        return RecipeError([Diagnostic(code, message, (Label(span),), fix)])
