"""`forecast`, `previous` and `marginal`: what they stand for, and where they go when they stand where they have no meaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.argument_counts import plain
from smartgen.language.program import Axis, Shift
from smartgen.language.source import Edit, Span
from smartgen.language.types import Typed

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer


def shift(typer: Typer, e: s.Call) -> Typed:
    """The value of the argument at another moment; of `marginal`, what one node adds to it."""
    kind = e.name.text
    if kind not in typer.place.allows:
        raise _out_of_place(typer, e)
    (value,) = plain(typer, e, 1, 1)
    typer.require(value, "number", f"`{kind}`")
    axis = Axis.NODE if kind == "marginal" else value.axis
    code = Shift(kind, value.code)  # type: ignore[arg-type]
    # What is read inside a forecast is not read of the draft itself.
    inside = value.reads if kind != "forecast" else frozenset(f"forecast:{name}" for name in value.reads)
    return Typed(value.kind, axis, value.phase, code, inside | {kind}, e.span)


def _out_of_place(typer: Typer, e: s.Call) -> Broken:
    kind = e.name.text
    where = "`expand ... where`" if kind == "marginal" else "`continue while`"
    message = f"`{kind}` has a meaning in {where} only, this is {typer.place.word}"
    if kind == "marginal" and typer.place.word == "`verify ... where`" and typer.benefit is not None:
        return _marginal_verified(typer, e, message, typer.benefit[0])
    weighs = kind == "forecast" and "marginal" in typer.place.allows and "marginal(" in e.span.first_line
    if kind in ("forecast", "previous") and not weighs and (moved := _continued(e.span)):
        return typer.fail("SG308", message, e.name.span, "decide it in `continue while`", edits=moved)
    if kind == "marginal" and (kept := _kept(e.span)):
        return typer.fail("SG308", message, e.name.span, "decide it in `expand all where`", edits=kept)
    inner = e.arguments[0].value.span.text if e.arguments else "objective"
    less = re.search(rf"(?<![\w.]){re.escape(inner)}\s*-\s*$", e.span.source.text[: e.span.start])
    above = re.match(rf"\s*>=?\s*{re.escape(inner)}(?![\w.])", e.span.source.text[e.span.end :])
    if kind == "forecast" and "marginal" in typer.place.allows:
        inner = f"marginal({inner})"
    elif kind == "marginal" and "forecast" in typer.place.allows and above is not None:  # `marginal(objective) > objective`
        inner = f"forecast({inner})"
    elif kind == "marginal" and "previous" in typer.place.allows and less is not None:  # `tokens - marginal(tokens)`
        inner = f"previous({inner})"
    elif kind == "marginal" and "previous" in typer.place.allows:
        inner = f"{inner} - previous({inner})"
    return typer.fail("SG308", message, e.name.span, f"write `{inner}`", edits=(Edit(e.span, inner),))


def _continued(span: Span) -> tuple[Edit, ...]:
    """Of `expand best 8 where forecast(objective) > objective` the `where` made a statement, of `subject to` another one;
    nothing if there is one.
    """
    text = span.source.text
    if span.source.is_yaml or re.search(r"^[ \t]*continue\b", text, re.MULTILINE):
        return ()
    constraint = re.search(r"\bsubject\s+to(?=[ \t][^\n]*$)", text[: span.start])
    if constraint is not None:
        compared = re.search(r"\bprevious\(|\bforecast\((\w+)\)\s*[<>]=?\s*\1\b", text[constraint.start() :].partition("\n")[0])
        if compared is None:
            return ()
        return (Edit(Span(span.source, *constraint.span()), "continue while"),)
    before = re.search(r"[ \t]+where[ \t]+$", text[: span.start])
    if before is None:
        return ()
    indent = re.match(r"[ \t]*", text[text.rfind("\n", 0, span.start) + 1 :])
    written = f"\n{indent[0] if indent else ''}continue while "
    return (Edit(Span(span.source, before.start(), span.start), written),)


def _kept(span: Span) -> tuple[Edit, ...]:
    """Of `continue while marginal(tokens) > ...` the statement made an `expand`; nothing where there is one."""
    text = span.source.text
    begun = re.search(r"\bcontinue\s+while\b(?=[^\n]*$)", text[: span.start])
    if begun is None or span.source.is_yaml or re.search(r"^[ \t]*expand\b", text, re.MULTILINE):
        return ()
    return (Edit(Span(span.source, *begun.span()), "expand all where"),)


def _marginal_verified(typer: Typer, e: s.Call, message: str, benefit: str) -> Broken:
    """`verify ... where marginal(tokens) > 0.05 tok`: what a node adds is its benefit, which has no unit."""
    text = e.span.source.text
    if (moved := _to_expand(typer)) is not None:
        return typer.fail("SG308", message, e.name.span, "ask it in `expand ... where`", edits=moved)
    bound = re.match(r"(\s*[<>]=?\s*[0-9.]+)\s*tok\b", text[e.span.end :])
    whole = Span(e.span.source, e.span.start, e.span.end + (bound.end() if bound is not None else 0))
    written = benefit + (bound.group(1) if bound is not None else "")
    return typer.fail("SG308", message, e.name.span, f"write `{written}`", edits=(Edit(whole, written),))


def _to_expand(typer: Typer) -> tuple[Edit, ...] | None:
    """The `where` of `verify` as that of `expand`, where it weighs two marginals: no benefit stands for these."""
    verify, expand = typer.policy.slots.verify, typer.policy.slots.expand
    if verify is None or expand is None or verify.choice.where is None or expand.choice.where is not None:
        return None
    where = verify.choice.where.span
    text, source = where.source.text, where.source
    begins = re.search(r"\s+where\s+$", text[: where.start])
    if where.text.count("marginal(") < 2 or begins is None or source.is_yaml or expand.span.source != source:
        return None
    end = expand.choice.span.end
    kept = re.match(r"node\.kept\s+and\s+", where.text)  # that stays
    moved = where.text[kept.end() :] if kept is not None else where.text
    start = where.start + len("node.kept") if kept is not None else begins.start()
    return Edit(Span(source, end, end), f" where {moved}"), Edit(Span(source, start, where.end), "")
