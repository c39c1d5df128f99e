"""Operators of other languages: powers, whole divisions, remainders, assignments, `a ? b : c`."""

from __future__ import annotations

import re
from itertools import pairwise

from smartgen.language.mistakes.operands import expression_first, expression_last, operand_first, operand_last
from smartgen.language.mistakes.spot import Lexemes, Repair, replaced
from smartgen.language.words import EXTENTS

_MEASURED = re.compile(r"\b(?:time|tokens|progress|energy|money|profile|prob|path)\b|[0-9]\s*[A-Za-z]")


def power(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    message = f"there is no power operator `{sign.text}`"
    if index == 0 or index + 1 >= len(lexemes):
        return replaced(sign, "SG007", message, "*", "write a product: `x * x`")
    first, last = operand_first(lexemes, index - 1), operand_last(lexemes, index + 1)
    base, exponent = text[lexemes[first].start : sign.start].strip(), text[lexemes[index + 1].start : lexemes[last].end]
    written = (
        f"exp({exponent})"
        if base == "e"
        else {
            "2": f"{base} * {base}",
            "3": f"{base} * {base} * {base}",
            "0.5": f"sqrt({base})",
        }.get(exponent, f"exp({exponent} * log({base}))")
    )
    if first and lexemes[first - 1].text in ("/", "-") and "(" not in written[:5]:
        written = f"({written})"
    change = (lexemes[first].start, lexemes[last].end, written)
    return replaced(sign, "SG007", message, "", f"write `{written}`", (change,))


def slashes(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    line_end = text.find("\n", sign.end)
    rest = [x for x in lexemes[index + 1 :] if line_end < 0 or x.start < line_end]
    prose = any(a.word and b.word for a, b in pairwise(rest)) or any(x.sort == "foreign" for x in rest)
    operand = index > 0 and (lexemes[index - 1].sort in ("name", "number") or lexemes[index - 1].text == ")")
    if sign.first or not operand or not rest or prose:
        return replaced(sign, "SG016", "comments begin with `#`", "#", "write `#`")
    first, last = operand_first(lexemes, index - 1), operand_last(lexemes, index + 1)
    above, below = text[lexemes[first].start : sign.start].strip(), text[lexemes[index + 1].start : lexemes[last].end]
    measured = _MEASURED.search(above) or _MEASURED.search(below)  # only a bare number has a whole part
    written = f"{above} / {below}" if measured else f"floor({above} / {below})"
    change = (lexemes[first].start, lexemes[last].end, written)
    return replaced(sign, "SG007", "there is no operator `//`", "", f"write `{written}`", (change,))


def percent(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    before = lexemes[index - 1] if index else None
    following = lexemes[index + 1] if index + 1 < len(lexemes) else None
    modulo = following is not None and not following.first and (following.sort in ("name", "number"))
    if before is not None and before.sort == "number" and (not modulo or before.end == sign.start):
        counted = index >= 2 and lexemes[index - 2].text in ("best", "..", "depth", "width", "topk", "nodes")
        if counted:
            return replaced(sign, "SG010", "a count is a whole number, no percentage", "", f"write `{before.text}`")
        written = f"{float(re.split(r'[ a-zA-Z]', before.text)[0]) / 100:.6g}"
        change = (before.start, sign.end, written)
        return Repair(
            "SG010", "percentages are written as fractions", before.start, sign.end, f"write `{written}`", (change,)
        )
    if before is None or following is None:
        return replaced(sign, "SG007", "`%` means nothing here", "", "remove it")
    first, last = operand_first(lexemes, index - 1), operand_last(lexemes, index + 1)
    a, b = text[lexemes[first].start : sign.start].strip(), text[following.start : lexemes[last].end]
    measured = _MEASURED.search(a) or _MEASURED.search(b)
    written = f"{a} / {b}" if measured else f"({a} - {b} * floor({a} / {b}))"
    change = (lexemes[first].start, lexemes[last].end, written)
    return replaced(sign, "SG007", "there is no operator `%`", "", f"write `{written}`", (change,))


_ASKING = ("where", "when", "while", "to", "if", "and", "or", "not")  # a condition follows


def assigned(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    before = lexemes[index - 1].text if index else ""
    if before in (*EXTENTS, "best", "maximize", "expand", "verify"):
        return replaced(sign, "SG008", f"no `{sign.text}` stands behind `{before}`", "", "remove it")
    if sign.text == ":=":
        return replaced(sign, "SG008", "a name is given its value with `=`", "=", "write `=`")
    begun = next((x.text for x in reversed(lexemes[:index]) if x.text in _ASKING or x.first), "")
    if sign.text == "/=" and begun in _ASKING:  # of Haskell and Fortran
        return replaced(sign, "SG007", "there is no `/=`", "!=", "write `!=`")
    if (
        index > 1
        and lexemes[index - 2].text not in ("let", "cost", "benefit", "param")
        and not lexemes[index - 1].first
    ):
        operator = sign.text[:-1]
        return replaced(sign, "SG007", f"`{sign.text}` is not an operator here", operator, f"write `{operator}`")
    operator, name = sign.text[:-1], lexemes[index - 1].text if index else "x"
    written = f"= {name} {operator}"
    return replaced(
        sign,
        "SG008",
        f"nothing is assigned twice, so there is no `{sign.text}`",
        "=",
        f"`{written} ...` needs another name; write `=`",
    )


def question(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    colon = next((i for i in range(index + 1, len(lexemes)) if lexemes[i].text == ":"), None)
    if colon is None or index == 0 or "\n\n" in text[sign.end : lexemes[colon].start]:
        return replaced(sign, "SG007", "`?` means nothing here", "", "remove it")
    first, last = expression_first(lexemes, index - 1), expression_last(lexemes, colon + 1)
    condition = text[lexemes[first].start : sign.start].strip()
    then = text[sign.end : lexemes[colon].start].strip()
    written = f"(if {condition} then {then} else {text[lexemes[colon].end : lexemes[last].end].strip()})"
    change = (lexemes[first].start, lexemes[last].end, written)
    return replaced(sign, "SG007", "there is no `a ? b : c`", "", f"write `{written}`", (change,))
