"""What people write instead, and what they meant: syntax errors told in the reader's words."""

from __future__ import annotations

import re

from lark import Token
from lark.exceptions import UnexpectedInput

from smartgen.language.diagnostics import Diagnostic, Label
from smartgen.language.source import Source, Span
from smartgen.language.units import UNITS
from smartgen.language.words import STATEMENTS, closest

_FOREIGN = {
    "&&": ("`&&` is not an operator here", "write `and`"),
    "||": ("`||` is not an operator here", "write `or`"),
    "**": ("there is no power operator `**`", "write a product: `x * x`"),
    "//": ("there is no operator `//`, and comments begin with `#`", "write `floor(a / b)` for a whole quotient"),
    "!": ("`!` is not an operator here", "write `not`"),
    "%": ("`%` means nothing here", "write a fraction: `0.2` for 20 %"),
    "[": ("there are no lists", "write a range as `0..64`, a lookup as `table(x, 1: a, 8: b)`"),
    ";": ("statements need no `;`", "leave it out: every statement begins with its own keyword"),
    "'": ("text stands in double quotes", 'write "..."'),
    "?": ("there is no `a ? b : c`", "write `if a then b else c`"),
    "^": ("there is no power operator `^`", "write a product: `x * x`"),
    "“": ("these are typographic quotes", 'use plain ones: "..."'),
    "–": ("this is a dash, not a minus", "write `-`"),
    "−": ("this is not the minus of a keyboard", "write `-`"),
    "≥": ("`≥` is written with two characters", "write `>=`"),
    "≤": ("`≤` is written with two characters", "write `<=`"),
    "×": ("`×` is not an operator here", "write `*`"),
    "·": ("`·` is not an operator here", "write `*`"),
    "@": ("`@` means nothing here", "remove it"),
    "$": ("`$` means nothing here: parameters are read by their bare name", "remove it"),
    "\t": ("a tab cannot stand here", "remove it"),
}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def explain_syntax(error: UnexpectedInput, source: Source, shift: int, end: int, kind: str) -> Diagnostic:
    """The one diagnostic for a text that does not parse."""
    place = _place(error, shift, end)
    text = source.text
    before = text[:place].rstrip()
    here = text[place:end]
    for rule in (_no_header, _foreign, _leading_dot, _unknown_unit, _equals, _end, _swapped_word, _misspelt, _chained):
        found = rule(source, place, before, here, end)
        if found is not None:
            return found
    what = _WORD.match(here)
    shown = what.group() if what else here[:1]
    return _made("SG003", f"`{shown}` cannot stand here", source, place, len(shown), _expected(before, kind))


def _place(error: UnexpectedInput, shift: int, end: int) -> int:
    token = getattr(error, "token", None)
    if isinstance(token, Token) and token.type == "$END":
        return end
    position = error.pos_in_stream
    return min(end, max(0, (position if position is not None and position >= 0 else 0) + shift))


def _made(code: str, message: str, source: Source, place: int, length: int, fix: str) -> Diagnostic:
    return Diagnostic(code, message, (Label(Span(source, place, place + max(1, length))),), fix)


def _no_header(source: Source, place: int, before: str, here: str, end: int) -> Diagnostic | None:
    if not re.match(r"(\s|#[^\n]*)*smartgen\b", source.text) and source.text[:1] not in ("{",) and _is_document(source):
        start = len(source.text) - len(source.text.lstrip("\ufeff \t\r\n"))
        word = _WORD.match(source.text[start:])
        shown = word.group() if word else source.text[start : start + 1]
        return _made(
            "SG001",
            "a recipe begins with its language version",
            source,
            start,
            len(shown) or 1,
            "write `smartgen 1` on the first line",
        )
    return None


def _is_document(source: Source) -> bool:
    return not source.name.endswith((".yaml", ".yml")) and not source.name.startswith("<dict")


def _foreign(source: Source, place: int, before: str, here: str, end: int) -> Diagnostic | None:
    for sign in sorted(_FOREIGN, key=len, reverse=True):
        message, fix = _FOREIGN[sign]
        if here.startswith(sign):
            return _made("SG007", message, source, place, len(sign), fix)
        if len(sign) == 2 and here[:1] == sign[1] and source.text[place - 1 : place] == sign[0]:
            return _made("SG007", message, source, place - 1, 2, fix)
    return None


def _leading_dot(source: Source, place: int, before: str, here: str, end: int) -> Diagnostic | None:
    match = re.match(r"\.[0-9]+", here)
    if match:
        return _made(
            "SG010", "a number begins with a digit", source, place, len(match.group()), f"write `0{match.group()}`"
        )
    match = re.match(r"\.(?![.\d])", here)
    if match and before[-1:].isdigit():
        return _made("SG010", "a number does not end with a point", source, place, 1, "remove the point, or write `.0`")
    return None


def _unknown_unit(source: Source, place: int, before: str, here: str, end: int) -> Diagnostic | None:
    """A word right behind a number, on its line."""
    word = _WORD.match(here)
    number = re.search(r"(?<![A-Za-z_0-9.])[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$", before)
    if not word or not number or "\n" in source.text[len(before) : place]:
        return None
    name = word.group()
    if name in STATEMENTS or (closest(name, STATEMENTS, 0.75) and not _unit_like(name)):
        return None
    if name == "if":
        return _made("SG006", "the condition stands in front", source, place, 2, "write `if a then b else c`")
    if name == "of":
        return _made(
            "SG004",
            "after a number, `of` is read as a unit",
            source,
            place,
            2,
            "a count per row is `best 10`; one count for the whole batch is `best 10 pooled`",
        )
    if name == "per":
        return _made(
            "SG004",
            "`per` is not a word of the language",
            source,
            place,
            3,
            "a count is per row; for one count of the whole batch write `pooled`",
        )
    near = closest(name, UNITS, 0.5) or {
        "sec": "s",
        "seconds": "s",
        "tokens": "tok",
        "token": "tok",
        "joule": "J",
        "milliseconds": "ms",
        "msec": "ms",
        "percent": "",
    }.get(name)
    fix = f"did you mean `{near}`?" if near else f"units are {', '.join(UNITS)}; a bare number needs none"
    return _made("SG004", f"there is no unit `{name}`", source, place, len(name), fix)


def _unit_like(name: str) -> bool:
    return name.lower() in {"sec", "secs", "seconds", "tokens", "token", "milliseconds", "msec", "percent"}


def _equals(source: Source, place: int, before: str, here: str, end: int) -> Diagnostic | None:
    if not here.startswith("=") or here.startswith("=="):
        if here.startswith("==") and re.search(r"\b(let|benefit|cost)\s+\w+$", before):
            return _made("SG008", "a name is given its value with one `=`", source, place, 2, "write `=`")
        return None
    limit = re.search(r"\blimit\b[^\n]*\b(depth|width|topk|nodes)$", before)
    if limit:
        return _made("SG008", "`limit` takes no `=`", source, place, 1, f"write `limit {limit.group(1)} 8`")
    return _made(
        "SG008", "`=` cannot stand here", source, place, 1, "to compare, write `==`; to name something, `let x = ...`"
    )


def _end(source: Source, place: int, before: str, here: str, end: int) -> Diagnostic | None:
    swallowed = re.search(r"\b(let|benefit|cost|param)[ \t]+(\w+)[^=\n]*=[ \t]*\n\s*(\w+)$", before)
    if swallowed and swallowed.group(3) in STATEMENTS:
        return _made(
            "SG009",
            f"`{swallowed.group(1)} {swallowed.group(2)}` has no expression",
            source,
            swallowed.start(),
            before.find("=", swallowed.start()) + 1 - swallowed.start(),
            f"write one behind the `=`; the next line begins a `{swallowed.group(3)}` statement",
        )
    unfinished = re.search(r"\b(let|benefit|cost|param)\s+(\w+)[^=\n]*=$", before)
    word = _WORD.match(here)
    if unfinished and (place >= end or here.startswith("}") or (word and word.group() in STATEMENTS)):
        start = unfinished.start()
        kind, name = unfinished.group(1), unfinished.group(2)
        follows = f"the next line begins a `{word.group()}` statement" if word else "nothing follows"
        return _made(
            "SG009",
            f"`{kind} {name}` has no expression",
            source,
            start,
            len(before) - start,
            f"write one behind the `=`; {follows}",
        )
    if place < end and here.strip():
        return None
    at = max(0, len(before) - 1)
    opened = source.text[:end].count("{") - source.text[:end].count("}")
    if opened > 0:
        return _made("SG002", "the recipe ends before its policy does", source, at, 1, "close it with `}`")
    return _made("SG002", "something is missing at the end", source, at, 1, _expected(before, ""))


def _swapped_word(source: Source, place: int, before: str, here: str, end: int) -> Diagnostic | None:
    word = _WORD.match(here)
    name = word.group() if word else ""
    previous = re.search(r"(\w+)$", before)
    last = previous.group(1) if previous else ""
    if last == "continue" and name != "while":
        return _made(
            "SG006",
            "drafting goes on `while` something holds",
            source,
            place,
            len(name) or 1,
            "write `continue while ...`; `when` opens a block for the whole step",
        )
    filtered = re.search(r"\b(?:verify|expand)\b[^\n{]*\b(when|if|while)\b[^\n{]*$", before)
    if filtered:
        return _made(
            "SG006",
            "nodes are filtered with `where`",
            source,
            filtered.start(1),
            len(filtered.group(1)),
            "write `where`",
        )
    if name in ("if", "when", "while") and re.search(r"\b(verify|expand)\b[^\n]*$", before):
        return _made("SG006", "nodes are filtered with `where`", source, place, len(name), "write `where`")
    if last in ("verify", "expand") and re.match(r"[0-9]", here):
        return _made(
            "SG006",
            f"`{last}` takes `all` or `best` and a count",
            source,
            place,
            1,
            f"write `{last} best {here.split()[0]}`",
        )
    if last == "subject" and name != "to":
        return _made("SG006", "a constraint is `subject to`", source, place, len(name) or 1, "write `subject to ...`")
    if name in ("def", "return", "for", "import", "class", "lambda", "elif", "function", "var", "const"):
        return _made(
            "SG006",
            f"`{name}` is not a word of this language",
            source,
            place,
            len(name),
            "a policy only states expressions; name one with `let x = ...`",
        )
    return None


def _misspelt(source: Source, place: int, before: str, here: str, end: int) -> Diagnostic | None:
    """A word where a statement should begin: the word itself, or the one before it if that was read as a name."""
    word = _WORD.match(here)
    if not word:
        return _misspelt_before(source, before)
    name = word.group()
    line_start = before == "" or "\n" in source.text[len(before) : place] or before.endswith("{")
    if line_start:
        near = {
            "maximise": "maximize",
            "minimise": "maximize",
            "minimize": "maximize",
            "constraint": "subject to",
            "stop": "continue while",
            "draft": "expand",
            "keep": "expand",
            "select": "verify",
            "assert": "subject to",
        }.get(name) or closest(name, STATEMENTS)
        fix = f"did you mean `{near}`?" if near else f"a statement begins with {', '.join(STATEMENTS)}"
        if near and name.startswith(near) and name[len(near) :] and name != near:
            fix = f"did you mean `{near} {name[len(near) :]}`?" if near in ("let", "use", "cost") else fix
        return _made("SG011", f"there is no statement `{name}`", source, place, len(name), fix)
    return _misspelt_before(source, before)


def _misspelt_before(source: Source, before: str) -> Diagnostic | None:
    line = before[before.rfind("\n") + 1 :]
    first = _WORD.match(line.lstrip())
    if first and first.group() not in STATEMENTS and first.group() not in ("smartgen", "policy"):
        near = closest(first.group(), STATEMENTS)
        if near:
            place = before.rfind("\n") + 1 + len(line) - len(line.lstrip())
            return _made(
                "SG011",
                f"there is no statement `{first.group()}`",
                source,
                place,
                len(first.group()),
                f"did you mean `{near}`?",
            )
    return None


def _chained(source: Source, place: int, before: str, here: str, end: int) -> Diagnostic | None:
    if re.match(r"(<=|>=|==|!=|<|>)", here) and re.search(r"(<=|>=|==|!=|<|>)[^\n(]*$", before):
        return _made(
            "SG007",
            "comparisons are not chained",
            source,
            place,
            2 if here[1:2] == "=" else 1,
            "write `a < b and b < c`",
        )
    return None


def _expected(before: str, kind: str) -> str:
    last = before[before.rfind("\n") + 1 :].split()
    if last[:1] == ["limit"]:
        return "a limit is an extent and a count: `limit depth 8, nodes 64`; extents are depth, width, topk, nodes"
    if last[-1:] and last[-1] in (
        "+",
        "-",
        "*",
        "/",
        "=",
        "<",
        ">",
        "<=",
        ">=",
        "and",
        "or",
        "not",
        "where",
        "while",
        "by",
    ):
        return f"an expression must follow `{last[-1]}`"
    return (
        f"a statement begins with {', '.join(STATEMENTS)}" if kind == "document" else "see docs/language/reference.md"
    )
