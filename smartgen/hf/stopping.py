"""When a row is finished: asked after every committed token, with the row's own text, as stock `generate` would."""

from __future__ import annotations

import torch
from transformers.generation.stopping_criteria import EosTokenCriteria, MaxLengthCriteria, StoppingCriteriaList

from smartgen.hf.rowwise import is_rowwise


def refuse_criteria(criteria: StoppingCriteriaList, batch: int) -> None:
    """Raise ValueError for a criterion that is not known to work on a single row of a batch."""
    for criterion in criteria:
        known = type(criterion).__module__.startswith("transformers.") or is_rowwise(criterion)
        if batch > 1 and not known:
            name = type(criterion).__name__
            raise ValueError(
                f"smart_recipe asks stopping criteria row by row in a batch of {batch}, and {name} is not known to allow "
                f"that; register it with smartgen.rowwise({name}) if it judges rows alone, or use batch 1"
            )


class Stops:
    """Length and end tokens are compared here, everything else is called."""

    def __init__(self, criteria: StoppingCriteriaList) -> None:
        lengths = [c.max_length for c in criteria if type(c) is MaxLengthCriteria]
        self.max_length = min(lengths) if lengths else None
        self.ends = {int(i) for c in criteria if type(c) is EosTokenCriteria for i in c.eos_token_id.flatten().tolist()}
        self.pads_finished = any(hasattr(c, "eos_token_id") for c in criteria)  # as stock decides it
        self._others = [c for c in criteria if type(c) not in (MaxLengthCriteria, EosTokenCriteria)]

    def __call__(self, ids: torch.Tensor, length: int, token: int, scores: tuple | None) -> bool:
        """`ids` (1, L) the row's text including `token`, `length` = L; `scores` as stock hands them over."""
        done = token in self.ends or (self.max_length is not None and length >= self.max_length)
        for criterion in self._others:  # all are called, as stock calls all: some keep state
            done = bool(torch.as_tensor(criterion(ids, scores)).any()) or done
        return done
