"""Which drafter a call uses, and whether it fits the target."""

from __future__ import annotations

from typing import Any

import torch

from smartgen.drafters.protocol import Drafter
from smartgen.hf.attachment import Attachment


def drafter_for(model: Any, attachment: Attachment, given: Any, tokenizer: Any, assistant_tokenizer: Any) -> Drafter:
    """`given`: None (n-grams), a causal model, or a smartgen drafter. Raises TypeError or ValueError with the way out."""
    if given is None or given == "ngram":
        return attachment.ngram
    if isinstance(given, str):
        raise TypeError(
            f"assistant_model={given!r} is a name; load it first: assistant_model=smartgen.load_drafter({given!r}, target)"
        )
    if isinstance(given, torch.nn.Module):
        _same_tokens(model, given, tokenizer, assistant_tokenizer)
        assistant = attachment.assistant(given, model)
        assistant.check_target(model.config)
        return assistant
    if not hasattr(given, "prefill"):
        raise TypeError(
            f"assistant_model must be a causal model or a smartgen drafter, not {type(given).__name__}; "
            "see smartgen.load_drafter"
        )
    given.check_target(model.config)
    return given


def _same_tokens(model: Any, assistant: Any, tokenizer: Any, assistant_tokenizer: Any) -> None:
    """Where tokenizers can be had, they must map the same text to the same ids."""
    if tokenizer is None or assistant_tokenizer is None:
        return
    ours, theirs = tokenizer.get_vocab(), assistant_tokenizer.get_vocab()
    different = next((token for token, index in theirs.items() if ours.get(token, index) != index), None)
    if different is not None:
        raise ValueError(
            f"the assistant's tokenizer differs from the target's: {different!r} is {theirs[different]} there and "
            f"{ours[different]} here; drafting needs a model of the same tokenizer"
        )
