"""The command-line flags `--smart-recipe`, `--smart-profile`, `--smart-tiers`."""

from __future__ import annotations

import argparse
import os
from typing import Any

from smartgen.sglang.errors import ServeError
from smartgen.sglang.settings import COMMAND, PROFILE, RECIPE, TIERS, parse_tiers

FLAGS = {
    RECIPE: ("--smart-recipe", "the recipe that steers speculation: a shipped name, a path, or its text"),
    PROFILE: ("--smart-profile", "measured costs: a file of `smartgen profile --engine sglang`, or auto"),
    TIERS: (
        "--smart-tiers",
        "shapes to capture, as steps/topk/draft tokens with commas; derived from profile and recipe if left out",
    ),
}


class _IntoEnvironment(argparse.Action):
    """The engine's arguments have no room for a plugin's; the environment reaches its processes."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: Any, value: Any, option: str | None = None) -> None:
        if self.dest == TIERS:
            try:
                parse_tiers(value)
            except ServeError as error:
                parser.error(f"--smart-tiers: {error}")
        if not value.strip():
            parser.error(f"{option} is empty")
        os.environ[self.dest] = value
        os.environ[COMMAND] = "1"


def add_flags(_result: Any, parser: argparse.ArgumentParser) -> None:
    """Behind `ServerArgs.add_cli_args`."""
    for dest, (flag, text) in FLAGS.items():
        parser.add_argument(flag, action=_IntoEnvironment, dest=dest, default=argparse.SUPPRESS, help=text)
