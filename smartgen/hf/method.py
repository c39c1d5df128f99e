"""smartgen without attaching anything: a callable for stock's `custom_generate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from smartgen.hf.attachment import attachment_of
from smartgen.hf.drafting import drafter_for
from smartgen.hf.effective import Options
from smartgen.hf.loop import Request, run
from smartgen.hf.refusals import refuse_combinations
from smartgen.hf.stream import Stream
from smartgen.hf.support import check_program
from smartgen.recipe import Recipe, load

if TYPE_CHECKING:
    import torch

    from smartgen.drafters.protocol import Drafter


def method(
    recipe: str | Mapping | Recipe = "smart",
    assistant_model: Drafter | torch.nn.Module | None = None,
    streamer: Any = None,
    tokenizer: Any = None,
) -> Callable:
    """A callable for stock `generate(..., custom_generate=smartgen.method(...))`.

    Stock drops the call's `assistant_model`, `streamer` and `tokenizer` in that case: give them here, and stop strings
    as a `StopStringCriteria` among the call's `stopping_criteria`. Raises what `smart_recipe=` would raise, before the
    first token.
    """
    compiled = load(recipe)

    def smartgen_method(
        model: Any, input_ids: Any, logits_processor: Any, stopping_criteria: Any, generation_config: Any, **kwargs: Any
    ) -> Any:
        stream = Stream(streamer)
        try:
            refuse_combinations(Options({}, generation_config, None), kwargs)
            attachment = attachment_of(model)
            style = attachment.style(model)
            drafter = drafter_for(model, attachment, assistant_model, tokenizer, None)
            check_program(compiled, drafter)
            request = Request.of(compiled, model, attachment, drafter, style, stream)
            return run(model, input_ids, logits_processor, stopping_criteria, generation_config, kwargs, request)
        finally:
            stream.end()

    return smartgen_method
