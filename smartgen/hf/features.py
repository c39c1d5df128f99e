"""Features of the target for heads: the inputs of named layers, caught by hooks in every forward of the loop.

No second forward and no `output_hidden_states`: chunks of a long prompt arrive one by one, and a head that sleeps
still gets the features of every token, without which it could never wake.
"""

from __future__ import annotations

import threading

import torch
from torch import nn


def decoder_layers(model: nn.Module) -> nn.ModuleList:
    """The target's stack of decoder layers, wherever its family keeps it. Raises ValueError if there is none."""
    config = model.config.get_text_config()
    wanted = config.num_hidden_layers
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else model
    for root in (decoder, model):
        for module in root.modules():
            if isinstance(module, nn.ModuleList) and len(module) == wanted:
                return module
    raise ValueError(f"{type(model).__name__} has no list of {wanted} decoder layers to take features from")


class FeatureTap:
    """Context manager around a `generate` call; `take()` after a forward gives (B, Q, F) of that forward.

    `layers`: the inputs of these decoder layers are concatenated along F, in this order.
    """

    def __init__(self, model: nn.Module, layers: tuple[int, ...]) -> None:
        stack = decoder_layers(model)
        if max(layers) >= len(stack):
            raise ValueError(f"features of layer {max(layers)} are asked for, the target has {len(stack)} layers")
        self.layers = layers
        self._stack = stack
        self._seen: dict[int, list[torch.Tensor]] = {layer: [] for layer in layers}
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._thread = 0

    def __enter__(self) -> FeatureTap:
        self._thread = threading.get_ident()  # another thread may be using the same model
        for layer in self._seen:
            hook = self._hook(layer)
            self._handles.append(self._stack[layer].register_forward_pre_hook(hook, with_kwargs=True))
        return self

    def __exit__(self, *exception: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _hook(self, layer: int):
        seen = self._seen[layer]

        def hook(module: nn.Module, args: tuple, kwargs: dict) -> None:
            if threading.get_ident() == self._thread:
                seen.append(args[0] if args else kwargs["hidden_states"])

        return hook

    def take(self) -> torch.Tensor:
        """What was caught since the last call, all chunks joined: (B, Q, F)."""
        parts = [torch.cat(self._seen[layer], 1) for layer in self.layers]
        self.clear()
        return torch.cat(parts, -1)

    def clear(self) -> None:
        """Forget what was caught."""
        for seen in self._seen.values():
            seen.clear()
