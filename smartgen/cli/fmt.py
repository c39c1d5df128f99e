"""`smartgen fmt`: recipes in the one form."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from smartgen.cli.sources import sources, usage
from smartgen.language.diagnostics import Diagnostic
from smartgen.language.findings import Findings
from smartgen.language.format import formatted
from smartgen.language.parse import parse
from smartgen.language.render import full
from smartgen.language.source import Source

app = typer.Typer(add_completion=False)
_NO_END = "\\ No newline at end of file"  # as patch programs know it


@app.command()
def fmt(
    recipes: Annotated[
        list[str], typer.Argument(help="Text recipes (.smart), folders, or - for standard input.", show_default=False)
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if something would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; print what would change.")] = False,
) -> None:
    """Format recipes in place; standard input goes to standard output.

    Exit code 0: done, 1: with --check or --diff, something would change, or a recipe has errors of syntax, 2: nothing that
    can be formatted.
    """
    changed = failed = False
    for source in sources(recipes, (".smart",)):
        if isinstance(source, Source) and source.is_yaml:
            usage(
                f"{source.name.removesuffix('.yaml') if source.name.startswith('<') else source.name} is in the YAML "
                "form, and only the text form (.smart) has a form of its own"
            )
        findings = source if isinstance(source, list) else _syntax(source)
        if findings or isinstance(source, list):
            failed = True
            for finding in findings:
                typer.echo(full(finding) + "\n", err=True)
            continue
        written = formatted(source.text)
        changed |= written != source.text
        _put(source, written, check, diff)
    raise typer.Exit(1 if failed or (changed and (check or diff)) else 0)


def _syntax(source: Source) -> list[Diagnostic]:
    """What keeps a text from being formatted: errors of syntax."""
    findings = Findings()
    parse(source, findings)
    return [finding for finding in findings.all if finding.code.startswith("SG0")]


def _put(source: Source, written: str, check: bool, diff: bool) -> None:
    stdin = source.name == "<stdin>"
    if diff:
        rows = difflib.unified_diff(
            source.text.splitlines(keepends=True),
            written.splitlines(keepends=True),
            source.name,
            f"{source.name} formatted",
        )
        typer.echo("".join(row if row.endswith("\n") else f"{row}\n{_NO_END}\n" for row in rows), nl=False)
    elif check:
        if written != source.text:
            typer.echo(f"{source.name}: would be formatted")
    elif stdin:
        typer.echo(written, nl=False)
    elif written != source.text:
        Path(source.name).write_text(written, encoding="utf-8")
        typer.echo(f"{source.name}: formatted")
