"""Products of one decoding step on plain and on packed weights, without the rest of the model.

    python benchmarks/packed_products.py [--rounds 9]

The shapes are SmolLM2-135M's; weights are random. Interleaved, medians.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
import torch.nn.functional as F

from smartgen.packing.linear import Linear

LAYER = ((576, 576), (192, 576), (192, 576), (576, 576), (1536, 576), (1536, 576), (576, 1536))
SHAPES = [*LAYER * 30, (49152, 576)]


def seconds(weights: list, inputs: dict[int, torch.Tensor], multiply) -> float:
    began = time.perf_counter()
    for (_, width), weight in zip(SHAPES, weights, strict=True):
        multiply(inputs[width], weight)
    return time.perf_counter() - began


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    print("dtype      rows  plain ms  packed ms")
    for dtype in (torch.bfloat16, torch.float32):
        plain = [torch.randn(shape).to(dtype) for shape in SHAPES]
        copies = [Linear(weight) for weight in plain]
        for rows in (1, 2, 5, 9, 16, 32, 64):
            inputs = {width: torch.randn(1, rows, width).to(dtype) for width in (576, 1536)}
            times = [
                (seconds(plain, inputs, F.linear), seconds(copies, inputs, lambda x, weight: weight(x)))
                for _ in range(args.rounds)
            ]
            medians = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
            print(f"{str(dtype)[6:]:<9} {rows:>5}", *(f"{value:>9.1f}" for value in medians))


if __name__ == "__main__":
    main()
