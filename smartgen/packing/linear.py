"""Products with fixed weights, in the order of memory that the CPU's matrix kernels want.

Decoding multiplies a handful of rows with megabytes of weights. Left as they are, the weights are brought into the
kernel's blocked order anew in every call, which costs as much as reading them; done once, at load, SmolLM2's head
runs in half the time (bf16 and float32, 10 rows, x86). The products are the same, up to rounding.
"""

from __future__ import annotations

import platform

import torch
import torch.nn.functional as F

_PACKABLE = (torch.float32, torch.bfloat16)


class Linear:
    """`Linear(weight)(x, bias)`: x (..., n) times weight (m, n) transposed, plus bias (m,) if any → (..., m)."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.packed = can_pack(weight)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous()) if self.packed else weight

    def __call__(self, x: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        if self.packed:
            return torch.ops.mkldnn._linear_pointwise(x, self._weight, bias, "none", [], "")
        return F.linear(x, self._weight, bias)


def can_pack(weight: torch.Tensor) -> bool:
    """Whether torch can keep this weight in blocked order here: on x86 with oneDNN, in float32 and bf16."""
    here = weight.device.type == "cpu" and platform.machine().lower() in ("x86_64", "amd64")
    if not here or weight.dtype not in _PACKABLE or not torch.backends.mkldnn.is_available():
        return False
    if weight.dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    return hasattr(torch.ops.mkldnn, "_reorder_linear_weight") and hasattr(torch.ops.mkldnn, "_linear_pointwise")
