"""What `expand` decides, which nodes are kept and drafted from: nothing that comes before it can ask for that."""

from __future__ import annotations

import re

from smartgen.language import syntax as s
from smartgen.language.expressions import Typer
from smartgen.language.program import Aggregate, Read, Shift, parts
from smartgen.language.source import Edit, Span, mentions
from smartgen.language.spare import spare_chance
from smartgen.language.types import Typed

_KEPT = re.compile(r"(?<![\w.])(?:frontier(?=\.\w)|node\.kept(?!\w))")


def read_too_early(typer: Typer, found: Typed) -> Span | None:
    """Where an expression, or a `let` that it reads, names `frontier` or `node.kept`; None where nothing in it asks."""
    read = list(parts(found.code))
    if any(isinstance(part, Shift) for part in read) or not any(_of_expand(part) for part in read):
        return None  # the frontier of the layer before is known
    lets = [let.value.span for name, let in typer.policy.lets.items() if mentions(found.span.text, name)]
    for span in (found.span, *lets):
        named = _KEPT.search(span.text)
        if named is not None:
            return Span(span.source, span.start + named.start(), span.start + named.end())
    return found.span


def instead(at: Span) -> tuple[str, tuple[Edit, ...]]:
    """(help, edits) of what can be asked: all candidates, of which each may yet be kept."""
    written = {"frontier": "layer", "node.kept": "true"}.get(at.text, "")
    edits = (Edit(at, written),) if written else ()
    return ("write `true`" if written == "true" else "write `layer`: all candidates that are chosen from"), edits


def by_itself(typer: Typer, clause: s.Expression, found: Typed) -> None:
    """`expand best 8 where node.kept`, `expand all by node.prob / frontier.max(node.prob)`: recorded."""
    at = read_too_early(typer, found)
    if at is None:
        return
    fix, edits = instead(at)
    spare, whole = spare_chance(typer.policy.params), clause.span.led_by(r"\s+(?:where|by)")
    if at.text == "node.kept" and spare:  # the bar that was meant
        fix, edits = f"write `node.prob >= {spare}`", (Edit(at, f"node.prob >= {spare}"),)
    elif at.text == "node.kept":
        fix = "remove it; `verify ... where node.kept` asks it"
        if whole is not None and clause.span.text.strip() == "node.kept":
            edits = (Edit(whole, ""),)
    verb = "decides" if at.text == "node.kept" else "keeps"
    typer.findings.add("SG308", f"`{at.text}` is what `expand` {verb}, and is known only behind it", at, fix, edits=edits)


def _of_expand(part: object) -> bool:
    if isinstance(part, Read):
        return part.name == "node.kept" or part.name.startswith("frontier.")
    return isinstance(part, Aggregate) and part.scope == "frontier"
