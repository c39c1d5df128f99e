"""The functions of the language: one row each, what it takes and what comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.demands import memory_axis
from smartgen.language.program import (
    Aggregate,
    Axis,
    Const,
    Expr,
    Measured,
    PathProduct,
    Phase,
    Recall,
    Shift,
    Site,
    Table,
)
from smartgen.language.signals import GROUPS, MODELS, MONOTONE, REDUCTIONS, SIGNALS
from smartgen.language.source import Span
from smartgen.language.types import COUNT, PROB, Kind, Typed
from smartgen.language.words import closest

if TYPE_CHECKING:
    from smartgen.language.expressions import Typer

Handler = Callable[["Typer", s.Call], Typed]


def type_call(typer: Typer, e: s.Call) -> Typed:
    """Type a call of a function, an aggregate (`layer.max(x)`) or a profile signal (`profile.verify.time(nodes: 0)`)."""
    name = e.name.text
    if name in CALLS:
        return CALLS[name](typer, e)
    group, _, function = name.partition(".")
    if group in GROUPS and function in REDUCTIONS:
        return _aggregate(typer, e, group, function)
    if name.startswith("profile.") and name in SIGNALS:
        return _measured(typer, e)
    if name in SIGNALS or name in typer.params or name in typer.policy.lets:
        raise typer.fail("SG109", f"`{name}` is a value, not a function", e.name.span, f"write `{name}` alone")
    meant = {
        "avg": "layer.mean",
        "mean": "layer.mean",
        "sum": "layer.sum",
        "count": "layer.count",
        "len": "layer.count",
        "pow": "x * x",
        "abs": "max(x, -x)",
        "round": "floor(x + 0.5)",
        "maximum": "max",
        "minimum": "min",
        "layer.avg": "layer.mean",
        "moving": "ema",
        "ln": "log",
    }.get(name) or closest(name, [*CALLS, *(f"{g}.{r}" for g in GROUPS for r in REDUCTIONS)])
    raise typer.fail(
        "SG110",
        f"there is no function `{name}`",
        e.name.span,
        f"did you mean `{meant}`?" if meant else f"functions: {', '.join(CALLS)}",
    )


def _plain(typer: Typer, e: s.Call, least: int, most: int) -> list[Typed]:
    for argument in e.arguments:
        if argument.label is not None:
            raise typer.fail(
                "SG111", f"`{e.name.text}` takes no named argument", argument.span, "remove the name and the colon"
            )
    if not least <= len(e.arguments) <= most:
        wanted = str(least) if least == most else f"{least} or more" if most > 90 else f"{least} to {most}"
        raise typer.fail(
            "SG111",
            f"`{e.name.text}` takes {wanted} argument{'s' * (wanted != '1')}, here are {len(e.arguments)}",
            e.span,
            f"see `{e.name.text}` in docs/language/reference.md",
        )
    return [typer.expression(argument.value) for argument in e.arguments]


def _extreme(op: str) -> Handler:
    def handler(typer: Typer, e: s.Call) -> Typed:
        values = _plain(typer, e, 2, 99)
        kind = values[0].kind
        for value in values:
            typer.require(value, "number", f"`{op}`")
            first = Typed(kind, values[0].axis, values[0].phase, values[0].code, values[0].reads, values[0].span)
            kind = typer.common(first, value, f"the arguments of `{op}`")
        return typer.made(kind, e.span, op, *values)

    return handler


def _bare(op: str) -> Handler:
    def handler(typer: Typer, e: s.Call) -> Typed:
        (value,) = _plain(typer, e, 1, 1)
        typer.require(value, "number", f"`{op}`")
        if not value.kind.dimension.bare:
            raise typer.fail(
                "SG207", f"`{op}` takes a bare number, this is {value.kind}", value.span, "divide it by its unit first"
            )
        return typer.made(COUNT if op == "floor" else Kind(prob=op == "sqrt" and value.kind.prob), e.span, op, value)

    return handler


def _clip(typer: Typer, e: s.Call) -> Typed:
    values = _plain(typer, e, 3, 3)
    kind = typer.common(values[0], values[1], "the arguments of `clip`")
    typer.common(values[0], values[2], "the arguments of `clip`")
    whole = all(value.kind.whole for value in values)
    prob = values[1].kind.prob and values[2].kind.prob
    return typer.made(Kind(kind.base, kind.dimension, prob, whole), e.span, "clip", *values)


def _path(typer: Typer, e: s.Call) -> Typed:
    (value,) = _plain(typer, e, 1, 1)
    typer.require(value, "number", "`path`")
    if not value.kind.dimension.bare or (isinstance(value.code, Const) and not value.kind.prob):
        raise typer.fail(
            "SG208",
            f"`path` multiplies probabilities, this is {value.kind}",
            value.span,
            "give it a probability: `node.prob`, `calibrated(...)`, or a literal in [0, 1]",
        )
    if not value.kind.prob:
        typer.findings.add(
            "SG903",
            "nothing shows that this stays within 0..1; it is clamped",
            value.span,
            "write `clip(..., 0, 1)` to say so",
            warning=True,
        )
        value = typer.made(PROB, value.span, "clip", value, _number(0.0, value), _number(1.0, value))
    return _with(value, PROB, PathProduct(value.code), e.span, axis=Axis.NODE, phase=Phase.GROW)


def _number(value: float, at: Typed) -> Typed:
    return Typed(PROB, Axis.POLICY, Phase.PLAN, Const(value), frozenset(), at.span)


def _shift(kind: str) -> Handler:
    def handler(typer: Typer, e: s.Call) -> Typed:
        if kind not in typer.place.allows:
            where = "`expand ... where`" if kind == "marginal" else "`continue while`"
            raise typer.fail(
                "SG308",
                f"`{kind}` has a meaning in {where} only",
                e.name.span,
                f"move it there; here stands {typer.place.word}",
            )
        (value,) = _plain(typer, e, 1, 1)
        typer.require(value, "number", f"`{kind}`")
        axis = Axis.NODE if kind == "marginal" else value.axis
        code = Shift(kind, value.code)  # type: ignore[arg-type]
        return _with(value, value.kind, code, e.span, axis=axis, reads=frozenset({kind}))

    return handler


def _aggregate(typer: Typer, e: s.Call, group: str, function: str) -> Typed:
    (value,) = _plain(typer, e, 1, 1)
    over_rows = group == "batch"
    if over_rows and value.axis is Axis.NODE:
        raise typer.fail(
            "SG301",
            "`batch` runs over requests, this has one value per node",
            value.span,
            f"say which nodes first: `batch.{function}(layer.max({value.span.text}))`",
        )
    if not over_rows and value.axis is not Axis.NODE and function != "count":
        raise typer.fail(
            "SG301",
            f"`{group}.{function}` runs over nodes, this has one value for all of them",
            value.span,
            "read it without the aggregate",
        )
    typer.require(value, "flag" if function == "count" else "number", f"`{group}.{function}`")
    kind = (
        COUNT
        if function == "count"
        else Kind(
            dimension=value.kind.dimension,
            prob=value.kind.prob and function != "sum",
            whole=value.kind.whole and function in ("max", "min", "sum"),
        )
    )
    axis = Axis.STEP if over_rows else Axis.REQUEST
    phase = value.phase if over_rows else max(value.phase, Phase.GROW)
    reads = frozenset() if over_rows else frozenset({f"{group}.nodes"})
    return _with(value, kind, Aggregate(group, function, value.code), e.span, axis=axis, phase=phase, reads=reads)  # type: ignore[arg-type]


def _measured(typer: Typer, e: s.Call) -> Typed:
    signal = SIGNALS[e.name.text]
    _, phase, what = e.name.text.split(".")
    model, at, reads = "table", [], frozenset({e.name.text})
    for argument in e.arguments:
        label = argument.label.text if isinstance(argument.label, s.Name) else ""
        if label == "model" and isinstance(argument.value, s.Text):
            model = argument.value.value
            if model not in MODELS:
                near = closest(model, MODELS)
                raise typer.fail(
                    "SG112",
                    f'there is no cost model "{model}"',
                    argument.value.span,
                    f'did you mean "{near}"?' if near else f"models: {', '.join(MODELS)}",
                )
        elif label in ("nodes", "width"):
            value = typer.expression(argument.value)
            typer.require(value, "number", f"`{label}:`")
            at.append((label, value.code))
            reads |= value.reads
        else:
            raise typer.fail(
                "SG111",
                f"`{e.name.text}` takes `nodes:`, `width:` and `model:`",
                argument.span,
                "a profile is read at the current point; name what should differ",
            )
    at_plan = signal.phase if not any(label == "nodes" for label, _ in at) else Phase.PLAN
    return Typed(signal.kind, signal.axis, at_plan, Measured(phase, what, model, tuple(at)), reads, e.span)  # type: ignore[arg-type]


def _table(typer: Typer, e: s.Call) -> Typed:
    if len(e.arguments) < 2 or e.arguments[0].label is not None:
        raise typer.fail("SG111", "`table` takes a value and rows", e.span, "write `table(batch.size, 1: 8, 16: 2)`")
    at = typer.expression(e.arguments[0].value)
    keys: list[float | str] = []
    rows: list[Typed] = []
    for argument in e.arguments[1:]:
        if not isinstance(argument.label, s.Number | s.Text):
            raise typer.fail("SG111", "a row of `table` is `key: value`", argument.span, "write `16: 2`")
        key = typer.expression(argument.label)
        typer.common(at, key, "the looked-up value and this key")
        value = key.code.value if isinstance(key.code, Const) else 0.0
        if keys and not isinstance(value, str) and value <= keys[-1]:  # type: ignore[operator]
            raise typer.fail(
                "SG309",
                "the keys of a table ascend",
                argument.label.span,
                "sort the rows; a row holds from its key upwards",
            )
        keys.append(value)
        rows.append(typer.expression(argument.value))
    kind = rows[0].kind
    for row in rows[1:]:
        kind = typer.common(
            Typed(kind, rows[0].axis, rows[0].phase, rows[0].code, rows[0].reads, rows[0].span),
            row,
            "the rows of `table`",
        )
    code = Table(at.code, tuple((key, row.code) for key, row in zip(keys, rows, strict=True)))
    everything = [at, *rows]
    return Typed(
        kind,
        max(v.axis for v in everything),
        max(v.phase for v in everything),
        code,
        frozenset().union(*(v.reads for v in everything)),
        e.span,
    )


def _calibrated(typer: Typer, e: s.Call) -> Typed:
    values = _plain(typer, e, 1, 8)
    if "node.path" in values[0].reads or isinstance(values[0].code, PathProduct):
        raise typer.fail(
            "SG307",
            "acceptance is learned per node given its parent, a path is many nodes",
            values[0].span,
            "write `path(calibrated(node.prob))`",
        )
    if not values[0].reads & MONOTONE and values[0].axis is not Axis.NODE:
        raise typer.fail(
            "SG307", "`calibrated` learns from what differs between nodes", values[0].span, "begin with `node.prob`"
        )
    code = _site(typer, "calibrated", values, [], Axis.NODE, e)
    return Typed(PROB, Axis.NODE, Phase.GROW, code, frozenset().union(*(v.reads for v in values)), e.span)


def _memory(kind: str, positional: tuple[int, int], options: tuple[str, ...]) -> Handler:
    def handler(typer: Typer, e: s.Call) -> Typed:
        values, named = [], []
        for argument in e.arguments:
            label = argument.label.text if isinstance(argument.label, s.Name) else None
            if argument.label is not None and label not in options:
                near = closest(str(label), options)
                raise typer.fail(
                    "SG111",
                    f"`{kind}` has no option `{label}`",
                    argument.span,
                    f"did you mean `{near}:`?" if near else f"options: {', '.join(options)}",
                )
            value = typer.expression(argument.value)
            (values.append(value) if label is None else named.append((label, value)))
        if not positional[0] <= len(values) <= positional[1]:
            raise typer.fail(
                "SG111", f"`{kind}` is missing an argument", e.span, f"see `{kind}` in docs/language/reference.md"
            )
        if kind == "ladder" and (rungs := [v.code.value for v in values[1:] if isinstance(v.code, Const)]) != sorted(
            rungs
        ):
            raise typer.fail("SG309", "the rungs of a ladder ascend", values[1].span, "sort them")
        if kind in ("ema", "ladder") and not any(label == "start" for label, _ in named):
            raise typer.fail(
                "SG111",
                f"`{kind}` needs its value before there is data",
                e.span,
                f"add `start:`: `{kind}(..., start: 1)`",
            )
        everything = [*values, *(value for _, value in named)]
        memory_axis(kind, [(value.axis, value.span) for value in everything], typer.findings)
        whole = kind in ("ladder", "ucb")
        arms = values[1:] if kind == "ladder" else values
        axis = values[0].axis if kind != "ucb" else Axis.STEP
        code = _site(typer, kind, values, named, axis, e)
        return Typed(
            arms[0].kind if whole else Kind(dimension=values[0].kind.dimension, prob=values[0].kind.prob),
            axis,
            Phase.PLAN,
            code,
            frozenset({"memory"}),
            e.span,
        )

    return handler


def _site(
    typer: Typer, kind: str, values: list[Typed], named: list[tuple[str, Typed]], axis: Axis, e: s.Call
) -> Recall:
    key = f"{kind}({', '.join([repr(v.code) for v in values] + [f'{n}: {v.code!r}' for n, v in named])})"
    for index, site in enumerate(typer.sites):
        if site.key == key:
            return Recall(index)
    options = tuple((name, value.code) for name, value in named)
    typer.sites.append(Site(kind, tuple(v.code for v in values), options, axis, key))  # type: ignore[arg-type]
    return Recall(len(typer.sites) - 1)


def _with(
    value: Typed,
    kind: Kind,
    code: Expr,
    span: Span,
    axis: Axis | None = None,
    phase: Phase | None = None,
    reads: frozenset[str] = frozenset(),
) -> Typed:
    return Typed(
        kind,
        value.axis if axis is None else axis,
        max(value.phase, phase or Phase.PLAN),
        code,
        value.reads | reads,
        span,
    )


CALLS: dict[str, Handler] = {
    "min": _extreme("min"),
    "max": _extreme("max"),
    "clip": _clip,
    "floor": _bare("floor"),
    "sqrt": _bare("sqrt"),
    "exp": _bare("exp"),
    "log": _bare("log"),
    "path": _path,
    "calibrated": _calibrated,
    "forecast": _shift("forecast"),
    "previous": _shift("previous"),
    "marginal": _shift("marginal"),
    "table": _table,
    "ema": _memory("ema", (2, 2), ("start", "bins")),
    "ladder": _memory("ladder", (2, 12), ("up", "down", "every", "after", "start", "bins")),
    "ucb": _memory("ucb", (2, 16), ("reward", "bins", "hold")),
}
