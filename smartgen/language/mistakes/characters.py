"""Single characters that the language does not have: other spaces, other letters, other signs of the same look."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from smartgen.language.lexemes import Lexeme
from smartgen.language.mistakes.operands import operand_first
from smartgen.language.mistakes.spot import Repair


def character(text: str, lexemes: Sequence[Lexeme], index: int) -> Repair:
    """Any other character."""
    at = lexemes[index]
    c = at.text[0]
    if c in "µμ" and text[at.end : at.end + 1] == "s":
        return Repair(
            "SG004", f"there is no unit `{c}s`", at.start, at.end + 1, "write `us`", ((at.start, at.end, "u"),)
        )
    value = number(text, at.start)
    if value is not None:
        start, end, written = value
        message = "numbers are written in plain digits"
        return Repair("SG010", message, start, end, f"write `{written}`", ((start, end, written),))
    if c in "²³":
        first = operand_first(lexemes, index - 1) if index else index
        base = text[lexemes[first].start : at.start].strip() or "x"
        written = f" * {base}" * (1 if c == "²" else 2)
        return _replaced(at, "SG007", f"there is no power operator `{c}`", written, f"write `{base}{written}`")
    plain = unicodedata.normalize("NFKC", c)
    if c.isspace() or (plain.isspace() and plain):
        return _replaced(at, "SG016", f"this is no ordinary space ({_named(c)})", " ", "write an ordinary space")
    if c.isalnum() and not c.isascii():
        return _letter(text, at, plain)
    if plain.isascii() and plain.isprintable() and plain != c:
        return _replaced(at, "SG016", f"this is not the `{plain}` of a keyboard", plain, f"write `{plain}`")
    shown = f"`{c}`" if c.isprintable() else _named(c)
    return _replaced(at, "SG016", f"{shown} means nothing here", "", "remove it")


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")


def number(text: str, at: int) -> tuple[int, int, str] | None:
    """`10⁻³` and `2·10⁻³`, `½`, `1½`: first and last character and the number around character `at`; None where none is."""
    for found in re.finditer(r"(?:([0-9.]+)\s*[·×*x]\s*)?10([⁻⁺]?[⁰¹²³⁴-⁹]+)", text):
        if found.start() <= at < found.end():
            power = int(found.group(2).translate(_SUPERSCRIPTS))
            return found.start(), found.end(), f"{float(found.group(1) or 1) * 10.0**power:.10g}"
    if unicodedata.category(text[at]) != "No" or unicodedata.normalize("NFKC", text[at]).isdigit():
        return None
    whole = re.search(r"[0-9]*$", text[:at])
    digits = whole.group() if whole is not None else ""
    return at - len(digits), at + 1, f"{float(digits or 0) + unicodedata.numeric(text[at]):.6g}"


def _letter(text: str, at: Lexeme, plain: str) -> Repair:
    """A letter that no name has: the whole word is told, one letter is changed."""
    start, end = at.start, at.end
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    word = "".join(_ascii(c) for c in text[start:end])
    change = (at.start, at.end, plain if plain.isascii() and plain.isalnum() else _ascii(at.text))
    message = f"names have the letters a to z only, this one has `{at.text}`"
    return Repair("SG017", message, start, end, f"write `{word}`", (change,))


def _ascii(c: str) -> str:
    if c.isascii() or c in _LETTERS:
        return _LETTERS.get(c, c)
    plain = "".join(x for x in unicodedata.normalize("NFKD", c) if x.isascii() and x.isalnum())
    return plain or re.sub(r"\W", "", unicodedata.name(c, "x").lower().split(" ")[-1])


_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ä": "ae", "ö": "oe", "ü": "ue"}


def invisible(text: str) -> bool:
    """Whether a sign is one that cannot be seen, such as a zero width space."""
    return unicodedata.category(text[0]) in ("Cf", "Cc", "Zs", "Zl", "Zp")


def _named(c: str) -> str:
    return f"the character U+{ord(c):04X}" + (f", {unicodedata.name(c).lower()}" if unicodedata.name(c, "") else "")


def _replaced(at: Lexeme, code: str, message: str, written: str, help: str) -> Repair:
    return Repair(code, message, at.start, at.end, help, ((at.start, at.end, written),))
