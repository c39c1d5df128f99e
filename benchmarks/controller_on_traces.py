"""The controller judged by replay on the shipped traces: one command, one result file, tables for docs/controller.md.

    python benchmarks/controller_on_traces.py --jobs 2
    python benchmarks/controller_on_traces.py --jobs 2 --resume
    python benchmarks/controller_on_traces.py --only cells --workloads "greedy;t1" --batches 1,4

Parts: `cells` (every recipe on every workload and batch, `controller_cells.py`), and on SmolLM2 with its head `ablation` (one
thing taken away at a time), `flip` (a drafter useless in every second phase), `costs` (a controller that believes wrong
costs), `calibration` (predicted over observed accepted tokens, by decile), `shuffled` (a map that lies).
Text and accepted tokens are the traces' own; time is what the profile says. What is done is written at once, cell by cell:
`--resume` takes up a run that was cut off and does only what the result file lacks.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import numpy as np
from controller_cells import BATCHES as CELL_BATCHES
from controller_cells import cell, cells_table, head_only, rivals_table
from controller_criteria import SAME, criteria, flat, table
from workloads import SMOLLM2, Workload, recorded, shipped
from wrong_costs import wrong_costs

import smartgen
from smartgen.drafters.ngram import HitRates
from smartgen.policy.controller import Controller
from smartgen.policy.growth import Gain
from smartgen.policy.learned import Learned
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable
from smartgen.recipe import load as load_recipe
from smartgen.trace import replay
from smartgen.trace.flip import flipped, useless
from smartgen.trace.judging import Bench
from smartgen.trace.machine import Machine
from smartgen.trace.parallel import spread
from smartgen.trace.replaying import Memory, Replay
from smartgen.trace.trace import Trace

HERE = Path(__file__).parent
RESULT = HERE / "results" / "controller_on_traces.json"
BATCHES = (1, 4, 16)  # of the parts beside `cells`
PHASE = 1500  # tokens of a flip's phase
NO_GAIN, NO_CLIPPING = "no fast gain", "no clipping at the row's end"  # these two change the controller itself
NO_REUSE = "a first layer by a pass of its own"  # and this one what things cost

Traces = dict[str, Trace]


def variants() -> dict[str, str]:
    """`smart` with one thing taken away, and our other objectives."""
    text = load_recipe("smart").text
    head = head_only()
    return {
        "smart": text,
        SAME: head,
        "no calibration (and no n-grams)": head.replace(
            "path(calibrated(node.prob, node.rank, node.depth, node.spine, request.sampled))", "node.path"
        ),
        "raw order": text.replace("verify   best 0..64", "verify   best 0..64 by node.path"),
        "passes of ten nodes": text.replace("best 1..10", "best 10"),
        "passes of ten nodes (and no n-grams)": head.replace("best 1..10", "best 10"),
        "no n = 0": text.replace("best 0..64", "best 1..64"),
        "no forecast (2 passes, always)": text.replace("continue while forecast(objective) > objective\n", "").replace(
            "limit    depth 16", "limit    depth 2"
        ),
        "long-run rate (smart_run)": "smart_run",
        "pooled sizes (smart_pooled)": "smart_pooled",
        NO_GAIN: text,
        NO_CLIPPING: text,
        NO_REUSE: text,
    }


def ablation(traces: Traces, profile: Profile, jobs: int) -> dict[str, dict[str, float]]:
    """Tokens a second by variant and cell."""
    work = [(name, trace, batch) for name in variants() for trace in traces for batch in BATCHES]

    def one(item: tuple[str, str, int]) -> float:
        name, trace, batch = item
        with_change = {NO_GAIN: without_gain, NO_CLIPPING: without_clipping}.get(name, lambda run: run())
        costs = without_reuse(profile) if name == NO_REUSE else profile
        return with_change(lambda: replay(traces[trace], variants()[name], costs, batch).rate)

    found: dict[str, dict[str, float]] = {}
    for (name, trace, batch), rate in zip(work, spread(one, work, jobs), strict=True):
        found.setdefault(name, {})[f"{trace}, batch {batch}"] = rate
    return found


def without_reuse(profile: Profile) -> Profile:
    """As if the pass that feeds what was committed drew nothing: one more, from the last token, draws the first layer."""
    one = np.ones(1)
    points = [
        changed(p, seconds=p.seconds + float(profile.draft.seconds(p.batch, one, p.context)[0]))
        for p in profile.catch_up.points
    ]
    return changed(profile, catch_up=CostTable(points))


def without_gain(run: Callable[[], float]) -> float:
    value = Gain.value
    Gain.value = property(lambda self: 1.0)
    try:
        return run()
    finally:
        Gain.value = value


def without_clipping(run: Callable[[], float]) -> float:
    begin = Controller.begin
    Controller.begin = lambda self, situation, free: begin(
        self, changed(situation, remaining=np.full(situation.batch, 1 << 20)), free
    )
    try:
        return run()
    finally:
        Controller.begin = begin


def flip(traces: Traces, profile: Profile, jobs: int) -> list[dict]:
    """Batch 1, phase by phase against the better of never drafting and always drafting (2 layers, 6 nodes)."""
    always = "smartgen 1\npolicy always { benefit accepted = node.path  expand best 6  verify best 6  limit depth 2 }"
    policies = {"smart": "smart", "without n-grams": head_only()}
    bad = {name: flipped(trace, PHASE) for name, trace in traces.items()}
    work = [(name, recipe) for name in bad for recipe in (*policies.values(), "off", always)]
    runs = dict(zip(work, spread(lambda item: replay(bad[item[0]], item[1], profile), work, jobs), strict=True))
    found = []
    for name in bad:
        phases = useless(bad[name], PHASE)
        off, on = (by_phase(runs[name, recipe], phases) for recipe in ("off", always))
        for label, recipe in policies.items():
            for number, (wrong, rate) in enumerate(by_phase(runs[name, recipe], phases)):
                best = max(off[number][1], on[number][1])
                found.append({"trace": name, "policy": label, "useless": wrong, "vs_better": round(rate / best, 4)})
            found[-1]["steps_until_drafting"] = steps_until_drafting(runs[name, recipe], phases)
    return found


def steps_by_request(run: Replay, requests: int) -> list[list]:
    steps = iter(run.history)
    return [[next(steps) for _ in run.taken.get(request, [])] for request in range(requests)]


def by_phase(run: Replay, phases) -> list[tuple[bool, float]]:
    """(useless?, tokens a second) of every phase; at batch 1 steps follow the requests."""
    found: list[list] = []
    for request, steps in enumerate(steps_by_request(run, len(phases))):
        if not found or found[-1][0] != bool(phases[request]):
            found.append([bool(phases[request]), 0, 0.0])
        found[-1][1] += sum(step.committed for step in steps)
        found[-1][2] += sum(step.seconds for step in steps)
    return [(wrong, tokens / seconds) for wrong, tokens, seconds in found]


def steps_until_drafting(run: Replay, phases) -> list[int]:
    """After each mending: steps until the drafter drafts in more than half of the 8 steps that follow."""
    layers, starts, count = [], [], 0
    for request, steps in enumerate(steps_by_request(run, len(phases))):
        if request and phases[request - 1] and not phases[request]:
            starts.append(count)
        layers += [step.layers > 0 for step in steps]
        count += len(steps)
    return [next((n for n in range(200) if sum(layers[s + n : s + n + 8]) > 4), 200) for s in starts]


def calibration(traces: Traces, profile: Profile, jobs: int) -> dict[str, dict]:
    """Predicted over observed accepted tokens of the chosen trees' steps, overall and by decile of the prediction."""
    cells = [(name, batch) for name in traces for batch in BATCHES]
    lines = spread(lambda c: calibrated(replay(traces[c[0]], "smart", profile, c[1])), cells, jobs)
    return {f"{name}, batch {batch}": line for (name, batch), line in zip(cells, lines, strict=True)}


def calibrated(run: Replay) -> dict[str, Any]:
    """`accepted`: tokens in each decile, which say how much of its deviation is chance."""
    steps = [step for step in run.history if step.nodes]
    predicted = np.array([step.predicted / step.rows for step in steps])
    observed = np.array([step.accepted / step.rows for step in steps])
    parts = np.array_split(np.argsort(predicted, kind="stable"), 10)
    return {
        "overall": round(float(predicted.sum() / observed.sum()), 4),
        "deciles": [round(float(predicted[p].sum() / max(observed[p].sum(), 1e-9)), 3) for p in parts],
        "accepted": [sum(steps[i].accepted for i in p.tolist()) for p in parts],
    }


def shuffled(traces: Traces, profile: Profile, jobs: int) -> dict[str, list[float]]:
    """Batch 1: tokens a second with a map whose cells were shuffled, replay after replay, over that with a true one."""

    def one(name: str) -> list[float]:
        trace, memory = traces[name], Memory(Learned(), Machine(profile), HitRates())
        replay(trace, "smart", profile, memory=memory)
        true = replay(trace, "smart", profile, memory=memory).rate
        for learned in memory.learned.maps.values():
            order = np.random.default_rng(0).permutation(learned.trials.size)
            learned.trials, learned.hits = (a.ravel()[order].reshape(a.shape) for a in (learned.trials, learned.hits))
            learned.refresh()
        return [round(replay(trace, "smart", profile, memory=memory).rate / true, 4) for _ in range(3)]

    return dict(zip(traces, spread(one, list(traces), jobs), strict=True))


PARTS = {"calibration": calibration, "flip": flip, "shuffled": shuffled, "ablation": ablation, "costs": wrong_costs}


class Results:
    """The result file: read, added to, written whenever something is done."""

    def __init__(self, path: Path, resume: bool) -> None:
        self.path, self.resume = path, resume
        self.data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def add(self, part: str, key: str | None, run: Callable[[], Any]) -> None:
        """Run and write `part`, or its piece `key`; nothing where a run that is taken up again has it."""
        whole = self.data if key is None else self.data.setdefault(part, {})
        name = part if key is None else key
        if self.resume and name in whole:
            return
        began, spent = time.perf_counter(), time.process_time() + _children()
        whole[name] = run()
        took = {
            "seconds": round(time.perf_counter() - began, 1),
            "processor_seconds": round(time.process_time() + _children() - spent, 1),
        }
        self.data.setdefault("took", {})[f"{part}: {key}" if key else part] = took
        self.write()
        print(f"{part} {key or ''}: {took}", flush=True)

    def write(self) -> None:
        """What was run when is in `provenance`."""
        self.data["provenance"] = {
            "command": "python benchmarks/controller_on_traces.py --jobs 2",
            "smartgen": smartgen.__version__,
            "date": datetime.date.today().isoformat(),
        }
        self.path.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")


def _children() -> float:
    found = os.times()
    return found.children_user + found.children_system


def cells(results: Results, workloads: dict[str, Workload], batches: Iterable[int], args: argparse.Namespace) -> None:
    """Workload by workload, so that what a trace's table takes is spent once."""
    for name, workload in workloads.items():
        bench = Bench(name, workload.trace, workload.ngram)
        for batch in batches:
            options = (bench, batch, args.resamples, args.length, args.jobs)
            results.add("cells", f"{name}, batch {batch}", lambda w=workload, n=name, o=options: cell(n, w, *o))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=Path, nargs="+", help="recorded afresh; default: the shipped ones")
    parser.add_argument("--profile", type=Path, default=SMOLLM2, help="of the traces named")
    parser.add_argument("--only", choices=["cells", *PARTS], action="append")
    parser.add_argument("--workloads", help="of cells, names with semicolons between; default: all")
    parser.add_argument("--batches", default=",".join(map(str, CELL_BATCHES)), help="of cells")
    parser.add_argument("--resamples", type=int, default=20)
    parser.add_argument("--length", type=int, default=32, help="requests in a resampled list")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="only what the result file lacks")
    parser.add_argument("--out", type=Path, default=RESULT)
    args = parser.parse_args()
    workloads = recorded(args.traces, args.profile) if args.traces else shipped()
    heads = {n: w for n, w in workloads.items() if w.costs == args.profile and not (w.ngram or w.useless)}
    traces = {name: workload.trace for name, workload in heads.items()}
    profile = next(iter(heads.values())).profile
    results = Results(args.out, args.resume)
    wanted = args.only or ["cells", *PARTS]
    for name in (name for name in PARTS if name in wanted):
        results.add(name, None, lambda part=PARTS[name]: part(traces, profile, args.jobs))
    if "cells" in wanted:
        chosen = [n for n in workloads if args.workloads is None or n in args.workloads.split(";")]
        cells(results, {n: workloads[n] for n in chosen}, [int(b) for b in args.batches.split(",")], args)
    show(results.data)


def show(result: dict[str, Any]) -> None:
    """Every table that the results have."""
    print(table(criteria(result)), flush=True)
    if result.get("cells"):
        rows = flat(result["cells"])
        print(f"\n{cells_table(rows)}\n\n{rivals_table(rows)}", flush=True)
    if result.get("ablation"):
        print(f"\n{ablation_table(result['ablation'])}", flush=True)


def ablation_table(table: dict[str, dict[str, float]]) -> str:
    """Markdown: each variant over `smart`, by cell, and the mean of all cells."""
    whole = table["smart"]
    lines = ["| | " + " | ".join([*whole, "mean"]) + " |", "|---" * (len(whole) + 2) + "|"]
    for name, found in table.items():
        ratios = [found[cell] / whole[cell] for cell in whole]
        lines.append(f"| {name} | " + " | ".join(f"{r:.3f}" for r in [*ratios, statistics.mean(ratios)]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
