"""What the engine's host side knows of the running requests, as the policy reads it."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from smartgen.policy.situation import DrafterTraits, Situation
from smartgen.sglang.touring import TOUR

TAG, SPECULATE = "smart_tag", "smart_speculate"  # in a request's `custom_params`


class Requests:
    """Remembers when each request was first seen; everything else is read from the batch, without touching the device."""

    def __init__(self, algorithm: str, drafter: DrafterTraits) -> None:
        self.algorithm, self.drafter = algorithm, drafter
        self.began: dict[str, float] = {}
        self.first: dict[str, tuple[float, int]] = {}  # when it was first decoded, and what it had by then

    def prefilled(self, batch: Any) -> None:
        """Requests that are about to be prefilled."""
        now = time.perf_counter()
        for request in batch.reqs:
            self.began.setdefault(request.rid, now)

    def situation(self, batch: Any, queued: int) -> Situation:
        """Of a decoding batch; under overlap the counts are one round old."""
        requests, now = batch.reqs, time.perf_counter()
        generated = np.array([len(request.output_ids) for request in requests])
        prompts = np.array([len(request.origin_input_ids) for request in requests])
        asked = np.array([request.sampling_params.max_new_tokens or 1 << 20 for request in requests])
        info = batch.sampling_info
        sampled = not info.is_all_greedy
        return Situation(
            contexts=prompts + generated,
            generated=generated,
            remaining=np.maximum(asked - generated, 1),
            sampled=sampled,
            temperature=float(max(request.sampling_params.temperature for request in requests)) if sampled else 0.0,
            drafter=self.drafter,
            rows=np.array([zlib.crc32(request.rid.encode()) for request in requests]),
            more=self._more(batch, requests, generated, now, queued),
        )

    def _more(self, batch: Any, requests: Sequence[Any], generated: Any, now: float, queued: int) -> dict[str, Any]:
        pool = batch.token_to_kv_pool_allocator
        names = {request.rid for request in requests}
        for stale in [name for name in self.first if name not in names]:
            self.first.pop(stale)
            self.began.pop(stale, None)
        elapsed, pace = [], []
        for request, count in zip(requests, generated.tolist(), strict=True):
            began = self.began.setdefault(request.rid, now)
            since, had = self.first.setdefault(request.rid, (now, count))
            elapsed.append(now - began)
            pace.append((now - since) / (count - had) if count > had else float("nan"))
        return {
            "request.elapsed": np.array(elapsed),
            "request.tpot": np.array(pace),
            "request.tag": np.array([str(_custom(request, TAG, "")) for request in requests]),
            "engine.queue": float(queued),
            "engine.memory": 1.0 - pool.available_size() / max(pool.size, 1),
        }

    @staticmethod
    def touring(batch: Any) -> bool:
        """Whether all requests are those of the tour at start."""
        return all(_custom(request, TOUR, False) is True for request in batch.reqs)

    @staticmethod
    def end(batch: Any) -> None:
        """Let these requests end with their next token."""
        for request in batch.reqs:
            request.sampling_params.max_new_tokens = min(
                request.sampling_params.max_new_tokens, len(request.output_ids) + 1
            )

    @staticmethod
    def opted_out(batch: Any) -> list[bool]:
        """Rows whose requests do not want drafts."""
        return [_custom(request, SPECULATE, True) is False for request in batch.reqs]


def _custom(request: Any, name: str, otherwise: Any) -> Any:
    given = request.sampling_params.custom_params
    return given.get(name, otherwise) if isinstance(given, dict) else otherwise
