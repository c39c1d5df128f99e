"""SGLang on a real pair: throughput of a recipe against the plain engine and the engine's own fixed trees, greedy text compared.

On a CPU the engine's kernels are a test's stand-in: ratios within one run mean something, seconds do not. Every engine
is warmed with one pass over all loads, in which a recipe also measures its costs. Usage:
python benchmarks/sglang_pair.py TARGET HEAD PROMPTS.jsonl OUT.json
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

LOADS = (1, 4, 16)
TOKENS = 48
ROUNDS = 2
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
    """Plain, fixed 3/4/8, fixed 5/8/60, `smart`; each its own engine, one after the other."""
    target, head, prompts, out = sys.argv[1:5]
    ids = _prompts(target, Path(prompts))
    found = {}
    for name in ("plain", "3/4/8", "5/8/60", "smart"):
        found[name] = _run(_engine(name, target, head), ids)
        print(name, {load: round(one["seconds"], 2) for load, one in found[name]["loads"].items()}, flush=True)
        Path(out).write_text(json.dumps(found, indent=1))
    for name, one in found.items():
        for load, seen in one["loads"].items():
            plain = found["plain"]["loads"][load]
            ratio, same = plain["seconds"] / seen["seconds"], plain["texts"] == seen["texts"]
            print(
                f"{name:8} {load:>3} requests: {ratio:.2f} x plain, accept length {seen['accept']:.2f}, same text: {same}"
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


def _run(running: Any, ids: list[list[int]]) -> dict[str, Any]:
    loads = {}
    sampling = {"temperature": 0, "max_new_tokens": TOKENS, "ignore_eos": True}
    for load in LOADS:
        running.generate(input_ids=ids[:load], sampling_params=sampling)
    for load in LOADS:
        best, answers = float("inf"), []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            answers = running.generate(input_ids=ids[:load], sampling_params=sampling)
            best = min(best, time.perf_counter() - began)
        rounds = [one["meta_info"].get("spec_verify_ct") or TOKENS for one in answers]
        texts = [one["output_ids"] for one in answers]
        loads[load] = {"seconds": best, "texts": texts, "accept": TOKENS * load / sum(rounds)}
    smart = running.get_server_info()["internal_states"][0].get("smart")
    running.shutdown()
    return {"loads": loads, "smart": smart}


if __name__ == "__main__":
    main()
