"""How long the parts of a round took, without waiting for the device: host times on a CPU, events elsewhere."""

from __future__ import annotations

import time
from typing import Any

import torch


class Stopwatch:
    """Marks in the order of the work. Read it only when the round's result has arrived: then every event has passed."""

    def __init__(self, device: str) -> None:
        self.on_host = device == "cpu"
        self.module = None if self.on_host else torch.get_device_module(device)
        self.marks: dict[str, Any] = {}

    def mark(self, name: str) -> None:
        """The work issued so far is done when this mark passes."""
        if self.module is None:
            self.marks[name] = time.perf_counter()
        else:
            event = self.module.Event(enable_timing=True)
            event.record()
            self.marks[name] = event

    def seconds(self, start: str, end: str) -> float:
        """Between two marks; 0 where one was not made."""
        if start not in self.marks or end not in self.marks:
            return 0.0
        first, last = self.marks[start], self.marks[end]
        return float(last - first) if self.module is None else float(first.elapsed_time(last)) * 1e-3
