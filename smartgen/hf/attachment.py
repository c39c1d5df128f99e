"""What belongs to a model between calls: what was learned, the drafters made for it, the costs measured on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch

from smartgen.drafters.assistant import Assistant
from smartgen.drafters.ngram import NGram
from smartgen.hf.costing import CostSource
from smartgen.hf.gate import attention_of, capability
from smartgen.hf.target import PlainMask
from smartgen.hf.vocabulary import known_tokenizer, refuse_other_tokens
from smartgen.policy.learned import Learned

if TYPE_CHECKING:
    from smartgen.attention.mask import MaskStyle
    from smartgen.drafters.protocol import Drafter

_PLACE = "_smartgen_attachment"


class Attachment:
    """One per model, made on first use. `learn` False freezes what was learned; `profile` names a stored cost profile.

    `previous`: a `generate` that was bound to the model itself before ours.
    """

    def __init__(self, learn: bool = True, profile: str | None = None) -> None:
        self.learn, self.profile = learn, profile
        self.previous: Callable | None = None
        self.lock = threading.Lock()
        self.ngram = NGram()
        self.plain_masks: dict[int, PlainMask] = {}
        self._learned: WeakKeyDictionary[Drafter, Learned] = WeakKeyDictionary()
        self._costs: dict[tuple, CostSource] = {}
        self._assistants: dict[int, Assistant] = {}
        self._checked: set[tuple[int, int, int]] = set()
        self._style: tuple[str, MaskStyle] | None = None

    def style(self, model: torch.nn.Module) -> MaskStyle:
        """The model's mask style, checked once for each attention implementation."""
        implementation = attention_of(model)
        if self._style is None or self._style[0] != implementation:
            self._style = (implementation, capability(model))
        return self._style[1]

    def learned(self, drafter: Drafter) -> Learned:
        """Shared by all calls that draft with the same drafter."""
        with self.lock:
            learned = self._learned.setdefault(drafter, Learned())
            learned.frozen = not self.learn
            return learned

    def costs(self, model: torch.nn.Module, drafter: Drafter, profile: str | None) -> CostSource:
        """Measured costs of this model and drafter: from the named profile, a remembered one, or measured in the call."""
        named = profile or self.profile or "auto"
        with self.lock:
            key = (drafter.name, named, model.device, model.dtype)  # a model may be moved between calls
            if key not in self._costs:
                self._costs[key] = CostSource.find(model, drafter, named)
            return self._costs[key]

    def assistant(self, model: torch.nn.Module, target: torch.nn.Module) -> Assistant:
        """The drafter around an assistant model, made once."""
        with self.lock:
            if id(model) not in self._assistants or self._assistants[id(model)].model is not model:
                self._assistants[id(model)] = Assistant(model, target, capability(model))
            return self._assistants[id(model)]

    def check_tokens(
        self, assistant: Assistant, target: torch.nn.Module, tokenizer: object, assistant_tokenizer: object
    ) -> None:
        """Raise ValueError if the two models' tokenizers can be had and differ; asked once for the same four."""
        asked = (id(assistant), id(tokenizer), id(assistant_tokenizer))
        if asked not in self._checked:
            refuse_other_tokens(
                tokenizer or known_tokenizer(target), assistant_tokenizer or known_tokenizer(assistant.model)
            )
            self._checked.add(asked)

    def __deepcopy__(self, memo: object) -> Attachment:
        return Attachment(self.learn, self.profile)  # a copy of a model learns for itself

    def __reduce__(self):
        return (Attachment, (self.learn, self.profile))


def attachment_of(model: torch.nn.Module) -> Attachment:
    """The model's attachment, made if there is none."""
    found = model.__dict__.get(_PLACE)
    if found is None:
        found = Attachment()
        model.__dict__[_PLACE] = found
    return found


def previous_generate(model: torch.nn.Module) -> Callable | None:
    """The `generate` that was bound to the model itself when it was attached, None if its class's own was in use."""
    found = model.__dict__.get(_PLACE)
    return found.previous if found is not None else None


def set_attachment(model: torch.nn.Module, attachment: Attachment | None) -> None:
    """Put an attachment in place, or remove it."""
    if attachment is None:
        model.__dict__.pop(_PLACE, None)
    else:
        model.__dict__[_PLACE] = attachment
