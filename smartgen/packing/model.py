"""A model's linear layers on packed weights while it decodes.

Decoding multiplies a handful of rows with all of a model's weights, step after step. `Linear` says why that is slow on
plain weights. Here every `torch.nn.Linear` of a model gets a packed copy on first use; inside `packed(model)` the
layers multiply with the copies, outside nothing has changed. SmolLM2-135M's products of one step take, of their time on
plain weights, for 1 / 5 / 16 / 64 rows: bf16 0.71 / 0.61 / 0.64 / 0.80, float32 0.65 / 0.49 / 0.55 / 0.63 (2 cores,
medians, `benchmarks/packed_products.py`). The price is a second copy of those weights, so it is made only where memory is
plentiful. Weights that change afterwards are noticed: `pack` takes their sums anew at the start of every call.

    pack(model)                 # once a call
    with packed(model): ...     # as often as needed
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F

from smartgen.packing.linear import Linear, can_pack
from smartgen.switch import held, shared

SHARE = 0.5  # of the memory that is available: what the copies may take at most

_PLACE = "_smartgen_packing"
_lock = threading.Lock()  # guards the making of a model's `Packing`


class Packing:
    """Packed copies of one model's linear weights. `enabled` False: the model is left alone."""

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled
        self._lock = threading.RLock()
        self._copies: dict[torch.nn.Linear, tuple[int, Linear]] = {}  # layer -> sum of its weight, packed weight

    def in_use(self) -> AbstractContextManager[None]:
        """Inside the block the layers use their copies; behind the last one they have their own forward back."""
        return shared(self._lock, self, "_users", self._install, self._remove)

    def _install(self) -> None:
        for layer, (_, weight) in self._copies.items():
            layer.forward = partial(_forward, layer, weight)

    def _remove(self) -> None:
        for layer in self._copies:
            layer.__dict__.pop("forward", None)

    def refresh(self, model: torch.nn.Module) -> None:
        """Copy what is new or has changed, drop what is gone."""
        with self._lock:
            self._copy(list(packable(model)))
            if held(self, "_users"):
                self._install()

    def _copy(self, layers: list[torch.nn.Linear]) -> None:
        for gone in self._copies.keys() - set(layers):
            del self._copies[gone]
            gone.__dict__.pop("forward", None)
        if not self._copies and not _affordable(layers):
            return
        for layer in layers:
            total = fingerprint(layer.weight)
            if layer not in self._copies or self._copies[layer][0] != total:
                self._copies[layer] = (total, Linear(layer.weight.detach()))

    def __deepcopy__(self, memo: object) -> Packing:
        return Packing(self.enabled)  # a copied model packs its own weights

    def __reduce__(self) -> tuple[type[Packing], tuple[bool]]:
        return (Packing, (self.enabled,))


def pack(model: torch.nn.Module) -> None:
    """Bring the model's packed copies up to date: at the start of a call, before `packed`."""
    packing = packing_of(model)
    if packing.enabled and model.device.type == "cpu":
        packing.refresh(model)


@contextmanager
def packed(model: torch.nn.Module) -> Iterator[None]:
    """Run the model's linear layers on their packed copies inside the block; blocks nest and may run side by side."""
    with packing_of(model).in_use():
        yield


def packing_of(model: torch.nn.Module) -> Packing:
    """The model's packing, made if there is none."""
    with _lock:
        return model.__dict__.setdefault(_PLACE, Packing())


def set_packing(model: torch.nn.Module, enabled: bool) -> None:
    """Allow or forbid packed copies for this model; copies made so far are dropped."""
    with _lock:
        model.__dict__[_PLACE] = Packing(enabled)


def drop_packing(model: torch.nn.Module) -> None:
    """Forget the model's copies and what was said about making them."""
    with _lock:
        model.__dict__.pop(_PLACE, None)


def packs(model: torch.nn.Module) -> bool:
    """Whether a call with this model would run on packed weights: what its costs were measured with."""
    packing = packing_of(model)
    if not packing.enabled or model.device.type != "cpu":
        return False
    layers = list(packable(model))
    return bool(layers) and (bool(packing._copies) or _affordable(layers))


def packable(model: torch.nn.Module) -> Iterator[torch.nn.Linear]:
    """Plain linear layers with a weight that can be packed. One whose forward somebody else replaced is left alone, and one
    with a hook before its forward, which may be what makes its weight (`torch.nn.utils.prune` does).
    """
    for layer in model.modules():
        ours = isinstance(layer.__dict__.get("forward"), partial) and layer.__dict__["forward"].func is _forward
        untouched = (ours or "forward" not in layer.__dict__) and not layer._forward_pre_hooks
        if type(layer) is torch.nn.Linear and untouched and can_pack(layer.weight):
            yield layer


def fingerprint(weight: torch.Tensor) -> int:
    """Sum of the weight's bits as 64-bit integers, which changes whenever any value does but for a conspiracy of several;
    with torch's own count of changes, which sees values that only change places (`.data` escapes it).
    """
    changes = None if weight.is_inference() else weight._version
    flat = weight.detach().contiguous().view(-1)
    whole = flat.numel() * flat.element_size() // 8 * 8 // flat.element_size()
    rest = flat[whole:].double().sum().item() if whole < flat.numel() else 0.0
    return hash((int(flat[:whole].view(torch.int64).sum()), rest, tuple(weight.shape), changes))


def _forward(layer: torch.nn.Linear, weight: Linear, x: torch.Tensor) -> torch.Tensor:
    if torch.is_grad_enabled() or x.dtype != layer.weight.dtype:
        return F.linear(x, layer.weight, layer.bias)
    return weight(x, layer.bias)


def _affordable(layers: list[torch.nn.Linear]) -> bool:
    needed = sum(layer.weight.numel() * layer.weight.element_size() for layer in layers)
    return needed <= SHARE * _available_memory()


def _available_memory() -> int:
    """Bytes that can be had without swapping; 0 where the system does not say."""
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) * 1024 if found else 0
