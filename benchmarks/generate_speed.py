"""Tokens per second of `generate` on a real model: plain, our loop at n = 0, fixed recipes and `smart`, interleaved.

    python benchmarks/generate_speed.py --prompts FILE --batch 1,4,16 --draft smollm2-135m-eagle3,ngram --rounds 5 --out FILE

Each round takes other prompts and runs every way to generate on them, in an order that rotates; what is reported are
medians over rounds of the ratio to plain in the same round, with the smallest and largest. A cost profile is measured
first unless one is remembered, and the time that took is reported apart (`--fresh` measures inside the first call and
counts it). Prompts: one JSON object a line with `turns`, as in `smartgen generate --prompts`.

    python benchmarks/generate_speed.py --table benchmarks/results/speed_*.json

prints stored results as one table, with what `smart` reached of the faster of plain and n = 0, and of the fixed recipe
that was best in that cell in hindsight.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import random
import statistics
import sys
import time
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

import smartgen
from smartgen.cli.loading import device_named
from smartgen.models.get import get

NODES = (
    "smartgen 1\npolicy nodes{n} {{ benefit accepted = node.path  expand best {w}  verify best {n}  limit depth {d} }}"
)
CHAIN = "smartgen 1\npolicy chain{k} {{ benefit accepted = node.path  expand best 1  verify all  limit depth {k} }}"
RECIPES = {
    "off": "off",
    "eagle2": "eagle2",
    "chain2": CHAIN.format(k=2),
    "chain4": CHAIN.format(k=4),
    "nodes4": NODES.format(n=4, w=4, d=2),
    "nodes8": NODES.format(n=8, w=8, d=3),
    "nodes16": NODES.format(n=16, w=10, d=4),
    "smart": "smart",
}
SWEEP = ("chain2", "chain4", "nodes4", "nodes8", "nodes16")


def read_prompts(path: Path, tokenizer) -> list[list[int]]:
    texts = [json.loads(line)["turns"][0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    random.Random(0).shuffle(texts)
    chats = [[{"role": "user", "content": text}] for text in texts]
    return [tokenizer.apply_chat_template(c, add_generation_prompt=True, return_dict=False)[:700] for c in chats]


def batch_of(prompts: list[list[int]], padded: bool, pad: int) -> dict[str, torch.Tensor]:
    length = max(map(len, prompts)) if padded else min(map(len, prompts))
    rows = [[pad] * (length - len(p)) + p[-length:] for p in prompts]
    mask = [[0] * (length - len(p)) + [1] * min(len(p), length) for p in prompts]
    return {"input_ids": torch.tensor(rows), "attention_mask": torch.tensor(mask)}


def timed(model, inputs, tokens: int, recipe: str | None, drafter, sample: bool, seed: int):
    inputs = {name: part.to(model.device) for name, part in inputs.items()}
    options = {"max_new_tokens": tokens, "do_sample": sample, "return_dict_in_generate": True}
    if sample:
        options |= {"temperature": 1.0, "top_k": 0}
    torch.manual_seed(seed)
    began = time.perf_counter()
    if recipe is None:
        output = model.generate(**inputs, **options)
    else:
        output = model.generate(**inputs, smart_recipe=recipe, assistant_model=drafter, **options)
    output.sequences[:, -1].tolist()  # a GPU is waited for
    took = time.perf_counter() - began
    return took, output


def new_tokens(output, inputs, ends: set[int]) -> int:
    """Tokens before and including each row's end token."""
    total = 0
    for row in output.sequences[:, inputs["input_ids"].shape[1] :].tolist():
        ended = next((i + 1 for i, token in enumerate(row) if token in ends), len(row))
        total += ended
    return total


def cell(model, tokenizer, prompts, batch, name, drafter, args, padded) -> dict:
    """One batch size x drafter x padding: every way, `rounds` times."""
    chosen = {key: RECIPES[key] for key in args.recipes.split(",")}
    ways = [("plain", None), *chosen.items()]
    ends = {tokenizer.eos_token_id}
    rates: dict[str, list[float]] = {way: [] for way, _ in ways}
    lengths: dict[str, list[float]] = {way: [] for way in chosen}
    warm = batch_of(prompts[-batch:], padded, tokenizer.pad_token_id)
    timed(model, warm, 8, None, None, False, 0)
    if not args.fresh:
        timed(model, warm, 24, "smart", drafter, args.sample, 0)
    for round_ in range(args.rounds):
        start = (args.skip + round_) * batch % max(1, len(prompts) - batch)
        inputs = batch_of(prompts[start : start + batch], padded, tokenizer.pad_token_id)
        turn = round_ % len(ways)
        for way, recipe in ways[turn:] + ways[:turn]:
            took, output = timed(model, inputs, args.tokens, recipe, drafter, args.sample, round_)
            rates[way].append(new_tokens(output, inputs, ends) / took)
            if recipe is not None:
                lengths[way].append(output.speculation.accept_length)
        print(
            f"  round {round_}: " + "  ".join(f"{way} {rates[way][-1]:.1f}" for way, _ in ways),
            file=sys.stderr,
            flush=True,
        )
    result = {
        "batch": batch,
        "drafter": name,
        "padded": padded,
        "plain_tokens_per_second": statistics.median(rates["plain"]),
        **margins(rates),
    }
    for way in chosen:
        ratio = [a / b for a, b in zip(rates[way], rates["plain"], strict=True)]
        result[way] = {
            "ratio": statistics.median(ratio),
            "low": min(ratio),
            "high": max(ratio),
            "accept_length": statistics.median(lengths[way]),
        }
    return result


def margins(rates: dict[str, list[float]]) -> dict:
    """Medians over rounds of `smart` over the faster of plain and n = 0, and over the best fixed recipe of the sweep."""
    found = {}
    rivals = {"smart_over_none": ("plain", "off"), "smart_over_sweep": SWEEP}
    for label, names in rivals.items():
        known = [name for name in names if name in rates]
        if known and "smart" in rates:
            best = max(known, key=lambda name: statistics.median(rates[name]))
            ratios = [a / b for a, b in zip(rates["smart"], rates[best], strict=True)]
            found[label] = {"rival": best, "ratio": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}
    return found


def provenance(args, dtype) -> dict:
    return {
        "model": args.model,
        "dtype": dtype,
        "device": device_of(args.device)[1],
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "smartgen": smartgen.__version__,
        "date": datetime.date.today().isoformat(),
        "tokens": args.tokens,
        "rounds": args.rounds,
        "sample": args.sample,
        "command": " ".join(["python", "benchmarks/generate_speed.py", *map(_without_folder, sys.argv[1:])]),
    }


def device_of(name: str) -> tuple[torch.device, str]:
    """The device to run on, and what it calls itself."""
    device = device_named(name)
    if device.type == "cuda":
        return device, torch.cuda.get_device_name(device)
    return device, platform.processor() or platform.machine()


def _without_folder(word: str) -> str:
    """Where a file lay is nobody's business."""
    return Path(word).name if Path(word).is_absolute() else word


def table(cells: list[dict]) -> str:
    recipes = [name for name in RECIPES if any(name in cell for cell in cells)]
    labels = {"smart_over_none": "smart / faster of plain, off", "smart_over_sweep": "smart / best fixed"}
    head = ["batch", "drafter", "padded", "plain tok/s", *recipes, *labels.values()]
    rows = [
        [
            str(c["batch"]),
            c["drafter"],
            "yes" if c["padded"] else "no",
            f"{c['plain_tokens_per_second']:.1f}",
            *(f"{c[r]['ratio']:.2f}" if r in c else "" for r in recipes),
            *(f"{c[m]['ratio']:.2f} ({c[m]['rival']})" if m in c else "" for m in labels),
        ]
        for c in cells
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=Path)
    parser.add_argument("--table", type=Path, nargs="+", help="print stored results and do nothing else")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--draft", default="smollm2-135m-eagle3,ngram")
    parser.add_argument("--batch", default="1,4,16")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--no-cudnn", action="store_true", help="plain decoding without cuDNN's attention as well")
    parser.add_argument("--padding", default="yes,no")
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--skip", type=int, default=0, help="rounds of prompts to skip")
    parser.add_argument("--sample", action="store_true", help="temperature 1 instead of greedy")
    parser.add_argument("--fresh", action="store_true", help="no warm-up: measuring costs counts in the first round")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.table:
        print(table([cell for path in args.table for cell in json.loads(path.read_text())["cells"]]))
        return
    if args.prompts is None:
        parser.error("--prompts FILE is needed")
    transformers.logging.set_verbosity_error()
    if args.no_cudnn:
        torch.backends.cuda.enable_cudnn_sdp(False)
    folder = get(args.model)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, args.dtype)).eval()
    model.to(device_of(args.device)[0])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    prompts = read_prompts(args.prompts, tokenizer)
    smartgen.attach(model)
    cells = []
    for name in args.draft.split(","):
        drafter = None if name == "ngram" else smartgen.load_drafter(name, model)
        for batch in map(int, args.batch.split(",")):
            for padded in [word == "yes" for word in args.padding.split(",")]:
                if batch == 1 and padded and "no" in args.padding:
                    continue  # one row is never padded
                print(f"batch {batch}, {name}, {'padded' if padded else 'unpadded'}", file=sys.stderr, flush=True)
                cells.append(cell(model, tokenizer, prompts, batch, name, drafter, args, padded))
                if args.out:
                    args.out.write_text(
                        json.dumps({"provenance": provenance(args, args.dtype), "cells": cells}, indent=1) + "\n"
                    )
    print(table(cells))


if __name__ == "__main__":
    main()
