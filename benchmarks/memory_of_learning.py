"""Memory of all that outlives a step, over as many steps as asked: `python benchmarks/memory_of_learning.py --steps 1000000`.

One memory and one view of the costs go through replay after replay of the shipped traces in turn, at batch 4 with rows
refilled, timings noisy. What a replay itself records is dropped before memory is read.
"""

from __future__ import annotations

import argparse
import gc
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from provenance import provenance

from smartgen.profile import store
from smartgen.trace import load, replay
from smartgen.trace.replaying import believing

HERE = Path(__file__).parent
TRACES = [HERE / "traces" / f"smollm2-135m-eagle3-{name}.npz" for name in ("greedy", "t1")]
RESULT = HERE / "results" / "memory_of_learning.json"
BATCH = 4


def readings(steps: int) -> Iterator[tuple[int, int]]:
    """(steps so far, bytes held) after every replay."""
    traces, profile = [load(path) for path in TRACES], store.load(HERE / "results" / "profile_smollm2_bf16_head.json")
    memory, done, number = believing(profile), 0, 0
    tracemalloc.start()
    while done < steps:
        done += replay(traces[number % 2], "smart", profile, BATCH, memory=memory, noise=0.05, seed=number).steps
        number += 1
        gc.collect()
        yield done, tracemalloc.get_traced_memory()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--out", type=Path, default=RESULT)
    args = parser.parse_args()
    found = []
    for done, held in readings(args.steps):
        found.append({"steps": done, "kib": held // 1024})
        print(f"{done:9d} steps  {held / 2**20:8.3f} MiB", flush=True)
    result = {"provenance": provenance(f"python benchmarks/memory_of_learning.py --steps {args.steps}"), "held": found}
    args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
