"""Options that several verbs share."""

from __future__ import annotations

import math
from typing import Annotated

import typer

MOST_ROWS, MOST_TOKENS = 1 << 16, 1 << 31  # of a batch, of a text: what any machine could hold


def finite(value: float) -> float:
    """The value; a usage error for NaN and infinity, which lie in no range and pass every one."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number")
    return value


Temperature = Annotated[float, typer.Option(min=0.0, callback=finite, help="0: greedy.")]


def parse_params(written: list[str] | None, option: str = "--param") -> dict[str, str]:
    """`["trust=0.9"]` → {"trust": "0.9"}. Raises a usage error for anything without `=`, and for a name that comes twice."""
    found = {}
    for item in written or []:
        name, sign, value = item.partition("=")
        if not sign or not name.strip():
            raise typer.BadParameter(f"{item!r} should be name=value", param_hint=option)
        if name.strip() in found:
            raise typer.BadParameter(f"{name.strip()} is set twice", param_hint=option)
        found[name.strip()] = value.strip()
    return found


def parse_numbers(written: str, name: str, most: int = MOST_ROWS) -> list[int]:
    """`"1,4,16"` → [1, 4, 16], none above `most`. Raises a usage error naming the option."""
    try:
        numbers = [int(part) for part in written.split(",") if part.strip()]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1 or max(numbers) > most:
        raise typer.BadParameter(
            f"{written!r} should be whole numbers from 1 to {most} with commas, like 1,4,16", param_hint=name
        )
    return numbers
