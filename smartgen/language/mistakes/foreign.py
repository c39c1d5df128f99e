"""Signs of other languages. They are wrong wherever they stand, so each has its answer without a look at the grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from smartgen.language.functions import AGGREGATES, FUNCTIONS
from smartgen.language.lexemes import Lexeme
from smartgen.language.mistakes.characters import character
from smartgen.language.mistakes.operands import (
    closing,
    expression_first,
    expression_last,
    opening,
    operand_first,
    operand_last,
    unclosed,
)
from smartgen.language.mistakes.spot import Change, Repair
from smartgen.language.signals import SIGNALS
from smartgen.language.words import EXTENTS, OPPOSITE

Lexemes = Sequence[Lexeme]
_EXPECTED = ("E", "Pr", "P", "mathbb", "EE")  # how papers write an expectation or a chance
_MEASURED = re.compile(r"\b(?:time|tokens|progress|energy|money|profile|prob|path)\b|[0-9]\s*[A-Za-z]")
_COMMENTS = {
    "/*": 2,
    "<!--": 3,
    '"""': 3,
    "'''": 3,
}  # what opens a comment of other languages: length of what closes it

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
    if (
        sign in ("=>", "->", "::", "<-")
        and index > 1
        and lexemes[index - 2].text in ("let", "benefit", "cost")
        and "." not in lexemes[index - 1].text
    ):
        return _replace(lexemes[index], "SG008", "a name is given its value with `=`", "=", "write `=`")
    if sign == "=>" and index and lexemes[index - 1].sort in ("number", "text"):
        return _joined(text, lexemes, index)
    numbers = 0 < index < len(lexemes) - 1 and lexemes[index - 1].sort == lexemes[index + 1].sort == "number"
    if sign in ("~", "–", "—") and numbers and index > 1 and lexemes[index - 2].text == "best":
        return _replace(lexemes[index], "SG007", "a range has two points", "..", "write `..`")
    if sign == "!" and index + 1 < len(lexemes) and lexemes[index + 1].text == "=":
        change = (lexemes[index].start, lexemes[index + 1].end, "!=")
        return _replace(lexemes[index], "SG007", "`!=` is written without a space", "", "write `!=`", (change,))
    if sign == "!" and index + 1 < len(lexemes) and lexemes[index + 1].text in OPPOSITE:
        written = OPPOSITE[lexemes[index + 1].text]
        change = (lexemes[index].start, lexemes[index + 1].end, written)
        return _replace(lexemes[index], "SG007", "`!` is not an operator here", "", f"write `{written}`", (change,))
    if set(sign) == {"."} and len(sign) > 1:
        return _replace(lexemes[index], "SG007", "a range has two points", "..", "write `..`")
    following = lexemes[index + 1].text if index + 1 < len(lexemes) else ""
    if sign in ("|", "&", "&&", "||") and following in EXTENTS:
        return _replace(lexemes[index], "SG007", "limits are separated by `,`", ",", "write `,`")
    if sign in _SAME:
        written, message = _SAME[sign]
        return _replace(lexemes[index], "SG007", message, written, f"write `{written.strip()}`")
    if sign.startswith(tuple(_COMMENTS)):
        return _block_comment(text, lexemes, index)
    return _ANSWERS.get(sign, character)(text, lexemes, index)


def _replace(at: Lexeme, code: str, message: str, written: str, help: str, changes: tuple[Change, ...] = ()) -> Repair:
    return Repair(code, message, at.start, at.end, help, changes or ((at.start, at.end, written),))


def _power(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    message = f"there is no power operator `{sign.text}`"
    if index == 0 or index + 1 >= len(lexemes):
        return _replace(sign, "SG007", message, "*", "write a product: `x * x`")
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
    return _replace(sign, "SG007", message, "", f"write `{written}`", (change,))


def _slashes(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    line_end = text.find("\n", sign.end)
    rest = [x for x in lexemes[index + 1 :] if line_end < 0 or x.start < line_end]
    prose = any(a.word and b.word for a, b in pairwise(rest)) or any(x.sort == "foreign" for x in rest)
    operand = index > 0 and (lexemes[index - 1].sort in ("name", "number") or lexemes[index - 1].text == ")")
    if sign.first or not operand or not rest or prose:
        return _replace(sign, "SG016", "comments begin with `#`", "#", "write `#`")
    first, last = operand_first(lexemes, index - 1), operand_last(lexemes, index + 1)
    above, below = text[lexemes[first].start : sign.start].strip(), text[lexemes[index + 1].start : lexemes[last].end]
    measured = _MEASURED.search(above) or _MEASURED.search(below)  # only a bare number has a whole part
    written = f"{above} / {below}" if measured else f"floor({above} / {below})"
    change = (lexemes[first].start, lexemes[last].end, written)
    return _replace(sign, "SG007", "there is no operator `//`", "", f"write `{written}`", (change,))


def _block_comment(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    alone = not text[sign.end :].partition("\n")[0].strip()
    opens = next(o for o in _COMMENTS if sign.text.startswith(o))
    inside = sign.text[len(opens) : -_COMMENTS[opens]]
    lines = [line.strip().lstrip("*").strip() for line in inside.strip().splitlines()]
    written = "\n".join(f"# {line}" for line in lines) if alone else ""
    return _replace(sign, "SG016", "comments begin with `#` and end with their line", written, "write `# ...`")


def _percent(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    before = lexemes[index - 1] if index else None
    following = lexemes[index + 1] if index + 1 < len(lexemes) else None
    modulo = following is not None and not following.first and (following.sort in ("name", "number"))
    if before is not None and before.sort == "number" and (not modulo or before.end == sign.start):
        counted = index >= 2 and lexemes[index - 2].text in ("best", "..", "depth", "width", "topk", "nodes")
        if counted:
            return _replace(sign, "SG010", "a count is a whole number, no percentage", "", f"write `{before.text}`")
        written = f"{float(re.split(r'[ a-zA-Z]', before.text)[0]) / 100:.6g}"
        change = (before.start, sign.end, written)
        return Repair(
            "SG010", "percentages are written as fractions", before.start, sign.end, f"write `{written}`", (change,)
        )
    if before is None or following is None:
        return _replace(sign, "SG007", "`%` means nothing here", "", "remove it")
    first, last = operand_first(lexemes, index - 1), operand_last(lexemes, index + 1)
    a, b = text[lexemes[first].start : sign.start].strip(), text[following.start : lexemes[last].end]
    measured = _MEASURED.search(a) or _MEASURED.search(b)
    written = f"{a} / {b}" if measured else f"({a} - {b} * floor({a} / {b}))"
    change = (lexemes[first].start, lexemes[last].end, written)
    return _replace(sign, "SG007", "there is no operator `%`", "", f"write `{written}`", (change,))


def _point(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    before = lexemes[index - 1] if index else None
    following = lexemes[index + 1] if index + 1 < len(lexemes) else None
    if following is not None and following.sort == "number" and following.start == sign.end:
        end = following.start + len(re.split(r"[ a-zA-Z/]", following.text)[0])
        written = f"0.{text[following.start : end]}"
        change = (sign.start, sign.end, "0.")
        return Repair("SG010", "a number begins with a digit", sign.start, end, f"write `{written}`", (change,))
    if before is not None and before.sort == "number" and before.end == sign.start:
        change = (sign.start, sign.end, "")
        return Repair(
            "SG010",
            "a number does not end with a point",
            before.start,
            sign.end,
            f"write `{before.text}`",
            (change,),
        )
    if before is not None and before.text == "s.t" and before.end == sign.start:
        change = (before.start, sign.end, "subject to")
        message = "there is no statement `s.t.`"
        return Repair("SG011", message, before.start, sign.end, "did you mean `subject to`?", (change,))
    if before is not None and following is not None and before.word and following.word and not following.first:
        written = f"{before.text}.{following.text}"
        change = (before.end, following.start, ".")
        return Repair(
            "SG016", "no space stands at a point", before.start, following.end, f"write `{written}`", (change,)
        )
    return _replace(sign, "SG016", "this point belongs to nothing", "", "remove it")


def _joined(text: str, lexemes: Lexemes, index: int) -> Repair:
    """`node::prob`, `node->prob`."""
    sign = lexemes[index]
    if index and lexemes[index - 1].sort in ("number", "text"):
        return _replace(sign, "SG008", "a row of `table` is `key: value`", ":", "write `:`")
    if sign.text == "->" and (index == 0 or not lexemes[index - 1].word):
        return _replace(sign, "SG007", "`->` means nothing here", "", "remove it")
    return _replace(
        sign, "SG007", f"`{sign.text}` means nothing here: parts of a name are joined by a point", ".", "write `.`"
    )


def _assigned(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    before = lexemes[index - 1].text if index else ""
    if before in (*EXTENTS, "best", "maximize", "expand", "verify"):
        return _replace(sign, "SG008", f"no `{sign.text}` stands behind `{before}`", "", "remove it")
    if sign.text == ":=":
        return _replace(sign, "SG008", "a name is given its value with `=`", "=", "write `=`")
    if (
        index > 1
        and lexemes[index - 2].text not in ("let", "cost", "benefit", "param")
        and not lexemes[index - 1].first
    ):
        operator = sign.text[:-1]
        return _replace(sign, "SG007", f"`{sign.text}` is not an operator here", operator, f"write `{operator}`")
    operator, name = sign.text[:-1], lexemes[index - 1].text if index else "x"
    written = f"= {name} {operator}"
    return _replace(
        sign,
        "SG008",
        f"nothing is assigned twice, so there is no `{sign.text}`",
        "=",
        f"`{written} ...` needs another name; write `=`",
    )


def _quoted(text: str, lexemes: Lexemes, index: int) -> Repair:
    """Quotes of any other kind than "..."."""
    sign = lexemes[index]
    ends = {"'": "'", "“": "”", "”": "”", "„": "“", "‘": "’", "’": "’", "«": "»", "`": "`"}[sign.text]
    line_end = text.find("\n", sign.end)
    line_end = len(text) if line_end < 0 else line_end
    close = text.find(ends, sign.end, line_end)
    if close < 0 and sign.text == "“":
        close = text.find('"', sign.end, line_end)
    if close < 0:
        return _replace(sign, "SG016", f"`{sign.text}` means nothing here", "", "remove it")
    inside = text[sign.end : close].replace('"', "")
    if sign.text == "'" and re.fullmatch(r"[0-9]+(\.[0-9]+)?", inside):
        change = (sign.start, close + 1, inside)
        message = "numbers stand without quotes"
        return Repair("SG016", message, sign.start, close + 1, f"write `{inside}`", (change,))
    if sign.text == "`" or inside in SIGNALS:
        change = (sign.start, close + 1, inside)
        return Repair("SG016", "names stand without quotes", sign.start, close + 1, f"write `{inside}`", (change,))
    written = f'"{inside}"'
    message = "text stands in double quotes" if sign.text == "'" else "these are typographic quotes"
    start = sign.start
    before = lexemes[index - 1] if index else None
    if before is not None and before.text in ("f", "r", "b") and before.end == start:
        start = before.start
    return Repair("SG016", message, sign.start, close + 1, f"write `{written}`", ((start, close + 1, written),))


def _open_text(text: str, lexemes: Lexemes, index: int) -> Repair:
    """A double quote that nothing closes on its line."""
    sign = lexemes[index]
    line = text[sign.end :].partition("\n")[0]
    tree = index > 0 and (lexemes[index - 1].text == "tree" or lexemes[index - 1].sort == "text")
    word = re.match(r"[\w.-]*", line)
    close = sign.end + (len(line.rstrip()) if tree or word is None else word.end())
    written = text[sign.start : close] + '"'
    return Repair("SG015", "this text is not closed", sign.start, close, f"write `{written}`", ((close, close, '"'),))


def _bracket(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    close = closing(lexemes, index)
    if close is None:
        return _replace(sign, "SG015", "`[` is not closed, and there are no lists", "", "remove it")
    inside = text[sign.end : lexemes[close].start].strip()
    span = (sign.start, lexemes[close].end)
    before = lexemes[index - 1] if index else None
    if before is not None and before.text == "tree":
        paths = [re.findall(r"[0-9]+", path) for path in re.findall(r"[\[(]([0-9, ]*)[\])]", inside)]
        if paths and all(len(digit) == 1 for path in paths for digit in path):
            written = f'"{" ".join("".join(path) for path in paths)}"'
            message = "the paths of a tree are a text"
            return Repair("SG016", message, span[0], span[1], f"write `verify tree {written}`", ((*span, written),))
    if before is not None and before.text == "}" and before.end == sign.start:
        opens = opening(lexemes, index - 1)
        rows = text[lexemes[opens].end : before.start].strip() if opens is not None else ""
        if opens is not None and ":" in rows:
            written = f"table({inside}, {rows})"
            whole = (lexemes[opens].start, lexemes[close].end)
            return Repair(
                "SG007", "a lookup is a `table`", whole[0], whole[1], f"write `{written}`", ((*whole, written),)
            )
    if before is not None and before.sort == "name" and before.end == sign.start:
        if before.text in FUNCTIONS or before.text.rpartition(".")[2] in AGGREGATES:
            message, help = "arguments stand in parentheses", f"write `{before.text}({inside})`"
            return Repair("SG015", message, span[0], span[1], help, ((*span, f"({inside})"),))
        if before.text in _EXPECTED:
            change = (before.start, span[1], f"({inside})" if " " in inside else inside)
            message = "everything here is an expectation already"
            return Repair("SG007", message, before.start, span[1], f"write `{change[2]}`", (change,))
        keys, end = _keys(text, lexemes, index)
        if keys:
            change, written = (sign.start, end, f".{keys}"), f"{before.text}.{keys}"
            return Repair(
                "SG007", "parts of a name are joined by a point", *change[:2], f"write `{written}`", (change,)
            )
        part = inside if f"{before.text}.{inside}" in SIGNALS else ""
        written = f".{part}" if part else ""
        message = "parts of a name are joined by a point" if part else "nothing is indexed here"
        help = f"write `{before.text}{written}`"
        return Repair("SG007", message, span[0], span[1], help, ((*span, written),))
    opened = unclosed(lexemes, index)
    called = FUNCTIONS.get(lexemes[opened - 1].text) if opened else None
    if called is not None and called.most > 2 and before is not None and before.text in ("(", ","):
        message = "there are no lists: arguments are written one by one"
        return Repair("SG007", message, span[0], span[1], f"write `{inside}`", ((*span, inside),))
    parts = [part.strip() for part in re.split(r"\.\.|[,:]", inside)]
    if before is not None and before.text == "in" and index > 1 and all(parts):
        value = lexemes[operand_first(lexemes, index - 2)]
        name = text[value.start : lexemes[index - 2].end]
        written = f"({' or '.join(f'{name} == {part}' for part in parts)})"
        change = (value.start, lexemes[close].end, written)
        return Repair("SG007", "there is no `in`", before.start, lexemes[close].end, f"write `{written}`", (change,))
    if len(parts) == 2 and all(parts):
        written = f"{parts[0]}..{parts[1]}"
        help = f"a range is written `{written}`; a lookup is `table(x, 1: a, 8: b)`"
        return Repair("SG007", "there are no lists", span[0], span[1], help, ((*span, written),))
    written = inside if len(parts) == 1 else f"({inside})"
    return Repair("SG007", "there are no lists", span[0], span[1], f"write `{written}`", ((*span, written),))


def _keys(text: str, lexemes: Lexemes, index: int) -> tuple[str, int]:
    """`draft.time` of `["draft"]["time"]` and of `["draft"].time`, from the bracket at `index` on; where that ends."""
    found = re.compile(r"""(?:\[\s*["']([A-Za-z_]\w*)["']\s*\]|\.([A-Za-z_]\w*))""")
    keys: list[str] = []
    end = lexemes[index].start
    while (part := found.match(text, end)) is not None:
        keys.append(part.group(1) or part.group(2))
        end = part.end()
    return ".".join(keys), end


def _bracket_end(text: str, lexemes: Lexemes, index: int) -> Repair:
    opens = sum((x.text == "(") - (x.text == ")") for x in lexemes[:index])
    written = ")" if opens > 0 else ""
    return _replace(lexemes[index], "SG015", "`]` closes nothing", written, "write `)`" if written else "remove it")


def _semicolon(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    inside = sum((x.text == "(") - (x.text == ")") for x in lexemes[:index]) > 0
    if inside:
        return _replace(sign, "SG007", "arguments are separated by `,`", ",", "write `,`")
    if index + 1 < len(lexemes) and lexemes[index + 1].text in ("depth", "width", "topk", "nodes"):
        return _replace(sign, "SG007", "limits are separated by `,`", ",", "write `,`")
    return _replace(
        sign, "SG007", "statements need no `;`", " ", "remove it: every statement begins with a keyword of its own"
    )


def _question(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    colon = next((i for i in range(index + 1, len(lexemes)) if lexemes[i].text == ":"), None)
    if colon is None or index == 0 or "\n\n" in text[sign.end : lexemes[colon].start]:
        return _replace(sign, "SG007", "`?` means nothing here", "", "remove it")
    first, last = expression_first(lexemes, index - 1), expression_last(lexemes, colon + 1)
    condition = text[lexemes[first].start : sign.start].strip()
    then = text[sign.end : lexemes[colon].start].strip()
    written = f"(if {condition} then {then} else {text[lexemes[colon].end : lexemes[last].end].strip()})"
    change = (lexemes[first].start, lexemes[last].end, written)
    return _replace(sign, "SG007", "there is no `a ? b : c`", "", f"write `{written}`", (change,))


def _dollar(text: str, lexemes: Lexemes, index: int) -> Repair:
    return _replace(
        lexemes[index], "SG016", "`$` means nothing here: parameters are read by their bare name", "", "remove it"
    )


_Answer = Callable[[str, Lexemes, int], Repair]
_ANSWERS: dict[str, _Answer] = {
    "**": _power,
    "^": _power,
    "//": _slashes,
    "%": _percent,
    ".": _point,
    "::": _joined,
    "->": _joined,
    **dict.fromkeys((":=", "+=", "-=", "*=", "/=", "**="), _assigned),
    **dict.fromkeys(("'", "“", "”", "„", "‘", "’", "«", "`"), _quoted),
    '"': _open_text,
    "[": _bracket,
    "]": _bracket_end,
    ";": _semicolon,
    "?": _question,
    "$": _dollar,
}
