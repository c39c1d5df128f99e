"""`smartgen profile`: what drafting and verifying cost on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartgen.atomic import writable
from smartgen.cli.loading import load, told
from smartgen.cli.progress import spinner
from smartgen.cli.settings import MOST_TOKENS, finite, parse_numbers

if TYPE_CHECKING:
    from smartgen.profile.profile import Profile

app = typer.Typer(add_completion=False)
UNUSED = {  # options that say nothing of what is done otherwise, by what is done
    "--roofline": ("dtype", "device", "budget", "engine", "engine_argument"),
    "--engine sglang": ("dtype", "device", "budget", "launch"),
    "--engine hf": ("engine_argument", "launch"),
}


@app.command()
def profile(
    call: typer.Context,
    model: Annotated[str, typer.Option(help="A name from `smartgen models list`, or a folder.")] = "bundled-target",
    draft: Annotated[str | None, typer.Option(help="A name, a folder, or ngram.", show_default="ngram")] = None,
    batch: Annotated[str, typer.Option(help="Batch sizes, with commas.")] = "1,4,16",
    context: Annotated[str, typer.Option(help="Context lengths, with commas.")] = "64,512",
    dtype: Annotated[str, typer.Option(help="auto, bf16 or float32.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    budget: Annotated[float, typer.Option(min=0.1, callback=finite, help="Seconds for each batch and context.")] = 10.0,
    engine: Annotated[str, typer.Option(help="hf, or sglang: its server's own rounds are timed.")] = "hf",
    engine_argument: Annotated[
        list[str] | None, typer.Option(help="name=value for the engine (with --engine sglang), as JSON values.")
    ] = None,
    roofline: Annotated[
        str | None, typer.Option(help="Measure nothing: estimate from this device's datasheet (h100, …), for planning.")
    ] = None,
    launch: Annotated[
        float,
        typer.Option(
            min=0.0, callback=finite, help="With --roofline: ms of launching a layer; 0.6 without captured graphs."
        ),
    ] = 0.0,
    out: Annotated[Path | None, typer.Option(help="Also write the profile to this file.")] = None,
) -> None:
    """Measure a cost profile, print it, and remember it where `generate` finds it."""
    batches, contexts = parse_numbers(batch, "--batch"), parse_numbers(context, "--context", MOST_TOKENS)
    if roofline is not None:
        _refuse_unused(call, "--roofline")
        with told():
            estimated = _estimate(model, draft, roofline, batches, contexts, launch / 1e3, out)
        _print(estimated)
        typer.echo(out)
        return
    if engine not in ("hf", "sglang"):
        raise typer.BadParameter(f"there is no engine {engine!r}: hf, sglang", param_hint="--engine")
    _refuse_unused(call, f"--engine {engine}")
    with told():
        if out is not None:
            writable(out)
        if engine == "sglang":
            measured = _of_sglang(model, draft, batches, contexts, engine_argument or [], out)
        else:
            measured = _of_hf(model, draft, dtype, device, batches, contexts, budget, out)
        where = _keep(measured, out)
    _print(measured)
    typer.echo(where)


def _refuse_unused(call: typer.Context, mode: str) -> None:
    for name in UNUSED[mode]:
        if call.get_parameter_source(name).name != "DEFAULT":
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(f"it is not used with {mode}; leave it out", param_hint=option)


def _estimate(
    model: str, draft: str | None, device: str, batches: list[int], contexts: list[int], launch: float, out: Path | None
) -> Profile:
    """Write a roofline to `out`; it is not remembered, so that no `generate` takes it for a measurement."""
    from smartgen.models import resolve
    from smartgen.profile import store
    from smartgen.profile.roofline import Reach, Shape, roofline

    if out is None:
        raise typer.BadParameter("a roofline is only written to a file: name one", param_hint="--out")
    target = Shape.read(model, resolve(model))
    drafter = None if draft in (None, "ngram") else Shape.read(draft, resolve(draft))
    estimated = roofline(target, drafter, device, batches, contexts, Reach(launch=launch), _command())
    store.save(estimated, out)
    return estimated


def _of_hf(
    model: str,
    draft: str | None,
    dtype: str,
    device: str,
    batches: list[int],
    contexts: list[int],
    budget: float,
    out: Path | None,
) -> Profile:
    from smartgen.profile import store
    from smartgen.profile.errors import ProfileError

    loaded = load(model, draft, dtype, device)
    from smartgen.drafters.ngram import NGram
    from smartgen.hf.costing import profile_key
    from smartgen.hf.profiling import measure_profile

    drafter = loaded.drafter or NGram()
    key = profile_key(loaded.model, drafter)
    if out is None:
        _check_remembering(store.place(key))
    try:
        store.find(key)
    except ProfileError as error:
        typer.echo(f"{error}; what is measured now replaces it", err=True)
    with spinner("measuring") as say:
        return measure_profile(
            loaded.model, drafter, batches, contexts, budget, _command(), lambda text: say(f"measuring {text}")
        )


def _of_sglang(
    model: str, draft: str | None, batches: list[int], contexts: list[int], given: list[str], out: Path | None
) -> Profile:
    from smartgen.profile import store
    from smartgen.sglang.profiling import measure

    if out is None:
        _check_remembering(store.folder() / "sglang.json")  # the name is the engine's to say, later
    arguments: dict[str, object] = {"model_path": model, "speculative_draft_model_path": draft}
    for line in given:
        name, _, value = line.partition("=")
        try:
            arguments[name] = json.loads(value)
        except json.JSONDecodeError:
            arguments[name] = value
    with spinner("measuring") as say:
        return measure(arguments, batches, contexts, report=lambda text: say(f"measuring {text}"))


def _check_remembering(place: Path) -> None:
    """Before the work: raises OSError where its result could not be remembered."""
    try:
        writable(place)
    except OSError as error:
        raise OSError(f"{error}; name another folder in SMARTGEN_CACHE, or a file with --out") from None


def _keep(measured: Profile, out: Path | None) -> str:
    """Write and remember; where it is. With a file in `out`, a cache that cannot be written is no error."""
    from smartgen.profile import store

    if out is None:
        return str(store.remember(measured))
    store.save(measured, out)
    typer.echo(f"for `generate`: {store.remember_if_possible(measured)}", err=True)
    return str(out)


def _command() -> str:
    return " ".join(["smartgen profile", *sys.argv[2:]])


def _print(measured: Profile) -> None:
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
