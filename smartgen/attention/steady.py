"""Attention kernels that do not mind a new length at every step.

On recent Nvidia GPUs torch hands attention to cuDNN first, which builds a plan for every shape it has not met. While
decoding every step is a token or a tree longer than the last, so that each builds one: on an H200 SmolLM2-135M in bf16
makes 14.9 plain tokens a second that way (torch 2.11, `benchmarks/results/speed_plain_cudnn_h200.json`) and 55.8
without (`speed_head_h200.json`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from smartgen.switch import shared


class _Kernels:
    """torch's own switch is one for the whole process; `before`: as it stood outside."""

    def __init__(self) -> None:
        self.lock, self.before = threading.Lock(), True

    def leave_out(self) -> None:
        self.before = torch.backends.cuda.cudnn_sdp_enabled()
        torch.backends.cuda.enable_cudnn_sdp(False)

    def put_back(self) -> None:
        torch.backends.cuda.enable_cudnn_sdp(self.before)


_kernels = _Kernels()


@contextmanager
def steady(device: torch.device) -> Iterator[None]:
    """Keep cuDNN's attention out inside the block, on CUDA; nested and concurrent blocks share one switch."""
    if device.type != "cuda":
        yield
        return
    with shared(_kernels.lock, _kernels, "users", _kernels.leave_out, _kernels.put_back):
        yield
