"""Any causal model with the target's token ids as a drafter, kept on its own ragged cache."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.attention.cache import RaggedCache, cache_argument
from smartgen.attention.mask import MaskKind, MaskStyle
from smartgen.drafters.errors import DrafterError
from smartgen.drafters.pending import Pending
from smartgen.tree.layer import Frontier, Layer

Ints = NDArray[np.int64]


class Assistant:
    """Implements `Drafter`. Ids are compatible on the range both models share: ids beyond the target's are never
    proposed, and a row in which an id beyond the assistant's is committed cannot be drafted for any more.
    """

    source, one_pass, free = "assistant", False, False
    feature_layers: tuple[int, ...] = ()

    def __init__(self, model: torch.nn.Module, target: torch.nn.Module, style: MaskStyle | None = None) -> None:
        self.model = model
        self.cache_argument = cache_argument(model)
        config = model.config.get_text_config()
        self.vocabulary = int(config.vocab_size)
        self.target_vocabulary = int(target.config.get_text_config().vocab_size)
        eager = (config._attn_implementation or "eager") == "eager"
        self.style = style or MaskStyle(additive=eager, kinds=(MaskKind("full_attention"),))
        self.name = f"{config.model_type}-{config.num_hidden_layers}x{config.hidden_size}"

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
        return AssistantSession(self, tokens, counts, capacity)


class AssistantSession:
    """One call. Committed tokens wait until somebody drafts; the pass that feeds them gives the first layer."""

    def __init__(self, drafter: Assistant, tokens: Ints, counts: Ints, capacity: int) -> None:
        self.drafter, self.capacity = drafter, capacity
        self.cache = RaggedCache(drafter.model.config.get_text_config().num_hidden_layers)
        self.waiting = Pending(len(tokens))
        self.dead = np.zeros(len(tokens), bool)
        self.seen: NDArray[np.bool_] | None = None
        self.spots: Ints | None = None  # (B, drafted) positions of the drafted slots
        self.last: torch.Tensor | None = None  # (B, 1, V) logits behind each row's last token
        self._add(tokens, counts)

    def _add(self, tokens: Ints, counts: Ints) -> None:
        unknown = (tokens >= self.drafter.vocabulary) & (np.arange(tokens.shape[1]) < counts[:, None])
        self.dead = self.dead | unknown.any(1)
        self.waiting.add(np.where(tokens < self.drafter.vocabulary, tokens, 0), counts, None)

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
            assert self.last is not None
            return [self._layer(self.last, np.ones((len(self.dead), 1), bool), topk)]
        return [self._layer(self._feed(frontier), frontier.valid, topk)]

    def rewind(self) -> None:
        """See `Session.rewind`."""
        self.seen = self.spots = None

    def commit(self, tokens: Ints, counts: Ints, features: object) -> None:
        """See `Session.commit`."""
        self._add(tokens, counts)

    def keep_rows(self, rows: Ints) -> None:
        """See `Session.keep_rows`."""
        if self.cache.sealed:
            self.cache.keep_rows(rows)
        self.waiting.keep_rows(rows)
        self.dead = self.dead[rows]
        if self.last is not None:
            self.last = self.last[torch.as_tensor(rows, device=self.last.device)]
        self.rewind()

    # -- feeding ------------------------------------------------------------------------------------------------
    def _digest(self) -> None:
        tokens, counts, _ = self.waiting.take()
        if not self.cache.sealed:
            logits = self._prompt(tokens, counts)
        else:
            causal = np.broadcast_to(
                np.tril(np.ones((tokens.shape[1],) * 2, bool)), (len(tokens), *(tokens.shape[1],) * 2)
            )
            positions = self.cache.lengths[:, None] + np.arange(tokens.shape[1])
            logits = self._forward(tokens, causal, positions, 0)
            self.cache.accept(np.broadcast_to(np.arange(tokens.shape[1]), tokens.shape), counts)
        rows = torch.arange(len(counts), device=logits.device)
        self.last = logits[rows, torch.as_tensor(counts - 1, device=logits.device)][:, None]

    def _prompt(self, tokens: Ints, counts: Ints) -> torch.Tensor:
        """First feeding: right padding and a causal model need no mask; what padding wrote is overwritten later."""
        model = self.drafter.model
        ids = torch.as_tensor(tokens, device=model.device)
        positions = torch.arange(tokens.shape[1], device=model.device)[None].expand(len(tokens), -1)
        logits = model(
            input_ids=ids, position_ids=positions, **{self.drafter.cache_argument: self.cache}, use_cache=True
        ).logits
        self.cache.seal(self.capacity + 64, counts)
        return logits

    def _feed(self, frontier: Frontier) -> torch.Tensor:
        batch, width = frontier.token.shape
        rows = np.arange(batch)[:, None]
        depth = 0 if self.seen is None else self.depth + 1
        before = np.zeros((batch, width, 0), bool) if self.seen is None else self.seen[rows, frontier.parent]
        offset = before.shape[2]
        self.seen = np.concatenate([before, np.broadcast_to(np.eye(width, dtype=bool), (batch, width, width))], 2)
        positions = np.repeat(self.cache.lengths[:, None] + depth, width, 1)
        earlier = np.zeros((batch, 0), np.int64) if self.spots is None else self.spots
        self.spots = np.concatenate([earlier, positions], 1)
        self.depth = depth
        known = np.where(frontier.token < self.drafter.vocabulary, frontier.token, 0)
        return self._forward(known, self.seen, self.spots, offset)

    def _forward(self, tokens: Ints, seen: NDArray[np.bool_], positions: Ints, offset: int) -> torch.Tensor:
        """tokens (B, Q), seen (B, Q, M), positions (B, M), M = offset + Q → logits (B, Q, V)."""
        model, cache = self.drafter.model, self.cache
        view = cache.begin(tokens.shape[1], offset)
        nothing = np.zeros(len(tokens), np.int64)
        mask = self.drafter.style.build(
            seen, positions, cache.lengths, nothing, view, offset, model.dtype, model.device
        )
        return model(
            input_ids=torch.as_tensor(np.ascontiguousarray(tokens), device=model.device),
            attention_mask=mask,
            position_ids=torch.as_tensor(np.ascontiguousarray(positions[:, offset:]), device=model.device),
            **{self.drafter.cache_argument: cache},
            use_cache=True,
        ).logits

    def _layer(self, logits: torch.Tensor, valid: NDArray[np.bool_], topk: int) -> Layer:
        shared = min(self.drafter.target_vocabulary, logits.shape[-1])
        whole = logits.float()
        top, token = whole[..., :shared].topk(min(topk, shared), -1)
        share = (top - whole.logsumexp(-1, keepdim=True)).exp()
        packed = torch.stack([share.double(), token.double()]).cpu().numpy()  # one transfer
        batch, width, k = share.shape
        flat = (batch, width * k)
        parent = np.broadcast_to(np.repeat(np.arange(width), k), flat)
        rank = np.broadcast_to(np.tile(np.arange(k), width), flat)
        alive = np.repeat(valid & ~self.dead[:, None], k, 1)
        return Layer(packed[1].astype(np.int64).reshape(flat), packed[0].reshape(flat), parent, rank, alive)
