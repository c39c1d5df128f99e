"""Does replay tell the truth? Tokens a second that it predicts for `generate` against those on the clock.

    smartgen profile --model smollm2-135m --draft smollm2-135m-eagle3 --dtype bf16 --batch 1,4,16
    smartgen trace --model smollm2-135m --dtype bf16 --prompts FILE --limit 16 --out trace.npz
    python benchmarks/replay_truth.py trace.npz --dtype bfloat16 --batch 1,4,16 --out FILE

The trace's own requests are generated again under every recipe, batch by batch as `replay --rows drain` takes them, and
decoding is timed: prefill and the measuring of costs are left out on both sides. Recipes take turns on each batch, so
that a slow moment of the machine hits all of them. The clock of a busy machine says nothing about a profile measured on a
quiet one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM

import smartgen
from smartgen.hf.costing import CostSource, provenance
from smartgen.models import get, resolve
from smartgen.profile import store
from smartgen.trace import Trace, load, replay


def padded(trace: Trace, requests: list[int]) -> dict[str, torch.Tensor]:
    prompts = [trace.prompt_of(request).tolist() for request in requests]
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    return {"input_ids": ids, "attention_mask": mask}


def clocked(model, drafter, trace: Trace, recipes: list[str], batch: int) -> dict[str, float]:
    """Tokens a second of decoding, by recipe."""
    tokens: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    calls = [list(range(trace.requests))[start : start + batch] for start in range(0, trace.requests, batch)]
    for number, requests in enumerate([calls[0], *calls]):  # the first call warms up
        turn = number % len(recipes)
        for recipe in recipes[turn:] + recipes[:turn]:
            torch.manual_seed(trace.header.seed + requests[0])
            sampling = {"do_sample": False}
            if trace.header.sampled:
                sampling = {"do_sample": True, "temperature": trace.header.temperature, "top_k": 0, "top_p": 1.0}
            stats = model.generate(
                **padded(trace, requests),
                **sampling,
                max_new_tokens=trace.header.new_tokens,
                smart_recipe=recipe,
                assistant_model=drafter,
                return_dict_in_generate=True,
            ).speculation
            if number:
                tokens[recipe] += stats.committed
                seconds[recipe] += sum(stats.seconds[phase] for phase in ("draft", "verify", "other"))
    return {recipe: tokens[recipe] / seconds[recipe] for recipe in recipes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace", type=Path)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--draft", default="smollm2-135m-eagle3")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--batch", default="1,4,16")
    parser.add_argument("--recipes", default="off,chain,eagle2,smart")
    parser.add_argument("--profile", type=Path, help="default: the one remembered for this pair")
    parser.add_argument("--requests", type=int, help="of the trace, the first ones; default: all")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    trace = load(args.trace)
    if args.requests:
        trace = trace.first(args.requests)
    model = AutoModelForCausalLM.from_pretrained(get(args.model), dtype=getattr(torch, args.dtype)).eval()
    smartgen.attach(model, profile=str(args.profile) if args.profile else None)
    drafter = smartgen.load_drafter(resolve(args.draft), model)
    profile = store.load(args.profile) if args.profile else CostSource.find(model, drafter, "auto").profile
    recipes, rows = args.recipes.split(","), []
    for batch in map(int, args.batch.split(",")):
        found = clocked(model, drafter, trace, recipes, batch)
        for recipe in recipes:
            predicted = replay(trace, recipe, profile, batch, "drain").rate
            rows.append({"batch": batch, "recipe": recipe, "clock": found[recipe], "replay": predicted})
            print(
                f"batch {batch:2} {recipe:10} clock {found[recipe]:7.1f}  replay {predicted:7.1f}  "
                f"replay / clock {predicted / found[recipe]:.3f}",
                flush=True,
            )
    if args.out:
        command = " ".join(["python", "benchmarks/replay_truth.py", *sys.argv[1:]])
        args.out.write_text(json.dumps({"provenance": provenance(command), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
