"""Reading a head's checkpoint: safetensors, or a .bin without executing anything in it; every tensor accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from smartgen.drafters.errors import DrafterError
from smartgen.drafters.headconfig import is_speculators
from smartgen.models.causal import short
from smartgen.models.checkpoint import AGAIN, weight_file, weight_files

Tensors = dict[str, torch.Tensor]


def read_tensors(folder: Path) -> Tensors:
    """All tensors of a head. A pickle is read with `weights_only`: code in it is refused, never run."""
    from safetensors.torch import load_file

    tensors: Tensors = {}
    for path in weight_files(folder):
        try:
            if path.suffix == ".bin":
                tensors |= dict(torch.load(path, map_location="cpu", weights_only=True))
            else:
                tensors |= load_file(path)
        except Exception as error:  # every loader has its own errors; all mean the same to the reader
            raise DrafterError(f"{path} cannot be read as weights ({short(error)}); {AGAIN}") from None
    odd = [name for name, value in tensors.items() if not isinstance(value, torch.Tensor)]
    if odd:
        raise DrafterError(f"{path}: {odd[0]!r} should be a tensor, found {type(tensors[odd[0]]).__name__}")
    return tensors


class HeadTensors:
    """The tensors of one head under their published names, each handed out once and checked.

    Every method raises DrafterError naming the file, the tensor, what was expected and what was found.
    """

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.file = weight_file(folder)
        self._left = read_tensors(folder)
        if is_speculators(config):
            self._left = {name.replace("layers.0.", "midlayer."): tensor for name, tensor in self._left.items()}

    def take(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        """The floating-point tensor `name`, of exactly this shape."""
        tensor = self._take(name, shape)
        if not tensor.dtype.is_floating_point:
            raise DrafterError(f"{self.file}: {name!r} should hold floating-point weights, found {tensor.dtype}")
        return tensor

    def take_whole(self, name: str, length: int) -> torch.Tensor:
        """The tensor `name` of `length` whole numbers."""
        tensor = self._take(name, (length,))
        if tensor.dtype.is_floating_point or tensor.dtype == torch.bool:
            raise DrafterError(f"{self.file}: {name!r} should hold whole numbers, found {tensor.dtype}")
        return tensor.long()

    def take_if_any(self, name: str, shape: tuple[int, ...]) -> torch.Tensor | None:
        """The tensor `name`, or None where the checkpoint has none."""
        return self._take(name, shape) if self.has(name) else None

    def has(self, name: str) -> bool:
        """Whether the tensor `name` is there and was not taken yet."""
        return name in self._left

    def _take(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        if name not in self._left:
            raise DrafterError(f"{self.file} has no tensor {name!r} {list(shape)}; it is no complete EAGLE-3 head")
        tensor = self._left.pop(name)
        if tuple(tensor.shape) != shape:
            raise DrafterError(f"{self.file}: {name!r} should be {list(shape)}, found {list(tensor.shape)}")
        if not _is_finite(tensor):
            raise DrafterError(f"{self.file}: {name!r} holds numbers that are not finite (NaN or inf); {AGAIN}")
        return tensor

    def check_all_taken(self) -> None:
        """A tensor nobody asked for belongs to a variant of the head that would draft wrongly without it."""
        unknown = sorted(name for name in self._left if not name.endswith("rotary_emb.inv_freq"))
        if unknown:
            raise DrafterError(
                f"{self.file} has the tensor {unknown[0]!r}, which an EAGLE-3 head of the published layout has not; "
                "smartgen does not run this variant"
            )


def _is_finite(tensor: torch.Tensor) -> bool:
    """Whether every number is; asked of the least and the largest, which takes a twentieth of the time."""
    extremes = (tensor.float() if tensor.itemsize == 1 else tensor).aminmax()  # torch compares no numbers of eight bits
    return all(bool(extreme.isfinite()) for extreme in extremes)
