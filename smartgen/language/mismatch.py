"""Two values that do not go together, and how they would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.clashes import VERBS, Clash, answer
from smartgen.language.diagnostics import Label
from smartgen.language.kinds import one_kind, unquoted
from smartgen.language.nearest import misspelt
from smartgen.language.program import Const, Read
from smartgen.language.signals import SOURCES
from smartgen.language.source import Edit
from smartgen.language.types import Kind, Typed
from smartgen.language.unit_fixes import (
    LITERAL,
    grouped,
    literal_fix,
    wrapped,
)
from smartgen.language.units import BARE, TOKEN

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer


def mismatch(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> Broken:
    """Two units added, subtracted or compared."""
    verb, to = VERBS.get(e.op, ("compare", "with"))
    first, second = (right, left) if e.op == "-" else (left, right)
    message = f"cannot {verb} {first.kind} {to} {second.kind}"
    code, help, edits = answer(Clash(typer, e, left, right))
    return _fail(typer, code, message, left, right, help, edits)


def _fail(
    typer: Typer, code: str, message: str, left: Typed, right: Typed, fix: str, edits: tuple[Edit, ...]
) -> Broken:
    """Both operands get carets; the position is the one that the fix changes."""
    declared = next((p for p in typer.policy.params.values() if edits and p.span.holds(edits[0].span)), None)
    if declared is not None:
        also = (Label(left.span, short(left.kind)), Label(right.span, short(right.kind)))
        place = declared.type.span.to(declared.value.span)
        return typer.fail(code, f"{message}, as `{declared.name.text}` is declared", place, fix, "", also, edits)
    changed = edits and all(edit.span.start >= left.span.end for edit in edits)
    at, other = (right, left) if changed else (left, right)
    return typer.fail(code, message, at.span, fix, short(at.kind), (Label(other.span, short(other.kind)),), edits)


def comparable(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> None:
    """Raises Broken unless two values can be compared by `e.op`."""
    a, b = left.kind, right.kind
    if a.base != b.base:
        fix, edits = one_kind(e, left, right)
        raise _fail(typer, "SG201", f"cannot compare {a} with {b}", left, right, fix, edits)
    if a.base != "number" and e.op not in ("==", "!="):
        raise typer.replaced("SG201", f"{a} has no order", e.op_span, "==", "write `==` or `!=`")
    if a.dimension != b.dimension:
        raise mismatch(typer, e, left, right)
    for side, other in ((left, right), (right, left)):
        if isinstance(side.code, Const) and isinstance(side.code.value, str) and other.code == Read("node.source"):
            _known_source(typer, side, side.code.value)
    for side, other in ((left, right), (right, left)):
        if other.kind.prob and not isinstance(other.code, Const) and _no_probability(side):
            percent = float(side.span.text)
            written = f"{percent / 100:.6g}" if percent <= 100 else "1"
            message = f"{side.span.text} is not a probability, and this is compared with one"
            raise typer.replaced("SG205", message, side.span, written, f"a probability lies in 0..1: write `{written}`")


def _known_source(typer: Typer, side: Typed, written: str) -> None:
    """A warning: a drafter of one's own may have a name of its own."""
    near = misspelt(written, SOURCES)
    if written not in SOURCES and near is not None:
        message = f'no drafter that is known here calls itself "{written}"'
        edits = (Edit(side.span, f'"{near}"'),)
        typer.findings.add("SG905", message, side.span, f'did you mean "{near}"?', warning=True, edits=edits)


def _no_probability(side: Typed) -> bool:
    return isinstance(side.code, Const) and LITERAL.fullmatch(side.span.text) is not None and float(side.code.value) > 1


def differ(typer: Typer, a: Typed, b: Typed, what: str) -> Broken:
    """Alternatives (branches, rows, arguments) of different kinds."""
    literal = literal_fix(typer, a, b) or unquoted(a, b) or unquoted(b, a) or _counted(a, b) or _counted(b, a)
    fix, edits = literal or (
        "give both one unit" if a.kind.base == b.kind.base == "number" else "give both one kind",
        (),
    )
    message = f"{what} differ: {a.kind} and {b.kind}"
    return _fail(typer, "SG206", message, a, b, fix, edits)


def _counted(bare: Typed, due: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`batch.size / time` beside tokens a second: a count stands for as many tokens."""
    if bare.kind.base != "number" or due.kind.base != "number":
        return None
    if bare.kind.dimension * TOKEN != due.kind.dimension:
        return None
    return f"write `1 tok * {grouped(bare.span)}`", (wrapped(bare.span, "1 tok * ", ""),)


def short(kind: Kind) -> str:
    """A few letters for under the carets."""
    if kind.base != "number":
        return kind.base
    return "no unit" if kind.dimension == BARE else kind.dimension.symbol
