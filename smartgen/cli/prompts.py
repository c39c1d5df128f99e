"""Files of prompts: one JSON object a line, {"turns": [...]}, optionally with "kind"; the first turn is the prompt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Prompt:
    """One line of a file. `kind`: what it is, "" where the file does not say."""

    text: str
    kind: str


def read_prompts(path: Path, limit: int | None) -> list[Prompt]:
    """At most `limit` prompts. Raises ValueError naming the line that is not one."""
    found: list[Prompt] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            written = json.loads(line)
            found.append(Prompt(str(written["turns"][0]), str(written.get("kind", ""))))
        except (json.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
            raise ValueError(f'{path}:{number} should be a JSON object with "turns": ["..."]') from None
        if len(found) == limit:
            break
    if not found:
        raise ValueError(f"{path} holds no prompts")
    return found
