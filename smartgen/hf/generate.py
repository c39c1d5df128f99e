"""The door: a thin wrapper around the original `generate` that hands the decoding loop to smartgen.

The original does all of its preparation and validation (inputs, masks, positions, processors, criteria, lengths); the
wrapper resolves the recipe, refuses what cannot be combined before anything runs, takes care of the arguments that
`generate` drops for a callable `custom_generate`, and passes the loop as exactly that.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from transformers import GenerationMixin
from transformers.generation.stopping_criteria import StoppingCriteriaList, StopStringCriteria

from smartgen.drafters.protocol import Drafter
from smartgen.hf.attachment import attachment_of
from smartgen.hf.drafting import drafter_for
from smartgen.hf.gate import longest_row
from smartgen.hf.loop import Request, decode
from smartgen.hf.refusals import refuse_combinations
from smartgen.hf.support import check_program
from smartgen.recipe import load

UNSET: Any = object()
MARK = "_smartgen_original"


def wrap(original: Callable) -> Callable:
    """`original` with a `smart_recipe` argument. Without one it is called untouched."""

    @functools.wraps(original)
    def generate(self, inputs=None, generation_config=None, *args, smart_recipe=UNSET, **kwargs):
        recipe = smart_recipe
        if recipe is UNSET:
            recipe = getattr(generation_config or self.generation_config, "smart_recipe", None)
            recipe = recipe if recipe is not None else getattr(self.generation_config, "smart_recipe", None)
            _refuse_object(recipe)
        if recipe is None or recipe is False:
            _refuse_orphan(kwargs.get("assistant_model"))
            return original(self, inputs, generation_config, *args, **kwargs)
        if getattr(generation_config or self.generation_config, "is_assistant", False):
            return original(self, inputs, generation_config, *args, **kwargs)  # stock's own inner call
        bound = _with_names(args, kwargs)
        return _generate(original, self, inputs, generation_config, recipe, bound)

    setattr(generate, MARK, original)
    return generate


def _with_names(args: tuple, kwargs: dict) -> dict:
    """Positional arguments behind `generation_config`, by the names that stock gives them."""
    names = (
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
    return {**dict(zip(names, args, strict=False)), **kwargs}


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


def _generate(original: Callable, model: Any, inputs: Any, config: Any, recipe: Any, kwargs: dict) -> Any:
    if kwargs.get("custom_generate") is not None:
        raise ValueError(
            "smart_recipe cannot be combined with custom_generate: both replace the decoding loop; drop one of the two"
        )
    recipe = load("smart" if recipe is True else recipe)
    base = config if config is not None else model.generation_config
    effective = lambda name: kwargs[name] if kwargs.get(name) is not None else getattr(base, name, None)  # noqa: E731
    refuse_combinations(model, effective, kwargs)
    attachment = attachment_of(model)
    style = attachment.style(model)
    tokenizer = kwargs.get("tokenizer")
    drafter = drafter_for(
        model, attachment, kwargs.pop("assistant_model", None), tokenizer, kwargs.pop("assistant_tokenizer", None)
    )
    check_program(recipe, drafter)
    kwargs.pop("synced_gpus", None)
    config, kwargs = _own_the_tokenizer(config, base, kwargs, tokenizer, effective)
    request = Request(
        program=recipe.program,
        drafter=drafter,
        learned=attachment.learned(drafter),
        costs=attachment.costs(model, drafter, recipe.profile),
        style=style,
        plain_masks=attachment.plain_masks,
        streamer=kwargs.get("streamer"),
    )
    return original(model, inputs, config, custom_generate=_loop(request), **kwargs)


def _loop(request: Request) -> Callable:
    def smartgen_decode(model, input_ids, logits_processor, stopping_criteria, generation_config, **model_kwargs):
        _refuse_batch_stream(request, input_ids)
        longest_row(model, _longest(input_ids, generation_config))
        return decode(model, input_ids, logits_processor, stopping_criteria, generation_config, model_kwargs, request)

    return smartgen_decode


def _longest(input_ids: torch.Tensor, config: Any) -> int:
    return int(config.max_length) if config.max_length is not None else input_ids.shape[1]


def _refuse_batch_stream(request: Request, input_ids: torch.Tensor) -> None:
    if request.streamer is not None and input_ids.shape[0] > 1:
        request.streamer.end()
        raise ValueError(
            f"a streamer takes one row, and this batch has {input_ids.shape[0]}: rows progress at different speeds; "
            "drop the streamer or use batch 1"
        )


def _own_the_tokenizer(config: Any, base: Any, kwargs: dict, tokenizer: Any, effective: Callable) -> tuple[Any, dict]:
    """`generate` loses the tokenizer when it is given a callable: do what needs one here."""
    strings, healing = effective("stop_strings"), effective("token_healing")
    if not strings and not healing:
        return config, kwargs
    if tokenizer is None:
        raise ValueError(
            f"{'stop_strings' if strings else 'token_healing'} needs the tokenizer: pass generate(..., tokenizer=...)"
        )
    if healing:
        raise ValueError(
            "smart_recipe cannot be combined with token_healing: heal the prompt first with model.heal_tokens(...)"
        )
    kwargs = {name: value for name, value in kwargs.items() if name != "stop_strings"}
    criteria = StoppingCriteriaList(kwargs.get("stopping_criteria") or [])
    criteria.append(StopStringCriteria(stop_strings=strings, tokenizer=tokenizer))
    kwargs["stopping_criteria"] = criteria
    if getattr(base, "stop_strings", None):
        config = copy.deepcopy(base)
        config.stop_strings = None
    return config, kwargs


def original_generate(model: Any) -> Callable:
    """The class's own `generate`, below any wrapper of ours."""
    function = type(model).generate
    return getattr(function, MARK, function)


@functools.wraps(GenerationMixin.generate)
def _original_of_class(self: Any, *args: Any, **kwargs: Any) -> Any:
    return original_generate(self)(self, *args, **kwargs)


# What `attach` binds to one model: importable by name, so that an attached model copies and pickles.
attached_generate = wrap(_original_of_class)
attached_generate.__qualname__ = attached_generate.__name__ = "attached_generate"
attached_generate.__module__ = __name__


def method(
    recipe: str | Mapping | object = "smart",
    assistant_model: Drafter | torch.nn.Module | None = None,
    streamer: object = None,
    tokenizer: object = None,
) -> Callable:
    """A callable for stock `generate(..., custom_generate=smartgen.method(...))`, without attaching anything.

    Stock drops `assistant_model`, `streamer` and `tokenizer` of the call in that case: give them here. Raises what
    `smart_recipe=` would raise, before the first token.
    """
    compiled = load(recipe)

    def smartgen_method(model, input_ids, logits_processor, stopping_criteria, generation_config, **model_kwargs):
        refuse_combinations(model, lambda name: getattr(generation_config, name, None), model_kwargs)
        attachment = attachment_of(model)
        drafter = drafter_for(model, attachment, assistant_model, tokenizer, None)
        check_program(compiled, drafter)
        request = Request(
            compiled.program,
            drafter,
            attachment.learned(drafter),
            attachment.costs(model, drafter, compiled.profile),
            attachment.style(model),
            attachment.plain_masks,
            streamer,
        )
        if streamer is not None:
            streamer.put(input_ids.cpu())
        return _loop(request)(model, input_ids, logits_processor, stopping_criteria, generation_config, **model_kwargs)

    return smartgen_method


def enable() -> None:
    """Give every model's `generate` the `smart_recipe` argument. Idempotent; `disable()` undoes it."""
    if not hasattr(GenerationMixin.generate, MARK):
        GenerationMixin.generate = wrap(GenerationMixin.generate)


def disable() -> None:
    """Undo `enable()`."""
    if hasattr(GenerationMixin.generate, MARK):
        GenerationMixin.generate = getattr(GenerationMixin.generate, MARK)
