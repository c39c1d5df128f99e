"""What is told of an interpolation `${...}` that OmegaConf does not resolve."""

from __future__ import annotations

import re

from smartgen.language.diagnostics import Diagnostic, Label
from smartgen.language.nearest import closest
from smartgen.language.source import Edit, Span


def unresolved(error: BaseException, span: Span, known: list[str]) -> Diagnostic:
    """An interpolation that OmegaConf does not resolve; `known`: what it could name."""
    said, raw = str(error), span.text
    found = re.search(r"\$\{([^}]*)", raw)
    inside = found.group(1) if found else ""
    start = span.start + (found.start(1) if found else 0)
    at = Span(span.source, start, start + len(inside))
    if "}" not in raw[found.start() if found else 0 :]:
        closed = inside.rstrip("\"'")
        end = start + len(closed)
        edits = (Edit(Span(span.source, end, end), "}"),)
        return _interpolation("this interpolation is not closed", span, f"write `${{{closed}}}`", edits)
    if inside.startswith("oc.env:"):
        variable = inside.removeprefix("oc.env:")
        edits = (Edit(Span(span.source, at.end, at.end), ",auto"),)
        fix = f"set it, or give a default: `${{{inside},auto}}`"
        return _interpolation(f"the environment has no variable `{variable}`", span, fix, edits)
    resolver, colon, rest = inside.partition(":")
    if colon and "nsupported interpolation" in said:
        edits = (Edit(at, f"oc.env:{rest}"),)
        return _interpolation(f"there is no resolver `{resolver}`", span, f"did you mean `${{oc.env:{rest}}}`?", edits)
    if isinstance(error, RecursionError) or "ecursive" in said:
        return _interpolation("this interpolation refers to itself", span, "write the value out", (Edit(span, "mine"),))
    variable = re.fullmatch(r"([A-Z][A-Z0-9_]*)(?::?-(.*))?", inside)
    if variable is not None:
        written = f"oc.env:{variable.group(1)},{variable.group(2) or 'auto'}"
        message = f"`{inside}` is no key of this recipe; the environment is read by `oc.env`"
        return _interpolation(message, span, f"write `${{{written}}}`", (Edit(at, written),))
    near = closest(inside, [name for name in known if name != inside])
    if near:
        fix = f"did you mean `${{{near}}}`?"
        return _interpolation(f"nothing is called `{inside}`", span, fix, (Edit(at, near),))
    return _interpolation(
        f"`{raw}` does not resolve", span, "write the value out, or give a default: `${oc.env:NAME,default}`", ()
    )


def _interpolation(message: str, span: Span, fix: str, edits: tuple[Edit, ...]) -> Diagnostic:
    return Diagnostic("SG404", message, (Label(span),), fix, "error", edits)
