"""`smartgen profile --engine sglang`: the engine itself runs its tiers over batches and contexts, and its rounds are timed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from smartgen.profile.profile import Key, Profile
from smartgen.profile.table import CostTable, Point
from smartgen.sglang.errors import ServeError
from smartgen.sglang.python import engine
from smartgen.sglang.touring import MEASURE, enough, requests


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
    try:
        tokens = enough(", ".join(_smart(running)["tiers"]))
        for batch in batches:
            for context in contexts:
                report(f"batch {batch}, context {context}")
                running.generate(**requests(batch, context, tokens, running.tokenizer_manager.model_config.vocab_size))
        found = _smart(running)["profile"]
    finally:
        running.shutdown()
    return _profile(found)


def _smart(running: Any) -> dict[str, Any]:
    found: dict[str, Any] = running.get_server_info()["internal_states"][0]["smart"]
    return found


def _profile(found: dict[str, Any]) -> Profile:
    tables = [CostTable(Point(*point) for point in found[name]) for name in ("verify", "draft")]
    if not len(tables[0]):
        raise ServeError("nothing was measured: every request ended before its tour of the tiers; give fewer tiers")
    return Profile(Key(**found["key"]), *tables, provenance={"command": "smartgen profile --engine sglang"})
