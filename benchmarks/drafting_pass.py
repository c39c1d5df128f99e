"""Milliseconds of an EAGLE-3 head's drafting passes: the first (three waiting pairs a row) and a later one (ten nodes).

    python benchmarks/drafting_pass.py HEAD_FOLDER --batch 1,4,16 --dtype bf16,float32 --context 250 --operations

Works without the target: its embeddings are random numbers of the right shape, which cost the same. What is reported
are medians with the fastest run, everything included that `generate` waits for; `--operations` adds where it goes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import LlamaConfig, PreTrainedModel

from smartgen.drafters.eagle3 import Eagle3Head, Eagle3Session
from smartgen.models.checkpoint import read_config
from smartgen.tree.layer import Frontier

DTYPES = {"bf16": torch.bfloat16, "float32": torch.float32}
WAITING, NODES, TOPK = 3, 10, 10


class EmbeddingsOnly(PreTrainedModel):
    """What a head needs of its target when it is loaded."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__(config)
        self.embed_tokens = torch.nn.Embedding(config.vocab_size, config.hidden_size)

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.embed_tokens


def target_like(folder: Path, layers: int, dtype: torch.dtype) -> EmbeddingsOnly:
    config = read_config(folder)
    hidden = config.get("target_hidden_size") or config["hidden_size"]
    shape = LlamaConfig(vocab_size=config["vocab_size"], hidden_size=hidden, num_hidden_layers=layers)
    return EmbeddingsOnly(shape).to(dtype)


def session_of(head: Eagle3Head, batch: int, context: int) -> Eagle3Session:
    """A call in the middle: rows of unequal length, nothing waiting."""
    random = np.random.default_rng(0)
    counts = context - random.integers(0, 20, batch)
    tokens = random.integers(0, head.shape.vocabulary, (batch, context))
    session = head.prefill(tokens, counts, features_of(head, batch, context), 2 * context)
    session.commit(*waiting(head, batch, 1))
    session.propose(None, TOPK)
    return session


def features_of(head: Eagle3Head, batch: int, tokens: int) -> torch.Tensor:
    return torch.randn(batch, tokens, head.feature_size, dtype=head.dtype)


def waiting(head: Eagle3Head, batch: int, tokens: int) -> tuple[np.ndarray, np.ndarray, torch.Tensor]:
    ids = np.random.default_rng(1).integers(0, head.shape.vocabulary, (batch, tokens))
    return ids, np.full(batch, tokens), features_of(head, batch, tokens)


def first_pass(session: Eagle3Session, batch: int) -> Callable[[], None]:
    committed = waiting(session.head, batch, WAITING)
    lengths = session.cache.lengths.copy()

    def run() -> None:
        session.cache.lengths = lengths.copy()  # every run starts from the same committed text
        session.commit(*committed)
        session.propose(None, TOPK)

    return run


def later_pass(session: Eagle3Session, batch: int) -> Callable[[], None]:
    """The second frontier pass: behind one frontier, as most passes are."""
    first = session.propose(None, TOPK)[0]
    valid = np.ones((batch, NODES), bool)
    session.propose(Frontier(first.token[:, :NODES], np.zeros((batch, NODES), np.int64), valid), TOPK)
    state = dict(vars(session))
    parents = np.broadcast_to(np.arange(NODES) // 3, (batch, NODES))
    frontier = Frontier(np.ascontiguousarray(first.token[:, :NODES]), parents, valid)

    def run() -> None:
        vars(session).update(state)
        session.propose(frontier, TOPK)

    return run


def milliseconds(run: Callable[[], None], runs: int) -> list[float]:
    for _ in range(5):
        run()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return [1000 * value for value in seconds]


def operations(run: Callable[[], None], runs: int = 20) -> str:
    """The dearest operations of one run, by their own time."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(runs):
            run()
    rows = sorted(profile.key_averages(), key=lambda row: -row.self_cpu_time_total)[:10]
    return "\n".join(
        f"      {row.self_cpu_time_total / 1000 / runs:7.3f} ms  {row.count / runs:5.1f} x  {row.key}" for row in rows
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("head", type=Path, help="folder of an EAGLE-3 head")
    parser.add_argument("--batch", default="1,4,16")
    parser.add_argument("--dtype", default="bf16,float32")
    parser.add_argument("--context", type=int, default=250)
    parser.add_argument("--layers", type=int, default=30, help="of the target")
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--operations", action="store_true", help="list where the time goes")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(f"torch {torch.__version__}, {given.threads} threads, context {given.context}; ms, median (fastest)")
    for name in given.dtype.split(","):
        head = Eagle3Head(given.head, target_like(given.head, given.layers, DTYPES[name]))
        for batch in map(int, given.batch.split(",")):
            session = session_of(head, batch, given.context)
            for what, make in (("first, 3 pairs", first_pass), ("later, 10 nodes", later_pass)):
                run = make(session, batch)
                spent = milliseconds(run, given.runs)
                print(
                    f"{name:8} batch {batch:3}  {what:16} {statistics.median(spent):7.2f} ({min(spent):.2f})",
                    flush=True,
                )
                if given.operations:
                    print(operations(run))


if __name__ == "__main__":
    main()
