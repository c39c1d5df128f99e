"""EAGLE-3 heads: one decoder layer over the target's own features (Li et al. 2025, arXiv 2503.01840).

Position j of the head pairs token x_{j+1} with the target's features at x_j: the inputs of three of its layers,
joined and brought to the hidden size by `fc`. Below the committed text the head feeds on its own un-normed output.
Layout as published: `fc, midlayer.*, norm, lm_head, d2t, t2d`; `d2t` holds offsets: target id = draft id + d2t[draft id].

A pass is a handful of small products, so that everything around them counts: the gains of the norms are folded into
the products behind them, q/k/v and gate/up are one product each, and a committed pair leaves only its key and value
unless it is the last of its row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from smartgen.drafters.checkpoint import HeadTensors
from smartgen.drafters.errors import DrafterError, of_drafters
from smartgen.drafters.fan import Children, fanned, to_host
from smartgen.drafters.headcache import HeadCache
from smartgen.drafters.headconfig import HeadConfig
from smartgen.drafters.pending import Pending
from smartgen.drafters.protocol import SHOWN
from smartgen.drafters.rotary import Rotary, frequencies, rotate
from smartgen.drafters.waking import behind, woken
from smartgen.models.checkpoint import read_config
from smartgen.packing.linear import Linear
from smartgen.tree.layer import Frontier, Layer, Skipped

Ints = NDArray[np.int64]
ROWS_AT_ONCE = 32  # of logits turned into probabilities: a megabyte of float32, which stays in a core's own cache


class Eagle3Head:
    """The weights of a head. Implements `Drafter`; state lives in the session."""

    source, one_pass, free = "head", False, False
    signals = frozenset({"node.entropy"})

    @of_drafters()
    def __init__(self, folder: Path, target: torch.nn.Module, dtype: torch.dtype | None = None) -> None:
        """Load from `folder` for `target`; `dtype` None: the target's. Raises DrafterError for what does not fit."""
        config = read_config(folder)
        self.name = f"eagle3:{folder.name}"
        self.shape = HeadConfig.of(config, folder)
        self.check_target(target.config)
        layers = int(target.config.get_text_config().num_hidden_layers)
        self.feature_layers = self.shape.feature_layers(layers)
        if not all(0 <= layer < layers for layer in self.feature_layers):
            raise DrafterError(
                f"{folder} reads layers {self.feature_layers} of its target; this one has {layers} layers"
            )
        self.feature_size = len(self.feature_layers) * self.shape.target_hidden
        self.dtype, self.device = dtype or target.dtype, target.device
        tensors = HeadTensors(folder, config)
        self._take_layer(tensors)
        self._take_vocabulary(tensors, target)
        tensors.check_all_taken()
        self._set_rotary(folder)

    def check_target(self, config: Any) -> None:
        """Raises DrafterError if the head was made for a target of another size or vocabulary."""
        text, shape = config.get_text_config(), self.shape
        if shape.target_hidden != text.hidden_size or shape.vocabulary != text.vocab_size:
            raise DrafterError(
                f"the head {self.name} is for a target of hidden size {shape.target_hidden} and vocabulary "
                f"{shape.vocabulary}; this target has {text.hidden_size} and {text.vocab_size}"
            )

    def _take_layer(self, tensors: HeadTensors) -> None:
        s = self.shape

        def get(name: str, *shape: int) -> torch.Tensor:
            return tensors.take(name, shape).to(self.device, torch.promote_types(self.dtype, torch.float32))

        def linear(*weights: torch.Tensor) -> Linear:
            return Linear(torch.cat(weights).to(self.dtype))

        attention, mlp = "midlayer.self_attn.", "midlayer.mlp."
        token_gain, hidden_gain = (
            get("midlayer.input_layernorm.weight", s.hidden),
            get("midlayer.hidden_norm.weight", s.hidden),
        )
        both, middle = torch.cat([token_gain, hidden_gain]), get("midlayer.post_attention_layernorm.weight", s.hidden)
        wide = {"q": s.heads * s.head_dim, "k": s.key_heads * s.head_dim, "v": s.key_heads * s.head_dim}
        self.fc = linear(get("fc.weight", s.hidden, self.feature_size))
        self.qkv = linear(*(get(f"{attention}{x}_proj.weight", rows, 2 * s.hidden) * both for x, rows in wide.items()))
        self.out = linear(get(attention + "o_proj.weight", s.hidden, wide["q"]))
        self.gate_up = linear(
            *(get(f"{mlp}{x}_proj.weight", s.intermediate, s.hidden) * middle for x in ("gate", "up"))
        )
        self.down = linear(get(mlp + "down_proj.weight", s.hidden, s.intermediate))
        self.lm_head = linear(get("lm_head.weight", s.draft_vocabulary, s.hidden) * get("norm.weight", s.hidden))
        self.hidden_gain = hidden_gain.to(self.dtype)

    def _take_vocabulary(self, tensors: HeadTensors, target: torch.nn.Module) -> None:
        s = self.shape
        given = tensors.take_if_any("embed_tokens.weight", (s.vocabulary, s.hidden))
        self.embedding = target.get_input_embeddings().weight.detach() if given is None else given
        if self.embedding.shape[1] != s.hidden:
            raise DrafterError(
                f"{tensors.file} has no embed_tokens.weight, and the target's embeddings are {self.embedding.shape[1]} "
                f"wide where the head needs {s.hidden}"
            )
        self.embedding = self.embedding.to(self.device, self.dtype)
        self.target_ids = torch.arange(s.draft_vocabulary, device=self.device)
        # Some trainers write the table for a full vocabulary, too.
        if s.draft_vocabulary != s.vocabulary or tensors.has("d2t"):
            self.target_ids = self.target_ids + tensors.take_whole("d2t", s.draft_vocabulary).to(self.device)
        tensors.take_if_any("t2d", (s.vocabulary,))  # says nothing that d2t does not
        if int(self.target_ids.max()) >= s.vocabulary or int(self.target_ids.min()) < 0:
            raise DrafterError(f"{tensors.file}: 'd2t' maps a draft token outside the target's {s.vocabulary} ids")

    def _set_rotary(self, folder: Path) -> None:
        s = self.shape
        try:
            self._frequencies = frequencies(s.theta, s.head_dim, s.scaling, s.longest, self.device)
        except (KeyError, ValueError, TypeError) as error:
            raise DrafterError(f"{folder / 'config.json'} misses or misstates its rotary scaling: {error}") from None

    def rotary(self, positions: int) -> Rotary:
        """Tables of rotary positions for one call."""
        return Rotary(*self._frequencies, positions, self.dtype)

    def prefill(self, tokens: Ints, counts: Ints, features: torch.Tensor | None, capacity: int) -> Eagle3Session:
        """Begin a call; the prompt is digested by the first `propose`. Raises DrafterError without features."""
        if features is None:
            raise DrafterError("an EAGLE-3 head drafts from the target's features, and none were given")
        return Eagle3Session(self, tokens, counts, features, capacity)

    # -- the layer, in two halves ---------------------------------------------------------------------------------
    def normed(self, x: torch.Tensor) -> torch.Tensor:
        """RMS norm over the last axis without its gain, which the next product carries."""
        return F.rms_norm(x, x.shape[-1:], None, self.shape.eps)

    def project(
        self, tokens: torch.Tensor, hidden: torch.Tensor, rotary: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries (B, Q, H, D), keys and values (B, Q, K, D) of tokens (B, Q) with hidden states (B, Q, hidden)."""
        s = self.shape
        both = torch.stack([F.embedding(tokens, self.embedding), hidden], -2)
        fused = self.qkv(self.normed(both).flatten(-2)).unflatten(-1, (-1, s.head_dim))
        turned = rotate(fused[:, :, : s.heads + s.key_heads], *rotary)
        return turned[:, :, : s.heads], turned[:, :, s.heads :], fused[:, :, s.heads + s.key_heads :]

    def finish(self, hidden: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """The rest of the layer: hidden (B, Q, hidden) and what attention read (B, Q, H * D) → un-normed output."""
        residual = self.normed(hidden) * self.hidden_gain if self.shape.normed_residual else hidden
        hidden = residual + self.out(attended)
        gate, up = self.gate_up(self.normed(hidden)).chunk(2, -1)
        return hidden + self.down(F.silu(gate) * up)

    def children(self, hidden: torch.Tensor, topk: int, entropy: bool = False) -> Children:
        """Target ids and probabilities (B, W, k) of the likeliest children of nodes with output `hidden` (B, W, H).

        With `entropy` also that of each node's distribution over the head's own vocabulary, (B, W) in nats.
        """
        logits = self.lm_head(self.normed(hidden.flatten(0, 1)))
        k, wide = min(topk, logits.shape[1]), torch.promote_types(self.dtype, torch.float32)
        best, spread = [], []
        for part in logits.split(ROWS_AT_ONCE):
            share = torch.softmax(part, -1, dtype=wide)
            best.append(share.topk(k, -1))
            if entropy:
                spread.append(torch.special.entr(share).sum(-1, keepdim=True))
        share, index = (torch.cat(parts) for parts in zip(*best, strict=True))
        told = [share.double(), self.target_ids[index].double()]
        if entropy:
            told.append(torch.cat(spread).double().expand_as(told[0]))
        packed = to_host(told).reshape(len(told), *hidden.shape[:2], k)
        return packed[1].astype(np.int64), packed[0], packed[2, ..., 0] if entropy else None


class Eagle3Session:
    """One call. Pairs wait until somebody drafts, and are then digested in one pass, which gives the first layer."""

    CHUNK = 512  # pairs a row in one forward
    MOST_WAITING = 256  # beyond the prompt: digested without being asked, so that memory stays bounded

    def __init__(self, head: Eagle3Head, tokens: Ints, counts: Ints, features: torch.Tensor, capacity: int) -> None:
        self.head, shape = head, head.shape
        self.cache = HeadCache(len(tokens), shape.key_heads, shape.head_dim, capacity + 64, head.dtype, head.device)
        self.rotary = head.rotary(capacity + 64)
        self.wanted: frozenset[str] = frozenset()
        self.waiting = Pending(len(tokens))
        self.last: torch.Tensor | None = None  # (B, 1, H) output at each row's last pair
        self.fed: torch.Tensor | None = None  # (B, W, H) outputs of the frontier fed last
        self.seen: NDArray[np.bool_] | None = None  # (B, W, drafted) what that frontier sees of the drafted slots
        self.depth = 0  # frontiers fed since the last commit
        self.waiting.add(tokens[:, 1:], (counts - 1).clip(0), features[:, :-1], prompt=True)
        self.from_prompt = self.waiting.longest

    @property
    def pending(self) -> int:
        """Pairs of the longest row that the next first pass has to feed."""
        return self.waiting.longest

    @property
    def dead(self) -> NDArray[np.bool_]:
        """No row dies: the head reads every id of the target."""
        return np.zeros(len(self.cache.lengths), bool)

    @torch.no_grad()
    def propose(self, frontier: Frontier | None, topk: int) -> list[Layer]:
        """See `Session.propose`; one layer a pass."""
        if frontier is not None:
            return [self._layer(self._feed(frontier), frontier.valid, topk)]
        self.rewind()
        self._digest()
        if self.last is None:
            raise DrafterError("an EAGLE-3 head cannot draft before the first token is committed")
        return [self._layer(self.last, np.ones((len(self.last), 1), bool), topk)]

    @torch.no_grad()
    def wake(self, topk: int, most: int) -> tuple[list[Layer], Skipped | None]:
        """See `Session.wake`."""
        skipped = self.waiting.back(most)
        back = int(skipped.max(initial=0))
        if back == 0:
            return self.propose(None, topk), None
        self.rewind()
        tokens, counts, features = self._taken()
        children = self._children(self._digest_chunk(tokens, counts, features, back), max(topk, SHOWN))
        return woken(children, topk, ~self.dead, tokens, counts, skipped)

    def rewind(self) -> None:
        """See `Session.rewind`."""
        self.fed, self.seen, self.depth = None, None, 0

    @torch.no_grad()
    def commit(self, tokens: Ints, counts: Ints, features: torch.Tensor | None) -> None:
        """See `Session.commit`. What waits beyond `MOST_WAITING` pairs is digested here."""
        if features is None:
            raise DrafterError("an EAGLE-3 head needs the target's features of every committed token")
        self.waiting.add(tokens, counts, features)
        if self.waiting.longest > self.from_prompt + self.MOST_WAITING:
            self._digest()

    def keep_rows(self, rows: Ints) -> None:
        """See `Session.keep_rows`."""
        self.cache.keep_rows(rows)
        self.waiting.keep_rows(rows)
        if self.last is not None:
            self.last = self.last[torch.as_tensor(rows, device=self.last.device)]
        self.rewind()

    # -- feeding ------------------------------------------------------------------------------------------------
    def _digest(self) -> None:
        """Feed all waiting pairs, in chunks; remember each row's last output."""
        if self.waiting.longest == 0:
            return
        tokens, counts, features = self._taken()
        for start in range(0, tokens.shape[1], self.CHUNK):
            part = slice(start, start + self.CHUNK)
            self._digest_chunk(tokens[:, part], (counts - start).clip(0, self.CHUNK), features[:, part])

    def _taken(self) -> tuple[Ints, Ints, torch.Tensor]:
        self.from_prompt = 0
        return self.waiting.take()

    def _digest_chunk(self, tokens: Ints, counts: Ints, features: torch.Tensor, back: int = 0) -> torch.Tensor:
        """Keys and values of all pairs; attention and what follows for the last one of each row and `back` before it,
        (B, back + 1, H).
        """
        head, cache, device = self.head, self.cache, self.head.device
        batch, width = tokens.shape
        positions = torch.from_numpy(cache.lengths[:, None] + np.arange(width)).to(device)
        hidden = head.fc(features.to(device, head.dtype))
        rotary = self.rotary.at(positions, int(cache.lengths.max()) + width)
        query, keys, values = head.project(torch.tensor(tokens, device=device), hidden, rotary)
        cache.write(keys, values)
        cache.lengths = cache.lengths + counts
        rows, at = torch.arange(batch, device=device)[:, None], torch.from_numpy(behind(counts, back)).to(device)
        ends = behind(cache.lengths, back)
        slots = int(ends.max()) + 1
        attended = cache.attend(query[rows, at], slots, cache.ends_mask(ends, slots))
        outputs = head.finish(hidden[rows, at], attended)
        last = outputs[:, -1:]
        if self.last is not None and (counts == 0).any():  # a row with nothing in this chunk keeps its output
            last = torch.where(torch.from_numpy(counts > 0).to(device)[:, None, None], last, self.last)
        self.last = last
        return outputs

    def _feed(self, frontier: Frontier) -> torch.Tensor:
        """Feed tree nodes behind the committed part; (B, W, H)."""
        head, cache, device = self.head, self.cache, self.head.device
        width = frontier.token.shape[1]
        hidden, seen = self._above(frontier)
        offset = seen.shape[2] - width
        spots = torch.from_numpy(cache.lengths[:, None] + self.depth).to(device)  # siblings share a position
        rotary = self.rotary.at(spots, int(cache.lengths.max()) + self.depth)
        query, keys, values = head.project(torch.tensor(frontier.token, device=device), hidden, rotary)
        cache.write(keys, values, offset)
        slots = int(cache.lengths.max()) + offset + width
        self.fed = head.finish(hidden, cache.attend(query, slots, cache.tree_mask(seen, slots)))
        self.seen, self.depth = seen, self.depth + 1
        return self.fed

    def _above(self, frontier: Frontier) -> tuple[torch.Tensor, NDArray[np.bool_]]:
        """Outputs of the frontier's parents (B, W, H), and which drafted slots each node sees (B, W, M + W)."""
        batch, width = frontier.token.shape
        itself = np.broadcast_to(np.eye(width, dtype=bool), (batch, width, width))
        if self.fed is None or self.seen is None:
            if self.last is None:
                raise DrafterError("a frontier can only be fed below a first layer: call propose(None) first")
            return self.last.expand(-1, width, -1), itself
        rows = np.arange(batch)[:, None]
        places = torch.from_numpy((rows * self.fed.shape[1] + frontier.parent).ravel()).to(self.fed.device)
        hidden = self.fed.flatten(0, 1).index_select(0, places).unflatten(0, (batch, width))
        return hidden, np.concatenate([self.seen[rows, frontier.parent], itself], 2)

    def _layer(self, hidden: torch.Tensor, valid: NDArray[np.bool_], topk: int) -> Layer:
        token, prob, entropy = self._children(hidden, topk)
        return fanned(token, prob, valid, entropy)

    def _children(self, hidden: torch.Tensor, topk: int) -> Children:
        return self.head.children(hidden, topk, "node.entropy" in self.wanted)
