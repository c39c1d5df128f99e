"""Text on stdout as it comes, after a spinner on stderr as long as there is none."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from transformers import TextStreamer


class SpokenAfter(TextStreamer):
    """A streamer that closes `waiting`, and writes `before`, when the first new token arrives."""

    def __init__(self, tokenizer: Any, waiting: ExitStack, before: str = "") -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._waiting, self._before = waiting, before

    def put(self, value: Any) -> None:
        if not self.next_tokens_are_prompt:
            self._waiting.close()
            print(self._before, end="", flush=True)
            self._before = ""
        super().put(value)
