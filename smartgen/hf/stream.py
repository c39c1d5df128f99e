"""The user's streamer: it gets the prompt, then the tokens, then exactly one end, whatever happens."""

from __future__ import annotations

from typing import Any

import torch


class Stream:
    """Around a streamer, or around None. Rows progress at their own pace; a batch is told position by position, as
    stock does it: one (B,) tensor for each position that every row has reached.
    """

    def __init__(self, streamer: Any = None) -> None:
        """Raises TypeError for what is no streamer."""
        if streamer is not None and not (hasattr(streamer, "put") and hasattr(streamer, "end")):
            raise TypeError(
                f"a streamer has put() and end(), as transformers.TextStreamer has; {type(streamer).__name__} has not"
            )
        self._streamer = streamer
        self._told = 0
        self._ended = False

    def prompt(self, input_ids: torch.Tensor) -> None:
        """The prompt (B, P). A streamer that takes single rows raises here, before anything is computed."""
        if self._streamer is not None:
            self._streamer.put(input_ids.cpu())

    def tell(self, rows: list[list[int]], reached: int, pad: int) -> None:
        """New tokens of all rows; positions below `reached` are final, rows that ended before are filled with `pad`."""
        if self._streamer is None:
            return
        for position in range(self._told, reached):
            self._told = position + 1
            column = [row[position] if position < len(row) else pad for row in rows]
            self._streamer.put(torch.tensor(column))

    def end(self) -> None:
        """Close the stream; a second time nothing happens."""
        if self._streamer is not None and not self._ended:
            self._ended = True
            self._streamer.end()
