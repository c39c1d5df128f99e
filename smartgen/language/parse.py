"""Text to syntax tree. Whatever lark says about wrong text is translated; none of it reaches a reader."""

from __future__ import annotations

from functools import cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from smartgen.language import build
from smartgen.language.diagnostics import Diagnostic, Label, RecipeError
from smartgen.language.mistakes import explain_syntax
from smartgen.language.resources import folder
from smartgen.language.source import Source, Span
from smartgen.language.syntax import Choice, Count, Document, Expression, Param

MOST_CHARACTERS = 200_000
DEEPEST = 150  # nested expressions

_STARTS = {
    "document": "start",
    "expression": "expr",
    "choice": "choice",
    "count": "count",
    "verify": "verify",
    "param": "param",
}


@cache
def _parser(start: str) -> Lark:
    grammar = (folder("grammars") / "smart.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=start, propagate_positions=True, maybe_placeholders=False)


def parse(source: Source) -> Document:
    """A whole recipe. Raises RecipeError with one SG0 diagnostic."""
    return build.document(_tree("document", source, 0, len(source.text)), source)


def parse_expression(source: Source, start: int, end: int) -> Expression:
    """The expression written at characters start..end of `source` (a value inside YAML)."""
    return build.expression(_tree("expression", source, start, end), source)


def parse_choice(source: Source, start: int, end: int) -> Choice:
    """`best 10 where ...` inside YAML."""
    return build.choice(_tree("choice", source, start, end), source)


def parse_verify(source: Source, start: int, end: int) -> Choice:
    """A choice or a static tree inside YAML: the text behind `verify`."""
    return build.verify_choice(_tree("verify", source, start, end, "verify "), source)


def parse_count(source: Source, start: int, end: int) -> Count:
    """`8` or `0..64` inside YAML."""
    return build.count(_tree("count", source, start, end), source)


def parse_param(source: Source, start: int, end: int, name: str) -> Param:
    """`prob = 1.0` inside YAML, for the parameter `name`."""
    built: Param = build.statement(_tree("param", source, start, end, f"param {name}: "), source)
    return built


def _tree(kind: str, source: Source, start: int, end: int, before: str = "") -> Tree[Any]:
    """Parse a slice so that positions are those of the whole source; `before` stands in for words YAML makes a key."""
    if len(source.text) > MOST_CHARACTERS:
        raise RecipeError(
            [
                Diagnostic(
                    "SG012",
                    f"this recipe has {len(source.text)} characters, at most {MOST_CHARACTERS} are read",
                    (Label(Span(source, 0, 1)),),
                    "a policy is a page: split or shorten it",
                )
            ]
        )
    text = source.text[start:end]
    shift = start - len(before)
    try:
        tree = _parser(_STARTS[kind]).parse(before + text)
    except UnexpectedInput as error:
        raise RecipeError([explain_syntax(error, source, shift, end, kind)]) from None
    _bound(tree, source, shift)
    _shift(tree, shift)
    return tree


def _bound(tree: Tree[Any], source: Source, shift: int) -> None:
    """Refuse nesting that no later walk should have to survive; measured without recursion."""
    stack = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > DEEPEST:
            at = Span(source, node.meta.start_pos + shift, node.meta.end_pos + shift)
            raise RecipeError(
                [
                    Diagnostic(
                        "SG012",
                        f"this expression is nested more than {DEEPEST} levels deep",
                        (Label(Span(source, at.start, min(at.end, at.start + 20))),),
                        "name its parts with `let`",
                    )
                ]
            )
        stack.extend((child, depth + 1) for child in node.children if isinstance(child, Tree))


def _shift(tree: Tree[Any], shift: int) -> None:
    """Move every position; trees and tokens may be shared, each is moved once."""
    if shift == 0:
        return
    moved: set[int] = set()
    for node in tree.iter_subtrees():
        things: list[Any] = [node.meta, *(child for child in node.children if isinstance(child, Token))]
        for thing in things:
            if id(thing) not in moved and getattr(thing, "start_pos", None) is not None:
                moved.add(id(thing))
                thing.start_pos, thing.end_pos = thing.start_pos + shift, thing.end_pos + shift
