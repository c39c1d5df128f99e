"""`smartgen demo`: the main job on a real chat model. First equality, where it is strict; then speed; then one tree."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartgen.cli.loading import Loaded, device_named, told
from smartgen.cli.progress import spinner

if TYPE_CHECKING:
    import torch

app = typer.Typer(add_completion=False)

CHAT = {
    "chat question": "I have a rainy Sunday, some flour, eggs and apples. What could I do, and in which order?",
    "coding task": "Write a Python function `median(values)` that returns the median of a list of numbers, with a docstring "
    "and two examples.",
    "summary": "Summarise in two sentences: The lighthouse was built in 1871 after three ships were lost on the reef in a "
    "single winter. Its lamp burned oil until 1923, when the keeper's family wired it for electricity themselves. The light "
    "was automated in 1984 and the keeper's house is now a small museum, run by volunteers who still polish the lens by hand "
    "every spring.",
    "explanation": "Explain to a ten-year-old why the moon seems to change its shape.",
}
CODE = {
    "function": "import json\n\n\ndef read_settings(path):\n",
    "class": "class Stack:\n    def __init__(self):\n",
    "expression": "def mean(values):\n    return ",
    "loop": "for line in lines:\n    if line.",
}
EQUAL, FAST, ROUNDS = 40, 64, 3  # new tokens compared, new tokens timed, rounds
WAYS = (("plain", None), ("eagle2", "eagle2"), ("smart", "smart"))


@dataclass
class Way:
    """Rates (tokens a second), accept lengths and tree sizes of one way to generate."""

    rates: list[float] = field(default_factory=list)
    accept: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)


@dataclass
class Stage(Loaded):
    """Target, tokenizer, drafter and prompts, in one precision."""

    named: dict[str, str]

    @property
    def prompts(self) -> list[str]:
        return list(self.named.values())


@app.command()
def demo(
    model: Annotated[
        str, typer.Option(help="smollm2 (a real chat model) or bundled (a small pair, no download).")
    ] = "smollm2",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer tokens and one round.")] = False,
) -> None:
    """Show that the text is the same, and how much sooner it comes."""
    if model not in ("smollm2", "bundled"):
        raise typer.BadParameter(f"there is no demo model {model!r}: smollm2 or bundled", param_hint="--model")
    began = time.perf_counter()
    with told():
        target, drafter, named = _names(model)
        import torch

        strict = _stage(target, drafter, named, torch.float32)
        _equality(strict, 16 if quick else EQUAL)
        stage = _faster(strict, target, drafter)
        for batch in (1, len(named)):
            _speed(stage, batch, *((FAST // 2, 1) if quick else (FAST, ROUNDS)))
        _tree(stage)
    typer.echo(f"\n{time.perf_counter() - began:.0f} s in all")


def _names(model: str) -> tuple[Any, Any, dict[str, str]]:
    from smartgen.models import get, resolve

    if model == "bundled":
        return resolve("bundled-target"), resolve("bundled-assistant"), CODE
    try:
        with spinner("preparing SmolLM2-135M-Instruct (converted once)"):
            folder = get("smollm2-135m")
    except ValueError as error:
        raise ValueError(f"{str(error).rstrip('.')}; without it: make demo MODEL=bundled") from None
    return folder, resolve("smollm2-135m-eagle3"), CHAT


def _stage(target: Any, drafter: Any, named: dict[str, str], dtype: torch.dtype) -> Stage:
    import transformers

    import smartgen

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with spinner(f"loading {target.name} in {str(dtype).removeprefix('torch.')}"):
        model = transformers.AutoModelForCausalLM.from_pretrained(target, dtype=dtype).eval().to(device_named("auto"))
        tokenizer = transformers.AutoTokenizer.from_pretrained(target)
        tokenizer.padding_side = "left"
        smartgen.attach(model)
        return Stage(model, tokenizer, smartgen.load_drafter(drafter, model), named)


# -- equality -------------------------------------------------------------------------------------------------------
def _equality(stage: Stage, tokens: int) -> None:
    """Plain greedy against `smart`, each prompt alone and all as one batch; a real difference ends the demo."""
    typer.echo("Equality, in float32, where it is strict:")
    ties = sum(_compare(stage, [prompt], tokens, name) for name, prompt in stage.named.items())
    ties += _compare(stage, stage.prompts, tokens, f"all {len(stage.prompts)} as one batch")
    typer.echo(f"ties that fell differently (two scores closer than 1e-4): {ties}\n")


def _compare(stage: Stage, prompts: list[str], tokens: int, name: str) -> int:
    from smartgen.hf.equality import compare

    inputs = stage.encoded(prompts)
    options = {"max_new_tokens": tokens, "do_sample": False, "return_dict_in_generate": True}
    with spinner(f"{name}: plain") as say:
        plain = stage.model.generate(**inputs, **options, output_scores=True)
        say(f"{name}: smart")
        other = stage.model.generate(**inputs, **options, smart_recipe="smart", assistant_model=stage.drafter)
    start = inputs["input_ids"].shape[1]
    found = []
    for row in range(len(prompts)):
        scores = [step[row] for step in plain.scores]
        found.append(compare(plain.sequences[row, start:].tolist(), other.sequences[row, start:].tolist(), scores))
    if wrong := [result for result in found if result.fails]:
        typer.echo(
            f"  {name}: identical to plain greedy: NO, token {wrong[0].position} differs, gap {wrong[0].gap:.2g}",
            err=True,
        )
        raise typer.Exit(1)
    ties = sum(result.tie for result in found)
    typer.echo(f"  {name}: identical to plain greedy: yes" + (f" ({ties} tie)" if ties else ""))
    return ties


# -- speed ----------------------------------------------------------------------------------------------------------
def _faster(strict: Stage, target: Any, drafter: Any) -> Stage:
    """The faster of float32 and bfloat16 on this machine, by the time of a few plain tokens."""
    import torch

    half = _stage(target, drafter, strict.named, torch.bfloat16)
    seconds = {}
    for name, stage in (("float32", strict), ("bfloat16", half)):
        inputs = stage.encoded(stage.prompts[:1])
        stage.model.generate(**inputs, max_new_tokens=4, do_sample=False)
        began = time.perf_counter()
        stage.model.generate(**inputs, max_new_tokens=12, do_sample=False)
        seconds[name] = time.perf_counter() - began
    best = min(seconds, key=lambda name: seconds[name])
    both = ", ".join(f"{name} {took:.2f} s" for name, took in seconds.items())
    typer.echo(f"Speed, in {best}, the faster on this machine (12 tokens: {both}):")
    return strict if best == "float32" else half


def _speed(stage: Stage, batch: int, tokens: int, rounds: int) -> None:
    """Plain, `eagle2` and `smart` in turn on the same prompts; medians of tokens a second."""
    ways = {name: Way() for name, _ in WAYS}
    with spinner(f"batch {batch}: costs are measured if none are remembered"):
        _run(stage, stage.prompts[:batch], "smart", 8)
    for round_ in range(rounds):
        prompts = [stage.prompts[round_ % len(stage.prompts)]] if batch == 1 else stage.prompts[:batch]
        for name, recipe in WAYS:
            streams = batch == 1 and round_ == 0 and name == "smart"
            with nullcontext() if streams else spinner(f"batch {batch}, round {round_ + 1} of {rounds}: {name}"):
                rate, speculation = _run(stage, prompts, recipe, tokens, streams)
            ways[name].rates.append(rate)
            if speculation is not None:
                ways[name].accept.append(speculation.accept_length)
                ways[name].sizes.append(speculation.mean_tree_size)
    typer.echo(f"\nbatch {batch:2}     tokens/s   × plain   accept length   mean tree size")
    base = median(ways["plain"].rates)
    for name, way in ways.items():
        rate = median(way.rates)
        rest = f"{median(way.accept):13.2f}   {median(way.sizes):14.1f}" if way.accept else ""
        typer.echo(f"  {name:8} {rate:9.1f}   {rate / base:7.2f}   {rest}")


def _run(stage: Stage, prompts: list[str], recipe: str | None, tokens: int, streams: bool = False) -> tuple[float, Any]:
    from transformers import TextStreamer

    inputs = stage.encoded(prompts)
    options: dict[str, Any] = {"max_new_tokens": tokens, "do_sample": False, "return_dict_in_generate": True}
    if streams:
        typer.echo("")
        options["streamer"] = TextStreamer(stage.tokenizer, skip_prompt=True, skip_special_tokens=True)
    if recipe is not None:
        options |= {"smart_recipe": recipe, "assistant_model": stage.drafter}
    began = time.perf_counter()
    output = stage.model.generate(**inputs, **options)
    took = time.perf_counter() - began
    start = inputs["input_ids"].shape[1]
    end = stage.tokenizer.eos_token_id
    new = sum((row.index(end) + 1 if end in row else len(row)) for row in output.sequences[:, start:].tolist())
    return new / took, getattr(output, "speculation", None)


# -- one tree -------------------------------------------------------------------------------------------------------
def _tree(stage: Stage) -> None:
    """Draw the largest tree of a short generation, with what was verified, accepted and why drafting stopped."""
    from smartgen.hf.watch import watching
    from smartgen.tree.draw import draw

    with watching() as seen, spinner("one tree"):
        _run(stage, stage.prompts[1:2], "smart", 32)
    best = max(seen, key=lambda step: (len(step.accepted), len(step.verified)), default=None)
    if best is None:
        typer.echo("\nno tree was worth verifying here")
        return
    typer.echo(
        "\nOne tree (* accepted, + verified, - drafted and left out; drafter's probability → expected tokens it adds):"
    )
    for line in draw(best.tree, 0, best.verified, best.accepted, lambda token: stage.tokenizer.decode([token])):
        typer.echo("  " + line)
    report = best.report
    drafted = (
        f"{report.layers} deep, until {report.reason!r}" if report.layers else "n-grams of the text, no pass was made"
    )
    typer.echo(
        f"  {report.candidates} candidates were drafted, {drafted}; of these the "
        f"{report.nodes} that pay best were verified: {report.predicted:.2f} tokens expected of the step (the target's own "
        f"next one among them), {len(best.accepted) + 1} came"
    )
