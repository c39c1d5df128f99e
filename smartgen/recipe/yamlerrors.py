"""What the YAML reader objects to, in the reader's words and with a way out."""

from __future__ import annotations

import re

import yaml

from smartgen.language.diagnostics import Diagnostic, Label
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Edit, Source, Span, line_end
from smartgen.language.words import KEYWORDS
from smartgen.recipe.yamlkeys import KEYS

# A part of the reader's own words → what is told.
_TOLD = (
    ("cannot start any token", "this character cannot begin a value", 'quote the value: "..."'),
    (
        "mapping values are not allowed",
        "a second `: ` stands on this line",
        'quote an expression that holds `: `: "..."',
    ),
    ("found undefined alias", "`*name` refers to nothing", "write the value out"),
    ("duplicate anchor", "an anchor stands twice", "choose another name behind `&`"),
    ("found duplicate anchor", "an anchor stands twice", "choose another name behind `&`"),
    ("expected a single document", "a file holds one recipe, and `---` begins another", "keep one"),
    ("end of stream", "a quote is not closed", "close it"),
    ("document separator", "a quote is not closed", "close it"),
    (
        "expected ',' or '}'",
        "this `{` is not closed, or a `,` is missing",
        'close it with `}`, or quote the expression: "..."',
    ),
    (
        "expected ',' or ']'",
        "this `[` is not closed, or a `,` is missing",
        'close it with `]`, or quote the expression: "..."',
    ),
    ("could not find expected ':'", "this line is no `key: value`", "write `key: value`, or indent it under its key"),
    ("expected <block end>", "this line does not fit the indentation above", "indent keys of one level alike"),
    ("while parsing a block mapping", "this line does not fit the indentation above", "indent keys of one level alike"),
    ("unknown escape", "this escape means nothing", "write the text in single quotes"),
    ("special characters", "this character cannot stand in YAML", "remove it"),
    ("unacceptable character", "this character cannot stand in YAML", "remove it"),
    ("found unknown directive", "`%` cannot begin a line", "remove the line"),
    ("sequence entries are not allowed", "a list cannot begin here", "put it on lines of its own, under its key"),
    ("did not find expected", "a value is missing here", 'write one, or quote the expression: "..."'),
)


_OF_NAMES = ("benefit", "cost", "let", "param", "params", "limit", "then", "otherwise")  # names with values

# A value with an interpolation, without quotes: in `{ }` YAML takes the interpolation's braces for its own.
_BARE = re.compile(r"(?<=[:,\[{]\s)(?=\S)[^\"',{}\[\]]*\$\{[^{}\s]*\}(?:[^\"',{}\[\]]*[^\s\"',{}\[\]])?")


def not_yaml(error: yaml.YAMLError, source: Source) -> Diagnostic:
    """One diagnostic for a file that is no YAML."""
    text = source.text
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = getattr(error, "position", None) if mark is None else mark.index
    at = min(int(place or 0), max(0, len(text) - 1))
    said = " ".join(str(part) for part in (getattr(error, "problem", ""), getattr(error, "context", ""), error) if part)
    form = text_form(source)
    if form is not None:
        return form
    equals = other_sign(source) if "mapping values" in said else None
    if equals is not None:
        return equals
    if text[at : at + 1] == "\t" or "\\t" in said:
        return _tab(source, at)
    message, fix = next(((m, f) for part, m, f in _TOLD if part in said), ("this is not YAML", "save it as plain text"))
    line = text.rfind("\n", 0, at) + 1
    seen = _by_line(source, at, line, said, message)
    if seen is not None:
        return seen
    special = next((answer for part, answer in _ANSWERS if part in said), None)
    if special is not None:
        return special(error, source, at, message, fix)
    colon = _by_colon(source, line) if "mapping values" in said else None
    if colon is not None:
        return colon
    span = Span(source, at, at + 1)
    edits: tuple[Edit, ...] = ()
    if "quote" in fix and "closed" not in message:
        edits = _quoted(source, line)
        if edits:
            fix = f"quote it: `{edits[0].text}`"
    elif fix == "remove it":
        edits = (Edit(span, ""),)
    return _made(message, span, fix, edits)


def _by_line(source: Source, at: int, line: int, said: str, message: str) -> Diagnostic | None:
    """What the line shows that the reader's words leave open: a sign that YAML reads otherwise."""
    text = source.text
    folded = re.match(r"([ ]*(?:-[ ]+)?\w+:[ ]+)([>|][^\n]*)", text[line:]) if "block scalar" in said else None
    if folded is not None:
        span = Span(source, line + folded.start(2), line + folded.end(2))
        sign, written = folded.group(2)[0], f'"{folded.group(2).rstrip()}"'
        return _made(
            f"`{sign}` begins a text of several lines in YAML", span, f"quote it: `{written}`", (Edit(span, written),)
        )
    for mark in re.finditer(r"(?:^|(?<=\s))(?://+|--(?=\s)|;+(?=\s))", text[line : line_end(text, line)]):
        if line + mark.end() >= at:
            span = Span(source, line + mark.start(), line + mark.end())
            return _made("comments begin with `#`", span, "write `#`", (Edit(span, "#"),))
    items = list(re.finditer(rf"^(- )(?=(?:{'|'.join(KEYS)}):)", text, re.MULTILINE))
    if items and text.startswith("- ", line):
        edits = tuple(Edit(Span(source, item.start(1), item.end(1)), "") for item in items)
        span = Span(source, line, line + 1)
        return _made("the keys of a recipe are no list", span, "write them without `-`", edits)
    if text[at : at + 1] == "," and "found ','" in said:
        span = Span(source, at, at + 1)
        return _made("this `,` leads nowhere", span, "remove it", (Edit(span, ""),))
    dash = re.match(r"[ ]*\w+:[ ]+(-[ ]+)", text[line:])
    if dash is not None and "sequence entries" in said:
        span = Span(source, line + dash.start(1), line + dash.end(1))
        return _made(message, span, "remove the `-`", (Edit(span, ""),))
    return None


def _by_colon(source: Source, line: int) -> Diagnostic | None:
    """What a second `: ` on a line was meant to be."""
    text = source.text
    twice = re.match(r"[ ]*(\w+):[ ]+((best|all|tree|while|to):[ ]+([^\n#]*[^\s#]))", text[line:])
    if twice is not None and twice.group(1) in KEYS:
        span = Span(source, line + twice.start(2), line + twice.end(2))
        written = f"{twice.group(3)} {twice.group(4)}"
        return _made(f"no `:` stands behind `{twice.group(3)}`", span, f"write `{written}`", (Edit(span, written),))
    named = re.match(r"[ ]*(?:-[ ]+)?(\w+):[ ]+((\w+):[ ]+([^\n#]*[^\s#]))", text[line:])
    if named is not None and named.group(1) in _OF_NAMES:
        span = Span(source, line + named.start(2), line + named.end(2))
        bare = named.group(4).startswith("{") or not re.search(r"[,{}\[\]]", named.group(4))
        value = named.group(4) if bare else f'"{named.group(4)}"'
        written = f"{{{named.group(3)}: {value}}}"
        message = "a second `: ` stands on this line: names with values stand in braces"
        return _made(message, span, f"write `{named.group(1)}: {written}`", (Edit(span, written),))
    tight = re.search(r"^[ ]*([A-Za-z_]\w*):(?=[^\s/:])", text[:line], re.MULTILINE)
    if tight is not None:
        place = Span(source, tight.start(1), tight.end())
        edits = (Edit(Span(source, tight.end(), tight.end()), " "),)
        return _made(f"a space is missing behind `{tight.group(1)}:`", place, f"write `{tight.group(1)}: ...`", edits)
    deep = re.match(r"[ ]+", text[line:])
    if deep and len(_indent(text, line)) < deep.end():
        span = Span(source, line, line + deep.end())
        edits = (Edit(span, _indent(text, line)),)
        return _made("this line does not fit the indentation above", span, "indent keys of one level alike", edits)
    return None


_SIGN = re.compile(r"^([ ]*(?:-[ ]+)?)(\w+)([ ]*(?::=|=>|->|=)[ ]*)(?=[^\s=])([^\n]*)", re.MULTILINE)


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
            return _made("between a key and its value stands `:`", whole, f"write `{written}`", edits)
    return None


def _made(message: str, span: Span, fix: str, edits: tuple[Edit, ...]) -> Diagnostic:
    return Diagnostic("SG403", message, (Label(span),), fix, "error", edits)


def _tab(source: Source, at: int) -> Diagnostic:
    found = source.text.find("\t", max(0, at - 1))
    at = found if 0 <= found <= at + 1 else at
    edits: list[Edit] = []
    for m in re.finditer(r"^([ \t]*\t[ \t]*)(\w*)", source.text, re.MULTILINE):
        above = source.text[: m.start()].rstrip("\n").rsplit("\n", 1)[-1]
        alike = edits and re.match(r"[ \t]*", above).group() == m.group(1)  # type: ignore[union-attr]
        spaces = edits[-1].text if alike else _untabbed(source.text, m.start(), m.group(2), m.group(1))
        edits.append(Edit(Span(source, m.start(1), m.end(1)), spaces))
    help = "remove it" if edits and edits[0].text == "" else "use spaces"
    return _made("YAML is not indented with tabs", Span(source, at, at + 1), help, tuple(edits))


def _untabbed(text: str, line: int, key: str, tabs: str) -> str:
    """The spaces of a line that begins with tabs: those of the other statements where its key is one."""
    if key in KEYS:
        first = re.search(rf"^([ ]*)(?:{'|'.join(KEYS)}):", text, re.MULTILINE)
        return first.group(1) if first is not None else ""
    return _indent(text, line) or tabs.replace("\t", "  ")


def _indent(text: str, line: int) -> str:
    """The indentation that a line at `line` has by the line above it."""
    above = text[:line].rstrip("\n").rsplit("\n", 1)[-1]
    spaces = above[: len(above) - len(above.lstrip())].replace("\t", "  ")
    return spaces if re.search(r":\s+\S", above) else spaces + "  "


def _quoted(source: Source, line: int) -> tuple[Edit, ...]:
    """The value of the line in quotes."""
    end = line_end(source.text, line)
    found = re.match(r"(\s*(?:-\s+)?(?:[A-Za-z_]\w*:\s+)?)(\S.*?)(\s+#.*)?$", source.text[line:end])
    if not found or found.group(2)[:1] in "\"'{[" or ": " not in found.group(1):
        return ()
    start = line + found.start(2)
    value = found.group(2)
    quote = "'" if '"' in value else '"'
    return (Edit(Span(source, start, line + found.end(2)), f"{quote}{value}{quote}"),)


def text_form(source: Source) -> Diagnostic | None:
    """A recipe in the text form in a file whose name says YAML."""
    begins = re.match(r"\s*(#[^\n]*\n\s*)*smartgen[ \t]+\d", source.text)
    if begins is None:
        return None
    keys = re.search(r"^[a-z_]+:(?:\s|$)", source.text[begins.end() :], re.MULTILINE)
    if keys is not None and not re.search(r"^\s*policy[ \t]+\w+[ \t]*\{", source.text, re.MULTILINE):
        at = begins.end() - 1 - len(re.findall(r"[ \t]*$", source.text[: begins.end() - 1])[0])
        span, edits = Span(source, at - len("smartgen"), begins.end()), (Edit(Span(source, at, at), ":"),)
        return _made("between a key and its value stands `:`", span, "write `smartgen: 1`", edits)
    span = Span(source, begins.end() - 1, begins.end())
    fix = "name the file .smart, or write `smartgen: 1` and a key for each statement"
    return _made("this is the text form of a recipe in a YAML file", span, fix, ())


# -- answers that need a closer look ------------------------------------------------------------------------------------
def _begun(error: yaml.YAMLError, source: Source) -> int:
    """Where the thing began that went wrong later."""
    mark = getattr(error, "context_mark", None) or getattr(error, "problem_mark", None)
    return min(mark.index if mark else 0, max(0, len(source.text) - 1))


def _open_quote(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    start = _begun(error, source)
    end = line_end(source.text, start)
    quote = source.text[start : start + 1]
    before = source.text[source.text.rfind("\n", 0, start) + 1 : start]
    inside = before.count("{") + before.count("[") - before.count("}") - before.count("]")
    closers = re.search(rf"[}}\]]{{0,{max(inside, 0)}}}\s*$", source.text[start:end])
    end = start + closers.start() if closers is not None else end
    edits = (Edit(Span(source, end, end), quote),) if quote in "\"'" else ()
    return _made(message, Span(source, start, start + 1), fix, edits)


def _open_bracket(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    start = _begun(error, source)
    opens = source.text[start : start + 1]
    if opens not in "[{":
        return _made(message, Span(source, at, at + 1), fix, ())
    closes = "}" if opens == "{" else "]"
    end = line_end(source.text, start)
    bare = _BARE.search(source.text, start, end)
    if bare is not None:
        span = Span(source, bare.start(), bare.end())
        return _made("`${...}` is quoted inside `{ }`", span, f'write `"{span.text}"`', (Edit(span, f'"{span.text}"'),))
    gaps = re.finditer(r"(?<=[^\s,:{\[])(?=\s+\w+:\s)", source.text[start:end])
    commas = tuple(Edit(Span(source, start + gap.start(), start + gap.start()), ",") for gap in gaps)
    if commas and closes in source.text[start:end]:
        place = commas[0].span.start
        behind = place + len(source.text[place:end]) - len(source.text[place:end].lstrip())
        return _made("a `,` is missing", Span(source, place, behind), "write `,` between the pairs", commas)
    edits = (Edit(Span(source, end, end), closes),)
    return _made(
        f"this `{opens}` is not closed, or a `,` is missing behind it", Span(source, start, start + 1), fix, edits
    )


def _no_colon(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    start = _begun(error, source)
    end = line_end(source.text, start)
    span = Span(source, start, end)
    found = re.match(r"([A-Za-z_]+)(:|\s*=|)(\s*)(\S.*)", source.text[start:end])
    if found is None:
        return _made(message, span, fix, ())
    written = f"{found.group(1)}: {found.group(4)}"
    return _made(message, span, f"write `{written}`", (Edit(span, written),))


def _indentation(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    line = source.text.rfind("\n", 0, at) + 1
    partly = re.match(
        r"[ ]*(?:-[ ]+)?\w+:[ ]+(\"([^\"\n]*)\"[ ]*[^\s#,][^\n#]*?)[ ]*(?:#[^\n]*)?(?:\n|$)", source.text[line:]
    )
    if partly is not None and at > line + partly.start(1):
        span = Span(source, line + partly.start(1), line + partly.end(1))
        name = partly.group(2) in SIGNALS or partly.group(2) in KEYWORDS
        written = span.text.replace(f'"{partly.group(2)}"', partly.group(2), 1) if name else f"'{span.text}'"
        return _made("a value in quotes ends with its quote", span, f"write `{written}`", (Edit(span, written),))
    above = source.text[:line].rstrip("\n").rsplit("\n", 1)[-1]
    spaces = above[: len(above) - len(above.lstrip())]
    key = re.match(r"[ ]*(\w+):", source.text[line:])
    if key is not None and key.group(1) in KEYS:  # a statement stands where the others do
        first = re.search(rf"^([ ]*)(?:{'|'.join(KEYS)}):", source.text, re.MULTILINE)
        spaces = first.group(1) if first is not None else spaces
    there = len(source.text[line:]) - len(source.text[line:].lstrip(" "))
    edits = (Edit(Span(source, line, line + there), spaces),) if len(spaces) != there else ()
    return _made(message, Span(source, at, at + 1), fix, edits)


def _second_document(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    return _made(message, Span(source, at, at + 3), fix, (Edit(Span(source, at, len(source.text)), ""),))


def _alias(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    found = re.match(r"\*\w+", source.text[at:])
    name = found.group() if found else "*"
    return _made(
        f"`{name}` refers to nothing: no `&{name[1:]}` stands above", Span(source, at, at + len(name)), fix, ()
    )


_ANSWERS = (
    ("scanning a quoted scalar", _open_quote),
    ("expected ',' or '}'", _open_bracket),
    ("expected ',' or ']'", _open_bracket),
    ("could not find expected ':'", _no_colon),
    ("expected <block end>", _indentation),
    ("expected a single document", _second_document),
    ("found undefined alias", _alias),
)
