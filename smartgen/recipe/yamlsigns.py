"""Signs that YAML reads otherwise than they were meant: what the text of a line shows where its reader's words leave it open."""

from __future__ import annotations

import re

from smartgen.language.diagnostics import Diagnostic, Label
from smartgen.language.source import Edit, Source, Span, line_end
from smartgen.recipe.yamlkeys import KEYS

_OF_NAMES = ("benefit", "cost", "let", "param", "params", "limit", "then", "otherwise")  # names with values
_SIGN = re.compile(r"^([ ]*(?:-[ ]+)?)(\w+)([ ]*(?::=|=>|->|=)[ ]*)(?=[^\s=])([^\n]*)", re.MULTILINE)


def unreadable(message: str, span: Span, fix: str, edits: tuple[Edit, ...]) -> Diagnostic:
    """The finding about text that is no YAML."""
    return Diagnostic("SG403", message, (Label(span),), fix, "error", edits)


def text_form(source: Source) -> Diagnostic | None:
    """A recipe in the text form in a file whose name says YAML."""
    begins = re.match(r"\s*(#[^\n]*\n\s*)*smartgen[ \t]+\d", source.text)
    if begins is None:
        return None
    keys = re.search(r"^[a-z_]+:(?:\s|$)", source.text[begins.end() :], re.MULTILINE)
    if keys is not None and not re.search(r"^\s*policy[ \t]+\w+[ \t]*\{", source.text, re.MULTILINE):
        at = begins.end() - 1 - len(re.findall(r"[ \t]*$", source.text[: begins.end() - 1])[0])
        span, edits = Span(source, at - len("smartgen"), begins.end()), (Edit(Span(source, at, at), ":"),)
        return unreadable("between a key and its value stands `:`", span, "write `smartgen: 1`", edits)
    span = Span(source, begins.end() - 1, begins.end())
    fix = "name the file .smart, or write `smartgen: 1` and a key for each statement"
    return unreadable("this is the text form of a recipe in a YAML file", span, fix, ())


def other_sign(source: Source) -> Diagnostic | None:
    """The first line `key = value` of a file in which other lines are `key: value`, or every line is such a one."""
    for line in _SIGN.finditer(source.text):
        above = source.text[: line.start()].rstrip().rsplit("\n", 1)[-1]
        among = line.group(1) and (_SIGN.match(above) or re.match(r"[ ]*(\w+:\s*$|(?:-[ ]+)?\w+:\s)", above))
        if line.group(2) in KEYS if not line.group(1) else among:
            span = Span(source, line.start(3), line.end(3))
            written = f"{line.group(2)}: {line.group(4).strip()}"
            edits = (Edit(span, ": "),)
            whole = Span(source, line.start(2), line.end(3) + 1)
            return unreadable("between a key and its value stands `:`", whole, f"write `{written}`", edits)
    return None


def foreign_signs(source: Source) -> Diagnostic | None:
    """`limit：{depth: 6}`, `depth: “batch.size”`: signs of YAML as another keyboard or a word processor has them."""
    edits = list[Edit]()
    for line in re.finditer(r"[^\n]+", source.text):
        text = line.group().partition(" #")[0]
        if text.lstrip().startswith("#"):
            continue
        wide = re.match(r"[ ]*(?:-[ ]+)?\w+(：[ ]*)", text)
        if wide is not None:
            edits.append(Edit(Span(source, line.start() + wide.start(1), line.start() + wide.end(1)), ": "))
        for pair in re.finditer(r"(?<=[:,{\[] )([“„«])[^“”„«»\"]*([”“»])(?=[ ]*[,}\]]|[ ]*$)", text):
            edits += [Edit(Span(source, line.start() + a, line.start() + b), '"') for a, b in (pair.span(1), pair.span(2))]
        for brace in re.finditer(r"(?<=[:：] )｛|｛(?=\w+:)|｝(?=[ ]*$)", text):
            written = "{" if brace.group() == "｛" else "}"
            edits.append(Edit(Span(source, line.start() + brace.start(), line.start() + brace.end()), written))
    if not edits:
        return None
    message = f"`{edits[0].span.text.strip()}` is no sign of YAML"
    return unreadable(message, edits[0].span, f"write `{edits[0].text.strip()}`", tuple(edits))


def by_line(source: Source, at: int, line: int, said: str, message: str) -> Diagnostic | None:
    """What the line shows that the reader's words leave open: a sign that YAML reads otherwise."""
    text = source.text
    folded = re.match(r"([ ]*(?:-[ ]+)?\w+:[ ]+)([>|][^\n]*)", text[line:]) if "block scalar" in said else None
    if folded is not None:
        span = Span(source, line + folded.start(2), line + folded.end(2))
        sign, written = folded.group(2)[0], f'"{folded.group(2).rstrip()}"'
        return unreadable(
            f"`{sign}` begins a text of several lines in YAML", span, f"quote it: `{written}`", (Edit(span, written),)
        )
    for mark in re.finditer(r"(?:^|(?<=\s))(?://+|--(?=\s)|;+(?=\s))", text[line : line_end(text, line)]):
        if line + mark.end() >= at:
            span = Span(source, line + mark.start(), line + mark.end())
            return unreadable("comments begin with `#`", span, "write `#`", (Edit(span, "#"),))
    items = list(re.finditer(rf"^(- )(?=(?:{'|'.join(KEYS)}):)", text, re.MULTILINE))
    if items and text.startswith("- ", line):
        edits = tuple(Edit(Span(source, item.start(1), item.end(1)), "") for item in items)
        span = Span(source, line, line + 1)
        return unreadable("the keys of a recipe are no list", span, "write them without `-`", edits)
    if text[at : at + 1] == "," and "found ','" in said:
        span = Span(source, at, at + 1)
        return unreadable("this `,` leads nowhere", span, "remove it", (Edit(span, ""),))
    dash = re.match(r"[ ]*\w+:[ ]+(-[ ]+)", text[line:])
    if dash is not None and "sequence entries" in said:
        span = Span(source, line + dash.start(1), line + dash.end(1))
        return unreadable(message, span, "remove the `-`", (Edit(span, ""),))
    return None


def by_colon(source: Source, line: int) -> Diagnostic | None:
    """What a second `: ` on a line was meant to be."""
    text = source.text
    settings = re.match(r"policy:[ ]+([\w.\"'/-]+)(\((\w+:[^()]*)\))", text[line:])
    if settings is not None:  # `policy: smart(trust: 0.9)`, as the text form has it
        span, written = Span(source, line + settings.start(2), line + settings.end(2)), f"params: {{{settings.group(3)}}}"
        return unreadable("values for the params of a base are a key", span, f"write `{written}`", (Edit(span, f"\n{written}"),))
    round_ = re.match(r"[ ]*(?:-[ ]+)?(\w+):[ ]+(\((\w+:[^()]*)\))", text[line:])
    if round_ is not None and round_.group(1) in _OF_NAMES:
        span, written = Span(source, line + round_.start(2), line + round_.end(2)), f"{{{round_.group(3)}}}"
        return unreadable("names with values stand in braces", span, f"write `{written}`", (Edit(span, written),))
    twice = re.match(r"[ ]*(\w+):[ ]+((best|all|tree|while|to):[ ]+([^\n#]*[^\s#]))", text[line:])
    if twice is not None and twice.group(1) in KEYS:
        span = Span(source, line + twice.start(2), line + twice.end(2))
        written = f"{twice.group(3)} {twice.group(4)}"
        return unreadable(
            f"no `:` stands behind `{twice.group(3)}`", span, f"write `{written}`", (Edit(span, written),)
        )
    named = re.match(r"[ ]*(?:-[ ]+)?(\w+):[ ]+((\w+):[ ]+([^\n#]*[^\s#]))", text[line:])
    if named is not None and named.group(1) in _OF_NAMES:
        span = Span(source, line + named.start(2), line + named.end(2))
        bare = named.group(4).startswith("{") or not re.search(r"[,{}\[\]]", named.group(4))
        bare = bare or re.fullmatch(r"[^,()]+(?:,[ ]+\w+:[ ][^,()]+)+", named.group(4)) is not None  # further names
        value = named.group(4) if bare else f'"{named.group(4)}"'
        written = f"{{{named.group(3)}: {value}}}"
        message = "a second `: ` stands on this line: names with values stand in braces"
        return unreadable(message, span, f"write `{named.group(1)}: {written}`", (Edit(span, written),))
    tight = re.search(r"^[ ]*([A-Za-z_]\w*):(?=[^\s/:])", text[:line], re.MULTILINE)
    if tight is not None:
        place = Span(source, tight.start(1), tight.end())
        edits = (Edit(Span(source, tight.end(), tight.end()), " "),)
        return unreadable(
            f"a space is missing behind `{tight.group(1)}:`", place, f"write `{tight.group(1)}: ...`", edits
        )
    return None
