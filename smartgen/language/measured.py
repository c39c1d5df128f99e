"""A profile signal that is called, `profile.verify.time(nodes: 0)`: asked elsewhere, or through a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.nearest import closest
from smartgen.language.program import Measured, Phase
from smartgen.language.signals import MODELS, SIGNALS
from smartgen.language.source import Edit
from smartgen.language.types import Typed

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer


_SIZE = {"verify": "nodes", "draft": "width", "wake": "width"}  # what a cost depends on
_PHASE = {"verify": "verification", "draft": "drafting pass", "wake": "drafting pass"}
# What a profile is conditioned on of itself, so that nobody can ask for another.
_OF_THE_BATCH = ("batch", "batch_size", "rows", "requests", "context")


def measured(typer: Typer, e: s.Call) -> Typed:
    """Type a call of a profile signal."""
    signal = SIGNALS[e.name.text]
    _, phase, what = e.name.text.split(".")
    model, at, reads = "table", [], frozenset({e.name.text})
    for argument in e.arguments:
        label = argument.label.text if isinstance(argument.label, s.Name) else ""
        if label == "model":
            model = _model(typer, argument)
        elif label in ("nodes", "width") and label != _SIZE[phase]:
            message = f"a {_PHASE[phase]} has {_SIZE[phase]}, and no {label}"
            raise typer.replaced("SG111", message, argument.label.span, _SIZE[phase])  # type: ignore[union-attr]
        elif label in ("nodes", "width"):
            value = typer.expression(argument.value)
            typer.require(value, "number", f"`{label}:`")
            at.append((label, value.code))
            reads |= value.reads
        else:
            raise _no_point(typer, e, argument)
    at_plan = signal.phase if not any(label == "nodes" for label, _ in at) else Phase.PLAN
    return Typed(signal.kind, signal.axis, at_plan, Measured(phase, what, model, tuple(at)), reads, e.span)  # type: ignore[arg-type]


def _model(typer: Typer, argument: s.Argument) -> str:
    if not isinstance(argument.value, s.Text):
        written = f'"{argument.value.span.text}"'
        raise typer.replaced("SG112", "a cost model is named by a text", argument.value.span, written)
    model = argument.value.value
    if model not in MODELS:
        near = closest(model, MODELS) or "table"
        fix = f'did you mean "{near}"? models are {", ".join(MODELS)}'
        raise typer.replaced("SG112", f'there is no cost model "{model}"', argument.value.span, f'"{near}"', fix)
    return model


def _no_point(typer: Typer, e: s.Call, argument: s.Argument) -> Broken:
    label, value = argument.label, argument.value.span.text
    written = label.text if isinstance(label, s.Name) else ""
    size = _SIZE[e.name.text.split(".")[1]]
    message = f"`{e.name.text}` takes `{size}:` and `model:`"
    if written in _OF_THE_BATCH:
        others = ", ".join(other.span.text for other in e.arguments if other is not argument)
        meant = f"{e.name.text}({others})" if others else e.name.text
        fix = f"a profile is read for the batch at hand, its rows and its context, and for no other: write `{meant}`"
        return typer.fail("SG111", message, argument.span, fix, edits=(Edit(e.span, meant),))
    near = "model" if isinstance(argument.value, s.Text) else closest(written, ("nodes", "width", "model"))
    elsewhere = isinstance(argument.value, s.Number) and not argument.value.unit
    if near is None and written and len(e.arguments) == 1 and not elsewhere:
        fix = f"a profile is read at the current point: write `{e.name.text}`"
        return typer.fail("SG111", message, argument.span, fix, edits=(Edit(e.span, e.name.text),))
    near = near if near == "model" else size
    return typer.replaced("SG111", message, argument.span, f"{near}: {value}")
