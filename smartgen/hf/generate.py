"""The door: a thin wrapper around the original `generate` that hands the decoding loop to smartgen.

The original does all of its preparation and validation (inputs, masks, positions, processors, criteria, lengths); the
wrapper resolves the recipe, refuses what cannot be combined before anything runs, takes care of the arguments that
`generate` drops for a callable `custom_generate`, and passes the loop as exactly that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from transformers import GenerationMixin

from smartgen.hf.attachment import attachment_of, previous_generate
from smartgen.hf.drafting import drafter_for
from smartgen.hf.effective import Options
from smartgen.hf.loop import Request, run
from smartgen.hf.refusals import refuse_combinations
from smartgen.hf.stream import Stream
from smartgen.hf.support import check_program
from smartgen.hf.tokenizing import healing, need_tokenizer, with_stop_strings
from smartgen.recipe import load

UNSET: Any = object()
MARK = "_smartgen_original"
_POSITIONAL = (  # behind `generation_config`, in stock's order
    "logits_processor",
    "stopping_criteria",
    "prefix_allowed_tokens_fn",
    "synced_gpus",
    "assistant_model",
    "streamer",
    "negative_prompt_ids",
    "negative_prompt_attention_mask",
    "custom_generate",
)


def wrap(original: Callable, untouched: Callable | None = None) -> Callable:
    """`original` with a `smart_recipe` argument. Calls without one go to `untouched` (default: `original`)."""
    untouched = untouched or original

    @functools.wraps(original)
    def generate(self, inputs=None, generation_config=None, *args, smart_recipe=UNSET, **kwargs):
        recipe = smart_recipe
        if recipe is UNSET:
            recipe = getattr(generation_config or self.generation_config, "smart_recipe", None)
            recipe = recipe if recipe is not None else getattr(self.generation_config, "smart_recipe", None)
            _refuse_object(recipe)
        if recipe is None or recipe is False:
            _refuse_orphan(kwargs.get("assistant_model"))
            return untouched(self, inputs, generation_config, *args, **kwargs)
        if getattr(generation_config or self.generation_config, "is_assistant", False):
            return untouched(self, inputs, generation_config, *args, **kwargs)  # stock's own inner call
        call = {**dict(zip(_POSITIONAL, args, strict=False)), **kwargs}
        stream = Stream(call.pop("streamer", None))
        try:
            return _generate(original, self, inputs, generation_config, recipe, call, stream)
        finally:
            stream.end()

    setattr(generate, MARK, original)
    return generate


def _refuse_object(recipe: object) -> None:
    if not (recipe is None or isinstance(recipe, str | bool | dict)):
        raise TypeError(
            f"a recipe inside a GenerationConfig must be text or a plain dict, not {type(recipe).__name__}: the configuration "
            "is copied and saved as JSON; pass objects as generate(..., smart_recipe=...)"
        )


def _refuse_orphan(assistant: object) -> None:
    if assistant is not None and not isinstance(assistant, torch.nn.Module) and hasattr(assistant, "prefill"):
        raise TypeError(
            f"assistant_model is a smartgen drafter ({assistant.name}), which needs a recipe: "
            'add smart_recipe="smart" to this call'
        )


def _generate(original: Callable, model: Any, inputs: Any, config: Any, recipe: Any, call: dict, stream: Stream) -> Any:
    if call.get("custom_generate") is not None:
        raise ValueError(
            "smart_recipe cannot be combined with custom_generate: both replace the decoding loop; drop one of the two"
        )
    recipe = load("smart" if recipe is True else recipe)
    options = Options(call, config, model.generation_config)
    tokenizer = call.get("tokenizer")
    refuse_combinations(options, call)
    need_tokenizer(options, tokenizer)
    attachment = attachment_of(model)
    style = attachment.style(model)
    given, given_tokenizer = call.pop("assistant_model", None), call.pop("assistant_tokenizer", None)
    drafter = drafter_for(model, attachment, given, tokenizer, given_tokenizer)
    check_program(recipe, drafter)
    call.pop("synced_gpus", None)
    heals = bool(options("token_healing"))
    config = with_stop_strings(config, model.generation_config, call, options, tokenizer)
    request = Request.of(recipe, model, attachment, drafter, style, stream)
    call["custom_generate"] = _loop(request)
    with healing(model, tokenizer) if heals else nullcontext():
        return original(model, inputs, config, **call)


def _loop(request: Request) -> Callable:
    def smartgen_decode(model, input_ids, logits_processor, stopping_criteria, generation_config, **kwargs):
        return run(model, input_ids, logits_processor, stopping_criteria, generation_config, kwargs, request)

    return smartgen_decode


@functools.wraps(GenerationMixin.generate)
def _of_class(self: Any, *args: Any, **kwargs: Any) -> Any:
    """The class's own `generate`, below any wrapper of ours."""
    function = type(self).generate
    return getattr(function, MARK, function)(self, *args, **kwargs)


def _of_model(self: Any, *args: Any, **kwargs: Any) -> Any:
    """What the model's `generate` was before `attach`: somebody's own, bound to the model itself, or its class's."""
    before = previous_generate(self)
    return before(*args, **kwargs) if before is not None else _of_class(self, *args, **kwargs)


# What `attach` binds to one model: importable by name, so that an attached model copies and pickles.
attached_generate = wrap(_of_class, _of_model)
attached_generate.__qualname__ = attached_generate.__name__ = "attached_generate"
attached_generate.__module__ = __name__


def enable() -> None:
    """Give every model's `generate` the `smart_recipe` argument. Idempotent; `disable()` undoes it."""
    if not hasattr(GenerationMixin.generate, MARK):
        GenerationMixin.generate = wrap(GenerationMixin.generate)


def disable() -> None:
    """Undo `enable()`."""
    if hasattr(GenerationMixin.generate, MARK):
        GenerationMixin.generate = getattr(GenerationMixin.generate, MARK)
