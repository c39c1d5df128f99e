"""A number, a yes/no value or a text where another of the three is due."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.program import Const
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Edit
from smartgen.language.spare import spare_params
from smartgen.language.types import Kind, Typed
from smartgen.language.unit_fixes import LITERAL, grouped, wrapped
from smartgen.language.units import EXAMPLE, Dimension

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer

_HOLDS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def needs(typer: Typer, value: Typed, base: str, by: str) -> Broken:
    """A number, flag or text where another is due."""
    wanted = {"number": "a number", "flag": "a yes/no value", "text": "a text"}[base]
    message = f"{by} needs {wanted}, this is {value.kind}"
    fix, edits = asked(typer, value) if base == "flag" else _as_number(value)
    return typer.fail("SG201", message, value.span, fix, edits=edits)


def asked(typer: Typer, value: Typed, least: str = "", word: str = "") -> tuple[str, tuple[Edit, ...]]:
    """A number made a question; `word`: the clause that asks."""
    if isinstance(value.code, Const) and value.span.text in ("0", "1"):
        flag = "true" if value.code.value else "false"
        return f"write `{flag}`", (Edit(value.span, flag),)
    if isinstance(value.code, Const) and value.kind.base == "text":  # `node.source == "head" or "ngram"`
        before = re.search(r"([\w.]+)\s*(==|!=)\s*\"[^\"\n]*\"\s*(?:or|and)\s*$", value.span.source.text[: value.span.start])
        if before is not None:
            written = f"{before[1]} {before[2]} {value.span.text}"
            return f"write `{written}`", (Edit(value.span, written),)
    ahead = re.fullmatch(r"forecast\((.+)\)", value.span.text)
    if ahead is not None and word == "`continue while`":
        return f"compare it: `{value.span.text} > {ahead[1]}`", (wrapped(value.span, "", f" > {ahead[1]}"),)
    if shared := _shared(value):
        return f"compare it: `{value.span.text}{shared}`", (wrapped(value.span, "", shared),)
    threshold = isinstance(value.code, Const) and value.kind.prob and value.span.text.isidentifier()
    if threshold and word in ("`where`", "`continue while`"):  # `where min_prob`
        read = "node.prob" if word == "`where`" else "layer.max(node.prob)"
        written = f"{read} >= {value.span.text}"
        return f"write `{written}`", (Edit(value.span, written),)
    if value.kind.base == "number" and (bound := _spare_param(typer, value)):  # somebody has thought of it
        sign = "<" if value.kind.whole and word == "`continue while`" else ">="
        return f"compare it: `{value.span.text} {sign} {bound}`", (wrapped(value.span, "", f" {sign} {bound}"),)
    if value.kind.base == "number":
        number = least or ("0.1" if value.kind.prob else f"0 {EXAMPLE.get(value.kind.dimension, '')}".rstrip())
        behind = f" > {number}"
        return f"compare it: `{value.span.text}{behind}`", (wrapped(value.span, "", behind),)
    behind = _one_text(value)
    return f"compare it: `{value.span.text}{behind}`", (wrapped(value.span, "", behind),)


# Below a number, most signals would only be asked whether they are there.
_BOTH = re.compile(r"\s*(?:and|or)\s+([\w.]+)(\s*>=?\s*[0-9.]+)(?=\s*(?:[{})\n]|and\b|or\b|$))")


def _shared(value: Typed) -> str:
    """Of `batch.size and engine.queue > 16` the comparison that was to hold of both; else empty."""
    behind = _BOTH.match(value.span.source.text, value.span.end)
    signal = SIGNALS.get(behind[1]) if behind is not None else None
    return behind[2] if behind is not None and signal is not None and signal.kind == value.kind else ""


def _spare_param(typer: Typer, value: Typed) -> str:
    """The one param of the value's kind that nothing reads; empty without one, and where there are several."""
    spare = [name for name in spare_params(typer.policy.params) if name in typer.params]
    found = [name for name in spare if _sort(typer.params[name].kind) == _sort(value.kind)]
    return found[0] if len(found) == 1 else ""


def _sort(kind: Kind) -> tuple[Dimension, bool, bool]:
    return kind.dimension, kind.prob, kind.whole


def _as_number(value: Typed) -> tuple[str, tuple[Edit, ...]]:
    if value.kind.base == "flag":
        written = f"(if {value.span.text} then 1 else 0)"
        return f"write `{written}`", (Edit(value.span, written),)
    inside = value.span.text.strip('"')
    if LITERAL.fullmatch(inside):
        return f"write `{inside}`", (Edit(value.span, inside),)
    if not isinstance(value.code, Const):
        written = f"(if {value.span.text}{_one_text(value)} then 1 else 0)"
        return f"compare it: `{written}`", (Edit(value.span, written),)
    return "write a number here", ()


def _one_text(value: Typed) -> str:
    return ' == "free"' if "request.tag" in value.reads else ' == "head"'


def one_kind(e: s.Binary, left: Typed, right: Typed) -> tuple[str, tuple[Edit, ...]]:
    """(help, edits) for two kinds that are compared."""
    flag = next((side for side in (left, right) if side.kind.base == "flag"), None)
    other = right if flag is left else left
    if flag is not None and other.kind.base == "number" and isinstance(other.code, Const):
        holds = [_HOLDS[e.op](*((x, other.code.value) if flag is left else (other.code.value, x))) for x in (0, 1)]
        if holds[0] != holds[1]:
            written = flag.span.text if holds[1] else f"not {grouped(flag.span)}"
            return f"write `{written}`", (Edit(e.span, written),)
    text = next((side for side in (left, right) if side.kind.base == "text" and not isinstance(side.code, Const)), None)
    if flag is not None and other.kind.base == "number":
        return f"write `{flag.span.text}`", (Edit(e.span, flag.span.text),)
    if text is not None:
        written = f"{text.span.text}{_one_text(text)}"
        return f"write for example `{written}`", (Edit(e.span, written),)
    return unquoted(left, right) or unquoted(right, left) or ("compare values of one kind", ())


def unquoted(text: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """A text in quotes that was to be a name, a number or a flag."""
    inside, quoted = text.span.text.strip('"'), text.span.text.startswith('"')
    if quoted and text.kind.base == "text" and other.kind.base in ("number", "flag") and inside in SIGNALS:
        return f"names stand without quotes: write `{inside}`", (Edit(text.span, inside),)
    if text.kind.base == "text" and other.kind.base == "number" and LITERAL.fullmatch(inside):
        return f"write `{inside}`", (Edit(text.span, inside),)
    if text.kind.base == "text" and other.kind.base == "flag" and inside in ("true", "false"):
        return f"write `{inside}`", (Edit(text.span, inside),)
    return None
