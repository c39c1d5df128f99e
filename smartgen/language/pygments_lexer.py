"""The language for Pygments, and so for everything that highlights with it; found by its entry point as `smartgen`."""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

from smartgen.language.highlight import PATTERNS

_TOKENS = {
    "comment": Comment.Single,
    "string": String.Double,
    "number": Number,
    "aggregate": Name.Builtin,
    "signal": Name.Builtin.Pseudo,
    "statement": Keyword,
    "clause": Keyword,
    "extent": Keyword,
    "logic": Operator.Word,
    "constant": Keyword.Constant,
    "function": Name.Builtin,
    "type": Keyword.Type,
    "operator": Operator,
    "name": Name,
}


class SmartLexer(RegexLexer):  # type: ignore[misc]
    """Recipes in the text form."""

    name = "smartgen"
    aliases: ClassVar[list[str]] = ["smartgen", "smart"]
    filenames: ClassVar[list[str]] = ["*.smart"]
    tokens: ClassVar[dict[str, list[tuple[str, object]]]] = {
        "root": [
            (r"\s+", Whitespace),
            *((pattern, _TOKENS[kind]) for kind, pattern in PATTERNS.items()),
            (r"[(){},:]", Punctuation),
        ]
    }
