"""Points and what other languages have in their place: of numbers, in names, in the keys of a table."""

from __future__ import annotations

import re

from smartgen.language.mistakes.spot import Lexemes, Repair, replaced

LIBRARIES = ("std", "core", "math", "f32", "f64", "usize", "cmp", "torch", "at", "thrust", "ranges", "Math")


def point(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    before = lexemes[index - 1] if index else None
    following = lexemes[index + 1] if index + 1 < len(lexemes) else None
    if before is not None and following is not None and index > 1 and lexemes[index - 2].text == "smartgen":
        change = (before.start, following.end, "1")
        return Repair("SG001", "the language version is one number", *change[:2], "write `smartgen 1`", (change,))
    if following is not None and following.sort == "number" and following.start == sign.end:
        end = following.start + len(re.split(r"[ a-zA-Z/]", following.text)[0])
        written = f"0.{text[following.start : end]}"
        change = (sign.start, sign.end, "0.")
        return Repair("SG010", "a number begins with a digit", sign.start, end, f"write `{written}`", (change,))
    path = _path(text, sign.start)
    if path is not None:
        return path
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
    return replaced(sign, "SG016", "this point belongs to nothing", "", "remove it")


def _path(text: str, at: int) -> Repair | None:
    """`use ./recipes/mine.smart`: the path of a base is a text."""
    line = text.rfind("\n", 0, at) + 1
    found = re.compile(r"[ \t]*use[ \t]+([./\\\w-]+\.(?:smart|yaml|yml))").match(text, line)
    if found is None or at < found.start(1):
        return None
    start, end = found.span(1)
    written = f'"{found.group(1)}"'
    return Repair(
        "SG016", "the path of a base is a text", start, end, f"write `use {written}`", ((start, end, written),)
    )


def joined(text: str, lexemes: Lexemes, index: int) -> Repair:
    """`node::prob`, `node->prob`."""
    sign = lexemes[index]
    if index and lexemes[index - 1].sort in ("number", "text"):
        return replaced(sign, "SG008", "a row of `table` is `key: value`", ":", "write `:`")
    if sign.text == "::" and index and lexemes[index - 1].word and text[sign.end : sign.end + 1] in (" ", "\n"):
        return replaced(sign, "SG003", "`:` stands twice", ":", "write `:`")
    if sign.text == "->" and (index == 0 or not lexemes[index - 1].word):
        return replaced(sign, "SG007", "`->` means nothing here", "", "remove it")
    if sign.text == "::" and index and lexemes[index - 1].text in LIBRARIES:
        library = lexemes[index - 1]
        change = (library.start, sign.end, "")
        message = "there are no libraries to take anything from"
        return Repair("SG007", message, library.start, sign.end, f"remove `{library.text}::`", (change,))
    return replaced(
        sign, "SG007", f"`{sign.text}` means nothing here: parts of a name are joined by a point", ".", "write `.`"
    )
