"""What the controller is judged on: traces, who drafts on them, and what time costs there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from smartgen.profile import store
from smartgen.profile.profile import Profile
from smartgen.trace import load
from smartgen.trace.flip import misled
from smartgen.trace.trace import Trace

HERE = Path(__file__).parent
SMOLLM2 = HERE / "results" / "profile_smollm2_bf16_head.json"
PAIR = HERE / "results" / "profile_bundled_bf16.json"


@dataclass(frozen=True)
class Workload:
    """`ngram`: n-grams draft instead of the recorded drafter; only the verifying part of the profile is used then.
    `useless`: the recorded drafter is as sure as ever and never right.
    """

    file: Path
    costs: Path
    ngram: bool = False
    useless: bool = False

    @property
    def trace(self) -> Trace:
        found = _loaded(self.file)
        return misled(found, np.ones(found.requests, bool)) if self.useless else found

    @property
    def drafter(self) -> str:
        """Who drafts: ngram, useless, or what was recorded (head, assistant)."""
        return "ngram" if self.ngram else "useless" if self.useless else _loaded(self.file).header.source

    @property
    def profile(self) -> Profile:
        return store.load(self.costs)


@cache
def _loaded(file: Path) -> Trace:
    return load(file)


def shipped() -> dict[str, Workload]:
    """By name. The n-gram ones are the head's texts: what n-grams propose follows from the text."""
    found = {}
    for text in ("greedy", "t1"):
        head = HERE / "traces" / f"smollm2-135m-eagle3-{text}.npz"
        found[text] = Workload(head, SMOLLM2)
        found[f"{text}, n-grams only"] = Workload(head, SMOLLM2, ngram=True)
        found[f"{text}, useless head"] = Workload(head, SMOLLM2, useless=True)
        found[f"{text}, bundled pair"] = Workload(HERE / "traces" / f"bundled-pair-{text}.npz", PAIR)
    return found


def recorded(files: list[Path], costs: Path) -> dict[str, Workload]:
    """The same of traces recorded afresh, by their files' names."""
    found = {}
    for file in files:
        found[file.stem] = Workload(file, costs)
        found[f"{file.stem}, n-grams only"] = Workload(file, costs, ngram=True)
        found[f"{file.stem}, useless head"] = Workload(file, costs, useless=True)
    return found
