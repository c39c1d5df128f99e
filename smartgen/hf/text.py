"""The text of every row while it grows, and the choice of its next token."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.hf.likeliest import likeliest
from smartgen.hf.noise import KeyedNoise, SharedNoise
from smartgen.hf.processors import Processors
from smartgen.hf.stopping import Stops


class Text:
    """All original rows, finished ones included. `new[row]`: tokens generated so far.

    Tensors of a row's ids are kept only if a processor or criterion will read them.
    """

    def __init__(self, input_ids: torch.Tensor, stops: Stops, needs_ids: bool, room: int, pad: int) -> None:
        self.batch, self.prompt = input_ids.shape
        self.input_ids, self.stops, self.pad = input_ids, stops, pad
        self.new: list[list[int]] = [[] for _ in range(self.batch)]
        self.ended = np.full(self.batch, -1)  # tokens of a row when it was first told to stop, -1: it was not
        self.done = np.zeros(self.batch, bool)  # rows that are complete and leave the batch
        self._ids = None
        if needs_ids:
            self._ids = input_ids.new_zeros(self.batch, self.prompt + room)
            self._ids[:, : self.prompt] = input_ids

    def ids(self, row: int) -> torch.Tensor:
        """(1, L) prompt with its padding, then what the row has generated."""
        if self._ids is None:
            return self.input_ids[row : row + 1]
        return self._ids[row : row + 1, : self.prompt + len(self.new[row])]

    def push(self, row: int, token: int, scores: tuple | None = None) -> bool:
        """Append a token; True while the row goes on."""
        self.new[row].append(token)
        length = self.prompt + len(self.new[row])
        if self._ids is not None:
            if length > self._ids.shape[1]:
                self._ids = torch.cat([self._ids, torch.zeros_like(self._ids)], 1)
            self._ids[row, length - 1] = token
        if self.stops(self.ids(row), length, token, scores) and self.ended[row] < 0:
            self.ended[row] = len(self.new[row])
        if self.ended[row] >= 0:
            self._complete(row)
        return not self.done[row]

    def _complete(self, row: int) -> None:
        """A row that was told to stop leaves and is padded where end tokens exist. Where there are none, stock lets it
        write on until the last row has ended.
        """
        if self.stops.pads_finished:
            self.done[row] = True
        elif (self.ended >= 0).all():
            self.done = self._lengths() >= self.ended.max()
        else:
            self.done[row] = len(self.new[row]) >= self._room

    def _lengths(self) -> NDArray[np.int64]:
        return np.array([len(tokens) for tokens in self.new])

    @property
    def _room(self) -> int:
        """Most new tokens of a row; a large number where no length is set."""
        return (self.stops.max_length if self.stops.max_length is not None else 1 << 30) - self.prompt

    def remaining(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) tokens each row may still emit."""
        return np.array([self._room - len(self.new[row]) for row in rows])

    @property
    def final(self) -> int:
        """New tokens up to which every row is settled, by its own tokens or by padding."""
        lengths = self._lengths()
        if (self.ended >= 0).all():
            return int(min(self.ended.max(), lengths.max()))
        return int((lengths[self.ended < 0] if self.stops.pads_finished else lengths).min())

    def close(self) -> None:
        """All rows are done: forget what was written behind the last row's end."""
        end = int(self.ended.max())
        self.new = [tokens[:end] for tokens in self.new]

    def padded(self) -> torch.Tensor:
        """(B, L) prompt and new tokens, short rows filled with `pad` on the right."""
        longest = max(map(len, self.new))
        rows = [tokens + [self.pad] * (longest - len(tokens)) for tokens in self.new]
        new = torch.tensor(rows, dtype=self.input_ids.dtype, device=self.input_ids.device)
        return torch.cat([self.input_ids, new.reshape(self.batch, longest)], 1)


class Chooser:
    """Draws the target's token from its logits: argmax, or one draw per committed token.

    Following a child only where it holds the token that the target itself drew keeps any deterministic tree lossless,
    greedy or sampled, and accepts as often as the accept/renormalise rule over siblings.
    """

    def __init__(self, processors: Processors, noise: SharedNoise | KeyedNoise | None, keep: tuple[bool, bool]) -> None:
        """`noise` None: greedy. `keep`: whether (processed scores, raw logits) are to be returned."""
        self.processors, self.noise = processors, noise
        self.keep_scores, self.keep_logits = keep
        self.scores: dict[int, list[torch.Tensor]] = {}
        self.logits: dict[int, list[torch.Tensor]] = {}

    @property
    def at_once(self) -> bool:
        """Whether every node's token is known from its logits alone, before the walk."""
        return self.noise is None and self.processors.empty and not (self.keep_scores or self.keep_logits)

    def choose(self, rows: list[int], text: Text, logits: torch.Tensor) -> list[int]:
        """Next token of each row in `rows` from `logits` (len(rows), V)."""
        raw = logits.to(copy=True, dtype=torch.float32)
        scores = self.processors(rows, [text.ids(row) for row in rows], raw)
        for i, row in enumerate(rows):
            if self.keep_scores:
                self.scores.setdefault(row, []).append(scores[i])
            if self.keep_logits:
                self.logits.setdefault(row, []).append(logits[i].float())
        if self.noise is None:
            return likeliest(scores).tolist()
        probs = torch.nn.functional.softmax(scores, dim=-1)
        if bool(probs[:, 0].isnan().any()):  # one score that is no number spoils its whole row
            raise ValueError(
                "no token can be drawn: the model's scores for the next one are not all numbers (NaN or inf). Its weights are "
                "damaged, or overflow in this dtype: try float32"
            )
        return self.noise.draw(probs, rows, [len(text.new[row]) for row in rows])

    def scores_of(self, row: int) -> tuple | None:
        """What stock hands to a stopping criterion as `scores`: those kept so far, None if none are kept."""
        return tuple(score[None] for score in self.scores.get(row, ())) if self.keep_scores else None
