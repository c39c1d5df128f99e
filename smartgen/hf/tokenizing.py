"""What stock `generate` needs the call's tokenizer for, and loses it when it is handed a decoding loop."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from transformers.generation.stopping_criteria import StoppingCriteriaList, StopStringCriteria

from smartgen.switch import shared

_USERS = "_smartgen_healing_users"
_lock = threading.Lock()
_tokenizer: ContextVar[Any] = ContextVar("smartgen_healing_tokenizer", default=None)


def need_tokenizer(options: Callable[[str], Any], tokenizer: Any) -> None:
    """Raise ValueError if an option cannot be honoured without the tokenizer that is missing."""
    wanting = next((name for name in ("stop_strings", "token_healing") if options(name)), None)
    if wanting and tokenizer is None:
        raise ValueError(f"{wanting} needs the tokenizer: pass generate(..., tokenizer=...)")


def with_stop_strings(config: Any, default: Any, call: dict, options: Callable[[str], Any], tokenizer: Any) -> Any:
    """Turn `stop_strings` into a criterion of the call (changed in place); the configuration to go on with.

    `config` is the given one or None, `default` the model's.
    """
    strings = options("stop_strings")
    if not strings:
        return config
    criteria = StoppingCriteriaList(call.get("stopping_criteria") or [])
    criteria.append(StopStringCriteria(stop_strings=strings, tokenizer=tokenizer))
    call["stopping_criteria"] = criteria
    call.pop("stop_strings", None)
    if getattr(config, "stop_strings", None):
        config = copy.deepcopy(config)
        config.stop_strings = None
    if getattr(default, "stop_strings", None):
        call["stop_strings"] = None  # stock fills what a configuration leaves open from the model's own
    return config


@contextmanager
def healing(model: Any, tokenizer: Any) -> Iterator[None]:
    """Inside the block, stock's `heal_tokens` of this model finds `tokenizer` (of this thread's call)."""
    token = _tokenizer.set(tokenizer)
    ours = partial(setattr, model, "heal_tokens", partial(_heal, model))
    try:
        with shared(_lock, model, _USERS, ours, partial(model.__dict__.pop, "heal_tokens")):
            yield
    finally:
        _tokenizer.reset(token)


def _heal(model: Any, input_ids: Any, tokenizer: Any = None) -> Any:
    """Stock's own, with the tokenizer of the call; what it generates meanwhile is not healed again."""
    token = _tokenizer.set(None)
    try:
        known = tokenizer if tokenizer is not None else token.old_value
        return type(model).heal_tokens(model, input_ids, known)
    finally:
        _tokenizer.reset(token)
