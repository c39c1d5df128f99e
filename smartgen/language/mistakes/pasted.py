"""A recipe as it was copied from elsewhere: out of a chat, a program, a mail, a listing."""

from __future__ import annotations

import re

from smartgen.language.mistakes.conflicts import conflict
from smartgen.language.mistakes.spot import Change, Repair
from smartgen.language.words import STATEMENTS

_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)[^\n`]*\n?", re.MULTILINE)
_BEGINS = re.compile(r"^[ \t]*smartgen[ \t]+\d", re.MULTILINE)
_MARKS = (  # what each line begins with: (the pattern, what it is called)
    (re.compile(r"[ \t]*>[ ]?"), "the `>` of a quotation"),
    (re.compile(r"[ \t]*\|[ ]?"), "the `|` of a listing"),
    (re.compile(r"\+[ ]?"), "the `+` of a diff"),
    (re.compile(r"[ \t]*\d+[ \t]*[:|.)]?(?:[ \t]|$)"), "the number of its line"),
)


def pasted(text: str) -> Repair | None:
    """What came along with a recipe when it was copied; None where nothing did."""
    return conflict(text) or template(text) or _quoted(text) or fenced(text) or _marked(text) or _changed(text) or _escaped(text)


def template(text: str) -> Repair | None:
    """`{{ .Values.budget | default 48 }}`, `{% if batch.size > 16 %}`: a template that nobody filled in."""
    changes = list[Change]()
    for place in re.finditer(r"\{\{[^{}\n]*\}\}|\{%-?[^{}\n]*%\}", text):
        if re.search(r"(?:^|\s)#", text[text.rfind("\n", 0, place.start()) + 1 : place.start()]):
            continue  # in a comment
        inside = place.group()[2:-2].strip(" -%")
        default = re.search(r"\bdefault(?:\s+|\()[\"']?([\w.]+)", inside)
        block = re.fullmatch(r"(if|elif)\s+(.+)", inside)
        if default is not None:
            changes.append((*place.span(), default[1]))
        elif block is not None:
            changes.append((*place.span(), f"{'} ' * (block[1] == 'elif')}when {block[2].strip()} {{"))
        elif inside in ("endif", "end", "else"):
            changes.append((*place.span(), "}" if inside != "else" else "} otherwise {"))
    if not changes:
        return None
    start, end, written = changes[0]
    message = "this is the text of a template, which nobody has filled in"
    return Repair("SG016", message, start, end, f"write `{written}`", tuple(changes))


def _changed(text: str) -> Repair | None:
    """`-  expand best 4` above `+  expand best 8`: some lines of a diff."""
    words = "|".join(STATEMENTS)
    lines = list(re.finditer(rf"^[ \t]*(?P<mark>[-+])(?=[ \t]+(?:{words})\b)[^\n]*\n?", text, re.MULTILINE))
    if not any(m["mark"] == "+" for m in lines):  # without one it is a list
        return None
    changes = tuple((m.start(), m.end(), "") if m["mark"] == "-" else (*m.span("mark"), " ") for m in lines)
    first, *others = lines
    also = tuple((*m.span("mark"), "and here") for m in others[:1])
    help = "keep the lines with `+`, without it, and none of those with `-`"
    return Repair("SG016", "this is a line of a diff", *first.span("mark"), help, changes, also)


def _escaped(text: str) -> Repair | None:
    """`expand best 3\\n  verify best 12`: lines of a program's text."""
    words = "|".join(STATEMENTS)
    found = list(re.finditer(rf"\\n(?=[ \t]*(?:(?:{words})\b|\}}|$))", text, re.MULTILINE))
    found = [m for m in found if not _inside_quotes(text, m.start())]
    if not found:
        return None
    changes = tuple((m.start(), m.end(), "\n") for m in found)
    at = found[0]
    message = "a line ends where the next one begins, without `\\n`"
    return Repair("SG016", message, at.start(), at.end(), "begin a new line", changes)


def _quoted(text: str) -> Repair | None:
    """`RECIPE = \"\"\"...\"\"\"`, the text of a recipe in a program of another language."""
    found = re.search(r"[rbfuRBFU]{0,2}(\"{3}|'{3})(?P<inside>\s*(?:#[^\n]*\n\s*)*smartgen[ \t]+\d)", text)
    if found is None:
        return None
    close = text.find(found.group(1), found.end())
    close = len(text) if close < 0 else close
    inside = found.start("inside")
    changes: tuple[Change, ...] = ((0, inside, ""), (close, len(text), "\n" if close < len(text) else ""))
    first = len(text) - len(text.lstrip())
    shown = " ".join(text[first:inside].split())
    help = f"remove `{shown}` and what stands behind the recipe" if len(shown) < 60 else "keep the text in the quotes"
    message = "a recipe stands in a file of its own, without quotes"
    return Repair("SG003", message, first, inside, help, changes)


def fenced(text: str) -> Repair | None:
    """Lines of Markdown around a recipe, and what a chat says before the first and behind the last."""
    fences = [f for f in _FENCE.finditer(text) if not _inside_quotes(text, f.start())]
    begins = _BEGINS.search(text)
    if not fences:
        return None
    changes: list[Change] = [(f.start(), f.end(), "") for f in fences]
    if begins is not None:
        before = [f for f in fences if f.start() < begins.start()]
        behind = [f for f in fences if f.start() > begins.start()]
        if before:
            changes = [(0, before[-1].end(), ""), *changes[len(before) :]]
        if before and behind:
            changes = [changes[0], (behind[0].start(), len(text), "")]
    mark = fences[0]
    start = mark.start() + len(mark.group()) - len(mark.group().lstrip())
    shown = mark.group().strip()
    message = "a fence of Markdown is no part of a recipe"
    help = "keep what stands between the fences" if len(fences) > 1 else "remove this line"
    also = tuple((f.start(), f.start() + len(f.group().rstrip()), "and here") for f in fences[1:2])
    return Repair("SG016", message, start, start + len(shown), help, tuple(changes), also)


def _inside_quotes(text: str, at: int) -> bool:
    return text.count('"', 0, at) % 2 == 1


def _marked(text: str) -> Repair | None:
    """Every line begins with the same mark."""
    lines = [(m.start(), m.group()) for m in re.finditer(r"[^\n]+", text) if m.group().strip()]
    for mark, name in _MARKS:
        found = [(at, mark.match(line)) for at, line in lines]
        if len(found) < 3 or not all(m is not None for _, m in found):
            continue
        ends = [(at, at + m.end()) for at, m in found if m is not None]
        mended = "\n".join(text[end : at + len(line)] for (at, line), (_, end) in zip(lines, ends, strict=True))
        if _BEGINS.search(mended) is None:
            continue
        start, end = ends[0]
        while text[start].isspace():
            start += 1
        changes = tuple((a, b, "") for a, b in ends)
        help = "remove it from every line"
        shown = max(start + 1, start + len(text[start:end].rstrip()))
        return Repair("SG016", f"{name} is no part of a recipe", start, shown, help, changes)
    return None
