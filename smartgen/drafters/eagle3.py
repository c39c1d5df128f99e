"""EAGLE-3 heads: one decoder layer over the target's own features (Li et al. 2025, arXiv 2503.01840).

Position j of the head pairs token x_{j+1} with the target's features at x_j: the inputs of three of its layers,
joined and brought to the hidden size by `fc`. Below the committed text the head feeds on its own un-normed output.
Layout as published: `fc, midlayer.*, norm, lm_head, d2t, t2d`; `d2t` holds offsets: target id = draft id + d2t[draft id].
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from smartgen.drafters.checkpoint import expect, read_config, read_tensors, weight_file
from smartgen.drafters.errors import DrafterError
from smartgen.drafters.headcache import HeadCache
from smartgen.drafters.pending import Pending
from smartgen.tree.layer import Frontier, Layer

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class HeadShape:
    """Sizes of a head, from its config."""

    hidden: int
    target_hidden: int
    heads: int
    key_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    draft_vocabulary: int
    eps: float
    theta: float

    @classmethod
    def of(cls, config: dict[str, Any], folder: Path) -> HeadShape:
        try:
            hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
            rope = config.get("rope_parameters") or {}
            return cls(
                hidden=hidden,
                target_hidden=int(config.get("target_hidden_size") or hidden),
                heads=heads,
                key_heads=int(config.get("num_key_value_heads") or heads),
                head_dim=int(config.get("head_dim") or hidden // heads),
                intermediate=int(config["intermediate_size"]),
                vocabulary=int(config["vocab_size"]),
                draft_vocabulary=int(config.get("draft_vocab_size") or config["vocab_size"]),
                eps=float(config.get("rms_norm_eps", 1e-6)),
                theta=float(config.get("rope_theta") or rope.get("rope_theta") or 10000.0),  # the reference's default
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DrafterError(
                f"{folder / 'config.json'} misses or misstates {error}; it is no EAGLE-3 config"
            ) from None


def feature_layers(config: dict[str, Any], layers: int) -> tuple[int, ...]:
    """Target layers whose inputs are the features: (2, n // 2, n - 3), or as the checkpoint says.

    Checkpoints name layers whose *outputs* they want, one less than the input numbering used here.
    """
    named = (config.get("eagle_config") or {}).get("eagle_aux_hidden_state_layer_ids")
    if named:
        return tuple(int(index) + 1 for index in named)
    return (2, layers // 2, layers - 3)


class Eagle3Head:
    """The weights of a head, fused for few large products. Implements `Drafter`; state lives in the session."""

    source, one_pass, free = "head", False, False

    def __init__(self, folder: Path, target: torch.nn.Module, dtype: torch.dtype | None = None) -> None:
        config, tensors = read_config(folder), read_tensors(folder)
        self.name = f"eagle3:{folder.name}"
        self.shape = HeadShape.of(config, folder)
        text = target.config.get_text_config()
        self.check_target(target.config)
        self.feature_layers = feature_layers(config, text.num_hidden_layers)
        self.dtype = dtype or target.dtype
        self.device = target.device
        self._take(tensors, folder, target)

    def check_target(self, config: Any) -> None:
        """Raises DrafterError if the head was made for a target of another size or vocabulary."""
        text, shape = config.get_text_config(), self.shape
        if shape.target_hidden != text.hidden_size or shape.vocabulary != text.vocab_size:
            raise DrafterError(
                f"the head {self.name} is for a target of hidden size {shape.target_hidden} and vocabulary "
                f"{shape.vocabulary}; this target has {text.hidden_size} and {text.vocab_size}"
            )

    def _take(self, tensors: dict[str, torch.Tensor], folder: Path, target: torch.nn.Module) -> None:
        s = self.shape
        get = lambda name, *shape: expect(tensors, name, shape, folder).to(self.device, self.dtype)  # noqa: E731
        attention, mlp = "midlayer.self_attn.", "midlayer.mlp."
        self.fc = get("fc.weight", s.hidden, len(self.feature_layers) * s.target_hidden)
        self.qkv = torch.cat(
            [
                get(attention + "q_proj.weight", s.heads * s.head_dim, 2 * s.hidden),
                get(attention + "k_proj.weight", s.key_heads * s.head_dim, 2 * s.hidden),
                get(attention + "v_proj.weight", s.key_heads * s.head_dim, 2 * s.hidden),
            ]
        )
        self.out = get(attention + "o_proj.weight", s.hidden, s.heads * s.head_dim)
        self.gate_up = torch.cat(
            [get(mlp + f"{half}_proj.weight", s.intermediate, s.hidden) for half in ("gate", "up")]
        )
        self.down = get(mlp + "down_proj.weight", s.hidden, s.intermediate)
        self.norm_token = get("midlayer.input_layernorm.weight", s.hidden)
        self.norm_hidden = get("midlayer.hidden_norm.weight", s.hidden)
        self.norm_mlp = get("midlayer.post_attention_layernorm.weight", s.hidden)
        self.norm_last = get("norm.weight", s.hidden)
        self.lm_head = get("lm_head.weight", s.draft_vocabulary, s.hidden)
        if "embed_tokens.weight" in tensors:
            self.embedding = get("embed_tokens.weight", s.vocabulary, s.hidden)
        else:
            self.embedding = target.get_input_embeddings().weight.detach().to(self.dtype)
        self.target_ids = torch.arange(s.draft_vocabulary, device=self.device)
        if s.draft_vocabulary != s.vocabulary:
            self.target_ids = self.target_ids + expect(tensors, "d2t", (s.draft_vocabulary,), folder).to(self.device)
        if int(self.target_ids.max()) >= s.vocabulary or int(self.target_ids.min()) < 0:
            raise DrafterError(
                f"{weight_file(folder)}: 'd2t' maps a draft token outside the target's {s.vocabulary} ids"
            )
        frequencies = torch.arange(0, s.head_dim, 2, device=self.device, dtype=torch.float32) / s.head_dim
        self.inverse_frequency = s.theta**-frequencies

    def prefill(self, tokens: Ints, counts: Ints, features: torch.Tensor | None, capacity: int) -> Eagle3Session:
        """Begin a call; the prompt is digested by the first `propose`. Raises DrafterError without features."""
        if features is None:
            raise DrafterError("an EAGLE-3 head drafts from the target's features, and none were given")
        return Eagle3Session(self, tokens, counts, features, capacity)

    # -- the layer ----------------------------------------------------------------------------------------------
    def rotary(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """cos and sin (B, 1, Q, D) for positions (B, Q)."""
        angles = positions[..., None].float() * self.inverse_frequency
        angles = torch.cat([angles, angles], -1)[:, None]
        return angles.cos().to(self.dtype), angles.sin().to(self.dtype)

    def layer(
        self, tokens: torch.Tensor, hidden: torch.Tensor, positions: torch.Tensor, cache: HeadCache, mask: torch.Tensor
    ) -> torch.Tensor:
        """One pass of the decoder layer: tokens (B, Q), hidden (B, Q, H) → un-normed output (B, Q, H)."""
        s = self.shape
        batch, queries = tokens.shape
        norm = lambda x, weight: F.rms_norm(x, (s.hidden,), weight, s.eps)  # noqa: E731
        both = torch.cat([norm(self.embedding[tokens], self.norm_token), norm(hidden, self.norm_hidden)], -1)
        fused = F.linear(both, self.qkv).view(batch, queries, s.heads + 2 * s.key_heads, s.head_dim).transpose(1, 2)
        cos, sin = self.rotary(positions)
        rotated = fused[:, : s.heads + s.key_heads]
        half = s.head_dim // 2
        rotated = rotated * cos + torch.cat([-rotated[..., half:], rotated[..., :half]], -1) * sin
        keys, values = cache.write(rotated[:, s.heads :], fused[:, s.heads + s.key_heads :])
        groups = s.heads // s.key_heads
        # heads of a group read the same keys: side by side on the query axis, nothing is repeated
        query = rotated[:, : s.heads].reshape(batch, s.key_heads, groups * queries, s.head_dim)
        attended = F.scaled_dot_product_attention(query, keys, values, attn_mask=mask.repeat(1, 1, groups, 1))
        attended = attended.reshape(batch, s.heads, queries, s.head_dim).transpose(1, 2).reshape(batch, queries, -1)
        hidden = hidden + F.linear(attended, self.out)
        gate, up = F.linear(norm(hidden, self.norm_mlp), self.gate_up).chunk(2, -1)
        return hidden + F.linear(F.silu(gate) * up, self.down)

    def children(self, hidden: torch.Tensor, topk: int) -> tuple[NDArray[np.float64], Ints]:
        """Probabilities and target ids (B, W, topk) of the likeliest children of nodes with output `hidden` (B, W, H)."""
        s = self.shape
        logits = F.linear(F.rms_norm(hidden, (s.hidden,), self.norm_last, s.eps), self.lm_head)
        top, index = logits.topk(min(topk, s.draft_vocabulary), -1)
        share = (top.float() - logits.float().logsumexp(-1, keepdim=True)).exp()
        packed = torch.stack([share.double(), self.target_ids[index].double()]).cpu().numpy()  # one transfer
        return packed[0], packed[1].astype(np.int64)


class Eagle3Session:
    """One call. Pairs wait until somebody drafts, and are then digested in one pass, which gives the first layer."""

    CHUNK = 512  # pairs a row in one forward
    MOST_WAITING = 256  # beyond the prompt: digested without being asked, so that memory stays bounded

    def __init__(self, head: Eagle3Head, tokens: Ints, counts: Ints, features: torch.Tensor, capacity: int) -> None:
        self.head, shape = head, head.shape
        self.cache = HeadCache(len(tokens), shape.key_heads, shape.head_dim, capacity + 64, head.dtype, head.device)
        self.waiting = Pending()
        self.last: torch.Tensor | None = None  # (B, 1, H) output at each row's last pair
        self.fed: torch.Tensor | None = None  # (B, W, H) outputs of the frontier fed last
        self.seen: NDArray[np.bool_] | None = None  # (B, W, drafted) what that frontier sees of the drafted slots
        if tokens.shape[1] > 1:
            self.waiting.add(tokens[:, 1:], counts - 1, features[:, :-1])
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
        if frontier is None:
            self.rewind()
            self._digest()
            assert self.last is not None
            return [self._layer(self.last, np.ones((len(self.last), 1), bool), topk)]
        output = self._feed(frontier)
        return [self._layer(output, frontier.valid, topk)]

    def rewind(self) -> None:
        """See `Session.rewind`."""
        self.fed = self.seen = None

    def commit(self, tokens: Ints, counts: Ints, features: torch.Tensor | None) -> None:
        """See `Session.commit`."""
        if features is None:
            raise DrafterError("an EAGLE-3 head needs the target's features of every committed token")
        self.waiting.add(tokens, counts, features)
        if self.waiting.longest > self.from_prompt + self.MOST_WAITING:
            with torch.no_grad():
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
        tokens, counts, features = self.waiting.take()
        self.from_prompt = 0
        for start in range(0, tokens.shape[1], self.CHUNK):
            part = slice(start, start + self.CHUNK)
            self._digest_chunk(tokens[:, part], (counts - start).clip(0, self.CHUNK), features[:, part])

    def _digest_chunk(self, tokens: Ints, counts: Ints, features: torch.Tensor) -> None:
        head, cache = self.head, self.cache
        device, queries = head.device, tokens.shape[1]
        positions = cache.lengths[:, None] + np.arange(queries)
        view = cache.begin(queries)
        mask = torch.as_tensor(np.arange(view) <= positions[:, :, None], device=device)[:, None]
        hidden = F.linear(features.to(device, head.dtype), head.fc)
        output = head.layer(
            torch.as_tensor(tokens, device=device), hidden, torch.as_tensor(positions, device=device), cache, mask
        )
        cache.lengths = cache.lengths + counts
        at = torch.as_tensor((counts - 1).clip(0), device=device)
        last = output[torch.arange(len(counts), device=device), at][:, None]
        if self.last is not None and (counts == 0).any():  # a row with nothing in this chunk keeps its output
            last = torch.where(torch.as_tensor(counts > 0, device=device)[:, None, None], last, self.last)
        self.last = last

    def _feed(self, frontier: Frontier) -> torch.Tensor:
        """Feed tree nodes behind the committed part; (B, W, H)."""
        head, cache, device = self.head, self.cache, self.head.device
        batch, width = frontier.token.shape
        above, depth = (self.last, 0) if self.fed is None else (self.fed, self.depth + 1)
        assert above is not None
        rows = torch.arange(batch, device=device)[:, None]
        hidden = above[rows, torch.tensor(frontier.parent, device=device)]
        before = (
            np.zeros((batch, width, 0), bool)
            if self.seen is None
            else self.seen[np.arange(batch)[:, None], frontier.parent]
        )
        offset = before.shape[2]
        itself = np.broadcast_to(np.eye(width, dtype=bool), (batch, width, width))
        self.seen = np.concatenate([before, itself], 2)
        view = cache.begin(width, offset)
        mask = cache.mask(self.seen, view)
        positions = np.repeat(cache.lengths[:, None] + depth, width, 1)
        self.depth = depth
        self.fed = head.layer(
            torch.tensor(frontier.token, device=device), hidden, torch.as_tensor(positions, device=device), cache, mask
        )
        return self.fed

    def _layer(self, hidden: torch.Tensor, valid: NDArray[np.bool_], topk: int) -> Layer:
        prob, token = self.head.children(hidden, topk)
        batch, width, k = prob.shape
        flat = (batch, width * k)
        parent = np.broadcast_to(np.repeat(np.arange(width), k), flat)
        rank = np.broadcast_to(np.tile(np.arange(k), width), flat)
        return Layer(token.reshape(flat), prob.reshape(flat), parent, rank, np.repeat(valid, k, 1))
