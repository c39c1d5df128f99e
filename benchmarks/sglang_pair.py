"""SGLang on a real pair: throughput of a recipe against the plain engine and the engine's own fixed trees, greedy text compared.

On a CPU the engine's kernels are a test's stand-in: ratios within one run mean something, seconds do not. Every engine
is warmed with a short pass at the largest load; a recipe measured its costs in the tour at its start. The plain engine runs
in every call, so a long comparison can be cut into slices whose ratios stand by themselves. Usage:
python benchmarks/sglang_pair.py TARGET HEAD PROMPTS.jsonl OUT.json [--only 3/4/8,smart] [--loads 1,4] [--tokens 48] [--rounds 2]
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

LOADS = (1, 4, 16)
OTHERS = "3/4/8,5/8/60,smart"
WARM = 4  # tokens of the pass that warms an engine
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
}


def main() -> None:
    """The plain engine and the others asked for, one after the other."""
    asked = _asked()
    loads = [int(load) for load in asked.loads.split(",")]
    ids = _prompts(asked.target, asked.prompts)
    found: dict[str, Any] = {}
    for name in ("plain", *asked.only.split(",")):
        found[name] = _run(_engine(name, asked.target, asked.head), ids, loads, asked)
        print(name, {load: round(one["seconds"], 2) for load, one in found[name]["loads"].items()}, flush=True)
        asked.out.write_text(json.dumps(found, indent=1))
    for name, one in found.items():
        for load, seen in one["loads"].items():
            _compare(name, load, seen, found["plain"]["loads"][load])


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("head")
    parser.add_argument("prompts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default=OTHERS)
    parser.add_argument("--loads", default=",".join(map(str, LOADS)))
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=2, help="passes over every load; the fastest counts")
    return parser.parse_args()


def _compare(name: str, load: int, seen: dict[str, Any], plain: dict[str, Any]) -> None:
    ratio = plain["seconds"] / seen["seconds"]
    same = sum(own == other for own, other in zip(seen["texts"], plain["texts"], strict=True))
    print(
        f"{name:8} {load:>3} requests: {ratio:.2f} x plain, accept length {seen['accept']:.2f}, "
        f"same text: {same} of {load}, rounds {seen['tiers']}"
    )


def _engine(name: str, target: str, head: str) -> Any:
    import sglang

    from smartgen.sglang import engine

    pair = {"speculative_algorithm": "EAGLE3", "speculative_draft_model_path": head}
    arguments: dict[str, Any] = {**COMMON, "model_path": target}
    if name == "plain":
        return sglang.Engine(**arguments)
    if name == "smart":
        return engine("smart", **arguments, **pair)
    fields = ("speculative_num_steps", "speculative_eagle_topk", "speculative_num_draft_tokens")
    return sglang.Engine(**arguments, **pair, **dict(zip(fields, map(int, name.split("/")), strict=True)))


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


def _run(running: Any, ids: list[list[int]], loads: list[int], asked: argparse.Namespace) -> dict[str, Any]:
    found, tokens = {}, asked.tokens
    sampling = {"temperature": 0, "max_new_tokens": tokens, "ignore_eos": True}
    running.generate(input_ids=ids[: max(loads)], sampling_params={**sampling, "max_new_tokens": WARM})
    for load in loads:
        before = _smart(running).get("rounds_by_tier", {})
        times, answers = [], []
        for _ in range(asked.rounds):
            began = time.perf_counter()
            answers = running.generate(input_ids=ids[:load], sampling_params=sampling)
            times.append(time.perf_counter() - began)
        after = _smart(running).get("rounds_by_tier", {})
        rounds = [one["meta_info"].get("spec_verify_ct") or tokens for one in answers]
        found[load] = {
            "seconds": min(times),
            "times": times,
            "texts": [one["output_ids"] for one in answers],
            "accept": tokens * load / sum(rounds),
            "tiers": {
                tier: count - before.get(tier, 0) for tier, count in after.items() if count > before.get(tier, 0)
            },
        }
    smart = _smart(running)
    running.shutdown()
    return {"loads": found, "smart": smart}


def _smart(running: Any) -> dict[str, Any]:
    """What the recipe decides at present; nothing for an engine without one."""
    return running.get_server_info()["internal_states"][0].get("smart") or {}


if __name__ == "__main__":
    main()
