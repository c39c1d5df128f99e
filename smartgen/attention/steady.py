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


class _Switch:
    """torch's own switch is one for the whole process: the first block turns it off, the last one back."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users, self.before = 0, True


_switch = _Switch()


@contextmanager
def steady(device: torch.device) -> Iterator[None]:
    """Keep cuDNN's attention out inside the block, on CUDA; nested and concurrent blocks share one switch."""
    if device.type != "cuda":
        yield
        return
    with _switch.lock:
        if _switch.users == 0:
            _switch.before = torch.backends.cuda.cudnn_sdp_enabled()
            torch.backends.cuda.enable_cudnn_sdp(False)
        _switch.users += 1
    try:
        yield
    finally:
        with _switch.lock:
            _switch.users -= 1
            if _switch.users == 0:
                torch.backends.cuda.enable_cudnn_sdp(_switch.before)
