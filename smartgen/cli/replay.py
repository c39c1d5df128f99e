"""`smartgen replay`: recipes on recorded traces, under any measured costs, batch and way to fill it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartgen.atomic import replacing
from smartgen.cli.loading import told
from smartgen.cli.outputs import check_output
from smartgen.cli.settings import parse_numbers

if TYPE_CHECKING:
    from smartgen.profile.profile import Key, Profile
    from smartgen.recipe.recipe import Recipe
    from smartgen.trace.judging import Bench, Row

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    traces: Annotated[list[Path], typer.Argument(help="Files written by `smartgen trace`.")],
    recipes: Annotated[str, typer.Option(help="all, or names and paths with commas.")] = "smart",
    profiles: Annotated[
        list[str] | None,
        typer.Option(
            help="Cost profiles, with commas or one option each.", show_default="those remembered for the models"
        ),
    ] = None,
    batch: Annotated[str, typer.Option(help="Batch sizes, with commas.")] = "1,4,16,32",
    rows: Annotated[
        str, typer.Option(help="refill: as an engine serves; drain: as `generate` runs a batch.")
    ] = "refill",
    ngram: Annotated[bool, typer.Option("--ngram", help="Draft with n-grams of the text instead.")] = False,
    flip: Annotated[
        int | None,
        typer.Option(
            min=1, help="The drafter is useless in every second phase of at least so many tokens.", show_default="never"
        ),
    ] = None,
    intervals: Annotated[
        str, typer.Option(help="Recipes that get one: all, or names with commas; the others are replayed once.")
    ] = "all",
    resamples: Annotated[int, typer.Option(min=2, help="Resampled lists behind the intervals.")] = 20,
    length: Annotated[
        int | None, typer.Option(min=1, help="Requests in a resampled list.", show_default="as many as the trace has")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the resampled lists.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write the rows to this file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw them into this file: .png, .svg or .pdf.")] = None,
) -> None:
    """Replay recipes; one row a trace, recipe, profile and batch."""
    batches = parse_numbers(batch, "--batch")
    with told():
        from smartgen.trace.chart import check_drawable, draw
        from smartgen.trace.judging import judge

        chosen = _recipes(recipes)
        wanted = None if intervals.strip() == "all" else _named(intervals, chosen)
        named = None if profiles is None else _files(profiles)
        if plot is not None:
            check_drawable(plot)
        for path, option in ((as_json, "--json"), (plot, "--plot")):
            if path is not None:
                check_output(path, option, [*traces, *(named or ())])
        work = [(bench, _profiles(named, bench, batches)) for bench in (_bench(path, ngram, flip) for path in traces)]
        found: list[Row] = []
        while work:  # a bench is dropped with all its tables when it is done
            bench, fitting = work.pop(0)
            for name, profile in fitting:
                lists = {"resamples": resamples, "length": length, "seed": seed, "intervals": wanted}
                for row in judge(bench, chosen, profile, name, batches, rows, jobs=jobs, **lists):
                    _print(row, first=not found)
                    found.append(row)
        if as_json is not None:
            with replacing(as_json) as file:
                file.write((json.dumps([row.plain() for row in found], indent=1) + "\n").encode())
        if plot is not None:
            draw(found, plot)


def _bench(path: Path, ngram: bool, flip: int | None) -> Bench:
    """Raises TraceError naming the file."""
    from smartgen.trace import TraceError, load
    from smartgen.trace.judging import Bench

    trace = load(path)
    try:
        return Bench(path.stem, trace, ngram, flip)
    except TraceError as error:
        raise TraceError(f"{path}: {error}") from None


def _recipes(written: str) -> dict[str, Recipe]:
    """What was asked for; of "all" those that a replay can run, the others told with their reason."""
    from smartgen.policy.support import unsupported
    from smartgen.recipe import load as load_recipe
    from smartgen.recipe.shipped import shipped

    everything = written.strip() == "all"
    names = list(shipped()) if everything else [part.strip() for part in written.split(",") if part.strip()]
    found: dict[str, Recipe] = {}
    for name in sorted(names, key=lambda name: name.endswith("_yaml")):
        recipe = load_recipe(name)
        reasons = [f"{word} {why}" for word, why in unsupported(recipe.program, "replay", ())]
        if reasons and not everything:
            raise ValueError(f"{name} cannot be replayed: {reasons[0]}")
        if reasons:
            typer.echo(f"left out: {name}: {reasons[0]}", err=True)
        elif not (everything and recipe.program.hash in {other.program.hash for other in found.values()}):
            found[name] = recipe
    if not found:
        raise ValueError(f"{written!r} names no recipe; give names with commas, or all")
    return found


def _named(written: str, chosen: dict[str, Recipe]) -> list[str]:
    """Names out of those that are replayed."""
    names = [part.strip() for part in written.split(",") if part.strip()]
    for name in names:
        if name not in chosen:
            raise ValueError(f"--intervals {name}: it is not among the recipes to replay ({', '.join(chosen)})")
    return names


def _files(written: list[str]) -> list[Path]:
    files = [Path(part.strip()) for item in written for part in item.split(",") if part.strip()]
    if not files:
        raise typer.BadParameter("it names no file; leave it out for the remembered profiles", param_hint="--profiles")
    return files


def _profiles(files: list[Path] | None, bench: Bench, batches: list[int]) -> list[tuple[str, Profile]]:
    """Named files, or the remembered profiles of the trace's models, each with a name to show; all know `batches`."""
    from smartgen.profile import store
    from smartgen.trace.machine import Machine

    if files is not None:
        found = [(file.stem, store.load(file)) for file in files]
        for name, profile in found:
            _compare(name, profile, bench)
    else:
        remembered = store.remembered(lambda error: typer.echo(f"left out: {error}", err=True))
        found = [(f"{p.key.dtype} {p.key.device}", p) for p in remembered if _fits(p.key, bench)]
    if not found:
        raise ValueError(
            f"no cost profile of {' with '.join(_pair(bench))} is remembered here; measure one with `smartgen profile`, "
            "or name files with --profiles"
        )
    for _, profile in found:
        for batch in batches:
            Machine(profile).check(batch, drafting=not bench.ngram)
    return found


def _compare(name: str, profile: Profile, bench: Bench) -> None:
    """Costs of other models are sometimes wanted, and never in silence. A roofline's key holds names instead of shapes."""
    key = profile.key
    known = all((key.model, key.drafter, *_pair(bench))) and profile.kind != "roofline"
    if known and not _fits(key, bench):
        pair = " with ".join(_pair(bench))
        typer.echo(
            f"note: {name} holds the costs of {key.model} with {key.drafter}, {bench.name} the text of {pair}", err=True
        )


def _fits(key: Key, bench: Bench) -> bool:
    target, drafter = _pair(bench)
    return key.model.startswith(target) and key.drafter == drafter


def _pair(bench: Bench) -> tuple[str, str]:
    """Target and drafter, as a profile's key names them."""
    header = bench.trace.header
    return header.target, "ngram" if bench.ngram else header.drafter


_COLUMNS: dict[str, tuple[str, Any]] = {
    "trace": ("{:24}", lambda row: row.trace[-24:]),
    "recipe": ("{:14}", lambda row: row.recipe[:14]),
    "profile": ("{:20}", lambda row: row.profile[-20:]),
    "batch": ("{:>5}", lambda row: row.batch),
    "× plain": ("{:>8}", lambda row: f"{row.vs_plain:.3f}"),
    "× static": ("{:>8}", lambda row: f"{row.vs_best_static:.3f}"),
    "95 %": ("{:>13}", lambda row: "" if row.low is None else f"{row.low:.3f}–{row.high:.3f}"),
    "× oracle": ("{:>8}", lambda row: f"{row.vs_oracle:.3f}"),
    "tok/s": ("{:>8}", lambda row: f"{row.tokens_per_second:.1f}"),
    "best static tree": ("{}", lambda row: row.best_static + ("" if row.exact else "  (inexact)")),
}


def _print(row: Row, first: bool) -> None:
    if first:
        typer.echo(" ".join(form.format(name) for name, (form, _) in _COLUMNS.items()))
    typer.echo(" ".join(form.format(value(row)) for form, value in _COLUMNS.values()))
