"""`smartgen generate`: text from a model, steered by a recipe."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from smartgen.cli.loading import Loaded, fitting_drafter, load, told
from smartgen.cli.progress import spinner
from smartgen.cli.prompts import read_prompts
from smartgen.cli.settings import MOST_TOKENS, Temperature, parse_params

app = typer.Typer(add_completion=False)

DEFAULT_PROMPT = 'import json\n\n\ndef read_settings(path):\n    """Read'

PROMPTS = 8


@app.command()
def generate(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; a short piece of Python by default.", show_default=False)
    ] = None,
    model: Annotated[str, typer.Option(help="A name from `smartgen models list`, or a folder.")] = "bundled-target",
    draft: Annotated[
        str | None, typer.Option(help="A name, a folder, or ngram.", show_default="fits the model")
    ] = None,
    recipe: Annotated[str, typer.Option(help="A shipped name, a path, or text.")] = "smart",
    max_new_tokens: Annotated[int, typer.Option(min=1, max=MOST_TOKENS)] = 96,
    temperature: Temperature = 0.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1)] = 0,
    dtype: Annotated[str, typer.Option(help="auto, bf16 or float32.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    prompts: Annotated[Path | None, typer.Option(help="A file with one JSON object a line: {turns: [...]}.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Prompts to take from the file.", show_default=str(PROMPTS))
    ] = None,
    param: Annotated[list[str] | None, typer.Option(help="Set a parameter of the recipe, name=value.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="No chat template.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a prompt instead of text.")] = False,
) -> None:
    """Generate; the text goes to stdout, how it was made to stderr."""
    from smartgen.recipe import load as load_recipe

    if prompts is not None and prompt is not None:
        raise typer.BadParameter("give a prompt or a file of them, not both", param_hint="--prompts")
    if prompts is None and limit is not None:
        raise typer.BadParameter("it says how many prompts to take from a file: give --prompts", param_hint="--limit")
    if prompt is not None and re.search(r"[\ud800-\udfff]", prompt):  # bytes that Python could not read as text
        raise typer.BadParameter("this is no text in UTF-8", param_hint="PROMPT")
    with told():
        compiled = load_recipe(recipe, parse_params(param))
        texts = [prompt if prompt is not None else DEFAULT_PROMPT]
        if prompts is not None:
            texts = [found.text for found in read_prompts(prompts, limit or PROMPTS)]
        loaded = load(model, fitting_drafter(model, draft), dtype, device)
        for text in texts:
            _one(loaded, text, compiled, max_new_tokens, temperature, seed, raw, as_json)


def _one(
    loaded: Loaded, text: str, recipe: Any, tokens: int, temperature: float, seed: int, raw: bool, as_json: bool
) -> None:
    import torch

    from smartgen.cli.streaming import SpokenAfter

    inputs = loaded.encoded([text], raw)
    options: dict[str, Any] = {"do_sample": temperature > 0, "max_new_tokens": tokens, "return_dict_in_generate": True}
    if temperature > 0:
        options |= {"temperature": temperature, "top_k": 0}
    torch.manual_seed(seed)
    began = time.perf_counter()
    with ExitStack() as waiting:
        waiting.enter_context(
            spinner("generating" if as_json else "reading the prompt; the first time, measuring costs")
        )
        if not as_json:
            chat = bool(loaded.tokenizer.chat_template) and not raw
            options["streamer"] = SpokenAfter(loaded.tokenizer, waiting, "" if chat else text)
        output = loaded.model.generate(**inputs, smart_recipe=recipe, assistant_model=loaded.drafter, **options)
    took = time.perf_counter() - began
    new = output.sequences[0, inputs["input_ids"].shape[1] :]
    stats = statistics(output.speculation, len(new), took)
    if as_json:
        typer.echo(
            json.dumps({"prompt": text, "text": loaded.tokenizer.decode(new, skip_special_tokens=True), **stats})
        )
        return
    typer.echo(summary(output.speculation, len(new), took), err=True)


def statistics(speculation: Any, tokens: int, took: float) -> dict[str, Any]:
    """The numbers of one call, as plain data."""
    return {
        "tokens": tokens,
        "tokens_per_second": round(tokens / took, 2),
        "accept_length": round(speculation.accept_length, 3),
        "mean_tree_size": round(speculation.mean_tree_size, 2),
        "steps": speculation.steps,
        "steps_off": round(speculation.steps_off, 3),
        "seconds": {phase: round(seconds, 4) for phase, seconds in speculation.seconds.items()},
        "reasons": dict(speculation.reasons),
        "recipe": speculation.recipe,
        "drafter": speculation.drafter,
    }


def summary(speculation: Any, tokens: int, took: float) -> str:
    """The same for people."""
    phases = ", ".join(f"{phase} {seconds:.2f} s" for phase, seconds in speculation.seconds.items() if seconds >= 0.005)
    reasons = ", ".join(f"{reason} {count}" for reason, count in speculation.reasons.most_common())
    return (
        f"\n{tokens} tokens in {took:.2f} s: {tokens / took:.1f} tokens/s with `{speculation.recipe}` and {speculation.drafter}\n"
        f"accept length {speculation.accept_length:.2f}, mean tree size {speculation.mean_tree_size:.1f}, "
        f"{100 * speculation.steps_off:.0f} % of {speculation.steps} steps off\n"
        f"time: {phases}\nwhy drafting stopped: {reasons or 'nothing was drafted'}"
    )
