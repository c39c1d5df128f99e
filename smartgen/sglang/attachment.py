"""Proof at start that the recipe took: the engine only logs a plugin that fails, and would serve without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from smartgen.sglang.errors import ServeError
from smartgen.sglang.settings import Settings

MARK = "attached-{rank}.json"


def mark(state: str, rank: int, facts: dict[str, Any]) -> None:
    """The worker of a scheduler process leaves a sign that it is ours and what it serves."""
    (Path(state) / MARK.format(rank=rank)).write_text(json.dumps(facts), encoding="utf-8")


def prove(result: Any, *arguments: Any, **named: Any) -> None:
    """After `Engine._launch_subprocesses`, when the schedulers are ready: refuse to serve without the sign."""
    settings = Settings.current()
    if settings is None:
        return
    if not settings.state or not list(Path(settings.state).glob(MARK.format(rank="*"))):
        from smartgen.sglang.preflight import refuse

        refuse(
            ServeError(
                "the recipe did not take: the engine's worker was started without smartgen's controller; "
                "look for a failed plugin in the log above, and see that SGLANG_PLUGINS, where it is set, lists `smartgen`"
            )
        )
