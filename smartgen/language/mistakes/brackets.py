"""Square brackets: nothing is indexed, and there are no lists."""

from __future__ import annotations

import re

from smartgen.language.functions import AGGREGATES, FUNCTIONS
from smartgen.language.mistakes.operands import closing, opening, operand_first, unclosed
from smartgen.language.mistakes.spot import Lexemes, Repair, replaced
from smartgen.language.signals import SIGNALS

_EXPECTED = ("E", "Pr", "P", "mathbb", "EE")  # how papers write an expectation or a chance


def bracket(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    close = closing(lexemes, index)
    if close is None:
        return replaced(sign, "SG015", "`[` is not closed, and there are no lists", "", "remove it")
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


def bracket_end(text: str, lexemes: Lexemes, index: int) -> Repair:
    opens = sum((x.text == "(") - (x.text == ")") for x in lexemes[:index])
    written = ")" if opens > 0 else ""
    return replaced(lexemes[index], "SG015", "`]` closes nothing", written, "write `)`" if written else "remove it")
