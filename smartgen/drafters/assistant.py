"""Any causal model with the target's token ids as a drafter, kept on its own ragged cache."""

from __future__ import annotations

import inspect

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.attention.cache import RaggedCache, cache_argument
from smartgen.attention.grouped import grouped
from smartgen.attention.mask import MaskKind, MaskStyle
from smartgen.drafters.errors import DrafterError
from smartgen.drafters.fan import Children, fanned, to_host
from smartgen.drafters.pending import Pending
from smartgen.drafters.protocol import SHOWN
from smartgen.drafters.waking import behind, woken
from smartgen.packing.model import pack, packed
from smartgen.tree.layer import Frontier, Layer, Skipped

Ints = NDArray[np.int64]


class Assistant:
    """Implements `Drafter`. Ids are compatible on the range both models share: ids beyond the target's are never
    proposed, and a row in which an id beyond the assistant's is committed cannot be drafted for any more; nor can a
    row that has grown longer than the assistant has positions.
    """

    source, one_pass, free = "assistant", False, False
    feature_layers: tuple[int, ...] = ()
    signals = frozenset({"node.entropy"})

    def __init__(self, model: torch.nn.Module, target: torch.nn.Module, style: MaskStyle | None = None) -> None:
        self.model = model
        self.cache_argument = cache_argument(model)
        config = model.config.get_text_config()
        self.vocabulary = int(config.vocab_size)
        self.target_vocabulary = int(target.config.get_text_config().vocab_size)
        eager = (config._attn_implementation or "eager") == "eager"
        self.style = style or MaskStyle(additive=eager, kinds=(MaskKind("full_attention"),))
        self.name = f"{config.model_type}-{config.num_hidden_layers}x{config.hidden_size}"
        self.reach = int(getattr(config, "max_position_embeddings", None) or 1 << 30)  # positions it was made for
        self.can_skip_logits = "logits_to_keep" in inspect.signature(model.forward).parameters

    def check_target(self, config: object) -> None:
        """Raises DrafterError if the vocabularies share no usable range."""
        vocabulary = int(config.get_text_config().vocab_size)
        if min(vocabulary, self.vocabulary) < 0.5 * max(vocabulary, self.vocabulary):
            raise DrafterError(
                f"the assistant knows {self.vocabulary} token ids and the target {vocabulary}: they cannot come from one "
                "tokenizer; choose an assistant of the target's family"
            )

    def prefill(self, tokens: Ints, counts: Ints, features: object, capacity: int) -> AssistantSession:
        """Begin a call; the prompt is fed by the first `propose`."""
        pack(self.model)
        return AssistantSession(self, tokens, counts, capacity)


class AssistantSession:
    """One call. Committed tokens wait until somebody drafts; the pass that feeds them gives the first layer."""

    CHUNK = 512  # waiting tokens a row in one forward, after the prompt

    def __init__(self, drafter: Assistant, tokens: Ints, counts: Ints, capacity: int) -> None:
        self.drafter, self.capacity = drafter, capacity
        self.cache = RaggedCache(drafter.model.config.get_text_config().num_hidden_layers)
        self.wanted: frozenset[str] = frozenset()
        self.waiting = Pending(len(tokens))
        self.dead = np.zeros(len(tokens), bool)
        self.lengths: Ints = np.zeros(len(tokens), np.int64)  # of the text, whether fed or waiting
        self.depth = 0  # frontiers fed since the last commit
        self.seen: NDArray[np.bool_] | None = None
        self.spots: Ints | None = None  # (B, drafted) positions of the drafted slots
        self.last: torch.Tensor | None = None  # (B, 1, V) logits behind each row's last token, once something was fed
        self._add(tokens, counts, prompt=True)

    def _add(self, tokens: Ints, counts: Ints, prompt: bool = False) -> None:
        unknown = (tokens >= self.drafter.vocabulary) & (np.arange(tokens.shape[1]) < counts[:, None])
        self.lengths = self.lengths + counts
        self.dead = self.dead | unknown.any(1) | (self.lengths >= self.drafter.reach)
        self.waiting.add(np.where(tokens < self.drafter.vocabulary, tokens, 0), counts, None, prompt)

    @property
    def pending(self) -> int:
        """Tokens of the longest row that the next first pass has to feed."""
        return self.waiting.longest

    @torch.no_grad()
    def propose(self, frontier: Frontier | None, topk: int) -> list[Layer]:
        """See `Session.propose`; one layer a pass."""
        if frontier is None:
            self.rewind()
            if self.waiting.longest:
                self._digest()
            return [self._layer(self.last, np.ones((len(self.dead), 1), bool), topk)]
        return [self._layer(self._feed(frontier), frontier.valid, topk)]

    @torch.no_grad()
    def wake(self, topk: int, most: int) -> tuple[list[Layer], Skipped | None]:
        """See `Session.wake`."""
        skipped = self.waiting.back(most)
        back = int(skipped.max(initial=0))
        if back == 0:
            return self.propose(None, topk), None
        self.rewind()
        tokens, counts, _ = self.waiting.take()
        feed = self._digest_chunk if self.cache.sealed else self._prompt
        children = self._children(feed(tokens, counts, back), max(topk, SHOWN))
        return woken(children, topk, ~self.dead, tokens, counts, skipped)

    def rewind(self) -> None:
        """See `Session.rewind`."""
        self.seen, self.spots, self.depth = None, None, 0

    def commit(self, tokens: Ints, counts: Ints, features: object) -> None:
        """See `Session.commit`."""
        self._add(tokens, counts)

    def keep_rows(self, rows: Ints) -> None:
        """See `Session.keep_rows`."""
        if self.cache.sealed:
            self.cache.keep_rows(rows)
        self.waiting.keep_rows(rows)
        self.dead, self.lengths = self.dead[rows], self.lengths[rows]
        if self.last is not None:
            self.last = self.last[torch.as_tensor(rows, device=self.last.device)]
        self.rewind()

    # -- feeding ------------------------------------------------------------------------------------------------
    def _digest(self) -> None:
        """Feed what waits: the prompt in one piece, what came after it in chunks; remember each row's last logits."""
        tokens, counts, _ = self.waiting.take()
        if not self.cache.sealed:
            self._prompt(tokens, counts)
            return
        for start in range(0, tokens.shape[1], self.CHUNK):
            part = tokens[:, start : start + self.CHUNK]
            self._digest_chunk(part, (counts - start).clip(0, self.CHUNK))

    def _digest_chunk(self, tokens: Ints, counts: Ints, back: int = 0) -> torch.Tensor:
        """Logits (B, back + 1, V) behind the last token of each row and `back` before it."""
        batch, width = tokens.shape
        causal = np.broadcast_to(np.tril(np.ones((width, width), bool)), (batch, width, width))
        ends, at = np.unique(behind(counts, back), return_inverse=True)
        logits = self._forward(tokens, causal, self.cache.lengths[:, None] + np.arange(width), 0, ends)
        self.cache.accept(np.broadcast_to(np.arange(width), tokens.shape), counts)
        outputs = _each(logits, at.reshape(batch, back + 1))
        last = outputs[:, -1:]
        if self.last is not None and (counts == 0).any():  # a row with nothing in this chunk keeps its logits
            fed = torch.from_numpy(counts > 0).to(last.device)[:, None, None]
            last = torch.where(fed, last, self.last)
        self.last = last
        return outputs

    def _prompt(self, tokens: Ints, counts: Ints, back: int = 0) -> torch.Tensor:
        """First feeding: right padding and a causal model need no mask; what padding wrote is overwritten later. Logits as
        `_digest_chunk`.
        """
        ends, at = np.unique(behind(counts, back), return_inverse=True)
        positions = np.broadcast_to(self._within_reach(np.arange(tokens.shape[1])), tokens.shape)
        logits = self._run(tokens, positions, None, ends)
        self.cache.seal(self.capacity + 64, counts)
        outputs = _each(logits, at.reshape(len(tokens), back + 1))
        self.last = outputs[:, -1:]
        return outputs

    def _feed(self, frontier: Frontier) -> torch.Tensor:
        batch, width = frontier.token.shape
        rows = np.arange(batch)[:, None]
        before = np.zeros((batch, width, 0), bool) if self.seen is None else self.seen[rows, frontier.parent]
        offset = before.shape[2]
        self.seen = np.concatenate([before, np.broadcast_to(np.eye(width, dtype=bool), (batch, width, width))], 2)
        positions = np.repeat(self.cache.lengths[:, None] + self.depth, width, 1)
        earlier = np.zeros((batch, 0), np.int64) if self.spots is None else self.spots
        self.spots = np.concatenate([earlier, positions], 1)
        self.depth += 1
        known = np.where(frontier.token < self.drafter.vocabulary, frontier.token, 0)
        return self._forward(known, self.seen, self.spots, offset)

    def _forward(
        self, tokens: Ints, seen: NDArray[np.bool_], positions: Ints, offset: int, ends: Ints | None = None
    ) -> torch.Tensor:
        """tokens (B, Q), seen (B, Q, M), positions (B, M), M = offset + Q → logits (B, Q, V), or of columns `ends` only."""
        model, cache = self.drafter.model, self.cache
        view = cache.begin(tokens.shape[1], offset)
        nothing = np.zeros(len(tokens), np.int64)
        mask = self.drafter.style.build(
            seen, positions, cache.lengths, nothing, view, offset, model.dtype, model.device
        )
        with grouped(model):
            return self._run(tokens, self._within_reach(positions[:, offset:]), mask, ends)

    def _run(self, tokens: Ints, positions: Ints, mask: object, ends: Ints | None) -> torch.Tensor:
        model, kept = self.drafter.model, None
        extra: dict[str, object] = {self.drafter.cache_argument: self.cache}
        if ends is not None:
            kept = torch.tensor(ends, device=model.device)
            if self.drafter.can_skip_logits:
                extra["logits_to_keep"] = kept
        with packed(model):
            logits = model(
                input_ids=torch.tensor(tokens, device=model.device),
                attention_mask=mask,
                position_ids=torch.tensor(positions, device=model.device),
                use_cache=True,
                **extra,
            ).logits
        return logits if kept is None or "logits_to_keep" in extra else logits[:, kept]

    def _within_reach(self, positions: Ints) -> Ints:
        """Rows beyond the assistant's positions are dead, but still fed beside the others: their positions stop."""
        return np.minimum(positions, self.drafter.reach - 1)

    def _layer(self, logits: torch.Tensor, valid: NDArray[np.bool_], topk: int) -> Layer:
        token, prob, entropy = self._children(logits, topk)
        return fanned(token, prob, valid & ~self.dead[:, None], entropy)

    def _children(self, logits: torch.Tensor, topk: int) -> Children:
        shared = min(self.drafter.target_vocabulary, logits.shape[-1])
        whole = logits.float()
        top, token = whole[..., :shared].topk(min(topk, shared), -1)
        share = (top - whole.logsumexp(-1, keepdim=True)).exp()
        told = [share.double(), token.double()]
        if "node.entropy" in self.wanted:
            told.append(torch.special.entr(whole.softmax(-1)).sum(-1, keepdim=True).double().expand_as(told[0]))
        packed = to_host(told)
        entropy = packed[2, ..., 0] if len(told) == 3 else None
        return packed[1].astype(np.int64), packed[0], entropy


def _each(logits: torch.Tensor, at: Ints) -> torch.Tensor:
    """Of logits (B, E, V) the places `at` (B, W) of each row → (B, W, V)."""
    rows = torch.arange(len(at), device=logits.device)[:, None]
    return logits[rows, torch.as_tensor(at, device=logits.device)]
