"""Which lexemes belong together, in text that does not parse."""

from __future__ import annotations

from collections.abc import Sequence

from smartgen.language.lexemes import Lexeme
from smartgen.language.words import STATEMENTS

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_STOPS = frozenset(
    {"=", ":", ",", "(", "[", "{", "}", "..", "best", "by", "where", "while", "to", "maximizing", "then"}
)
_MORE = frozenset({"else", "if", "depth", "width", "topk", "nodes", "maximize", "when"})
_HANGING = frozenset({"+", "-", "*", "/", "=", "==", "!=", "<", ">", "<=", ">=", ",", "(", "..", ":", "and", "or"})
_OPEN = frozenset({"not", "if", "then", "else", "where", "by", "best", "while", "to", "maximizing"})


def closing(lexemes: Sequence[Lexeme], index: int) -> int | None:
    """Index of the bracket that closes the one at `index`."""
    opens, closes, depth = lexemes[index].text, _PAIRS[lexemes[index].text], 0
    for i in range(index, len(lexemes)):
        depth += (lexemes[i].text == opens) - (lexemes[i].text == closes)
        if depth == 0:
            return i
    return None


def opening(lexemes: Sequence[Lexeme], index: int) -> int | None:
    """Index of the bracket that the one at `index` closes."""
    closes = lexemes[index].text
    opens, depth = next(o for o, c in _PAIRS.items() if c == closes), 0
    for i in range(index, -1, -1):
        depth += (lexemes[i].text == closes) - (lexemes[i].text == opens)
        if depth == 0:
            return i
    return None


def unclosed(lexemes: Sequence[Lexeme], end: int, bracket: str = "(") -> int | None:
    """Index of the last `bracket` before `end` that nothing before `end` closes."""
    depth = 0
    for i in range(end - 1, -1, -1):
        depth += (lexemes[i].text == _PAIRS[bracket]) - (lexemes[i].text == bracket)
        if depth < 0:
            return i
    return None


def operand_first(lexemes: Sequence[Lexeme], last: int) -> int:
    """Index of the first lexeme of the operand (a name, a number, a call, a group) that ends at `last`."""
    if lexemes[last].text not in (")", "]"):
        return last
    first = opening(lexemes, last)
    if first is None:
        return last
    called = first > 0 and lexemes[first - 1].sort == "name" and lexemes[first - 1].end == lexemes[first].start
    return first - 1 if called else first


def operand_last(lexemes: Sequence[Lexeme], first: int) -> int:
    """Index of the last lexeme of the operand that begins at `first`."""
    if first >= len(lexemes):
        return len(lexemes) - 1
    at = first + 1 if lexemes[first].text == "-" and first + 1 < len(lexemes) else first
    if lexemes[at].sort == "name" and at + 1 < len(lexemes) and lexemes[at + 1].text == "(":
        at += 1
    if lexemes[at].text in ("(", "["):
        found = closing(lexemes, at)
        return at if found is None else found
    return at


def expression_first(lexemes: Sequence[Lexeme], last: int) -> int:
    """Index of the first lexeme of the expression that ends at `last`, going back to what cannot be part of it."""
    i = last
    while i >= 0:
        text = lexemes[i].text
        if text in (")", "]"):
            i = opening(lexemes, i) or 0
        elif text in _STOPS or text in _MORE or text in STATEMENTS:
            return i + 1
        i -= 1
    return 0


def statement_last(lexemes: Sequence[Lexeme], index: int) -> int:
    """Index of the last lexeme of the statement that goes on at `index`: before the next keyword of a statement, a brace,
    or a line that begins with a word where the one before could end."""
    depth = 0
    for i in range(index, len(lexemes) - 1):
        text, following = lexemes[i].text, lexemes[i + 1]
        depth += (text == "(") - (text == ")")
        if following.text in STATEMENTS or following.text in ("{", "}", "policy"):
            return i
        if depth <= 0 and following.first and following.word and text not in _HANGING and text not in _OPEN:
            return i
    return len(lexemes) - 1


def expression_last(lexemes: Sequence[Lexeme], first: int) -> int:
    """Index of the last lexeme of the expression that begins at `first`: up to a `,`, a `)`, a clause or the statement's
    end; an `if` takes its own `then` and `else` along."""
    depth, conditionals, end = 0, 0, statement_last(lexemes, first)
    for i in range(first, end + 1):
        text = lexemes[i].text
        conditionals += text == "if"
        if depth == 0 and (
            text in (",", ")", "where", "by", "pooled", "maximizing", "..")
            or (text in ("then", "else") and conditionals == 0)
        ):
            return max(first, i - 1)
        if text == "else" and depth == 0:
            conditionals -= 1
        depth += (text == "(") - (text == ")")
    return end


def arguments(text: str, lexemes: Sequence[Lexeme], first: int, close: int) -> list[str]:
    """What stands between the commas of a call whose first argument begins at `first` and that `close` closes."""
    depth, begun, values = 0, first, list[str]()
    for i in range(first, close + 1):
        sign = lexemes[i].text
        if i > begun and depth == 0 and (sign == "," or i == close):
            values.append(text[lexemes[begun].start : lexemes[i - 1].end])
        begun = i + 1 if depth == 0 and sign == "," else begun
        depth += (sign == "(") - (sign == ")")
    return values
