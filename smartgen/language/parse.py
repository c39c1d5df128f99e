"""Text to syntax tree. Whatever lark says about wrong text is translated; none of it reaches a reader."""

from __future__ import annotations

from typing import Any

from lark import Tree
from lark.exceptions import UnexpectedInput

from smartgen.language import build
from smartgen.language.findings import Findings
from smartgen.language.source import Excerpt, Source
from smartgen.language.syntax import Document, Expression
from smartgen.language.tables import parser

MOST_CHARACTERS = 100_000
DEEPEST = 200  # nested expressions


def parse(source: Source, findings: Findings) -> Document | None:
    """A whole recipe. What is wrong goes to `findings` and is read as it was meant; None where nobody could tell."""
    read = _read("start", Excerpt.whole(source), findings)
    return build.document(*read) if read else None


def parse_expression(excerpt: Excerpt, findings: Findings) -> Expression | None:
    """One expression: a value inside YAML, a parameter from outside."""
    read = _read("expr", excerpt, findings)
    return build.expression(*read) if read else None


def parse_statement(kind: str, words: str, excerpt: Excerpt, findings: Findings) -> Any:
    """A statement of which the excerpt holds the rest: in the YAML form a key says the `words` it begins with.

    `kind` is its rule in the grammar.
    """
    read = _read(kind, excerpt.behind(words), findings)
    return build.statement(*read) if read else None


def _read(start: str, excerpt: Excerpt, findings: Findings) -> tuple[Tree[Any], Excerpt] | None:
    if len(excerpt.text) > MOST_CHARACTERS:
        findings.add(
            "SG012",
            f"this recipe has {len(excerpt.text)} characters, at most {MOST_CHARACTERS} are read",
            excerpt.span(0, 1),
            "a policy is a page: split or shorten it",
        )
        return None
    try:
        tree = parser().parse(excerpt.text, start=start)
    except UnexpectedInput:
        from smartgen.language.recover import recover  # only wrong text needs it

        mended = recover(excerpt, start, findings)
        if mended is None:
            return None
        excerpt = mended
        tree = parser().parse(excerpt.text, start=start)
    return None if _too_deep(tree, excerpt, findings) else (tree, excerpt)


def _too_deep(tree: Tree[Any], excerpt: Excerpt, findings: Findings) -> bool:
    """Refuse nesting that no later walk should have to survive; measured without recursion."""
    stack = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > DEEPEST:
            at = node.meta.start_pos
            findings.add(
                "SG012",
                f"this expression is nested more than {DEEPEST} levels deep",
                excerpt.span(at, min(node.meta.end_pos, at + 20)),
                "name its parts with `let`",
            )
            return True
        stack.extend((child, depth + 1) for child in node.children if isinstance(child, Tree))
    return False
