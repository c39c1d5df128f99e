"""Options that several verbs share."""

from __future__ import annotations

import typer

MOST_ROWS, MOST_TOKENS = 1 << 16, 1 << 31  # of a batch, of a text: what any machine could hold


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


def parse_numbers(written: str, name: str) -> list[int]:
    """`"1,4,16"` → [1, 4, 16]. Raises a usage error naming the option."""
    try:
        numbers = [int(part) for part in written.split(",") if part.strip()]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise typer.BadParameter(
            f"{written!r} should be positive whole numbers with commas, like 1,4,16", param_hint=name
        )
    return numbers
