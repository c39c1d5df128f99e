"""`table(x, 1: a, 8: b)`: the row of the last key that x has reached, and rows that do not say from where on they hold."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.program import Const, Table
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Edit, Span, comment_behind
from smartgen.language.types import PLACES_OF_NODES, Typed
from smartgen.language.units import EXAMPLE

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer

_REST = ("default", "otherwise", "rest", "other", "others", "_")  # of a table, in other words


def _no_key(typer: Typer, e: s.Call) -> Broken:
    """`table(1: 8, 16: 2)`, `table(batch.size)`."""
    message = "`table` takes a value and rows"
    rows = e.span.source.text[e.arguments[0].span.start : e.arguments[-1].span.end]
    if e.arguments[0].label is None:
        rows = "1: 8, 16: 2"
        return typer.replaced("SG111", message, e.span, f"table({e.arguments[0].span.text}, {rows})")
    looked_up = "layer.depth" if typer.place.word == "`continue while`" else "batch.size"
    first, comment = e.arguments[0].label, comment_behind(e.span.source.text, e.span.end)
    from_0 = isinstance(first, s.Number) and first.value == 0  # as ranks are counted, and no batch is that small
    if re.search(r"\branks?\b", comment) or (from_0 and typer.place.word in PLACES_OF_NODES):
        looked_up = "node.rank"
    return typer.replaced("SG111", message, e.span, f"table({looked_up}, {rows})")


def _labelled(e: s.Call) -> bool:
    """`table(x: batch.size, 1: 8, 16: 2)`."""
    first, rest = e.arguments[0] if e.arguments else None, e.arguments[1:]
    rows = bool(rest) and all(isinstance(row.label, s.Number | s.Text) for row in rest)
    return rows and first is not None and isinstance(first.label, s.Name) and not isinstance(first.value, s.Number)


def _keyless(typer: Typer, e: s.Call, at: Typed) -> Broken:
    """`table(batch.size, 5, 3, 1)`, `table(batch.size, 1: 5, default: 3)`: rows that do not say from where on they hold."""
    rows, unit = e.arguments[1:], EXAMPLE.get(at.kind.dimension, "")
    wrong = [row for row in rows if not isinstance(row.label, s.Number | s.Text)]
    label = wrong[0].label
    if len(wrong) == 1 and isinstance(label, s.Name) and label.text in _REST and len(rows) > 1:
        removed = Span(e.span.source, e.arguments[len(rows) - 1].span.end, wrong[0].span.end)
        fix = "remove it: below the first key the first row holds, from the last one on the last"
        edits = (Edit(removed, ""),) if rows[-1] is wrong[0] else ()
        return typer.fail("SG111", f"a table has no row `{label.text}`", wrong[0].span, fix, edits=edits)
    if at.kind.base == "text" and (names := [r.label for r in rows if isinstance(r.label, s.Name) and r in wrong]):
        quoted = tuple(Edit(name.span, f'"{name.text}"') for name in names)
        return typer.fail("SG016", "texts stand in quotes", names[0].span, f'write `"{names[0].text}"`', edits=quoted)
    if pairs := _in_pairs(rows):
        whole = rows[0].span.to(rows[-1].span)
        return typer.fail("SG111", "a row of `table` is `key: value`", whole, f"write `{pairs}`", edits=(Edit(whole, pairs),))
    written, last = list[str](), 0.0
    for index, row in enumerate(rows):
        if row not in wrong:
            last = row.label.value if isinstance(row.label, s.Number) else last
            written.append(" ".join(row.span.text.split()))
            continue
        if e.arguments[0].value.span.text == "node.rank":
            last = float(index)
        elif at.kind.prob:
            last = round(index / len(rows), 2)
        else:
            last = max(4 * last, float(index > 0 or at.kind.whole))
        key = f"{last:g} {unit}".strip() if at.kind.base == "number" else f'"{index}"'
        written.append(f"{key}: {' '.join(row.value.span.text.split())}")
    shown, whole = ", ".join(written), rows[0].span.to(rows[-1].span)
    fix = f"write for example `{shown}`: each row says from where on it holds"
    place = whole if len(wrong) == len(rows) else wrong[0].span
    return typer.fail("SG111", "a row of `table` is `key: value`", place, fix, edits=(Edit(whole, shown),))


def _in_pairs(rows: tuple[s.Argument, ...]) -> str:
    """`1, 5, 16, 3, 64, 1` as `1: 5, 16: 3, 64: 1`: every second number is larger than the one before; else empty."""
    keys = [row.value.value for row in rows[::2] if isinstance(row.value, s.Number) and row.label is None]
    plain = all(row.label is None for row in rows) and len(rows) >= 4 and len(rows) % 2 == 0
    if not plain or len(keys) != len(rows) // 2 or not all(a < b for a, b in pairwise(keys)):
        return ""
    numbers = [row.value.value for row in rows if isinstance(row.value, s.Number)]
    if len(numbers) == len(rows) and all(a < b for a, b in pairwise(numbers)):
        return ""  # ascending all along: these are the values
    texts = [row.span.text for row in rows]
    return ", ".join(f"{key}: {value}" for key, value in zip(texts[::2], texts[1::2], strict=True))


def table(typer: Typer, e: s.Call) -> Typed:
    if _labelled(e):
        label = e.arguments[0].label.span.to(e.arguments[0].value.span)  # type: ignore[union-attr]
        raise typer.replaced("SG111", "what is looked up goes by its place", label, e.arguments[0].value.span.text)
    if len(e.arguments) < 2 or e.arguments[0].label is not None:
        raise _no_key(typer, e)
    at = typer.expression(e.arguments[0].value)
    rows = e.arguments[1:]
    declared = {*typer.params, *typer.policy.lets, *SIGNALS}
    if any(row.label is None or (isinstance(row.label, s.Name) and row.label.text not in declared) for row in rows):
        raise _keyless(typer, e, at)
    keys = [_key(typer, at, row) for row in rows]
    if len(set(keys)) < len(keys) or not _ascending(keys):
        raise _unsorted(typer, e, keys)
    values = typer.all(row.value for row in rows)
    kind = values[0].kind
    for value in values[1:]:
        kind = typer.common(replace(values[0], kind=kind), value, "the rows of `table`")
    code = Table(at.code, tuple((key, value.code) for key, value in zip(keys, values, strict=True)))
    everything = [at, *values]
    return Typed(
        kind,
        max(v.axis for v in everything),
        max(v.phase for v in everything),
        code,
        frozenset().union(*(v.reads for v in everything)),
        e.span,
    )


def _key(typer: Typer, at: Typed, row: s.Argument) -> float | str:
    if not isinstance(row.label, s.Number | s.Text):
        key = row.label.text if row.label is not None else ""
        param = typer.params.get(key)
        if param is not None and isinstance(param.code, Const) and key in typer.policy.params:
            written = typer.policy.params[key].value.span.text
            raise typer.replaced("SG111", "the keys of a table are literals", row.label.span, written)  # type: ignore[union-attr]
        fix = "write `16: 2`: a key, a colon, a value"
        raise typer.fail("SG111", "a row of `table` is `key: value`", row.span, fix)
    key_typed = typer.expression(row.label)
    typer.common(at, key_typed, "the looked-up value and this key")
    return key_typed.code.value if isinstance(key_typed.code, Const) else 0.0


def _ascending(keys: list[float | str]) -> bool:
    return isinstance(keys[0], str) or all(a < b for a, b in pairwise(keys))  # type: ignore[operator]


def _unsorted(typer: Typer, e: s.Call, keys: list[float | str]) -> Broken:
    rows = e.arguments[1:]
    wrong = next(i for i in range(1, len(keys)) if keys[i] in keys[:i] or keys[i] <= keys[i - 1])  # type: ignore[operator]
    at = rows[wrong].label.span  # type: ignore[union-attr]
    if keys[wrong] in keys[:wrong]:
        removed = Span(at.source, rows[wrong - 1].span.end, rows[wrong].span.end)
        return typer.fail(
            "SG309", "this key stands twice", at, "remove one of the two rows", edits=(Edit(removed, ""),)
        )
    ordered = sorted(dict(zip(keys, rows, strict=True)).items(), key=lambda pair: pair[0])
    written = ", ".join(" ".join(row.span.text.split()) for _, row in ordered)
    whole = rows[0].span.to(rows[-1].span)
    edits = (Edit(whole, written),)
    return typer.fail("SG309", "the keys of a table ascend", at, f"write `{written}`", edits=edits)
