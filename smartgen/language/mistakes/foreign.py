"""Signs of other languages. They are wrong wherever they stand, so each has its answer without a look at the grammar."""

from __future__ import annotations

from collections.abc import Callable

from smartgen.language.mistakes.brackets import bracket, bracket_end
from smartgen.language.mistakes.characters import character
from smartgen.language.mistakes.comments import COMMENTS, block_comment
from smartgen.language.mistakes.latex import formula
from smartgen.language.mistakes.operators import assigned, percent, power, question, slashes
from smartgen.language.mistakes.points import joined, point
from smartgen.language.mistakes.quotes import open_text, quoted
from smartgen.language.mistakes.spot import Lexemes, Repair, replaced
from smartgen.language.words import EXTENTS, OPPOSITE

# What is written instead, and what it is called in the message.
_SAME: dict[str, tuple[str, str]] = {
    "&&": ("and", "`&&` is not an operator here"),
    "||": ("or", "`||` is not an operator here"),
    "&": ("and", "`&` is not an operator here"),
    "|": ("or", "`|` is not an operator here"),
    "!": ("not ", "`!` is not an operator here"),
    "~": ("not ", "`~` is not an operator here"),
    "¬": ("not ", "`¬` is not an operator here"),
    "∧": ("and", "`∧` is not an operator here"),
    "∨": ("or", "`∨` is not an operator here"),
    "===": ("==", "`===` is not an operator here"),
    "!==": ("!=", "`!==` is not an operator here"),
    "<>": ("!=", "`<>` is not an operator here"),
    "=<": ("<=", "the sign is written `<=`"),
    "=>": (">=", "the sign is written `>=`"),
    "≤": ("<=", "`≤` is written with two characters"),
    "≥": (">=", "`≥` is written with two characters"),
    "≦": ("<=", "`≦` is written with two characters"),
    "≧": (">=", "`≧` is written with two characters"),
    "≠": ("!=", "`≠` is written with two characters"),
    "×": ("*", "`×` is not an operator here"),
    "·": ("*", "`·` is not an operator here"),
    "∗": ("*", "this is not the asterisk of a keyboard"),
    "\\": ("/", "`\\` is not an operator here"),
    "÷": ("/", "`÷` is not an operator here"),
    "–": ("-", "this is a dash, not a minus"),
    "—": ("-", "this is a dash, not a minus"),
    "−": ("-", "this is not the minus of a keyboard"),
    "…": ("..", "a range has two points"),
    "..=": ("..", "a range includes its upper end and is written with two points"),
}


def foreign(text: str, lexemes: Lexemes, index: int) -> Repair:
    """The repair of the foreign sign at `index`; at worst it is removed."""
    sign = lexemes[index].text
    set_in_latex = formula(text, lexemes, index)
    if set_in_latex is not None:
        return set_in_latex
    if (
        sign in ("=>", "->", "::", "<-")
        and index > 1
        and lexemes[index - 2].text in ("let", "benefit", "cost")
        and "." not in lexemes[index - 1].text
    ):
        return replaced(lexemes[index], "SG008", "a name is given its value with `=`", "=", "write `=`")
    if sign == "=>" and index and lexemes[index - 1].sort in ("number", "text"):
        return joined(text, lexemes, index)
    numbers = 0 < index < len(lexemes) - 1 and lexemes[index - 1].sort == lexemes[index + 1].sort == "number"
    if sign in ("~", "–", "—") and numbers and index > 1 and lexemes[index - 2].text == "best":
        return replaced(lexemes[index], "SG007", "a range has two points", "..", "write `..`")
    if sign == "!" and index + 1 < len(lexemes) and lexemes[index + 1].text == "=":
        change = (lexemes[index].start, lexemes[index + 1].end, "!=")
        return replaced(lexemes[index], "SG007", "`!=` is written without a space", "", "write `!=`", (change,))
    if sign == "!" and index + 1 < len(lexemes) and lexemes[index + 1].text in OPPOSITE:
        written = OPPOSITE[lexemes[index + 1].text]
        change = (lexemes[index].start, lexemes[index + 1].end, written)
        return replaced(lexemes[index], "SG007", "`!` is not an operator here", "", f"write `{written}`", (change,))
    if set(sign) == {"."} and len(sign) > 1:
        return replaced(lexemes[index], "SG007", "a range has two points", "..", "write `..`")
    following = lexemes[index + 1].text if index + 1 < len(lexemes) else ""
    if sign in ("|", "&", "&&", "||") and following in EXTENTS:
        return replaced(lexemes[index], "SG007", "limits are separated by `,`", ",", "write `,`")
    if sign in _SAME:
        written, message = _SAME[sign]
        return replaced(lexemes[index], "SG007", message, written, f"write `{written.strip()}`")
    if sign.startswith(tuple(COMMENTS)):
        return block_comment(text, lexemes, index)
    return _ANSWERS.get(sign, character)(text, lexemes, index)


def _semicolon(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    inside = sum((x.text == "(") - (x.text == ")") for x in lexemes[:index]) > 0
    if inside:
        return replaced(sign, "SG007", "arguments are separated by `,`", ",", "write `,`")
    if index + 1 < len(lexemes) and lexemes[index + 1].text in ("depth", "width", "topk", "nodes"):
        return replaced(sign, "SG007", "limits are separated by `,`", ",", "write `,`")
    return replaced(
        sign, "SG007", "statements need no `;`", " ", "remove it: every statement begins with a keyword of its own"
    )


def _dollar(text: str, lexemes: Lexemes, index: int) -> Repair:
    return replaced(
        lexemes[index], "SG016", "`$` means nothing here: parameters are read by their bare name", "", "remove it"
    )


_Answer = Callable[[str, Lexemes, int], Repair]
_ANSWERS: dict[str, _Answer] = {
    "**": power,
    "^": power,
    "//": slashes,
    "%": percent,
    ".": point,
    "::": joined,
    "->": joined,
    **dict.fromkeys((":=", "+=", "-=", "*=", "/=", "**="), assigned),
    **dict.fromkeys(("'", "“", "”", "„", "‘", "’", "«", "`"), quoted),
    '"': open_text,
    "[": bracket,
    "]": bracket_end,
    ";": _semicolon,
    "?": question,
    "$": _dollar,
}
