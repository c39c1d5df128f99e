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
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # JSON text may hold other ends of lines
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text ({error.reason} at byte {error.start})") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_prompt(line))
        except ValueError as error:
            raise ValueError(f"{path}:{number} {error}") from None
        if len(found) == limit:
            break
    if not found:
        raise ValueError(f"{path} holds no prompts")
    return found


def _prompt(line: str) -> Prompt:
    """Raises ValueError saying what the line is instead of a prompt."""
    try:
        written = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error.msg} at column {error.colno}") from None
    except ValueError:  # a number of thousands of digits
        raise ValueError("holds a number of too many digits") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    turns = written.get("turns") if isinstance(written, dict) else None
    if not (isinstance(turns, list) and turns and isinstance(turns[0], str)):
        raise ValueError('should be a JSON object with "turns": ["..."]')
    text = turns[0]
    if not text:
        raise ValueError("has an empty first turn, which is the prompt")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = ascii(text[error.start])[1:-1]
        raise ValueError(f"has half of a pair of surrogates ({half}) in its first turn, which is no text") from None
    return Prompt(text, str(written.get("kind", "")))
