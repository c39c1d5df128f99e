"""Cells of the judgement, a workload and a batch each: `smart` on resampled lists against plain decoding and the best static tree
of the cell in hindsight, and against every shipped recipe of others that a replay honours.

Two comparisons with the static trees, which draft with the recorded drafter alone: `smart` without n-grams has the same
candidates as they; `smart` itself has n-grams merged. Where n-grams are the drafter, both have the same. The others' recipes
and `smart` beside them run on every sixth four requests: they take longest, and only their mean is asked for.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from controller_criteria import SAME, rivals
from workloads import Workload

from smartgen.policy.support import unsupported
from smartgen.recipe import load as load_recipe
from smartgen.recipe.shipped import shipped
from smartgen.trace import Trace, replay
from smartgen.trace.judging import Bench, judge
from smartgen.trace.parallel import spread

BATCHES = (1, 4, 16, 32)
KINDS = 4  # of prompts, one after the other in the file


def head_only() -> str:
    """`smart` that does not tell sources apart: no n-gram candidates beside the drafter's."""
    return load_recipe("smart").text.replace(", node.source", "")


def published() -> list[str]:
    """Shipped recipes of others that a replay can run, each program once."""
    found = {}
    for name in sorted(shipped(), key=lambda name: name.endswith("_yaml")):
        program = load_recipe(name).program
        ours = name in ("smart", "off") or name.startswith("smart_")
        if not ours and not list(unsupported(program, "replay", ())):
            found.setdefault(program.hash, name)
    return list(found.values())


def cell(
    name: str, workload: Workload, bench: Bench, batch: int, resamples: int, length: int, jobs: int
) -> list[dict[str, Any]]:
    """Rows of one workload and batch. With a useless drafter `smart` is compared with plain decoding only.

    `length`: requests in each of the `resamples` lists; the spread is scaled to the whole trace's.
    """
    recipes = {"smart": "smart"} if workload.ngram or workload.useless else {"smart": "smart", SAME: head_only()}
    rows = judge(
        bench,
        recipes,
        workload.profile,
        workload.costs.stem,
        [batch],
        resamples=resamples,
        length=length,
        jobs=jobs,
        intervals=[] if workload.useless else None,
    )
    about = {"trace": name, "drafter": workload.drafter, "sampled": bench.trace.header.sampled}
    same = "smart" if workload.ngram else SAME
    found = [row.plain() | about | {"same_candidates": row.recipe == same} for row in rows]
    return found if workload.useless else found + others(name, workload, bench.trace, batch, jobs)


def others(name: str, workload: Workload, trace: Trace, batch: int, jobs: int) -> list[dict[str, Any]]:
    """Rows of others' recipes: `smart`'s tokens a second over theirs on the same requests."""
    requests, profile = [r for r in range(trace.requests) if r // KINDS % 6 == 0], workload.profile

    def one(recipe: str) -> tuple[float, bool]:
        run = replay(trace, recipe, profile, batch, requests=requests, ngram=workload.ngram)
        return run.rate, run.exact

    rivals = published()
    (smart, _), *found = spread(one, ["smart", *rivals], jobs)
    return [
        {"trace": name, "recipe": rival, "batch": batch, "smart_over": round(smart / rate, 4), "exact": exact}
        for rival, (rate, exact) in zip(rivals, found, strict=True)
    ]


def cells_table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: `smart` in every cell."""
    lines = [
        "| workload | batch | × plain | × best static tree | the same without n-grams | the best static tree |",
        "|---|---|---|---|---|---|",
    ]
    for row in (row for row in rows if row["recipe"] == "smart"):
        same = next((r for r in _of(row, rows) if r["recipe"] == SAME), None)
        beside = _interval(same) if same else ""
        lines.append(
            f"| {row['trace']} | {row['batch']} | {row['vs_plain']:.3f} | {_interval(row)} | {beside} | {row['best_static']} |"
        )
    return "\n".join(lines)


def rivals_table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: `smart`'s tokens a second over every other recipe's, the mean of all cells and by batch."""
    found = rivals(rows)
    batches = sorted({batch for ratios in found.values() for _, batch in ratios})
    lines = [
        "| `smart` over | mean | " + " | ".join(f"batch {batch}" for batch in batches) + " | lowest |",
        "|---" * (len(batches) + 3) + "|",
    ]
    for name, ratios in sorted(found.items(), key=lambda item: statistics.mean(item[1].values())):
        by_batch = (statistics.mean(r for (_, b), r in ratios.items() if b == batch) for batch in batches)
        figures = [statistics.mean(ratios.values()), *by_batch, min(ratios.values())]
        beyond = any(r["recipe"] == name and not r["exact"] for r in rows)
        lines.append(f"| {name}{' (inexact)' if beyond else ''} | " + " | ".join(f"{f:.2f}" for f in figures) + " |")
    return "\n".join(lines)


def _of(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (r for r in rows if (r["trace"], r["batch"]) == (row["trace"], row["batch"]))


def _interval(row: dict[str, Any]) -> str:
    figure = f"{row['vs_best_static']:.3f}"
    return figure if row["low"] is None else f"{figure} ({row['low']:.3f}–{row['high']:.3f})"
