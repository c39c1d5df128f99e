"""From lark's trees to ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lark import Tree

from smartgen.language import syntax as s
from smartgen.language.source import Excerpt, Span

_QUANTITY = re.compile(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)[ \t]*(.*)", re.DOTALL)


def document(tree: Tree[Any], source: Excerpt) -> s.Document:
    header, *policies = tree.children
    version = _quantity(header.children[0], source)
    return s.Document(version, tuple(_policy(p, source) for p in policies), _span(tree, source))


def _policy(tree: Tree[Any], source: Excerpt) -> s.Policy:
    name, *rest = tree.children
    use: s.Use | None = None
    params, rules, chain = [], [], []
    for child in rest:
        built = statement(child, source)
        if isinstance(built, s.Use):
            use = built
        elif isinstance(built, s.Param):
            params.append(built)
        elif isinstance(built, s.When):
            chain.append(built)
        else:
            rules.append(built)
    return s.Policy(_name(name, source), use, tuple(params), tuple(rules), tuple(chain), _span(tree, source))


def statement(tree: Tree[Any], source: Excerpt) -> Any:
    """Any statement of a policy."""
    return _STATEMENTS[tree.data](tree, source)


def _use(tree: Tree[Any], source: Excerpt) -> s.Use:
    arguments = _arguments(tree.children[1], source) if len(tree.children) > 1 else ()
    return s.Use(str(tree.children[0]).strip('"'), arguments, _token_span(tree.children[0], source))


def _param(tree: Tree[Any], source: Excerpt) -> s.Param:
    name, kind, value = tree.children
    written = "".join(str(part) for part in kind.children)
    return s.Param(
        _name(name, source), s.Name(written, _span(kind, source)), expression(value, source), _span(tree, source)
    )


def _named(kind: Callable[..., Any]) -> Callable[[Tree[Any], Excerpt], Any]:
    return lambda t, source: kind(_name(t.children[0], source), expression(t.children[1], source), _span(t, source))


def _valued(kind: Callable[..., Any]) -> Callable[[Tree[Any], Excerpt], Any]:
    return lambda t, source: kind(expression(t.children[0], source), _span(t, source))


def _limit(tree: Tree[Any], source: Excerpt) -> s.Limit:
    caps = (s.Cap(str(c.children[0]), count(c.children[1], source), _span(c, source)) for c in tree.children)
    return s.Limit(tuple(caps), _span(tree, source))


def _when(tree: Tree[Any], source: Excerpt) -> s.When:
    condition = expression(tree.children[0], source) if tree.data == "when" else None
    rules = tuple(statement(child, source) for child in tree.children[-1].children)
    return s.When(condition, rules, _span(tree, source))


def verify_choice(tree: Tree[Any], source: Excerpt) -> s.Choice:
    """What stands behind `verify`."""
    inner = tree.children[0]
    if inner.data == "shape":
        words = tuple(_text(token, source) for token in inner.children)
        return s.Choice(None, None, None, None, False, words, _span(inner, source))
    return choice(inner, source)


def choice(tree: Tree[Any], source: Excerpt) -> s.Choice:
    """`all` or `best COUNT`, and its clauses."""
    head, *clauses = tree.children
    found: dict[str, Any] = {}
    repeated: list[tuple[str, Span]] = []
    for clause in clauses:
        if clause.data in found:
            repeated.append((str(clause.data), _span(clause, source)))
            continue
        found[clause.data] = True if clause.data == "pooled" else expression(clause.children[0], source)
    number = count(head.children[0], source) if head.data == "best" else None
    by, where, maximizing = (found.get(clause) for clause in ("by", "where", "maximizing"))
    return s.Choice(number, by, where, maximizing, "pooled" in found, (), _span(tree, source), tuple(repeated))


def count(tree: Tree[Any], source: Excerpt) -> s.Count:
    """A number or a range."""
    parts = [expression(part, source) for part in tree.children]
    return s.Count(parts[0], parts[1] if len(parts) > 1 else None, _span(tree, source))


def expression(tree: Any, source: Excerpt) -> s.Expression:
    """Any expression; nesting was bounded before."""
    kind, kids, span = tree.data, tree.children, _span(tree, source)
    if kind == "quantity":
        return _quantity(kids[0], source)
    if kind == "text":
        return _text(kids[0], source)
    if kind in ("true", "false"):
        return s.Flag(kind == "true", span)
    if kind == "name":
        return s.Name(str(kids[0]), span)
    if kind == "call":
        return s.Call(_name(kids[0].children[0], source), _arguments(kids[1], source), span)
    if kind == "unary":
        return s.Unary(str(kids[0]), expression(kids[1], source), span)
    if kind == "binary":
        left, op, right = kids
        return s.Binary(str(op), expression(left, source), expression(right, source), _token_span(op, source), span)
    condition, then, otherwise = (expression(kid, source) for kid in kids)
    return s.Conditional(condition, then, otherwise, span)


def _arguments(tree: Tree[Any], source: Excerpt) -> tuple[s.Argument, ...]:
    return tuple(_argument(child, source) for child in tree.children)


def _argument(tree: Tree[Any], source: Excerpt) -> s.Argument:
    if tree.data == "argument":
        return s.Argument(None, expression(tree.children[0], source), _span(tree, source))
    label: Any
    label, value = tree.children
    kinds: dict[str, Callable[[Any, Excerpt], Any]] = {"QUANTITY": _quantity, "STRING": _text}
    read: Callable[[Any, Excerpt], Any] = kinds.get(label.type, _name)
    return s.Argument(read(label, source), expression(value, source), _span(tree, source))


def _quantity(token: Any, source: Excerpt) -> s.Number:
    match = _QUANTITY.match(str(token))
    assert match is not None
    written, unit = match.groups()
    return s.Number(float(written), unit.strip(), written, _token_span(token, source))


def _text(token: Any, source: Excerpt) -> s.Text:
    return s.Text(str(token)[1:-1], _token_span(token, source))


def _name(token: Any, source: Excerpt) -> s.Name:
    return s.Name(str(token), _token_span(token, source))


def _span(tree: Tree[Any], source: Excerpt) -> Span:
    return source.span(0, 0) if tree.meta.empty else source.span(tree.meta.start_pos, tree.meta.end_pos)


def _token_span(token: Any, source: Excerpt) -> Span:
    return source.span(token.start_pos or 0, token.end_pos or 0)


_STATEMENTS: dict[str, Callable[[Tree[Any], Excerpt], Any]] = {
    "use": _use,
    "param": _param,
    "let": _named(s.Let),
    "benefit": _named(s.Benefit),
    "cost": _named(s.Cost),
    "maximize": _valued(s.Maximize),
    "subject": _valued(s.Subject),
    "expand": lambda t, source: s.Expand(choice(t.children[0], source), _span(t, source)),
    "proceed": _valued(s.Proceed),
    "verify": lambda t, source: s.Verify(verify_choice(t, source), _span(t, source)),
    "limit": _limit,
    "when": _when,
    "otherwise": _when,
}
