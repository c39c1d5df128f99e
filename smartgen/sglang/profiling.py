"""`smartgen profile --engine sglang`: the engine itself runs its tiers over batches and contexts, and its rounds are timed."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from typing import Any

from smartgen.profile.profile import Key, Profile
from smartgen.profile.table import CostTable, Point
from smartgen.sglang.errors import ServeError
from smartgen.sglang.python import engine
from smartgen.sglang.starting import MEASURE

ROUNDS = 200  # tokens a request may emit: enough for a tour, of which every round commits one at least


def measure(
    engine_arguments: dict[str, Any],
    batches: Sequence[int],
    contexts: Sequence[int],
    tiers: str = "",
    recipe: str = "smart",
    report: Callable[[str], None] = lambda text: None,
) -> Profile:
    """Start an engine, run every (batch, context), and return what it measured; it is remembered for this pair, too."""
    os.environ[MEASURE] = "1"
    try:
        running = engine(recipe, tiers=tiers, **{"max_running_requests": max(batches), **engine_arguments})
    finally:
        del os.environ[MEASURE]
    rng = random.Random(0)
    try:
        for batch in batches:
            for context in contexts:
                report(f"batch {batch}, context {context}")
                prompts = [[rng.randrange(4, 60) for _ in range(context)] for _ in range(batch)]
                sampling = {"temperature": 0, "max_new_tokens": ROUNDS, "ignore_eos": True}
                running.generate(input_ids=prompts, sampling_params=sampling)
        found = running.get_server_info()["internal_states"][0]["smart"]["profile"]
    finally:
        running.shutdown()
    return _profile(found)


def _profile(found: dict[str, Any]) -> Profile:
    tables = [CostTable(Point(*point) for point in found[name]) for name in ("verify", "draft")]
    if not len(tables[0]):
        raise ServeError("nothing was measured: every request ended before its tour of the tiers; give fewer tiers")
    return Profile(Key(**found["key"]), *tables, provenance={"command": "smartgen profile --engine sglang"})
