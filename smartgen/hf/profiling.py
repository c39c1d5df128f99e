"""The thorough measurement behind `smartgen profile`: batches x contexts x sizes on the real model and drafter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import torch

from smartgen.attention.grouped import grouped
from smartgen.attention.mask import MaskStyle
from smartgen.attention.steady import steady
from smartgen.drafters.protocol import Drafter, Session
from smartgen.hf.costing import profile_key, provenance
from smartgen.hf.features import FeatureTap
from smartgen.hf.gate import capability
from smartgen.hf.hosting import host_points
from smartgen.hf.target import Target
from smartgen.hf.timing import catch_up_points, draft_points, in_seconds, stopwatch, verify_points
from smartgen.packing.model import pack, packed
from smartgen.profile.errors import ProfileError
from smartgen.profile.measure import PENDING, SIZES, WIDTHS, of_rounds
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable, Point

Report = Callable[[str], None]
Found = dict[str, list[Point]]  # by the table that they belong to
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

    `model` must be attached. `report` hears what is measured. Raises ProfileError where memory does not suffice.
    """
    style = capability(model)
    rounds, steps = list[Found](), defaultdict[tuple[int, int], list[float]](list)
    for number in range(1, ROUNDS + 1):
        found: Found = defaultdict(list)
        for batch in batches:
            for context in contexts:
                report(f"round {number} of {ROUNDS}: batch {batch}, context {context}")
                with _in_memory(batch, context):
                    taken, plain = _in_steps(model, style, drafter, batch, context, budget)
                steps[batch, context] += plain
                for name, points in taken.items():
                    found[name] += points
            report(f"round {number} of {ROUNDS}: batch {batch}, the host's part")
            found["host"] += host_points(model, drafter, batch)
        rounds.append(found)
    settled = {name: of_rounds([found[name] for found in rounds]) for name in ("verify", "draft", "catch_up")}
    tables = {name: CostTable(in_seconds(points, steps)) for name, points in settled.items()}
    host = CostTable(of_rounds([found["host"] for found in rounds]))
    return Profile(profile_key(model, drafter), provenance=provenance(command), host=host, **tables)


@contextmanager
def _in_memory(batch: int, context: int) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "DefaultCPUAllocator" not in str(error):
            raise
        raise ProfileError(
            f"batch {batch} at context {context} needs more memory than there is; ask for less with --batch or --context"
        ) from None


def _in_steps(
    model: torch.nn.Module, style: MaskStyle, drafter: Drafter, batch: int, context: int, budget: float
) -> tuple[Found, list[float]]:
    """Points in plain steps, and what plain steps took."""
    tap = FeatureTap(model, drafter.feature_layers) if drafter.feature_layers else None
    vocabulary = int(model.config.get_text_config().vocab_size)
    generator = torch.Generator().manual_seed(0)
    pack(model)
    prompt = torch.randint(0, vocabulary, (batch, context), generator=generator)
    with tap or nullcontext(), grouped(model), packed(model), steady(model.device):
        target = Target(model, style, np.zeros(batch, np.int64), tap)
        model(
            input_ids=prompt.to(model.device), **{target.cache_argument: target.cache}, use_cache=True, return_dict=True
        )
        target.cache.seal(context + max(SIZES) + 16)
        features = tap.take() if tap is not None else None
        watch, each = stopwatch(target), budget / ROUNDS
        found: Found = {"verify": verify_points(target, watch, context, each, CEILING, reach=budget / 4)}
        if not drafter.free:
            begin, last = partial(_session, drafter, prompt, features), None if features is None else features[:, -1:]
            found["draft"] = draft_points(begin(), watch, batch, context, each / 3)
            found["catch_up"] = catch_up_points(begin, last, watch, batch, context, each / 3)
        return found, watch.steps


def _session(drafter: Drafter, prompt: torch.Tensor, features: torch.Tensor | None) -> Session:
    batch, context = prompt.shape
    capacity = context + 2 * max(PENDING) + max(WIDTHS) + 2
    session = drafter.prefill(prompt.numpy().astype(np.int64), np.full(batch, context), features, capacity)
    last = None if features is None else features[:, -1:]
    session.commit(prompt[:, -1:].numpy().astype(np.int64), np.ones(batch, np.int64), last)
    return session
