"""The value for the other case, where only one of the two was written."""

from __future__ import annotations

import re


def contrasting(value: str, condition: str) -> str:
    """Another count than `value`: more of it where `condition` asks for much, a crowd mostly, and else less."""
    if not re.fullmatch(r"[0-9]+", value):
        return value
    number = int(value)
    return str(2 * number or 8) if ">" in condition else str(number // 2)
