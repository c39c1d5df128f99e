"""What a device would need by its datasheet: a profile for planning, where the device is not at hand.

A forward reads all weights and the rows' keys and values, and multiplies every token with every weight; the larger of
the two times is its floor (Williams et al. 2009, the roofline model). Real kernels reach a part of either ceiling, and
where launching them takes longer than running them, that is what a step takes. Such a profile says "roofline" wherever
it is shown, is never remembered for `generate`, and decides nothing in earnest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartgen.profile.errors import ProfileError
from smartgen.profile.measure import SIZES, WIDTHS
from smartgen.profile.profile import Key, Profile
from smartgen.profile.table import CostTable, Point

BYTES = 2  # of a weight, a key or a value: bf16


@dataclass(frozen=True)
class Device:
    """`flops`: dense bf16 operations a second; `bandwidth`: bytes a second; both as the maker states them."""

    flops: float
    bandwidth: float


DEVICES = {
    "a100": Device(312e12, 2.04e12),
    "h100": Device(989e12, 3.35e12),
    "h200": Device(989e12, 4.8e12),
    "l40s": Device(362e12, 0.864e12),
    "rtx4090": Device(165e12, 1.008e12),
}


@dataclass(frozen=True)
class Reach:
    """Which part of either ceiling kernels reach, and seconds of launching a layer (0 where graphs are captured).

    With the defaults, and 0.6 ms a layer, steps of Llama-3.1-8B's shape on an H200 come out within a quarter of what was
    measured there, at batches 1 and 64 and 0 to 64 nodes a row (tests/profile/test_roofline.py).
    """

    flops: float = 0.38
    bandwidth: float = 0.7
    launch: float = 0.0


@dataclass(frozen=True)
class Shape:
    """A stack of decoder layers in numbers. `joined`: inputs of a layer's first products, in hidden sizes."""

    name: str
    hidden: int
    intermediate: int
    layers: int
    heads: int
    keys: int
    head_dim: int
    vocabulary: int
    joined: int = 1
    features: int = 0  # numbers that a head brings to the hidden size first

    @classmethod
    def of(cls, name: str, config: dict[str, Any]) -> Shape:
        """From a model's or an EAGLE-3 head's config. Raises ProfileError naming the key that is missing."""
        text = config.get("text_config") or config
        head = "draft_vocab_size" in config
        try:
            hidden, heads = int(text["hidden_size"]), int(text["num_attention_heads"])
            return cls(
                name=name,
                hidden=hidden,
                intermediate=int(text["intermediate_size"]),
                layers=1 if head else int(text["num_hidden_layers"]),
                heads=heads,
                keys=int(text.get("num_key_value_heads") or heads),
                head_dim=int(text.get("head_dim") or hidden // heads),
                vocabulary=int(config["draft_vocab_size"] if head else text["vocab_size"]),
                joined=2 if head else 1,
                features=3 * int(config.get("target_hidden_size") or hidden) if head else 0,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ProfileError(
                f"the config of {name} misses or misstates {error}; a roofline needs its sizes"
            ) from None

    @classmethod
    def read(cls, name: str, folder: Path) -> Shape:
        """From the config.json of a folder. Raises ProfileError naming the file."""
        path = folder / "config.json"
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ProfileError(f"a roofline needs the sizes in {path}, which cannot be read: {error}") from None
        if not isinstance(config, dict):
            raise ProfileError(f"{path} should hold a JSON object, found {type(config).__name__}")
        return cls.of(name, config)

    @property
    def weights(self) -> int:
        """Numbers that every token is multiplied with, the output's vocabulary among them, embeddings not."""
        attention = self.joined * self.hidden * (self.heads + 2 * self.keys) * self.head_dim
        layer = attention + self.heads * self.head_dim * self.hidden + 3 * self.hidden * self.intermediate
        return self.layers * layer + self.hidden * self.vocabulary + self.features * self.hidden

    def seconds(self, rows: int, tokens: int, context: int, device: Device, reach: Reach) -> float:
        """One forward of `tokens` a row over `context` slots."""
        per_slot = 2 * self.layers * self.keys * self.head_dim * BYTES
        flops, bandwidth = device.flops * reach.flops, device.bandwidth * reach.bandwidth
        products = max(2 * self.weights * rows * tokens / flops, self.weights * BYTES / bandwidth)
        read = 4 * rows * tokens * context * self.layers * self.heads * self.head_dim
        attention = max(read / flops, rows * context * per_slot / bandwidth)
        return max(products + attention, self.layers * reach.launch)


def roofline(
    model: Shape,
    draft: Shape | None,
    device: str,
    batches: Sequence[int],
    contexts: Sequence[int],
    reach: Reach,
    command: str,
) -> Profile:
    """A profile of kind "roofline"; `draft` None: candidates that cost nothing. Raises ProfileError for an unknown device."""
    if device not in DEVICES:
        raise ProfileError(f"there is no datasheet of {device!r} here: {', '.join(DEVICES)}")

    def points(shape: Shape, sizes: Sequence[int], root: int) -> list[Point]:
        return [
            Point(batch, context, size, shape.seconds(batch, root + size, context, DEVICES[device], reach))
            for batch in batches
            for context in contexts
            for size in sizes
        ]

    verify, passes = points(model, SIZES, 1), [] if draft is None else points(draft, WIDTHS, 0)
    key = Key(model.name, draft.name if draft else "ngram", f"roofline of {device}", "bfloat16")
    provenance = {"command": command, "reach": f"{reach.flops} of the operations, {reach.bandwidth} of the bandwidth"}
    return Profile(key, CostTable(verify), CostTable(passes), "roofline", provenance)
