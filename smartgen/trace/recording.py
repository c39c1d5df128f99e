"""`record`: plain decoding with an eye on the drafter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from reprlib import repr
from typing import TYPE_CHECKING, Any

import numpy as np

from smartgen.drafters.ngram import NGram
from smartgen.drafters.protocol import Drafter
from smartgen.trace.checking import count, number
from smartgen.trace.counted import Counted
from smartgen.trace.errors import TraceError
from smartgen.trace.recorded import RecordedCandidates
from smartgen.trace.recorder import Recorder, Row
from smartgen.trace.trace import Envelope, Header, Trace
from smartgen.trace.wide import Fed

if TYPE_CHECKING:
    import torch

RECIPE = "smartgen 1\npolicy recording { benefit accepted = node.path  expand best 1  verify best 0  limit depth 1 }"


def record(
    model: torch.nn.Module,
    drafter: Drafter | None,
    prompts: Sequence[Sequence[int]],
    new_tokens: int = 96,
    temperature: float = 0.0,
    seed: int = 0,
    batch: int = 8,
    envelope: Envelope | None = None,
    kinds: Sequence[str] = (),
    provenance: dict[str, str] | None = None,
    report: Callable[[int], None] = lambda done: None,
    interrupted: Callable[[Trace], object] = lambda complete: None,
) -> Trace:
    """Generate plainly for each of `prompts` (token ids) and record what `drafter` would have proposed everywhere.

    `model` must be attached (`smartgen.attach`); `drafter` None: n-grams, for which the text alone is recorded.
    `temperature` 0: greedy. `batch` requests are recorded together; sampled text depends on it, as noise belongs to rows.
    `report` hears how many requests are done; `interrupted` is given what is complete where a KeyboardInterrupt ends the
    work, before that goes on its way. Raises TraceError, also for a model that is not attached.
    """
    if "generate" not in getattr(model, "__dict__", ()):
        raise TraceError("the model is not attached; call smartgen.attach(model) before recording")
    drafter = NGram() if drafter is None else drafter
    if not hasattr(drafter, "prefill"):
        raise TraceError(
            f"drafter should be a smartgen drafter or None, not {type(drafter).__name__}; see smartgen.load_drafter"
        )
    if drafter.one_pass and not drafter.free:
        raise TraceError(
            f"{drafter.name} drafts all layers in one pass; only drafters that draft by layer are recorded"
        )
    number("temperature", temperature)
    count("batch", batch)
    texts = _ids(prompts)
    header = Header(
        target=_shape(model),
        drafter=drafter.name,
        source=drafter.source,
        sampled=bool(temperature > 0),
        temperature=temperature,
        seed=seed,
        new_tokens=new_tokens,
        dtype=str(model.dtype).removeprefix("torch."),
        envelope=Envelope() if envelope is None else envelope,
        provenance={} if provenance is None else provenance,
        kinds=tuple(kinds),
    )
    order = Counted(drafter.source, header.sampled)
    recorder = Recorder(drafter, header.envelope, order)
    rows: list[Row] = []
    seconds: dict[str, float] = {}
    try:
        for start in range(0, len(texts), batch):
            spent = _generate(model, recorder, texts[start : start + batch], new_tokens, temperature, seed + start)
            for phase, value in spent.items():
                seconds[phase] = seconds.get(phase, 0.0) + value
            rows += recorder.rows
            if not drafter.free:
                order.learn(RecordedCandidates(assembled(header, recorder.rows)).trials())
            report(len(rows))
    except KeyboardInterrupt:
        if rows:
            interrupted(assembled(replace(header, seconds=seconds, kinds=header.kinds[: len(rows)]), rows))
        raise
    return assembled(replace(header, seconds=seconds), rows)


def _ids(prompts: Any) -> list[torch.Tensor]:
    """(P,) token ids of each prompt. Raises TraceError naming the one that has none."""
    import torch

    if not isinstance(prompts, Iterable) or not (listed := list(prompts)):
        raise TraceError(f"prompts should be lists of token ids, one a request, found {repr(prompts)}")
    texts: list[torch.Tensor] = []
    for place, prompt in enumerate(listed):
        try:
            ids = torch.as_tensor(prompt, device="cpu")
        except (TypeError, ValueError, RuntimeError):
            ids = torch.zeros(0)
        if ids.ndim != 1 or not len(ids) or ids.dtype == torch.bool or ids.is_floating_point():
            raise TraceError(f"prompts[{place}] should be a list of token ids, found {repr(prompt)}")
        texts.append(ids)
    return texts


def _shape(model: Any) -> str:
    config = model.config.get_text_config()
    return f"{config.model_type}-{config.num_hidden_layers}x{config.hidden_size}"


def _generate(
    model: Any, recorder: Recorder, prompts: list[torch.Tensor], new_tokens: int, temperature: float, seed: int
) -> dict[str, float]:
    import torch

    longest = max(map(len, prompts))
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for line, real, prompt in zip(ids, mask, prompts, strict=True):
        line[longest - len(prompt) :] = prompt
        real[longest - len(prompt) :] = 1
    options: dict[str, Any] = {"do_sample": temperature > 0}
    if temperature > 0:
        options |= {"temperature": temperature, "top_k": 0, "top_p": 1.0}
    torch.manual_seed(seed)
    output = model.generate(
        input_ids=ids.to(model.device),
        attention_mask=mask.to(model.device),
        max_new_tokens=new_tokens + 1,  # the last position is recorded too: a batch may draft there for others' sake
        smart_recipe=RECIPE,
        assistant_model=recorder,
        return_dict_in_generate=True,
        **options,
    )
    for row in recorder.rows:
        del row.text[new_tokens:]
    return dict(output.speculation.seconds)


def assembled(header: Header, rows: list[Row]) -> Trace:
    """The rows' lists as a trace's arrays."""
    width = header.envelope.topk
    fed: list[Fed] = []
    counts: list[int] = []
    for row in rows:
        for place in range(len(row.text)):
            layers = row.drafted.get(place, [])
            counts.append(sum(len(layer.rank) for layer in layers))
            fed += layers
    none = np.zeros(0, np.int64)
    nothing = Fed(none, none, np.zeros((0, width), np.int64), np.zeros((0, width)))
    fed = fed or [nothing]
    return Trace(
        header,
        prompt=np.concatenate([row.prompt for row in rows]).astype(np.int32),
        prompt_start=_starts([len(row.prompt) for row in rows]),
        text=np.concatenate([np.array(row.text, np.int32) for row in rows]),
        text_start=_starts([len(row.text) for row in rows]),
        fed_start=_starts(counts),
        fed_parent=np.concatenate([layer.parent for layer in fed]).astype(np.int16),
        fed_rank=np.concatenate([layer.rank for layer in fed]).astype(np.uint8),
        child_token=np.concatenate([layer.token for layer in fed]).astype(np.int32),
        child_prob=np.concatenate([layer.prob for layer in fed]).astype(np.float32),
    )


def _starts(counts: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
