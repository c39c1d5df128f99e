"""What a YAML reader misses only later than it was left out: a quote, a bracket, a colon."""

from __future__ import annotations

import re

import yaml

from smartgen.language.borrowed import extent
from smartgen.language.diagnostics import Diagnostic
from smartgen.language.source import Edit, Source, Span, line_end
from smartgen.recipe.yamlsigns import unreadable

# A value with an interpolation, without quotes: in `{ }` YAML takes the interpolation's braces for its own.
_BARE = re.compile(r"(?<=[:,\[{]\s)(?=\S)[^\"',{}\[\]]*\$\{[^{}\s]*\}(?:[^\"',{}\[\]]*[^\s\"',{}\[\]])?")


# -- answers that need a closer look ------------------------------------------------------------------------------------
def _begun(error: yaml.YAMLError, source: Source) -> int:
    """Where the thing began that went wrong later."""
    mark = getattr(error, "context_mark", None) or getattr(error, "problem_mark", None)
    return min(mark.index if mark else 0, max(0, len(source.text) - 1))


def open_quote(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    """A quote that is not closed: it is, at the end of its line."""
    start = _begun(error, source)
    end = line_end(source.text, start)
    quote = source.text[start : start + 1]
    before = source.text[source.text.rfind("\n", 0, start) + 1 : start]
    inside = before.count("{") + before.count("[") - before.count("}") - before.count("]")
    closers = re.search(rf"[}}\]]{{0,{max(inside, 0)}}}\s*$", source.text[start:end])
    end = start + closers.start() if closers is not None else end
    edits = (Edit(Span(source, end, end), quote),) if quote in "\"'" else ()
    return unreadable(message, Span(source, start, start + 1), fix, edits)


def open_bracket(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    """A bracket that is not closed, or a comma that is missing in it."""
    start = _begun(error, source)
    opens = source.text[start : start + 1]
    if opens not in "[{":
        return unreadable(message, Span(source, at, at + 1), fix, ())
    closes = "}" if opens == "{" else "]"
    end = line_end(source.text, start)
    bare = _BARE.search(source.text, start, end)
    if bare is not None:
        span = Span(source, bare.start(), bare.end())
        return unreadable(
            "`${...}` is quoted inside `{ }`", span, f'write `"{span.text}"`', (Edit(span, f'"{span.text}"'),)
        )
    gaps = re.finditer(r"(?<=[^\s,:{\[])(?=\s+\w+:\s)", source.text[start:end])
    commas = tuple(Edit(Span(source, start + gap.start(), start + gap.start()), ",") for gap in gaps)
    if commas and closes in source.text[start:end]:
        place = commas[0].span.start
        behind = place + len(source.text[place:end]) - len(source.text[place:end].lstrip())
        return unreadable("a `,` is missing", Span(source, place, behind), "write `,` between the pairs", commas)
    line = re.compile(r"[^\s,{\[][ ]*(?=\n\s*\"?\w+\"?:\s)").search(source.text, start)
    if not source.text[start + 1 : end].strip() and line is not None and line.start() < at:  # of JSON, on lines of its own
        last = Span(source, line.start(), line.start() + 1)
        gap = Span(source, last.end, last.end)
        return unreadable("a `,` is missing", last, "write `,` behind it", (Edit(gap, ","),))
    edits = (Edit(Span(source, end, end), closes),)
    return unreadable(
        f"this `{opens}` is not closed, or a `,` is missing behind it", Span(source, start, start + 1), fix, edits
    )


def no_colon(error: yaml.YAMLError, source: Source, at: int, message: str, fix: str) -> Diagnostic:
    """A line that is no `key: value`: a sign is another one, or it is an option of a command."""
    start = _begun(error, source)
    end = line_end(source.text, start)
    span = Span(source, start, end)
    option = re.fullmatch(r"--([a-z]+(?:[-_][a-z]+)*)[ \t=]+([0-9]+)[ \t]*", span.text)
    cap = extent(option.group(1).replace("-", "_")) if option is not None else None
    if option is not None and cap is not None:
        written = f"limit: {{{cap}: {option.group(2)}}}"
        return unreadable("options of a command are keys here", span, f"write `{written}`", (Edit(span, written),))
    found = re.match(r"([A-Za-z_]+)(:|\s*=|)(\s*)(\S.*)", source.text[start:end])
    if found is None:
        return unreadable(message, span, fix, ())
    written = f"{found.group(1)}: {found.group(4)}"
    return unreadable(message, span, f"write `{written}`", (Edit(span, written),))
