"""What a call reports about itself: `.speculation` on the usual output of `generate`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import torch
from transformers.generation.utils import GenerateDecoderOnlyOutput

from smartgen.policy.controller import StepReport


@dataclass
class Speculation:
    """One `generate` call in numbers. Terms as in the glossary: accept length counts the bonus token.

    `drafted`: candidates proposed; `verified`: draft nodes checked by the target; `accepted`: those committed.
    `row_steps`: steps summed over the rows that took part. `tree_sizes`: verified nodes a row → steps.
    `seconds`: by phase (prefill, draft, verify, other). `reasons`: why drafting ended → steps.
    """

    recipe: str
    drafter: str
    steps: int = 0
    row_steps: int = 0
    passes: int = 0
    drafted: int = 0
    verified: int = 0
    accepted: int = 0
    committed: int = 0
    tree_sizes: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(
        default_factory=lambda: {"prefill": 0.0, "profile": 0.0, "draft": 0.0, "verify": 0.0, "other": 0.0}
    )
    history: list[StepReport] = field(default_factory=list)
    profile: str = ""

    HISTORY = 4096  # steps kept one by one; the sums above go on

    def add(self, report: StepReport, rows: int, passes: int, verified: int, accepted: int, committed: int) -> None:
        """One step is over."""
        self.steps += 1
        self.row_steps += rows
        self.passes += passes
        self.drafted += report.candidates
        self.verified += verified
        self.accepted += accepted
        self.committed += committed
        self.tree_sizes[report.nodes] += 1
        self.reasons[report.reason] += 1
        if len(self.history) < self.HISTORY:
            self.history.append(report)

    @property
    def accept_length(self) -> float:
        """Mean tokens committed by a row in a step, bonus token included; 1 is plain decoding."""
        return self.committed / self.row_steps if self.row_steps else 0.0

    @property
    def acceptance_rate(self) -> float:
        """Accepted / verified draft nodes."""
        return self.accepted / self.verified if self.verified else 0.0

    @property
    def mean_tree_size(self) -> float:
        """Mean verified nodes a row in a step, steps without speculation included."""
        steps = sum(self.tree_sizes.values())
        return sum(size * count for size, count in self.tree_sizes.items()) / steps if steps else 0.0

    @property
    def steps_off(self) -> float:
        """Share of steps that verified no draft node."""
        return self.tree_sizes[0] / self.steps if self.steps else 0.0


@dataclass
class SpeculativeOutput(GenerateDecoderOnlyOutput):
    """The usual output of `generate`, plus what speculation did."""

    speculation: Speculation | None = None


def cache_field() -> str:
    """What `generate`'s output calls its cache: `cache` since transformers 5.24, `past_key_values` before."""
    return "cache" if "cache" in GenerateDecoderOnlyOutput.__dataclass_fields__ else "past_key_values"


def stacked(rows: list[list[torch.Tensor]]) -> tuple[torch.Tensor, ...]:
    """Per row its (V,) vectors → stock's form: one (B, V) entry a position; finished rows are filled with zeros."""
    longest = max(len(row) for row in rows)
    empty = torch.zeros_like(rows[0][0])
    return tuple(torch.stack([row[i] if i < len(row) else empty for row in rows]) for i in range(longest))
