"""Two values that do not go together, and how they would."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.diagnostics import Label
from smartgen.language.nearest import misspelt
from smartgen.language.program import Const, Read
from smartgen.language.signals import SIGNALS, SOURCES
from smartgen.language.source import Edit, Span
from smartgen.language.types import Kind, Typed
from smartgen.language.units import BARE, ENERGY, EXAMPLE, MONEY, TIME, TOKEN, unit

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer

_LITERAL = re.compile(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z/]*)")
_HOLDS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_VERBS = {"+": ("add", "to"), "-": ("subtract", "from")}
Fix = tuple[str, str, tuple[Edit, ...]]  # code, help, edits


def mismatch(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> Broken:
    """Two units added, subtracted or compared."""
    verb, to = _VERBS.get(e.op, ("compare", "with"))
    first, second = (right, left) if e.op == "-" else (left, right)
    message = f"cannot {verb} {first.kind} {to} {second.kind}"
    code, fix, edits = _fix(typer, e, left, right)
    return _fail(typer, code, message, left, right, fix, edits)


def _fail(
    typer: Typer, code: str, message: str, left: Typed, right: Typed, fix: str, edits: tuple[Edit, ...]
) -> Broken:
    """Both operands get carets; the position is the one that the fix changes."""
    declared = [name for name, param in typer.policy.params.items() if edits and _within(edits[0].span, param.span)]
    reads = any(re.search(rf"(?<![\w.]){name}(?![\w.])", right.span.text) for name in declared)
    changed = edits and all(_within(edit.span, right.span) for edit in edits)
    at, other = (right, left) if changed or reads else (left, right)
    return typer.fail(code, message, at.span, fix, short(at.kind), (Label(other.span, short(other.kind)),), edits)


def _within(inner: Span, outer: Span) -> bool:
    return inner.source is outer.source and outer.start <= inner.start and inner.end <= outer.end


def _fix(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> Fix:
    literal = _literal_fix(typer, left, right)
    if literal is None and e.op not in _VERBS:
        literal = _swapped(left, right) or _swapped(right, left)
    if literal:
        return ("SG202", *literal)
    dimensions = (left.kind.dimension, right.kind.dimension)
    if set(dimensions) == {TIME, TOKEN}:
        time = left if left.kind.dimension == TIME else right
        edit = _wrapped(time.span, "run.rate * ", "")
        price = f"run.rate * {_grouped(time.span)}"
        if e.op in _VERBS:
            other = right if time is left else left
            if typer.place.word == "`cost`":
                price = f"{_grouped(other.span)} / run.rate"
                return "SG204", f"a cost is a time: `{price}`", (_wrapped(other.span, "", " / run.rate"),)
            return "SG204", f"price the time: `{other.span.text} {e.op} {price}`", (edit,)
        return "SG204", f"price the time: `{price}`", (edit,)
    spare = _misdeclared(typer, e.left, left, right) or _misdeclared(typer, e.right, right, left)
    spare = spare or _spare_unit(e.left, left, right) or _spare_unit(e.right, right, left)
    if spare:
        return ("SG203" if e.op in _VERBS else "SG202", *spare)
    if e.op not in _VERBS:
        rate = _as_rate(left, right) or _as_rate(right, left)
        if rate:
            return ("SG202", *rate)
    bare = next((side for side in (left, right) if side.kind.dimension.bare), None)
    factor = _factor(e.left if bare is left else e.right, left if bare is right else right) if bare else None
    if factor:
        return ("SG203" if e.op in _VERBS else "SG202", *factor)
    if bare is not None:
        other = right if bare is left else left
        one = EXAMPLE.get(other.kind.dimension)
        if one:
            written = f"{_grouped(other.span)} / 1 {one}"
            return "SG202", f"divide by its unit: `{written}`", (_wrapped(other.span, "", f" / 1 {one}"),)
    turned = _turned(typer, e.left, left, right) or _turned(typer, e.right, right, left)
    if turned:
        return ("SG203" if e.op in _VERBS else "SG202", *turned)
    if e.op in _VERBS and typer.place.word != "`cost`":
        return "SG203", f"bring both to one unit: the left is {left.kind}, the right {right.kind}", ()
    if e.op in _VERBS:
        return (
            "SG203",
            "put them in separate `cost` lines; each joins the total of its unit",
            _split(typer, e, left, right),
        )
    return "SG202", f"bring both sides to one unit: the left is {left.kind}, the right {right.kind}", ()


def _misdeclared(typer: Typer, e: s.Expression, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time <= tpot * tree.tokens` with `tpot: ms`: a param that would go with another unit below its own."""
    factors = [e]
    while factors:
        part = factors.pop()
        if isinstance(part, s.Binary) and part.op == "*":
            factors += [part.left, part.right]
        param = typer.policy.params.get(part.text) if isinstance(part, s.Name) else None
        if param is None or not isinstance(param.value, s.Number) or not param.value.unit:
            continue
        own = typer.params[param.name.text].kind.dimension
        due = EXAMPLE.get(own * other.kind.dimension / side.kind.dimension)
        if due is not None and due.startswith(f"{param.value.unit}/"):
            written = f"param {param.name.text}: {due} = {param.value.written} {due}"
            edits = (Edit(param.type.span, due), Edit(param.value.span, f"{param.value.written} {due}"))
            return f"declare it as `{written}`", edits
    return None


def _turned(typer: Typer, e: s.Expression, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time * tpot` where `time / tpot` has the other side's unit, and the other way round."""
    if not isinstance(e, s.Binary) or e.op not in ("*", "/"):
        return None
    first, second = typer.expression(e.left).kind.dimension, typer.expression(e.right).kind.dimension
    if (first / second if e.op == "*" else first * second) != other.kind.dimension or second.bare:
        return None
    start, end = e.left.span.end, e.right.span.start
    at = e.span.source.text.find(e.op, start, end)
    if at < 0 or e.span.text != e.span.source.text[e.span.start : e.span.end]:
        return None
    sign = "/" if e.op == "*" else "*"
    place = Span(e.span.source, at, at + 1)
    written = side.span.text[: at - side.span.start] + sign + side.span.text[at + 1 - side.span.start :]
    return f"write `{' '.join(written.split())}`", (Edit(place, sign),)


def _spare_unit(e: s.Expression, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time + 2 tok * last.time`: a factor whose unit is one too many."""
    factors, found = [e], list[s.Number]()
    while factors:
        part = factors.pop()
        if isinstance(part, s.Binary) and part.op in ("*", "/"):
            factors += [part.left, part.right]
        elif isinstance(part, s.Number) and part.unit and part is not e:
            found.append(part)
    for number in found:
        known = unit(number.unit)
        if known is not None and other.kind.dimension in (
            side.kind.dimension / known[0],
            side.kind.dimension * known[0],
        ):
            before, behind = side.span.start - number.span.start, number.span.end - side.span.start
            written = side.span.text[:-before] + number.written + side.span.text[behind:]
            return f"leave out its unit: `{written}`", (Edit(number.span, number.written),)
    return None


def _factor(e: s.Expression, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`tokens - 0.5 * time / plain`: a number that weighs a bare value could have the other side's unit."""
    due = EXAMPLE.get(other.kind.dimension)
    while isinstance(e, s.Binary) and e.op in ("*", "/"):
        if e.op == "*" and isinstance(e.right, s.Number) and not e.right.unit:
            e = e.right
        else:
            e = e.left
    if due is None or not isinstance(e, s.Number) or e.unit:
        return None
    return f"write `{e.written} {due}`", (Edit(e.span, f"{e.written} {due}"),)


def _as_rate(side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time <= 25 ms/tok`: the total that the other side has below is missing."""
    below = side.kind.dimension / other.kind.dimension
    total = {TIME: "time", TOKEN: "tokens", ENERGY: "energy", MONEY: "money"}.get(below)
    if total is None or isinstance(side.code, Const) or other.kind.dimension.bare or other.kind.base != "number":
        return None
    return f"write `{_grouped(side.span)} / {total}`", (_wrapped(side.span, "", f" / {total}"),)


def _literal_fix(typer: Typer, left: Typed, right: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """A number that lacks the other side's unit, or else has one where the other side has none."""
    for fix in (_stripped, _added) if typer.place.word == "a count" else (_added, _stripped):
        for side, other in ((left, right), (right, left)):
            found = fix(typer, side, other)
            if found:
                return found
    return None


def _added(typer: Typer, bare: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    due = EXAMPLE.get(other.kind.dimension)
    if due is None or not isinstance(bare.code, Const) or not bare.kind.dimension.bare:
        return None
    if due == "ms" and 0 < float(bare.code.value) < 1:
        due = "s"  # whoever writes a fraction thinks in seconds
    if _LITERAL.fullmatch(bare.span.text):
        return f"write `{bare.span.text} {due}`", (_wrapped(bare.span, "", f" {due}"),)
    param = typer.policy.params.get(bare.span.text)
    if (
        param is not None
        and param.type.text in ("number", "count", "prob")
        and _LITERAL.fullmatch(param.value.span.text)
    ):
        value = f"{param.value.span.text} {due}"
        edits = (Edit(param.type.span, due), Edit(param.value.span, value))
        return f"declare it as `param {param.name.text}: {due} = {value}`", edits
    return None


def _stripped(typer: Typer, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    match = _LITERAL.fullmatch(side.span.text)
    if match and match.group(2) and other.kind.dimension.bare:
        return f"write `{match.group(1)}`", (Edit(side.span, match.group(1)),)
    return None


def _swapped(side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`25 J` where a time is due: the number stays, sizes in bytes are counted out."""
    match, due = _LITERAL.fullmatch(side.span.text), EXAMPLE.get(other.kind.dimension)
    if match is None or not match.group(2) or due is None or side.kind.dimension == other.kind.dimension:
        return None
    if {side.kind.dimension, other.kind.dimension} == {TIME, TOKEN}:
        return None  # a time has a price in tokens
    size = match.group(2) in ("KiB", "MiB", "GiB") and isinstance(side.code, Const)
    written = f"{float(side.code.value):.0f} {due}" if size else f"{match.group(1)} {due}"  # type: ignore[union-attr]
    return f"write `{written}`", (Edit(side.span, written),)


def _split(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> tuple[Edit, ...]:
    """`cost step = a + b` as two lines."""
    cost = typer.place.statement
    if not isinstance(cost, s.Cost) or cost.value is not e or e.op != "+" or e.span.source.is_yaml:
        return ()
    between = Span(e.span.source, left.span.end, right.span.start)
    suffix = right.kind.dimension.symbol if right.kind.dimension.symbol.isalnum() else "more"
    return (Edit(between, f"\n  cost {cost.name.text}_{suffix} = "),)


def comparable(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> None:
    """Raises Broken unless two values can be compared by `e.op`."""
    a, b = left.kind, right.kind
    if a.base != b.base:
        fix, edits = _one_kind(e, left, right)
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
    return (
        isinstance(side.code, Const) and _LITERAL.fullmatch(side.span.text) is not None and float(side.code.value) > 1
    )


def _one_kind(e: s.Binary, left: Typed, right: Typed) -> tuple[str, tuple[Edit, ...]]:
    flag = next((side for side in (left, right) if side.kind.base == "flag"), None)
    other = right if flag is left else left
    if flag is not None and other.kind.base == "number" and isinstance(other.code, Const):
        holds = [_HOLDS[e.op](*((x, other.code.value) if flag is left else (other.code.value, x))) for x in (0, 1)]
        if holds[0] != holds[1]:
            written = flag.span.text if holds[1] else f"not {_grouped(flag.span)}"
            return f"write `{written}`", (Edit(e.span, written),)
    return _unquoted(left, right) or _unquoted(right, left) or ("compare values of one kind", ())


def _unquoted(text: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    inside = text.span.text.strip('"')
    if text.kind.base == "text" and other.kind.base in ("number", "flag") and inside in SIGNALS:
        return f"names stand without quotes: write `{inside}`", (Edit(text.span, inside),)
    if text.kind.base == "text" and other.kind.base == "number" and _LITERAL.fullmatch(inside):
        return f"write `{inside}`", (Edit(text.span, inside),)
    if text.kind.base == "text" and other.kind.base == "flag" and inside in ("true", "false"):
        return f"write `{inside}`", (Edit(text.span, inside),)
    return None


def differ(typer: Typer, a: Typed, b: Typed, what: str) -> Broken:
    """Alternatives (branches, rows, arguments) of different kinds."""
    literal = _literal_fix(typer, a, b) or _unquoted(a, b) or _unquoted(b, a)
    fix, edits = literal or (
        "give both one unit" if a.kind.base == b.kind.base == "number" else "give both one kind",
        (),
    )
    message = f"{what} differ: {a.kind} and {b.kind}"
    return _fail(typer, "SG206", message, a, b, fix, edits)


def needs(typer: Typer, value: Typed, base: str, by: str) -> Broken:
    """A number, flag or text where another is due."""
    wanted = {"number": "a number", "flag": "a yes/no value", "text": "a text"}[base]
    message = f"{by} needs {wanted}, this is {value.kind}"
    fix, edits = asked(value) if base == "flag" else _as_number(value)
    return typer.fail("SG201", message, value.span, fix, edits=edits)


def asked(value: Typed, least: str = "") -> tuple[str, tuple[Edit, ...]]:
    """A number made a question."""
    if isinstance(value.code, Const) and value.span.text in ("0", "1"):
        flag = "true" if value.code.value else "false"
        return f"write `{flag}`", (Edit(value.span, flag),)
    if value.kind.base == "number":
        number = least or ("0.1" if value.kind.prob else f"0 {EXAMPLE.get(value.kind.dimension, '')}".rstrip())
        behind = f" > {number}"
        return f"compare it: `{value.span.text}{behind}`", (_wrapped(value.span, "", behind),)
    behind = _one_text(value)
    return f"compare it: `{value.span.text}{behind}`", (_wrapped(value.span, "", behind),)


def _as_number(value: Typed) -> tuple[str, tuple[Edit, ...]]:
    if value.kind.base == "flag":
        written = f"(if {value.span.text} then 1 else 0)"
        return f"write `{written}`", (Edit(value.span, written),)
    inside = value.span.text.strip('"')
    if _LITERAL.fullmatch(inside):
        return f"write `{inside}`", (Edit(value.span, inside),)
    if not isinstance(value.code, Const):
        written = f"(if {value.span.text}{_one_text(value)} then 1 else 0)"
        return f"compare it: `{written}`", (Edit(value.span, written),)
    return "write a number here", ()


def _one_text(value: Typed) -> str:
    return ' == "free"' if "request.tag" in value.reads else ' == "head"'


def short(kind: Kind) -> str:
    """A few letters for under the carets."""
    if kind.base != "number":
        return kind.base
    return "no unit" if kind.dimension == BARE else kind.dimension.symbol


def _grouped(span: Span) -> str:
    return f"({span.text})" if _loose(span.text) else span.text


def _wrapped(span: Span, before: str, behind: str) -> Edit:
    return (
        Edit(span, f"{before}{_grouped(span)}{behind}")
        if before or behind.startswith(" /")
        else Edit(span, span.text + behind)
    )


def _loose(text: str) -> bool:
    """Whether a text would come apart beside `*` or `/`: it has an operator outside of parentheses."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0 and c in "+-<>=" and i:
            return True
    return False
