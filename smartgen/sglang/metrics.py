"""Prometheus metrics beside the engine's own, where `--enable-metrics` is given."""

from __future__ import annotations

from typing import Any

from smartgen.sglang.steering import Steering

GAUGES = {
    "smartgen_tier_steps": "Drafting steps of the tier in force",
    "smartgen_tier_topk": "Children a node gets in the tier in force",
    "smartgen_tier_draft_tokens": "Tokens verified a row in the tier in force",
    "smartgen_off_ratio": "Share of rounds without speculation since the start",
    "smartgen_asleep": "1 while the draft sleeps",
    "smartgen_accept_length": "Tokens a row and round, running mean",
    "smartgen_predicted_tokens": "Tokens of the batch that a round was expected to bring, running mean",
    "smartgen_measured_tokens": "Tokens of the batch that a round brought, running mean",
    "smartgen_decision_microseconds": "Time that a decision takes, running mean",
}


class Metrics:
    """Silent without gauges."""

    def __init__(self, gauges: dict[str, Any]) -> None:
        self.gauges = gauges

    @classmethod
    def of(cls, wanted: bool, recipe: str) -> Metrics:
        """The client is imported late: the engine first says where its processes meet."""
        if not wanted:
            return cls({})
        from prometheus_client import Gauge

        made = {name: Gauge(name, text, ["recipe"], multiprocess_mode="mostrecent") for name, text in GAUGES.items()}
        return cls({name: gauge.labels(recipe=recipe) for name, gauge in made.items()})

    def show(self, steering: Steering) -> None:
        """Set all gauges."""
        if not self.gauges:
            return
        figures, tier = steering.figures, steering.choice.tier
        values = (
            tier.steps,
            tier.topk,
            tier.tokens,
            figures.off / max(figures.rounds, 1),
            float(steering.rest.asleep),
            figures.tokens,
            figures.predicted,
            figures.measured,
            figures.microseconds,
        )
        for gauge, value in zip(self.gauges.values(), values, strict=True):
            gauge.set(value)
