"""The target's side of the loop: stock prefill into the ragged cache, then forwards over trees."""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.attention.cache import RaggedCache, cache_argument
from smartgen.attention.mask import MaskStyle, ancestors, mask_multiple
from smartgen.hf.features import FeatureTap
from smartgen.tree.selection import Selection

Ints = NDArray[np.int64]
CACHE_NAMES = ("cache", "past_key_values")  # what `generate` calls the cache it hands over


class Target:
    """One call's use of the target model. Rows are the active ones; `padding` (B,) is their left padding."""

    def __init__(
        self,
        model: torch.nn.Module,
        style: MaskStyle,
        padding: Ints,
        tap: FeatureTap | None,
        plain_mask: PlainMask | None = None,
        longest: int | None = None,
    ) -> None:
        """`plain_mask`: what earlier calls with this many rows found out; default: nothing yet. `longest`: tokens that
        a row can reach, its padding included; default: no limit.
        """
        self.model, self.style, self.tap = model, style, tap
        self.padding = padding
        self.longest = longest if longest is not None else 1 << 40
        self.shift: Ints = np.zeros(len(padding), np.int64)  # by which positions are ahead of the count of tokens
        self.cache = RaggedCache(model.config.get_text_config().num_hidden_layers)
        self.cache_argument = cache_argument(model)
        self.plain_mask = plain_mask if plain_mask is not None else PlainMask()

    def prefill(self, input_ids: torch.Tensor, config: object, kwargs: dict, capacity: int) -> torch.Tensor:
        """Run the prompt as `generate` prepared it; (B, V) logits of the last position."""
        own = next((name for name in CACHE_NAMES if name in kwargs), self.cache_argument)
        kwargs = {**kwargs, own: self.cache}
        self.shift = self._shift(kwargs.get("position_ids"), input_ids.shape[1])
        outputs = self.model._prefill(input_ids, config, kwargs, is_first_iteration=True)
        self.cache.seal(capacity)
        return outputs.logits[:, -1]

    def _shift(self, position_ids: torch.Tensor | None, length: int) -> Ints:
        """(B,) how far the call's own positions run ahead of counting: stock goes on from the last of them."""
        if position_ids is None:
            return self.shift
        last = position_ids[:, -1].cpu().numpy().astype(np.int64)
        return np.broadcast_to(last - (length - self.padding - 1), self.padding.shape)

    @property
    def contexts(self) -> Ints:
        """(B,) tokens of each row that are in the cache, padding apart."""
        return self.cache.lengths - self.padding

    def verify(self, selection: Selection) -> torch.Tensor:
        """One forward over root and selected nodes: logits (B, 1 + n, V). Writes behind the committed part."""
        device = self.model.device
        bare = selection.size == 0 and self._in_step() and self.plain_mask.prefers_none()
        view = self.cache.begin(selection.size + 1, multiple=1 if bare else mask_multiple(device))
        positions = self.contexts[:, None] + selection.depth
        started = time.perf_counter()
        mask = None if bare else self._mask(selection, positions, view)
        outputs = self.model(
            input_ids=torch.as_tensor(selection.token, device=device),
            attention_mask=mask,
            position_ids=torch.as_tensor(self._ids_of(positions), device=device),
            **{self.cache_argument: self.cache},
            use_cache=True,
            return_dict=True,
        )
        if selection.size == 0 and self._in_step():
            self.plain_mask.timed(bare, time.perf_counter() - started)
        return outputs.logits

    @property
    def settled(self) -> bool:
        """Whether it is known how a plain step of these rows runs fastest."""
        return self.plain_mask.settled or not self._in_step()

    def _ids_of(self, positions: Ints) -> Ints:
        """(B, Q) what the model is told. A node behind the end of its row's text can never be accepted; it stands at the
        end, so that learned positions do not run out and rotary frequencies that depend on the largest position stay.
        """
        return np.minimum(positions, (self.longest - self.padding - 1)[:, None]) + self.shift[:, None]

    def _in_step(self) -> bool:
        """Rows are equally long and unpadded, and no window cuts them: attention needs no mask for one token."""
        lengths = self.cache.lengths
        return (
            not self.padding.any()
            and bool((lengths == lengths[0]).all())
            and all(kind.window is None or lengths[0] < kind.window for kind in self.style.kinds)
            and len(self.style.kinds) == 1
        )

    def _mask(self, selection: Selection, positions: Ints, view: int):
        seen = ancestors(selection.parent, selection.depth)
        return self.style.build(
            seen, positions, self.cache.lengths, self.padding, view, 0, self.model.dtype, self.model.device
        )

    def accept(self, path: Ints, counts: Ints) -> torch.Tensor | None:
        """Commit `counts` (B,) columns `path` (B, A) of the last tree; their features (B, A, F) if any are caught."""
        self.cache.accept(path, counts)
        if self.tap is None:
            return None
        features = self.tap.take()
        rows = torch.arange(len(path), device=features.device)[:, None]
        return features[rows, torch.as_tensor(path, device=features.device)]

    def keep_rows(self, rows: Ints) -> None:
        """Go on with these active rows only."""
        self.cache.keep_rows(rows)
        self.padding, self.shift = self.padding[rows], self.shift[rows]


class PlainMask:
    """Whether a single unpadded token runs faster with a mask or without.

    Attention takes different kernels in the two cases, and which is faster depends on the machine (grouped heads in
    bf16 on CPUs: with a mask up to 1.7 x). The first plain steps alternate; the medians decide.
    """

    TRIALS = 3

    def __init__(self) -> None:
        self._seconds: dict[bool, list[float]] = {False: [], True: []}

    @property
    def settled(self) -> bool:
        """Whether both ways were tried often enough."""
        return min(map(len, self._seconds.values())) >= self.TRIALS

    def prefers_none(self) -> bool:
        """The way to take for the next plain step: True for no mask."""
        without, masked = self._seconds[True], self._seconds[False]
        if not self.settled:
            return len(without) <= len(masked)
        return float(np.median(without)) <= float(np.median(masked))

    def timed(self, without: bool, seconds: float) -> None:
        """A plain step took this long."""
        if len(self._seconds[without]) < self.TRIALS:
            self._seconds[without].append(seconds)
