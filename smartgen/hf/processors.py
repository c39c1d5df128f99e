"""Logits processors for rows that stand at different positions.

At batch 1 a processor is called exactly as stock `generate` calls it: same order, same arguments. In batches rows
progress at their own pace, so each row gets calls of its own; what is known to look at nothing but the scores is
called once for all rows. What would silently do the wrong thing for a single row is refused by name.
"""

from __future__ import annotations

import copy

import torch
from transformers.generation import logits_process as stock
from transformers.generation.logits_process import LogitsProcessor, LogitsProcessorList

from smartgen.hf.rowwise import is_rowwise

# These read the scores only, so that rows of any length can share one call.
_SCORES_ONLY = (
    stock.TemperatureLogitsWarper,
    stock.TopKLogitsWarper,
    stock.TopPLogitsWarper,
    stock.MinPLogitsWarper,
    stock.TypicalLogitsWarper,
    stock.EpsilonLogitsWarper,
    stock.EtaLogitsWarper,
    stock.LogitNormalization,
    stock.InfNanRemoveLogitsProcessor,
    stock.SuppressTokensLogitsProcessor,
)
# Sequential state or a second forward per call: a walk through a tree would spoil it.
_REFUSED = {
    "UnbatchedClassifierFreeGuidanceLogitsProcessor": "guidance_scale runs the model a second time for every token",
    "ClassifierFreeGuidanceLogitsProcessor": "guidance_scale runs the model a second time for every token",
    "SynthIDTextWatermarkLogitsProcessor": "SynthID keeps state from call to call",
    "SynthIDTextWatermarkDetector": "SynthID keeps state from call to call",
}


def refuse_processors(processors: LogitsProcessorList, batch: int) -> None:
    """Raise ValueError for a processor that cannot be called row by row, naming it and the way out."""
    for processor in processors:
        name = type(processor).__name__
        if name in _REFUSED:
            raise ValueError(
                f"smart_recipe cannot be combined with {name}: {_REFUSED[name]}; drop it, or generate without smart_recipe"
            )
        known = type(processor).__module__.startswith("transformers.") or is_rowwise(processor)
        if batch > 1 and not known:
            raise ValueError(
                f"smart_recipe calls logits processors row by row in a batch of {batch}, and {name} is not known to allow "
                f"that; register it with smartgen.rowwise({name}) if it treats rows alone, or use batch 1"
            )


class Processors:
    """The processed scores of any rows at once. `rows` below are the caller's original row numbers."""

    def __init__(self, processors: LogitsProcessorList, batch: int) -> None:
        self.empty = len(processors) == 0
        self.shared = all(type(processor) in _SCORES_ONLY for processor in processors)
        self._whole = processors
        self._views = [_row_view(processors, row, batch) for row in range(batch)] if batch > 1 else [processors]

    def __call__(self, rows: list[int], ids: list[torch.Tensor], scores: torch.Tensor) -> torch.Tensor:
        """`ids`: per row its tokens so far, (1, L); `scores` (len(rows), V) float32 → processed, same shape."""
        if self.empty:
            return scores
        if self.shared:
            return self._whole(ids[0], scores)
        parts = [self._views[row](line, scores[i : i + 1]) for i, (row, line) in enumerate(zip(rows, ids, strict=True))]
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def _row_view(processors: LogitsProcessorList, row: int, batch: int) -> LogitsProcessorList:
    return LogitsProcessorList([_for_row(processor, row, batch) for processor in processors])


def _for_row(processor: LogitsProcessor, row: int, batch: int) -> LogitsProcessor:
    """A processor that indexes by row sees a batch of one: give it that row's share."""
    if isinstance(processor, stock.PrefixConstrainedLogitsProcessor):
        view = copy.copy(processor)
        allowed = processor._prefix_allowed_tokens_fn
        view._prefix_allowed_tokens_fn = lambda _, ids: allowed(row // processor._num_beams, ids)
        return view
    if isinstance(processor, stock.EncoderNoRepeatNGramLogitsProcessor):
        view, prompts = copy.copy(processor), processor.batch_size  # several rows may continue one prompt
        view.batch_size, view.generated_ngrams = 1, [processor.generated_ngrams[row // (batch // prompts)]]
        return view
    ignored = getattr(processor, "prompt_ignore_length", None)
    encoder = getattr(processor, "encoder_input_ids", None)
    if isinstance(ignored, torch.Tensor) and ignored.numel() == batch:
        view = copy.copy(processor)
        view.prompt_ignore_length = ignored[row : row + 1]
        return view
    if isinstance(encoder, torch.Tensor):
        # Several rows may continue one prompt. Old versions of stock then penalised a row by another row's prompt.
        view, prompt = copy.copy(processor), row // (batch // encoder.shape[0])
        view.encoder_input_ids = encoder[prompt : prompt + 1]
        return view
    return processor
