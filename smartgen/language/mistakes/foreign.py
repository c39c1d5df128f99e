"""Signs of other languages. They are wrong wherever they stand, so each has its answer without a look at the grammar."""

from __future__ import annotations

import re
from collections.abc import Callable

from smartgen.language.functions import FUNCTIONS
from smartgen.language.mistakes.brackets import bracket, bracket_end
from smartgen.language.mistakes.characters import character
from smartgen.language.mistakes.comments import COMMENTS, block_comment, trailing
from smartgen.language.mistakes.latex import formula
from smartgen.language.mistakes.operands import closing, operand_first, operand_last, unclosed
from smartgen.language.mistakes.operators import assigned, percent, power, question, slashes
from smartgen.language.mistakes.points import joined, point
from smartgen.language.mistakes.quotes import open_text, quoted
from smartgen.language.mistakes.spot import Lexemes, Repair, removal, replaced
from smartgen.language.units import SPELT
from smartgen.language.words import EXTENTS, OPPOSITE

# What is written instead, and what it is called in the message.
_SAME: dict[str, tuple[str, str]] = {
    "&&": ("and", "`&&` is not an operator here"),
    "||": ("or", "`||` is not an operator here"),
    "&": ("and", "`&` is not an operator here"),
    "|": ("or", "`|` is not an operator here"),
    "!": ("not ", "`!` is not an operator here"),
    "~": ("not ", "`~` is not an operator here"),
    "/\\": ("and", "`/\\` is not an operator here"),
    "\\/": ("or", "`\\/` is not an operator here"),
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
    "&gt;": (">", "`&gt;` is HTML for `>`"),
    "&lt;": ("<", "`&lt;` is HTML for `<`"),
    "&ge;": (">=", "`&ge;` is HTML for `>=`"),
    "&le;": ("<=", "`&le;` is HTML for `<=`"),
    "&amp;": ("and", "`&amp;` is HTML for `&`, which is not an operator here"),
    "&quot;": ('"', "`&quot;` is HTML for a quote"),
    "&nbsp;": (" ", "`&nbsp;` is HTML for a space"),
    "..=": ("..", "a range includes its upper end and is written with two points"),
}


_OVER = {"∏": "path", "Π": "path", "∑": "layer.sum", "Σ": "layer.sum", "√": "sqrt"}


def foreign(text: str, lexemes: Lexemes, index: int) -> Repair:
    """The repair of the foreign sign at `index`; at worst it is removed."""
    sign = lexemes[index].text
    set_in_latex = formula(text, lexemes, index)
    if set_in_latex is not None:
        return set_in_latex
    comment = trailing(text, lexemes, index)
    if comment is not None:
        return comment
    if sign == "=>" and index > 1 and lexemes[index - 2].text in ("(", ",") and lexemes[index - 1].sort == "name":
        return replaced(lexemes[index], "SG008", "arguments are named with `:`", ":", "write `:`")
    if (
        sign in ("=>", "->", "::", "<-")
        and index > 1
        and lexemes[index - 2].text in ("let", "benefit", "cost")
        and "." not in lexemes[index - 1].text
    ):
        return replaced(lexemes[index], "SG008", "a name is given its value with `=`", "=", "write `=`")
    if sign == "=>" and index and lexemes[index - 1].sort in ("number", "text"):
        return joined(text, lexemes, index)
    if sign in ("~", "≈", "≃") and index and index + 1 < len(lexemes):
        about = _about(lexemes, index)
        if about is not None:
            return about
    if sign in _OVER and index + 1 < len(lexemes):  # `∏ node.prob`
        last = operand_last(lexemes, index + 1)
        argument, at = text[lexemes[index + 1].start : lexemes[last].end], lexemes[index]
        written = f"{_OVER[sign]}{argument if argument.startswith('(') else f'({argument})'}"
        change = (at.start, lexemes[last].end, written)
        return Repair("SG007", f"`{sign}` is written `{_OVER[sign]}`", at.start, at.end, f"write `{written}`", (change,))
    if sign in ("∈", "∉") and index:
        return _member(text, lexemes, index)
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
    if sign in ("...", "…") and lexemes[index].first and (index + 1 == len(lexemes) or lexemes[index + 1].first):
        start, end = lexemes[index].start, lexemes[index].end
        message = f"`{sign}` stands for something that you write"
        return Repair(
            "SG009", message, start, end, "remove the line, or write the statement", (removal(text, start, end),)
        )
    if set(sign) == {"."} and len(sign) > 1:
        return replaced(lexemes[index], "SG007", "a range has two points", "..", "write `..`")
    given = _given(text, lexemes, index) if sign == "|" else None
    if given is not None:
        return given
    following = lexemes[index + 1].text if index + 1 < len(lexemes) else ""
    if sign in ("|", "&", "&&", "||") and following in EXTENTS:
        return replaced(lexemes[index], "SG007", "limits are separated by `,`", ",", "write `,`")
    if sign == "\\" and (index + 1 == len(lexemes) or lexemes[index + 1].first):
        return replaced(lexemes[index], "SG016", "a line goes on without a sign", "", "remove it")
    label = index + 2 < len(lexemes) and lexemes[index + 2].text == ":"
    if sign == "|" and label and unclosed(lexemes, index) is not None:
        return replaced(lexemes[index], "SG007", "arguments and rows are separated by `,`", ",", "write `,`")
    if sign in _SAME:
        written, message = _SAME[sign]
        return replaced(lexemes[index], "SG007", message, written, f"write `{written.strip()}`")
    if sign.startswith(tuple(COMMENTS)):
        return block_comment(text, lexemes, index)
    return _ANSWERS.get(sign, character)(text, lexemes, index)


def _given(text: str, lexemes: Lexemes, index: int) -> Repair | None:
    """`P(accepted | node.prob)`: the chance of being accepted, given something, is learned."""
    opened = unclosed(lexemes, index)
    close = closing(lexemes, opened) if opened else None
    if not opened or close is None or lexemes[opened - 1].text not in ("P", "Pr", "p", "Prob", "prob", "E"):
        return None
    start, end = lexemes[opened - 1].start, lexemes[close].end
    written = f"calibrated({text[lexemes[index].end : lexemes[close].start].strip()})"
    message = "a chance given something is what `calibrated` learns"
    return Repair("SG007", message, start, end, f"write `{written}`", ((start, end, written),))


def _member(text: str, lexemes: Lexemes, index: int) -> Repair:
    """`x ∈ {1, 2}`."""
    sign = lexemes[index]
    among = re.match(r"\s*[{(\[]([^{}()\[\]]*)[})\]]", text[sign.end :])
    parts = [part.strip() for part in among.group(1).split(",") if part.strip()] if among is not None else []
    if among is None or not parts:
        return replaced(sign, "SG007", f"there is no `{sign.text}`", "==" if sign.text == "∈" else "!=", "write `==`")
    first = lexemes[operand_first(lexemes, index - 1)]
    name = text[first.start : lexemes[index - 1].end]
    same, joint = ("==", " or ") if sign.text == "∈" else ("!=", " and ")
    condition = joint.join(f"{name} {same} {part}" for part in parts)
    written = f"({condition})" if len(parts) > 1 else condition
    end = sign.end + among.end()
    change = (first.start, end, written)
    return Repair("SG007", f"there is no `{sign.text}`", sign.start, end, f"write `{written}`", (change,))


def _about(lexemes: Lexemes, index: int) -> Repair | None:
    """`~=`, `>~`, `=~`: a comparison with a wave in it, or a wave that compares."""
    sign, before, behind = lexemes[index], lexemes[index - 1], lexemes[index + 1]
    if behind.text == "=" and behind.start == sign.end:
        return Repair(
            "SG007",
            "`~=` is not an operator here",
            sign.start,
            behind.end,
            "write `!=`",
            ((sign.start, behind.end, "!="),),
        )
    if before.text in ("<", ">", "<=", ">=", "=") and before.end == sign.start:
        written = "==" if before.text == "=" else before.text
        message, change = f"`{before.text}{sign.text}` is not an operator here", (before.start, sign.end, written)
        return Repair("SG007", message, before.start, sign.end, f"write `{written}`", (change,))
    return (
        replaced(sign, "SG007", f"`{sign.text}` is not an operator here", "==", "write `==`")
        if sign.text != "~"
        else None
    )


_BELOW_MONEY = re.compile(r"\s*(?:/|per)\s*(?:GPU[- ]?)?(hours?|hr|h|s|sec|min|tok|tokens?|J|kWh)\b")


def _money(text: str, lexemes: Lexemes, index: int) -> Repair:
    """`$0.002`, `€3/h`, `3 €/h`: an amount of money has its unit behind it, and the unit is a word."""
    sign = lexemes[index]
    before, behind = lexemes[index - 1] if index else None, lexemes[index + 1] if index + 1 < len(lexemes) else None
    if behind is not None and behind.sort == "number" and behind.start == sign.end:
        number, message = behind, "an amount of money has its unit behind it"
    elif before is not None and re.fullmatch(r"[0-9.]+", before.text) and "\n" not in text[before.end : sign.start]:
        number, message = before, f"the unit of money is no `{sign.text}`"
    else:
        return _dollar(text, lexemes, index) if sign.text == "$" else character(text, lexemes, index)
    unit = "usd" if sign.text == "$" else "eur"
    start, end = min(number.start, sign.start), max(number.end, sign.end)
    below = _BELOW_MONEY.match(text, end)
    end = below.end() if below is not None else end
    each = below.group(1) if below is not None else _declared(lexemes, index - (number is before))
    written = f"{number.text} {unit}" + (f"/{SPELT.get(each, each)}" if each else "")
    return Repair("SG004", message, start, end, f"write `{written}`", ((start, end, written),))


def _declared(lexemes: Lexemes, index: int) -> str:
    """What money is per in `param rate: usd/h = $2.50`, the amount being at `index`; empty where nothing says so."""
    words = [lexeme.text for lexeme in lexemes[max(0, index - 4) : index]]
    return words[2] if len(words) == 4 and words[1] == "/" and words[3] == "=" else ""


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
    """`exp $ -x`, as in Haskell; `$trust`, as in a shell."""
    before, sign = lexemes[index - 1] if index else None, lexemes[index]
    default = re.match(r"\$\{\w+:?-([^{}\n]*)\}", text[sign.start :])
    if default is not None:  # `${BUDGET:-60}`
        change = (sign.start, sign.start + default.end(), default[1])
        return Repair("SG016", "no variable of a shell is read here", *change[:2], f"write `{default[1]}`", (change,))
    behind = lexemes[index + 1 : index + 3]
    if before is not None and before.text == ":" and index > 2 and lexemes[index - 3].text == "param":  # `: $/h`
        last = behind[1] if len(behind) == 2 and behind[0].text == "/" else sign
        written = f"usd/{last.text}" if last is not sign else "usd"
        change = (sign.start, last.end, written)
        return Repair("SG210", "there is no type `$`", sign.start, last.end, f"write `{written}`", (change,))
    line = text.find("\n", sign.end)
    argument = text[sign.end : line if line >= 0 else len(text)].partition("#")[0].strip()
    if before is not None and before.text in FUNCTIONS and argument:
        start, end = before.start, text.index(argument, sign.end) + len(argument)
        written = f"{before.text}({argument})"
        return Repair(
            "SG007", "arguments stand in parentheses", start, end, f"write `{written}`", ((start, end, written),)
        )
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
    **dict.fromkeys(("$", "€"), _money),
}
