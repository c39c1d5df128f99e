"""Memory of all that outlives a step, over as many steps as asked.

    python benchmarks/memory_of_learning.py --steps 150000
    python benchmarks/memory_of_learning.py --steps 1000000 --batch 1 --resident --out FILE

One memory and one view of the costs go through replay after replay of the shipped traces in turn, with rows refilled,
timings noisy. What a replay itself records is dropped before memory is read: every byte that Python and NumPy hold, or,
several times as fast, the most that was ever resident of the process.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
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


def readings(steps: int, batch: int, resident: bool) -> Iterator[tuple[int, int]]:
    """(steps so far, KiB held) after every replay."""
    traces, profile = [load(path) for path in TRACES], store.load(HERE / "results" / "profile_smollm2_bf16_head.json")
    memory, done, number = believing(profile), 0, 0
    if not resident:
        tracemalloc.start()
    while done < steps:
        done += replay(traces[number % 2], "smart", profile, batch, memory=memory, noise=0.05, seed=number).steps
        number += 1
        gc.collect()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        yield done, peak if resident else tracemalloc.get_traced_memory()[0] // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--resident", action="store_true", help="read the peak of the resident set")
    parser.add_argument("--out", type=Path, default=RESULT)
    args = parser.parse_args()
    found = []
    for done, held in readings(args.steps, args.batch, args.resident):
        found.append({"steps": done, "kib": held})
        print(f"{done:9d} steps  {held / 2**10:8.3f} MiB", flush=True)
    words = f"--steps {args.steps} --batch {args.batch}{' --resident' * args.resident}"
    result = {"provenance": provenance(f"python benchmarks/memory_of_learning.py {words}"), "held": found}
    args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
