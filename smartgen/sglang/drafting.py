"""The engine's draft worker, steered: the widest first layer every round, a record of what was drafted, sleep."""

from __future__ import annotations

import copy
from typing import Any

import torch

from smartgen.sglang.rounds import Round
from smartgen.sglang.selecting import Selecting


def steered_draft(base: type) -> type:
    """The subclass of the engine's draft worker; a live object takes it, so it inherits from nothing else."""
    methods = (
        draft,
        _rebuild_topk1_chain_buffers,
        _at_full_width,
        _draft_extend_for_prefill,
        _draft_extend_for_decode,
    )
    return type("Steered" + base.__name__, (base,), {"engines": base, **{own.__name__: own for own in methods}})


def draft(self: Any, batch: Any, **named: Any) -> Any:
    """A round that branches less than the widest one reads its leading columns."""
    worker, offered = self.steered_by, batch.spec_info
    if offered is not None and offered.topk_p is not None:
        batch.spec_info = _narrowed(self, offered, worker.spoilt())
    worker.round.watch.mark("draft")
    verify = self.engines.draft(self, batch, **named)
    worker.round.watch.mark("drafted")
    _record(worker.round, worker.selecting, verify, len(batch.seq_lens))
    if worker.opted_out is not None:
        out = worker.opted_out.to(self.device, non_blocking=True)[:, None]
        verify.retrieve_next_token.masked_fill_(out, -1)
        verify.retrieve_next_sibling.masked_fill_(out, -1)
    return verify


def _narrowed(draft_worker: Any, offered: Any, spoilt: int) -> Any:
    topk = draft_worker.topk
    if not spoilt and offered.topk_p.shape[1] == topk:
        return offered
    table = draft_worker.hot_token_id
    size = len(table) if table is not None else draft_worker.draft_runner.model_config.vocab_size
    narrow = copy.copy(offered)
    narrow.topk_p = offered.topk_p[:, :topk].contiguous()
    narrow.topk_index = (offered.topk_index[:, :topk].contiguous() + spoilt) % size
    return narrow


def _record(found: Round, kept: Selecting, verify: Any, rows: int) -> None:
    tier = found.tier
    if tier.topk > 1:
        found.copy("scores", kept.scores[:rows, : tier.candidates])
        found.copy("tokens", kept.tokens[:rows, : tier.candidates])
        found.copy("frontier", kept.frontier[:rows, : tier.steps * tier.topk])
        found.copy("selected", kept.selected[:rows, : tier.nodes])
        return
    chain = verify.draft_token.view(rows, -1)[:, 1:]  # the engine keeps no scores of chains
    place = torch.arange(tier.steps, device=chain.device).expand(rows, -1)
    found.copy("scores", torch.ones(chain.shape, device=chain.device))
    found.copy("tokens", chain.to(torch.int64))
    found.copy("frontier", place)
    found.copy("selected", place)


def _rebuild_topk1_chain_buffers(self: Any) -> None:
    if self.topk != 1 or self.speculative_num_draft_tokens == self.speculative_num_steps + 1:
        self.engines._rebuild_topk1_chain_buffers(self)


def _at_full_width(self: Any, call: Any, *arguments: Any, **named: Any) -> Any:
    narrow, self.topk = self.topk, self.widest
    try:
        return call(self, *arguments, **named)
    finally:
        self.topk = narrow


def _draft_extend_for_prefill(self: Any, *arguments: Any, **named: Any) -> Any:
    return self._at_full_width(self.engines._draft_extend_for_prefill, *arguments, **named)


def _draft_extend_for_decode(self: Any, batch: Any, batch_result: Any, **named: Any) -> Any:
    """Nothing while asleep; shapes as at full width, for batches are merged."""
    worker = self.steered_by
    if worker.round is None or not worker.round.asleep:
        return self._at_full_width(self.engines._draft_extend_for_decode, batch, batch_result, **named)
    narrow, worker.topk = worker.topk, self.widest
    worker._stub_skipped_draft_extend(batch, batch_result)
    worker.topk = narrow
    return None
