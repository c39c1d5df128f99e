"""Quotes of another kind than "...", around names and numbers, or never closed."""

from __future__ import annotations

import re

from smartgen.language.mistakes.spot import Lexemes, Repair, replaced
from smartgen.language.signals import SIGNALS
from smartgen.language.source import line_end


def quoted(text: str, lexemes: Lexemes, index: int) -> Repair:
    """Quotes of any other kind than "..."."""
    sign = lexemes[index]
    ends = {"'": "'", "“": "”", "”": "”", "„": "“", "‘": "’", "’": "’", "«": "»", "`": "`"}[sign.text]
    if sign.text in "'’" and index and lexemes[index - 1].end == sign.start and text.startswith("s ", sign.end):
        owner, owned = lexemes[index - 1], lexemes[index + 2].text if index + 2 < len(lexemes) else ""
        message, written = "parts of a name are joined by a point", f"{owner.text}.{owned}"
        change = (sign.start, sign.end + 2, ".")
        return Repair("SG016", message, sign.start, sign.end + 1, f"write `{written}`", (change,))
    stop = line_end(text, sign.end)
    close = text.find(ends, sign.end, stop)
    if close < 0 and sign.text == "“":
        close = text.find('"', sign.end, stop)
    if close < 0:
        return replaced(sign, "SG016", f"`{sign.text}` means nothing here", "", "remove it")
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


def open_text(text: str, lexemes: Lexemes, index: int) -> Repair:
    """A double quote that nothing closes on its line."""
    sign = lexemes[index]
    line = text[sign.end :].partition("\n")[0]
    tree = index > 0 and (lexemes[index - 1].text == "tree" or lexemes[index - 1].sort == "text")
    word = re.match(r"[\w.-]*", line)
    close = sign.end + (len(line.rstrip()) if tree or word is None else word.end())
    written = text[sign.start : close] + '"'
    return Repair("SG015", "this text is not closed", sign.start, close, f"write `{written}`", ((close, close, '"'),))
