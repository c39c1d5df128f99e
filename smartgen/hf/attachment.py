"""What belongs to a model between calls: what was learned, the drafters made for it, the costs measured on it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import torch

from smartgen.drafters.assistant import Assistant
from smartgen.drafters.ngram import NGram
from smartgen.hf.costing import CostSource
from smartgen.hf.gate import capability
from smartgen.hf.target import PlainMask
from smartgen.policy.learned import Learned

if TYPE_CHECKING:
    from smartgen.attention.mask import MaskStyle
    from smartgen.drafters.protocol import Drafter

_PLACE = "_smartgen_attachment"


class Attachment:
    """One per model, made on first use. `learn` False freezes what was learned; `profile` names a stored cost profile."""

    def __init__(self, learn: bool = True, profile: str | None = None) -> None:
        self.learn, self.profile = learn, profile
        self.lock = threading.Lock()
        self.ngram = NGram()
        self.plain_masks: dict[int, PlainMask] = {}
        self._learned: dict[str, Learned] = {}
        self._costs: dict[tuple[str, str], CostSource] = {}
        self._assistants: dict[int, Assistant] = {}
        self._style: tuple[str, MaskStyle] | None = None

    def style(self, model: torch.nn.Module) -> MaskStyle:
        """The model's mask style, checked once for each attention implementation."""
        implementation = str(model.config.get_text_config()._attn_implementation)
        if self._style is None or self._style[0] != implementation:
            style = capability(model)
            self._style = (implementation, style)
        return self._style[1]

    def learned(self, drafter: Drafter) -> Learned:
        """Shared by all calls that draft with the same drafter."""
        with self.lock:
            learned = self._learned.setdefault(drafter.name, Learned())
            learned.frozen = not self.learn
            return learned

    def costs(self, model: torch.nn.Module, drafter: Drafter, profile: str | None) -> CostSource:
        """Measured costs of this model and drafter: from the named profile, a remembered one, or measured in the call."""
        named = profile or self.profile or "auto"
        with self.lock:
            key = (drafter.name, named)
            if key not in self._costs:
                self._costs[key] = CostSource.find(model, drafter, named)
            return self._costs[key]

    def assistant(self, model: torch.nn.Module, target: torch.nn.Module) -> Assistant:
        """The drafter around an assistant model, made once."""
        with self.lock:
            if id(model) not in self._assistants or self._assistants[id(model)].model is not model:
                self._assistants[id(model)] = Assistant(model, target, capability(model))
            return self._assistants[id(model)]

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


def set_attachment(model: torch.nn.Module, attachment: Attachment | None) -> None:
    """Put an attachment in place, or remove it."""
    if attachment is None:
        model.__dict__.pop(_PLACE, None)
    else:
        model.__dict__[_PLACE] = attachment
