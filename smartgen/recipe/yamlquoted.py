"""What a fix writes into a text in quotes of a YAML file: its own quotes are escaped there, as YAML has it."""

from __future__ import annotations

from dataclasses import replace

from smartgen.language.diagnostics import Diagnostic
from smartgen.language.source import Edit

OF_YAML = "SG4"  # findings about the file itself, whose fixes are YAML


def in_quotes(found: Diagnostic) -> Diagnostic:
    """The finding with edits that keep the quotes around them whole."""
    if found.code.startswith(OF_YAML) or not any('"' in edit.text or "'" in edit.text for edit in found.edits):
        return found
    return replace(found, edits=tuple(_escaped(edit) for edit in found.edits))


def _escaped(edit: Edit) -> Edit:
    text = edit.span.source.text
    before = text[text.rfind("\n", 0, edit.span.start) + 1 : edit.span.start]
    around = _open_quote(before)
    if not around or around in edit.span.text:
        return edit
    return replace(edit, text=edit.text.replace('"', '\\"') if around == '"' else edit.text.replace("'", "''"))


def _open_quote(line: str) -> str:
    """The quote that is open at the end of this part of a line, empty without one; one begins a value or stands in none."""
    opened, place = "", 0
    while place < len(line):
        sign = line[place]
        if opened == '"' and sign == "\\":
            place += 1
        elif opened and sign == opened:
            opened = ""
        elif not opened and sign in "\"'" and line[:place].rstrip()[-1:] in ("", ":", "-", "[", "{", ","):
            opened = sign
        elif not opened and sign == "#":
            return ""
        place += 1
    return opened
