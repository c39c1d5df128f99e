"""What a step takes beside the target's forward and the drafting passes: decisions, caches, text; on the host, in Python.

Measured on real calls, since it is the loop itself that takes it.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import torch

from smartgen.drafters.protocol import Drafter
from smartgen.profile.table import Point

PROMPT = 16  # tokens: what the host does hardly depends on the context
STEPS = 8
CALLS = 3
TREE = (
    "smartgen 1\npolicy host { "
    "benefit accepted = path(calibrated(node.prob, node.rank, node.depth, node.source, request.sampled))  "
    "expand best 4  verify best 4  limit depth 1 }"
)


def host_points(model: torch.nn.Module, drafter: Drafter, batch: int) -> list[Point]:
    """Seconds of a step of `batch` rows apart from forward and passes: size 0 without drafting, size 1 with a small tree.

    `model` must be attached; what the calls teach about random text stays with it. Recipes that learn more, or draft deeper,
    take some tenths of a millisecond more.
    """
    return [
        Point(batch, PROMPT, size, _seconds(model, drafter, batch, text)) for size, text in enumerate(("off", TREE))
    ]


def _seconds(model: Any, drafter: Drafter, batch: int, recipe: str) -> float:
    """Median over calls of the mean over steps; the first call warms up."""
    vocabulary = int(model.config.get_text_config().vocab_size)
    generator = torch.Generator().manual_seed(0)
    prompt = torch.randint(0, vocabulary, (batch, PROMPT), generator=generator).to(model.device)
    found = []
    for _ in range(CALLS + 1):
        stats = model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            do_sample=False,
            max_new_tokens=STEPS + 1,
            smart_recipe=recipe,
            assistant_model=drafter,
            return_dict_in_generate=True,
        ).speculation
        found.append(stats.seconds["other"] / max(stats.steps, 1))
    return median(found[1:])
