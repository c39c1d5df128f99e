"""`smartgen check`: every finding of every recipe named, and what is known of a recipe that has none."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from smartgen.cli.settings import parse_params
from smartgen.cli.sources import sources
from smartgen.language.diagnostics import Diagnostic, RecipeError
from smartgen.language.render import FORMATS, PER_FINDING, as_json, sarif
from smartgen.recipe.load import load_source
from smartgen.recipe.recipe import Recipe

app = typer.Typer(add_completion=False)
ENDINGS = (".smart", ".yaml", ".yml")


@app.command()
def check(
    recipes: Annotated[list[str], typer.Argument(help="Files, folders, or - for standard input.", show_default=False)],
    format: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))] = "full",
    param: Annotated[list[str] | None, typer.Option(help="Set a parameter, name=value.")] = None,
    target: Annotated[
        str | None, typer.Option(help="Refuse what this backend cannot honour: hf, sglang, replay.")
    ] = None,
    children: Annotated[
        str, typer.Option(help="How a drafter proposes: its likeliest tokens (ranked), or drawn ones (sampled).")
    ] = "ranked",
) -> None:
    """Check recipes. Exit code 0: clean, 1: findings, warnings among them, 2: nothing could be checked."""
    if format not in FORMATS:
        raise typer.BadParameter(f"there is no format {format!r}: {', '.join(FORMATS)}", param_hint="--format")
    _known(target, children)
    params = parse_params(param)
    found: list[Diagnostic] = []
    reports: list[str] = []
    for source in sources(recipes, ENDINGS):
        findings, recipe = source if isinstance(source, list) else [], None
        if not isinstance(source, list):
            try:
                recipe = load_source(source, params)
                findings = [*recipe.warnings, *_refused(recipe, target, children)]
            except RecipeError as error:
                findings = list(error.diagnostics)
        found += findings
        if recipe is not None and not any(finding.severity == "error" for finding in findings):
            reports.append(_report(recipe, target, len(findings)))
    _print(found, reports, format)
    raise typer.Exit(1 if found else 0)


def _known(target: str | None, children: str) -> None:
    if target is None and children == "ranked":
        return
    from smartgen.recipe.targets import CHILDREN, TARGETS

    if target is not None and target not in TARGETS:
        raise typer.BadParameter(f"there is no target {target!r}: {', '.join(TARGETS)}", param_hint="--target")
    if children not in CHILDREN:
        raise typer.BadParameter(f"{children!r} is neither {' nor '.join(CHILDREN)}", param_hint="--children")


def _refused(recipe: Recipe, target: str | None, children: str) -> list[Diagnostic]:
    """What a backend or a sampling drafter cannot honour."""
    if target is None and children == "ranked":
        return []
    from smartgen.recipe.targets import lossy, refused

    return [*(refused(recipe, target) if target else []), *(lossy(recipe) if children == "sampled" else [])]


def _report(recipe: Recipe, target: str | None, warnings: int) -> str:
    """What a check knows: the work of one decision, whether drafting may be left off, what is settled when."""
    work, facts = recipe.facts.work, recipe.facts
    lines = [f"{recipe.origin}: ok" + (f", but for {_count(warnings, 'warning')}" if warnings else "")]
    if work.passes:
        lines.append(
            f"  {recipe.name}: at most {_count(work.passes, 'pass', 'passes')}, {_count(work.candidates, 'candidate')} and "
            f"{_count(work.verified, 'verified node')} a row"
        )
    lines.append(f"  may switch off: {f'yes, {facts.off}' if facts.off else 'no'}")
    if facts.settled:
        lines.append(f"  decided before drafting: {', '.join(facts.settled)}")
    if target is not None:
        from smartgen.recipe.targets import folded

        lines += [f"  decided before drafting, on the average tree: {line}" for line in folded(recipe, target)]
    return "\n".join(lines)


def _count(number: float, one: str, many: str = "") -> str:
    shown = "any number of" if math.isinf(number) else f"{number:.0f}"
    return f"{shown} {one if number == 1 else many or one + 's'}"


def _print(found: list[Diagnostic], reports: list[str], format: str) -> None:
    if format == "json":
        typer.echo(as_json(found))
    elif format == "sarif":
        from smartgen import __version__

        typer.echo(sarif(found, __version__))
    else:
        for diagnostic in found:
            typer.echo(PER_FINDING[format](diagnostic) + ("\n" if format == "full" else ""))
        for report in reports if format == "full" else [report.split("\n")[0] for report in reports]:
            if format != "github":
                typer.echo(report)
