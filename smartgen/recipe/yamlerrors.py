"""What the YAML reader objects to, in the reader's words and with a way out."""

from __future__ import annotations

import re

import yaml

from smartgen.language.diagnostics import Diagnostic
from smartgen.language.source import Edit, Source, Span, line_end
from smartgen.recipe.yamlindentation import indentation, tab, too_deep
from smartgen.recipe.yamlsigns import by_colon, by_line, other_sign, text_form, unreadable
from smartgen.recipe.yamlslips import slip
from smartgen.recipe.yamlunclosed import no_colon, open_bracket, open_quote

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
        return tab(source, at)
    message, fix = next(((m, f) for part, m, f in _TOLD if part in said), ("this is not YAML", "save it as plain text"))
    line = text.rfind("\n", 0, at) + 1
    seen = by_line(source, at, line, said, message) or slip(source, at, said)
    if seen is not None:
        return seen
    special = next((answer for part, answer in _ANSWERS if part in said), None)
    if special is not None:
        return special(error, source, at, message, fix)
    colon = (by_colon(source, line) or too_deep(source, line)) if "mapping values" in said else None
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
    return unreadable(message, span, fix, edits)


def _quoted(source: Source, line: int) -> tuple[Edit, ...]:
    """The value of the line in quotes."""
    end = line_end(source.text, line)
    found = re.match(r"(\s*(?:-\s+)?(?:[A-Za-z_][\w ]*:\s+)?)(\S.*?)(\s+#.*)?$", source.text[line:end])
    if not found or found.group(2)[:1] in "\"'{[" or ": " not in found.group(1):
        return ()
    start = line + found.start(2)
    value = found.group(2)
    quote = "'" if '"' in value else '"'
    return (Edit(Span(source, start, line + found.end(2)), f"{quote}{value}{quote}"),)


def _second_document(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    return unreadable(message, Span(source, at, at + 3), fix, (Edit(Span(source, at, len(source.text)), ""),))


def _alias(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    found = re.match(r"\*\w+", source.text[at:])
    name = found.group() if found else "*"
    return unreadable(
        f"`{name}` refers to nothing: no `&{name[1:]}` stands above", Span(source, at, at + len(name)), fix, ()
    )


_ANSWERS = (
    ("scanning a quoted scalar", open_quote),
    ("expected ',' or '}'", open_bracket),
    ("expected ',' or ']'", open_bracket),
    ("could not find expected ':'", no_colon),
    ("expected <block end>", indentation),
    ("expected a single document", _second_document),
    ("found undefined alias", _alias),
)
