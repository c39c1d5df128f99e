"""`smartgen replay`: recipes on recorded traces, under any measured costs, batch and way to fill it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartgen.cli.loading import told
from smartgen.cli.settings import parse_numbers

if TYPE_CHECKING:
    from smartgen.profile.profile import Profile
    from smartgen.recipe.recipe import Recipe
    from smartgen.trace.judging import Row
    from smartgen.trace.trace import Trace

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
        from smartgen.trace import load
        from smartgen.trace.judging import Bench, judge

        chosen = _recipes(recipes)
        wanted = None if intervals.strip() == "all" else _named(intervals, chosen)
        found: list[Row] = []
        for path in traces:
            bench = Bench(path.stem, load(path), ngram, flip)
            for name, profile in _profiles(profiles, bench.trace, bench.ngram):
                lists = {"resamples": resamples, "length": length, "seed": seed, "intervals": wanted}
                for row in judge(bench, chosen, profile, name, batches, rows, jobs=jobs, **lists):
                    _print(row, first=not found)
                    found.append(row)
        if as_json is not None:
            as_json.write_text(json.dumps([row.plain() for row in found], indent=1) + "\n", encoding="utf-8")
        if plot is not None:
            from smartgen.trace.chart import draw

            draw(found, plot)


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


def _profiles(written: list[str] | None, trace: Trace, ngram: bool) -> list[tuple[str, Profile]]:
    """Named files, or the remembered profiles of the trace's models."""
    from smartgen.profile import store

    if written:
        files = [Path(part.strip()) for item in written for part in item.split(",") if part.strip()]
        return [(file.stem, store.load(file)) for file in files]
    drafter = "ngram" if ngram else trace.header.drafter
    remembered = store.remembered(lambda error: typer.echo(f"left out: {error}", err=True))
    fitting = [p for p in remembered if p.key.model.startswith(trace.header.target) and p.key.drafter == drafter]
    if not fitting:
        raise ValueError(
            f"no cost profile of {trace.header.target} with {drafter} is remembered here; measure one with `smartgen profile`, "
            "or name files with --profiles"
        )
    return [(f"{profile.key.dtype} {profile.key.device}", profile) for profile in fitting]


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
