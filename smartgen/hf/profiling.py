"""The thorough measurement behind `smartgen profile`: batches x contexts x sizes on the real model and drafter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial

import numpy as np
import torch

from smartgen.attention.grouped import grouped
from smartgen.attention.steady import steady
from smartgen.drafters.protocol import Drafter, Session
from smartgen.hf.costing import profile_key, provenance
from smartgen.hf.features import FeatureTap
from smartgen.hf.gate import capability
from smartgen.hf.hosting import host_points
from smartgen.hf.target import Target
from smartgen.hf.timing import catch_up_points, draft_points, verify_points
from smartgen.packing.model import pack, packed
from smartgen.profile.measure import PENDING, SIZES, WIDTHS, of_rounds
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable, Point

Report = Callable[[str], None]
ROUNDS = 3
CEILING = 12.0  # sizes dearer than this many plain steps are not worth knowing, whatever the batch


@torch.no_grad()
def measure_profile(
    model: torch.nn.Module,
    drafter: Drafter,
    batches: Sequence[int],
    contexts: Sequence[int],
    budget: float,
    command: str,
    report: Report,
) -> Profile:
    """Seconds of verification and drafting; about `budget` seconds for each (batch, context), and of the host's part of a step.

    `model` must be attached. `report` hears what is measured.
    """
    rounds = [_measure_all(model, drafter, batches, contexts, budget, report, n + 1) for n in range(ROUNDS)]
    tables = {name: CostTable(of_rounds([found[name] for found in rounds])) for name in rounds[0]}
    return Profile(profile_key(model, drafter), provenance=provenance(command), **tables)


def _measure_all(
    model: torch.nn.Module,
    drafter: Drafter,
    batches: Sequence[int],
    contexts: Sequence[int],
    budget: float,
    report: Report,
    number: int,
) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {"verify": [], "draft": [], "catch_up": [], "host": []}
    for batch in batches:
        for context in contexts:
            report(f"round {number} of {ROUNDS}: batch {batch}, context {context}")
            for name, points in _measure_one(model, drafter, batch, context, budget).items():
                found[name] += points
        report(f"round {number} of {ROUNDS}: batch {batch}, the host's part")
        found["host"] += host_points(model, drafter, batch)
    return found


def _measure_one(
    model: torch.nn.Module, drafter: Drafter, batch: int, context: int, budget: float
) -> dict[str, list[Point]]:
    tap = FeatureTap(model, drafter.feature_layers) if drafter.feature_layers else None
    vocabulary = int(model.config.get_text_config().vocab_size)
    generator = torch.Generator().manual_seed(0)
    pack(model)
    prompt = torch.randint(0, vocabulary, (batch, context), generator=generator)
    with tap or nullcontext(), grouped(model), packed(model), steady(model.device):
        target = Target(model, capability(model), np.zeros(batch, np.int64), tap)
        model(
            input_ids=prompt.to(model.device), **{target.cache_argument: target.cache}, use_cache=True, return_dict=True
        )
        target.cache.seal(context + max(SIZES) + 16)
        features = tap.take() if tap is not None else None
        found = {"verify": verify_points(target, context, budget / ROUNDS, CEILING, reach=budget / 4)}
        if drafter.free:
            return found
        begin, last = partial(_session, drafter, prompt, features), None if features is None else features[:, -1:]
        return found | {
            "draft": draft_points(target, begin(), context, budget / 3 / ROUNDS),
            "catch_up": catch_up_points(target, begin, last, context, budget / 3 / ROUNDS),
        }


def _session(drafter: Drafter, prompt: torch.Tensor, features: torch.Tensor | None) -> Session:
    batch, context = prompt.shape
    capacity = context + 2 * max(PENDING) + max(WIDTHS) + 2
    session = drafter.prefill(prompt.numpy().astype(np.int64), np.full(batch, context), features, capacity)
    last = None if features is None else features[:, -1:]
    session.commit(prompt[:, -1:].numpy().astype(np.int64), np.ones(batch, np.int64), last)
    return session
