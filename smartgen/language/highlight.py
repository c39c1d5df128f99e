"""Words for highlighters, from the one table of words: the TextMate grammar, and what the Pygments lexer matches."""

from __future__ import annotations

import json
from typing import Any

from smartgen.language.functions import AGGREGATES, FUNCTIONS, SCOPES
from smartgen.language.signals import SIGNALS
from smartgen.language.units import UNITS
from smartgen.language.words import CLAUSES, CONDITIONAL, CONSTANTS, EXTENTS, OPERATORS, OTHERS, STATEMENTS, TYPES


def _words(words: Any) -> str:
    return "|".join(sorted((str(word).replace(".", r"\.") for word in words), key=len, reverse=True))


# Kind of word → a regular expression that matches it, in the order in which they are tried.
PATTERNS: dict[str, str] = {
    "comment": r"#.*$",
    "string": r'"[^"\n]*"',
    "number": rf"\b[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?:[ \t]*(?:{_words(UNITS)})(?:/(?:{_words(UNITS)}))?\b)?",
    "aggregate": rf"\b(?:{_words(SCOPES)})\.(?:{_words(AGGREGATES)})(?=[ \t]*\()",
    "signal": rf"\b(?:{_words(SIGNALS)})\b(?!\.)",
    "statement": rf"\b(?:{_words([*STATEMENTS, *OTHERS])})\b(?!\.)",
    "clause": rf"\b(?:{_words([*CLAUSES, *CONDITIONAL])})\b",
    "extent": rf"\b(?:{_words(EXTENTS)})\b",
    "logic": rf"\b(?:{_words(OPERATORS)})\b",
    "constant": rf"\b(?:{_words(CONSTANTS)})\b",
    "function": rf"\b(?:{_words(FUNCTIONS)})(?=[ \t]*\()",
    "type": rf"(?:(?<=: )|(?<=:  )|(?<=:   ))(?:{_words([*TYPES, *UNITS])})\b(?=[^()\n]*=)",
    "operator": r"\.\.|<=|>=|==|!=|[-+*/<>=]",
    "name": r"\b[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\b",
}
_SCOPES = {
    "comment": "comment.line.number-sign",
    "string": "string.quoted.double",
    "number": "constant.numeric",
    "aggregate": "support.function",
    "signal": "support.variable",
    "statement": "keyword.control",
    "clause": "keyword.other",
    "extent": "keyword.other",
    "logic": "keyword.operator.logical",
    "constant": "constant.language",
    "function": "support.function",
    "type": "storage.type",
    "operator": "keyword.operator",
    "name": "variable.other",
}


def textmate() -> str:
    """The TextMate grammar as it is kept in `grammars/smart.tmLanguage.json`."""
    patterns = [{"name": f"{_SCOPES[kind]}.smartgen", "match": pattern} for kind, pattern in PATTERNS.items()]
    grammar = {"name": "smartgen", "scopeName": "source.smartgen", "fileTypes": ["smart"], "patterns": patterns}
    return json.dumps(grammar, indent=2) + "\n"
