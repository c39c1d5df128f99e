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
    """At most `limit` prompts. Raises ValueError naming the line that is not one, OSError for what is no file."""
    found: list[Prompt] = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # JSON text may hold other ends of lines
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text ({error.reason} at byte {error.start})") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            written = json.loads(line)
            turns, kind = written["turns"], str(written.get("kind", ""))
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
            turns, kind = None, ""
        if not (isinstance(turns, list) and turns and isinstance(turns[0], str)):
            raise ValueError(f'{path}:{number} should be a JSON object with "turns": ["..."]')
        found.append(Prompt(turns[0], kind))
        if len(found) == limit:
            break
    if not found:
        raise ValueError(f"{path} holds no prompts")
    return found
