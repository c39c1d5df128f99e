"""Square brackets: nothing is indexed, and there are no lists."""

from __future__ import annotations

import re

from smartgen.language.foreign_functions import RENAMED
from smartgen.language.functions import AGGREGATES, FUNCTIONS, SCOPES
from smartgen.language.lexemes import Lexeme
from smartgen.language.mistakes.colons import COORDINATES
from smartgen.language.mistakes.operands import closing, opening, operand_first, statement_last, unclosed
from smartgen.language.mistakes.spot import Lexemes, Repair, replaced
from smartgen.language.mistakes.table_lists import row_lists
from smartgen.language.signals import MODELS, SIGNALS

_FAR = 200  # lexemes behind a bracket that are looked at
_EXPECTED = ("E", "Pr", "P", "mathbb", "EE")  # how papers write an expectation or a chance
_OVER_TIME = ("rate", "irate", "avg_over_time", "increase", "delta")  # of Prometheus


def bracket(text: str, lexemes: Lexemes, index: int) -> Repair:
    """What stands in brackets, by what stands before them."""
    sign = lexemes[index]
    close = closing(lexemes, index)
    before = lexemes[index - 1] if index else None
    called = before is not None and before.sort == "name" and before.end == sign.start
    half_open = re.match(r"\[\s*([\w.]+)\s*,\s*([\w.]+)\s*\)", text[sign.start :]) if close is None else None
    if half_open is not None and not called:
        span, written = (sign.start, sign.start + half_open.end()), f"{half_open.group(1)}..{half_open.group(2)}"
        return Repair(
            "SG007", "a range has two points and both its ends", *span, f"write `{written}`", ((*span, written),)
        )
    following = lexemes[index + 1].text if index + 1 < len(lexemes) else ""
    aggregate = before is not None and before.text in SCOPES and following in AGGREGATES
    if close is None and before is not None and (aggregate or (called and f"{before.text}.{following}" in SIGNALS)):
        message, written = "parts of a name are joined by a point", f"{before.text}.{following}"
        return replaced(sign, "SG016", message, ".", f"write `{written}`")
    if close is None and called and before is not None and _closes_a_call(lexemes, index):
        return replaced(sign, "SG015", "arguments stand in parentheses", "(", f"write `{before.text}(`")
    if close is None:
        return replaced(sign, "SG015", "`[` is not closed, and there are no lists", "", "remove it")
    if before is not None and before.text == ")" and before.end == sign.start:  # `path(node.prob)[0]`
        whole = (sign.start, lexemes[close].end)
        return Repair("SG007", "nothing is indexed here", *whole, f"remove `{text[slice(*whole)]}`", ((*whole, ""),))
    repair = row_lists(text, lexemes, index)
    if before is not None and before.text == "tree":
        repair = _paths(text, sign, lexemes[close])
    if before is not None and before.text == "}" and before.end == sign.start:
        repair = _lookup(text, lexemes, index, close)
    if called:
        return _behind_name(text, lexemes, index, close)
    return repair or _list(text, lexemes, index, close)


def _closes_a_call(lexemes: Lexemes, index: int) -> bool:
    """Whether a `)` of the same statement has no other bracket that it closes: `clip[x, 0, 1)`."""
    depth = 0
    near = lexemes[index : index + _FAR]
    for x in near[1 : statement_last(near, 0) + 1]:
        depth += (x.text == "(") - (x.text == ")")
        if depth < 0:
            return True
    return False


def _paths(text: str, sign: Lexeme, close: Lexeme) -> Repair | None:
    """`verify tree [[0], [0, 0]]`, `verify tree [0, 00]`."""
    inside, span = text[sign.end : close.start], (sign.start, close.end)
    paths = [re.findall(r"[0-9]+", path) for path in re.findall(r"[\[(]([0-9, ]*)[\])]", inside)]
    if not paths and re.fullmatch(r"[\s\"'0-9,]*[0-9][\s\"'0-9,]*", inside):
        paths = [list(path) for path in re.findall(r"[0-9]+", inside)]
    if not paths or any(len(digit) > 1 for path in paths for digit in path):
        return None
    written = f'"{" ".join("".join(path) for path in paths)}"'
    return Repair(
        "SG016", "the paths of a tree are a text", *span, f"write `verify tree {written}`", ((*span, written),)
    )


def _lookup(text: str, lexemes: Lexemes, index: int, close: int) -> Repair | None:
    """`{1: 8, 4: 2}[batch.size]`."""
    opens = opening(lexemes, index - 1)
    rows = text[lexemes[opens].end : lexemes[index - 1].start].strip() if opens is not None else ""
    if opens is None or ":" not in rows:
        return None
    written = f"table({text[lexemes[index].end : lexemes[close].start].strip()}, {rows})"
    whole = (lexemes[opens].start, lexemes[close].end)
    return Repair("SG007", "a lookup is a `table`", *whole, f"write `{written}`", ((*whole, written),))


def _behind_name(text: str, lexemes: Lexemes, index: int, close: int) -> Repair:
    """`max[a, b]`, `E[tokens]`, `profile["draft"]`, `node[0]`."""
    before, span = lexemes[index - 1], (lexemes[index].start, lexemes[close].end)
    inside = text[lexemes[index].end : lexemes[close].start].strip()
    ranged = index > 2 and lexemes[index - 2].text == "(" and re.fullmatch(r"[0-9]+ ?(?:ms|s|m|min|h|d)", inside)
    if ranged and lexemes[index - 3].text in _OVER_TIME and text[span[1] : span[1] + 1] == ")":
        written = "run.rate" if before.text == "tokens" else f"ema({before.text}, 0.2)"
        change = (lexemes[index - 3].start, span[1] + 1, written)
        return Repair("SG007", "nothing is indexed here", *change[:2], f"what it was lately: `{written}`", (change,))
    if before.text in FUNCTIONS or before.text.rpartition(".")[2] in AGGREGATES:
        message, help = "arguments stand in parentheses", f"write `{before.text}({inside})`"
        return Repair("SG015", message, *span, help, ((*span, f"({inside})"),))
    if before.text in _EXPECTED:
        written = f"({inside})" if " " in inside else inside
        change = (before.start, span[1], written)
        return Repair(
            "SG007", "everything here is an expectation already", *change[:2], f"write `{written}`", (change,)
        )
    if before.text.startswith("profile.") and inside.strip("\"'") in MODELS:
        written = f'(model: "{inside.strip(chr(34) + chr(39))}")'
        help = f"write `{before.text}{written}`"
        return Repair("SG015", "arguments stand in parentheses", *span, help, ((*span, written),))
    method = re.match(r"\.(\w+)\(\)", text[span[1] :])
    if before.text in SCOPES and method is not None and method[1] in AGGREGATES and inside.strip("\"'") in SIGNALS:
        change = (span[0], span[1] + method.end(), f".{method[1]}({inside.strip(chr(34) + chr(39))})")
        return Repair("SG007", "nothing is indexed here", *change[:2], f"write `{before.text}{change[2]}`", (change,))
    asked = re.fullmatch(rf"({'|'.join(COORDINATES)})\s*[=:]\s*(.+)", inside)
    if before.text.startswith("profile.") and asked is not None:
        written = f"({asked.group(1)}: {asked.group(2)})"
        help = f"write `{before.text}{written}`"
        return Repair("SG015", "arguments stand in parentheses", *span, help, ((*span, written),))
    keys, end = _keys(text, lexemes, index)
    if not keys and f"{before.text}.{inside}" in SIGNALS:
        keys, end = inside, span[1]
    if keys:
        change, help = (span[0], end, f".{keys}"), f"write `{before.text}.{keys}`"
        return Repair("SG007", "parts of a name are joined by a point", *change[:2], help, (change,))
    point = lexemes[close + 1] if close + 1 < len(lexemes) else None
    if point is not None and point.text == "." and point.start == span[1]:  # it stays, and belongs to the name again
        change = (span[0], point.end, ".")
        return Repair("SG007", "nothing is indexed here", *span, f"remove `{text[span[0] : span[1]]}`", (change,))
    return Repair("SG007", "nothing is indexed here", *span, f"write `{before.text}`", ((*span, ""),))


def _list(text: str, lexemes: Lexemes, index: int, close: int) -> Repair:
    """`max([a, b])`, `x in [1, 2]`, `[0, 8]`."""
    before, span = lexemes[index - 1] if index else None, (lexemes[index].start, lexemes[close].end)
    inside = text[lexemes[index].end : lexemes[close].start].strip()
    opened = unclosed(lexemes, index)
    function = lexemes[opened - 1].text if opened else ""
    called = FUNCTIONS.get(RENAMED.get(function, function))
    if called is not None and called.most > 2 and before is not None and before.text in ("(", ","):
        message = "there are no lists: arguments are written one by one"
        return Repair("SG007", message, *span, f"write `{inside}`", ((*span, inside),))
    named = index > 1 and before is not None and before.text in ("=", ":") and lexemes[index - 2].sort == "name"
    if called is not None and called.most > 2 and named and lexemes[index - 2].text not in called.named:
        whole = (lexemes[index - 2].start, span[1])  # `calibrated(node.prob, groups=[node.rank, node.depth])`
        message = "there are no lists: arguments are written one by one"
        return Repair("SG007", message, *whole, f"write `{inside}`", ((*whole, inside),))
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
        return Repair("SG007", "there are no lists", *span, help, ((*span, written),))
    written = inside if len(parts) == 1 else f"({inside})"
    return Repair("SG007", "there are no lists", *span, f"write `{written}`", ((*span, written),))


def _keys(text: str, lexemes: Lexemes, index: int) -> tuple[str, int]:
    """`draft.time` of `["draft"]["time"]` and of `["draft"].time`, from the bracket at `index` on; where that ends."""
    found = re.compile(r"""(?:\[\s*["']([A-Za-z_]\w*)["']\s*\]|\.([A-Za-z_]\w*))""")
    keys: list[str] = []
    end = lexemes[index].start
    while (part := found.match(text, end)) is not None:
        keys.append(part.group(1) or part.group(2))
        end = part.end()
    return ".".join(keys), end


def bracket_end(text: str, lexemes: Lexemes, index: int) -> Repair:
    opens = sum((x.text == "(") - (x.text == ")") for x in lexemes[:index])
    written = ")" if opens > 0 else ""
    return replaced(lexemes[index], "SG015", "`]` closes nothing", written, "write `)`" if written else "remove it")
