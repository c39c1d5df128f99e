"""Which drafter a call uses, and whether it fits the target."""

from __future__ import annotations

from typing import Any

import torch

from smartgen.drafters.assistant import Assistant
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
        if not hasattr(given, "generate"):
            raise TypeError(
                f"assistant_model is a {type(given).__name__}, which writes no text; give a causal language model"
            )
        assistant = attachment.assistant(given, model)
        attachment.check_tokens(assistant, model, tokenizer, assistant_tokenizer)
        assistant.check_target(model.config)
        return assistant
    if not hasattr(given, "prefill"):
        raise TypeError(
            f"assistant_model must be a causal model or a smartgen drafter, not {type(given).__name__}; "
            "see smartgen.load_drafter"
        )
    given.check_target(model.config)
    if isinstance(given, Assistant):
        attachment.check_tokens(given, model, tokenizer, assistant_tokenizer)
    return given
