"""`smartgen trace`: record plain decoding with everything that a drafter would have proposed on the way."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartgen.cli.loading import fitting_drafter, load, told
from smartgen.cli.outputs import check_output
from smartgen.cli.progress import bar
from smartgen.cli.prompts import read_prompts
from smartgen.cli.settings import Temperature, finite

if TYPE_CHECKING:
    from smartgen.trace.trace import Trace

app = typer.Typer(add_completion=False)


@app.command()
def trace(
    prompts: Annotated[Path, typer.Option(help='A file with one JSON object a line: {"turns": [...]}.')],
    out: Annotated[Path, typer.Option(help="The file to write, .npz.")],
    model: Annotated[str, typer.Option(help="A name from `smartgen models list`, or a folder.")] = "bundled-target",
    draft: Annotated[
        str | None, typer.Option(help="A name, a folder, or ngram.", show_default="fits the model")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Prompts to take from the file.", show_default="all")] = None,
    max_new_tokens: Annotated[int, typer.Option(min=2)] = 96,
    temperature: Temperature = 0.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1)] = 0,
    dtype: Annotated[str, typer.Option(help="float32, in which replay is exact, bf16 or auto.")] = "float32",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    batch: Annotated[int, typer.Option(min=1, help="Requests recorded together.")] = 8,
    longest: Annotated[int, typer.Option(min=1, help="Tokens of a prompt that are kept, its last ones.")] = 700,
    floor: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, callback=finite, help="Path probability below which nothing is recorded."),
    ] = 1e-4,
    half: Annotated[bool, typer.Option("--half", help="Probabilities in 16 bits: a smaller file.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="No chat template.")] = False,
) -> None:
    """Record a trace for `smartgen replay`. Interrupted, it keeps the requests that are complete, as OUT.part.npz."""
    from smartgen.trace import Envelope, record, save

    with told():
        found = read_prompts(prompts, limit)
        check_output(out, "--out", [prompts])
        loaded = load(model, fitting_drafter(model, draft), dtype, device)
        from smartgen.hf.costing import provenance

        ids = [loaded.encoded([prompt.text], raw)["input_ids"][0].tolist()[-longest:] for prompt in found]

        def keep(part: Trace) -> None:
            place = out.with_suffix(".part.npz")  # a whole trace that is there already stays
            save(part, place, half)
            typer.echo(f"{place}: the {part.requests} of {len(ids)} requests that were complete", err=True)

        began = time.perf_counter()
        with bar() as progress:
            progress("recording", 0, len(ids))
            recorded = record(
                loaded.model,
                loaded.drafter,
                ids,
                new_tokens=max_new_tokens,
                temperature=temperature,
                seed=seed,
                batch=batch,
                envelope=Envelope(floor=floor),
                kinds=[prompt.kind for prompt in found],
                provenance=provenance(" ".join(["smartgen trace", *sys.argv[2:]])),
                report=lambda done: progress("recording", done, len(ids)),
                interrupted=keep,
            )
        save(recorded, out, half)
    typer.echo(
        f"{out}: {recorded.requests} requests, {len(recorded.text)} tokens, "
        f"{len(recorded.fed_rank) / len(recorded.text):.0f} nodes a position, {out.stat().st_size / 1e6:.1f} MB, "
        f"{time.perf_counter() - began:.0f} s"
    )
