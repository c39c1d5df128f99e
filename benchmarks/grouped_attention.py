"""What verifying n draft nodes a row costs, with stock sdpa attention and with grouped attention, interleaved.

python benchmarks/grouped_attention.py --model smollm2-135m --batch 1,4,16 --context 200
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import nullcontext

import numpy as np
import torch
import transformers

from smartgen.attention.grouped import grouped
from smartgen.hf.gate import capability
from smartgen.hf.target import Target
from smartgen.hf.timing import run_verify
from smartgen.models import get


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--batch", default="1,4,16")
    parser.add_argument("--sizes", default="0,1,4,16,64")
    parser.add_argument("--context", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dtype", default="bfloat16")
    args = parser.parse_args()
    model = transformers.AutoModelForCausalLM.from_pretrained(get(args.model), dtype=getattr(torch, args.dtype)).eval()
    style = capability(model)
    print("batch  nodes  stock ms  grouped ms")
    for batch in map(int, args.batch.split(",")):
        target = Target(model, style, np.zeros(batch, np.int64), None)
        prompt = torch.randint(10, 1000, (batch, args.context))
        model(input_ids=prompt, **{target.cache_argument: target.cache}, use_cache=True)
        target.cache.seal(args.context + 80)
        for size in map(int, args.sizes.split(",")):
            seconds: dict[str, list[float]] = {"stock": [], "grouped": []}
            for round_ in range(args.rounds + 1):
                for name, context in (("stock", nullcontext()), ("grouped", grouped(model))):
                    with context:
                        began = time.perf_counter()
                        run_verify(target, size)
                        if round_:
                            seconds[name].append(time.perf_counter() - began)
            stock, ours = (1e3 * statistics.median(seconds[name]) for name in ("stock", "grouped"))
            print(f"{batch:5}  {size:5}  {stock:8.1f}  {ours:10.1f}", flush=True)


if __name__ == "__main__":
    main()
