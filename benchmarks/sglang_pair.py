"""SGLang on a real pair: throughput of a recipe against the plain engine and the engine's own fixed trees, greedy text compared.

    python benchmarks/sglang_pair.py TARGET HEAD PROMPTS.jsonl OUT.json --engines plain,3/4/8,5/8/60,smart --loads 1,4,16
    python benchmarks/sglang_pair.py TARGET HEAD PROMPTS.jsonl OUT.json --engines plain,random --loads 16   # asleep

All engines are resident at the same time, each in processes of its own, and asleep while they have nothing to do. Requests go
to one of them at a time; in every round each is asked the same, in turn, so what else the machine does meets all alike. Ratios
to the plain engine are taken within a round; their median counts. `random` is `smart` with a head of random weights. On a CPU
the engine's kernels are a test's stand-in: ratios mean something, seconds do not.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from provenance import provenance

LOADS = (1, 4, 16)
PLAIN = "plain"
ENGINES = f"{PLAIN},3/4/8,5/8/60,smart"
STEERED = ("smart", "random")
WARM = 4  # tokens of the pass that warms an engine at the largest load
SETTLE = 80  # tokens of one request in which a recipe learns what its draft is worth, before anything counts
EXPLAINED = ("tier", "reason", "level", "predicted_tokens", "measured_tokens", "expected_tokens", "expected_seconds")
COMMON = {
    "device": "cpu",
    "dtype": "float32",
    "max_total_tokens": 8192,
    "max_running_requests": 16,
    "context_length": 1024,
    "log_level": "warning",
    "mem_fraction_static": 0.1,
    "watchdog_timeout": 900,
    "prefill_attention_backend": "intel_amx",
    "decode_attention_backend": "intel_amx",
    "disable_cuda_graph": True,
    "disable_radix_cache": True,
    "disable_overlap_schedule": True,
    "sleep_on_idle": True,
}


def main() -> None:
    """All engines are started one after the other; then round by round."""
    asked = _asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the engines are stopped then, too
    where = provenance("python benchmarks/sglang_pair.py")
    loads = [int(load) for load in asked.loads.split(",")]
    names = asked.engines.split(",")
    ids = _prompts(asked.target, asked.prompts)
    with tempfile.TemporaryDirectory() as folder:
        engines = {name: Resident(name, asked, Path(folder)) for name in names}
        try:
            for name, engine in engines.items():
                print(name, "is up", flush=True)
                engine.ask(ids[: max(loads)], WARM)
                if name in STEERED:
                    engine.ask(ids[:1], SETTLE)
            found: dict[str, Any] = {load: {name: [] for name in names} for load in loads}
            for number in range(asked.rounds):
                for load in loads:
                    for name in names[number % len(names) :] + names[: number % len(names)]:
                        found[load][name].append(engines[name].ask(ids[:load], asked.tokens))
                    print(f"round {number + 1}, {load} requests:", _seconds(found[load]), flush=True)
                cells = [_cell(name, load, found[load]) for load in loads for name in names]
                asked.out.write_text(json.dumps({"provenance": where, "cells": cells}, indent=1) + "\n")
        finally:
            for engine in engines.values():
                engine.stop()
    for one in cells:
        print(one)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("head")
    parser.add_argument("prompts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--engines", default=ENGINES)
    parser.add_argument("--loads", default=",".join(map(str, LOADS)))
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


class Resident:
    """An engine in a process of its own (it starts more), which answers one question at a time."""

    def __init__(self, name: str, asked: argparse.Namespace, folder: Path) -> None:
        spawning = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawning.Pipe()
        self.process = spawning.Process(target=_serve, args=(theirs, name, asked.target, asked.head, str(folder)))
        self.process.start()
        theirs.close()
        self.pipe.recv()

    def ask(self, ids: list[list[int]], tokens: int) -> dict[str, Any]:
        """What it answered, and what that took."""
        self.pipe.send((ids, tokens))
        found: dict[str, Any] = self.pipe.recv()
        return found

    def stop(self) -> None:
        self.pipe.send(None)
        self.process.join(60)


def _serve(pipe: Any, name: str, target: str, head: str, folder: str) -> None:
    running = _engine(name, target, head, Path(folder))
    try:
        _answer(pipe, running)
    except (EOFError, BrokenPipeError):
        pass  # whoever asked is gone
    finally:
        running.shutdown()


def _answer(pipe: Any, running: Any) -> None:
    pipe.send("up")
    while (question := pipe.recv()) is not None:
        ids, tokens = question
        sampling = {"temperature": 0, "max_new_tokens": tokens, "ignore_eos": True}
        before = _smart(running).get("rounds_by_tier", {})
        began = time.perf_counter()
        answers = running.generate(input_ids=ids, sampling_params=sampling)
        seconds = time.perf_counter() - began
        smart = _smart(running)
        after = smart.get("rounds_by_tier", {})
        pipe.send(
            {
                "seconds": seconds,
                "texts": [one["output_ids"] for one in answers],
                "rounds": sum(one["meta_info"].get("spec_verify_ct") or tokens for one in answers),
                "tiers": {tier: n - before.get(tier, 0) for tier, n in after.items() if n > before.get(tier, 0)},
                "smart": {name: smart[name] for name in EXPLAINED if name in smart},
            }
        )


def _engine(name: str, target: str, head: str, folder: Path) -> Any:
    import sglang

    from smartgen.sglang import engine

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    pair = {"speculative_algorithm": "EAGLE3", "speculative_draft_model_path": head}
    arguments: dict[str, Any] = {**COMMON, "model_path": target}
    if name == PLAIN:
        return sglang.Engine(**arguments)
    if name in STEERED:
        if name == "random":
            pair["speculative_draft_model_path"] = str(_random_head(Path(head), folder / "random"))
        return engine("smart", **arguments, **pair)
    fields = ("speculative_num_steps", "speculative_eagle_topk", "speculative_num_draft_tokens")
    return sglang.Engine(**arguments, **pair, **dict(zip(fields, map(int, name.split("/")), strict=True)))


def _random_head(head: Path, folder: Path) -> Path:
    """A head of the same shape that knows nothing."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(head, folder)
    torch.manual_seed(0)
    for file in folder.glob("*.safetensors"):
        weights = load_file(file)
        for name, weight in weights.items():
            if weight.is_floating_point() and weight.dim() > 1:
                weights[name] = (torch.randn(weight.shape) * weight.float().std()).to(weight.dtype)
        save_file(weights, file)
    return folder


def _prompts(target: str, file: Path) -> list[list[int]]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(target)
    texts = [json.loads(line)["turns"][0] for line in file.read_text(encoding="utf-8").splitlines()]
    texts = [text for text in texts if len(text) < 400][:: max(1, len(texts) // 40)][: max(LOADS)]
    return [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, return_dict=False
        )
        for text in texts
    ]


def _smart(running: Any) -> dict[str, Any]:
    """What the recipe decides at present; nothing for an engine without one."""
    return running.get_server_info()["internal_states"][0].get("smart") or {}


def _seconds(found: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    return {name: round(seen[-1]["seconds"], 2) for name, seen in found.items()}


def _cell(name: str, load: int, found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """One engine at one load: ratios to the plain engine in the same round, texts compared in all of them."""
    mine, plain = found[name], found[PLAIN]
    ratios = [other["seconds"] / own["seconds"] for own, other in zip(mine, plain, strict=True)]
    pairs = [
        pair for own, other in zip(mine, plain, strict=True) for pair in zip(own["texts"], other["texts"], strict=True)
    ]
    tiers: dict[str, int] = {}
    for one in mine:
        for tier, count in one["tiers"].items():
            tiers[tier] = tiers.get(tier, 0) + count
    tokens = sum(len(text) for one in mine for text in one["texts"])
    return {
        "engine": name,
        "requests": load,
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "seconds": [round(one["seconds"], 3) for one in mine],
        "accept_length": round(tokens / sum(one["rounds"] for one in mine), 2),
        "same_text": f"{sum(own == other for own, other in pairs)} of {len(pairs)}",
        "rounds_by_tier": tiers,
        "smart": mine[-1]["smart"],
    }


if __name__ == "__main__":
    main()
