"""`smartgen profile`: what drafting and verifying cost on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from smartgen.cli.loading import load, told
from smartgen.cli.progress import spinner
from smartgen.cli.settings import parse_numbers

app = typer.Typer(add_completion=False)


@app.command()
def profile(
    model: Annotated[str, typer.Option(help="A name from `smartgen models list`, or a folder.")] = "bundled-target",
    draft: Annotated[str | None, typer.Option(help="A name, a folder, or ngram.", show_default="ngram")] = None,
    batch: Annotated[str, typer.Option(help="Batch sizes, with commas.")] = "1,4,16",
    context: Annotated[str, typer.Option(help="Context lengths, with commas.")] = "64,512",
    dtype: Annotated[str, typer.Option(help="auto, bf16 or float32.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    budget: Annotated[float, typer.Option(min=0.1, help="Seconds for each batch and context.")] = 10.0,
    engine: Annotated[str, typer.Option(help="hf, or sglang: its server's own rounds are timed.")] = "hf",
    engine_argument: Annotated[
        list[str] | None, typer.Option(help="name=value for the engine (with --engine sglang), as JSON values.")
    ] = None,
    roofline: Annotated[
        str | None, typer.Option(help="Measure nothing: estimate from this device's datasheet (h100, …), for planning.")
    ] = None,
    launch: Annotated[
        float, typer.Option(min=0.0, help="With --roofline: ms of launching a layer; 0.6 without captured graphs.")
    ] = 0.0,
    out: Annotated[Path | None, typer.Option(help="Also write the profile to this file.")] = None,
) -> None:
    """Measure a cost profile, print it, and remember it where `generate` finds it."""
    batches, contexts = parse_numbers(batch, "--batch"), parse_numbers(context, "--context")
    if launch and roofline is None:
        raise typer.BadParameter("it says something of a roofline only", param_hint="--launch")
    if roofline is not None:
        _estimate(model, draft, roofline, batches, contexts, launch / 1e3, out)
        return
    if engine not in ("hf", "sglang"):
        raise typer.BadParameter(f"there is no engine {engine!r}: hf, sglang", param_hint="--engine")
    if engine == "sglang":
        _of_sglang(model, draft, batches, contexts, engine_argument or [], out)
        return
    with told():
        loaded = load(model, draft, dtype, device)
        from smartgen.drafters.ngram import NGram
        from smartgen.hf.profiling import measure_profile
        from smartgen.profile import store

        command = " ".join(["smartgen profile", *sys.argv[2:]])
        with spinner("measuring") as say:
            measured = measure_profile(
                loaded.model,
                loaded.drafter or NGram(),
                batches,
                contexts,
                budget,
                command,
                lambda text: say(f"measuring {text}"),
            )
        path = store.remember(measured)
        if out is not None:
            store.save(measured, out)
    _print(measured)
    typer.echo(out if out is not None else path)


def _estimate(
    model: str, draft: str | None, device: str, batches: list[int], contexts: list[int], launch: float, out: Path | None
) -> None:
    """Write a roofline to `out`; it is not remembered, so that no `generate` takes it for a measurement."""
    from smartgen.models import resolve
    from smartgen.profile import store
    from smartgen.profile.roofline import Reach, Shape, roofline

    if out is None:
        raise typer.BadParameter("a roofline is only written to a file: name one", param_hint="--out")
    with told():
        target = Shape.read(model, resolve(model))
        drafter = None if draft in (None, "ngram") else Shape.read(draft, resolve(draft))
        command = " ".join(["smartgen profile", *sys.argv[2:]])
        estimated = roofline(target, drafter, device, batches, contexts, Reach(launch=launch), command)
        store.save(estimated, out)
    _print(estimated)
    typer.echo(out)


def _of_sglang(
    model: str, draft: str | None, batches: list[int], contexts: list[int], given: list[str], out: Path | None
) -> None:
    from smartgen.profile import store
    from smartgen.sglang.errors import ServeError
    from smartgen.sglang.profiling import measure

    arguments: dict[str, object] = {"model_path": model, "speculative_draft_model_path": draft}
    for line in given:
        name, _, value = line.partition("=")
        try:
            arguments[name] = json.loads(value)
        except json.JSONDecodeError:
            arguments[name] = value
    try:
        with spinner("measuring") as say:
            measured = measure(arguments, batches, contexts, report=lambda text: say(f"measuring {text}"))
    except ServeError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    path = store.remember(measured)
    if out is not None:
        store.save(measured, out)
    _print(measured)
    typer.echo(out if out is not None else path)


def _print(measured: object) -> None:
    from rich.console import Console
    from rich.table import Table

    sizes_are = {
        "verify": "draft nodes a row",
        "draft": "fed nodes a row",
        "catch_up": "fed committed tokens a row",
        "host": "0: plain, 1: drafting",
    }
    for name, what in sizes_are.items():
        points = getattr(measured, name).points
        sizes = sorted({p.size for p in points})
        if not points:
            continue
        cells = sorted({(p.batch, p.context) for p in points})
        table = Table(what, *(f"batch {b}, context {c}" for b, c in cells), title=f"{name}: ms")
        for size in sizes:
            row = {(p.batch, p.context): f"{1e3 * p.seconds:.2f}" for p in points if p.size == size}
            table.add_row(str(size), *(row.get(cell, "") for cell in cells))
        Console().print(table)
