"""The controller judged by replay on the shipped traces: one command, one result file, tables for docs/controller.md.

    python benchmarks/controller_on_traces.py --profile benchmarks/results/profile_smollm2_bf16_head.json
    python benchmarks/controller_on_traces.py --only ablation

Parts: `cells` (`smart` against the best static tree of each cell in hindsight, plain decoding, and every other recipe),
`ablation` (one thing taken away at a time), `flip` (a drafter useless in every second phase), `costs` (a controller that
believes wrong costs), `calibration` (predicted over observed accepted tokens, by decile), `shuffled` (a map that lies).
Text and accepted tokens are the traces' own; time is what the profile says.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
from controller_criteria import SAME, criteria, table
from wrong_costs import BATCHES, wrong_costs

import smartgen
from smartgen.drafters.ngram import HitRates
from smartgen.policy.controller import Controller
from smartgen.policy.growth import Gain
from smartgen.policy.learned import Learned
from smartgen.policy.support import unsupported
from smartgen.profile import store
from smartgen.profile.profile import Profile
from smartgen.recipe import load as load_recipe
from smartgen.recipe.shipped import shipped
from smartgen.trace import load, replay
from smartgen.trace.flip import flipped, useless
from smartgen.trace.judging import Bench, judge
from smartgen.trace.machine import Machine
from smartgen.trace.replaying import Memory, Replay
from smartgen.trace.trace import Trace

HERE = Path(__file__).parent
TRACES = [HERE / "traces" / f"smollm2-135m-eagle3-{name}.npz" for name in ("greedy", "t1")]
RESULT = HERE / "results" / "controller_on_traces.json"
PHASE = 1500  # tokens of a flip's phase


def variants() -> dict[str, str]:
    """`smart` with one thing taken away, and our other objectives."""
    text = load_recipe("smart").text
    head = text.replace(", node.source", "")
    return {
        "smart": text,
        SAME: head,
        "no calibration (and no n-grams)": head.replace(
            "path(calibrated(node.prob, node.rank, node.depth, node.spine, request.sampled))", "node.path"
        ),
        "raw order": text.replace("verify   best 0..64", "verify   best 0..64 by node.path"),
        "no n = 0": text.replace("best 0..64", "best 1..64"),
        "no forecast (2 passes, always)": text.replace("continue while forecast(objective) > objective\n", "").replace(
            "limit    depth 16", "limit    depth 2"
        ),
        "long-run rate (smart_run)": "smart_run",
        "pooled sizes (smart_pooled)": "smart_pooled",
    }


def cells(traces: dict[str, Trace], profile: Profile, resamples: int, jobs: int) -> list[dict]:
    """Every recipe that a replay honours, `smart` with intervals."""
    names = [name for name in shipped() if not list(unsupported(load_recipe(name).program, "replay", ()))]
    found = []
    for name, trace in traces.items():
        bench = Bench(name, trace)
        ours = {"smart": "smart", SAME: variants()[SAME]}
        for row in judge(bench, ours, profile, "measured", BATCHES, resamples=resamples, jobs=jobs):
            found.append(row.plain())
            tell(
                f"{name} batch {row.batch}: {row.recipe} {row.vs_plain:.3f} x plain, {row.vs_best_static:.3f} x {row.best_static}"
            )
        for batch in BATCHES:
            plain = next(r for r in found if r["trace"] == name and r["batch"] == batch)
            base = plain["tokens_per_second"] / plain["vs_plain"]
            for recipe in names:
                if recipe != "smart":
                    rate = replay(trace, recipe, profile, batch).rate
                    found.append({"trace": name, "recipe": recipe, "batch": batch, "vs_plain": round(rate / base, 4)})
    return found


def ablation(traces: dict[str, Trace], profile: Profile) -> dict[str, dict[str, float]]:
    """Tokens a second by variant and cell; "no fast gain" and "no clipping" change the controller itself."""
    table: dict[str, dict[str, float]] = {}
    for name, recipe in variants().items():
        table[name] = rates(traces, profile, recipe)
    value = Gain.value
    Gain.value = property(lambda self: 1.0)
    try:
        table["no fast gain"] = rates(traces, profile, "smart")
    finally:
        Gain.value = value
    begin = Controller.begin
    Controller.begin = lambda self, situation, free: begin(
        self, changed(situation, remaining=np.full(situation.batch, 1 << 20)), free
    )
    try:
        table["no clipping at the row's end"] = rates(traces, profile, "smart")
    finally:
        Controller.begin = begin
    return table


def rates(traces: dict[str, Trace], profile: Profile, recipe: str) -> dict[str, float]:
    return {f"{n}, batch {b}": replay(t, recipe, profile, b).rate for n, t in traces.items() for b in BATCHES}


def flip(traces: dict[str, Trace], profile: Profile) -> list[dict]:
    """Batch 1, phase by phase against the better of never drafting and always drafting (2 layers, 6 nodes)."""
    always = "smartgen 1\npolicy always { benefit accepted = node.path  expand best 6  verify best 6  limit depth 2 }"
    found = []
    for name, trace in traces.items():
        bad = flipped(trace, PHASE)
        phases = useless(bad, PHASE)
        for label, recipe in (("smart", "smart"), ("without n-grams", variants()[SAME])):
            runs = {key: replay(bad, r, profile) for key, r in (("it", recipe), ("off", "off"), ("on", always))}
            shares = {key: by_phase(run, phases) for key, run in runs.items()}
            for number, (wrong, rate) in enumerate(shares["it"]):
                best = max(shares["off"][number][1], shares["on"][number][1])
                found.append({"trace": name, "policy": label, "useless": wrong, "vs_better": round(rate / best, 4)})
            found[-1]["steps_until_drafting"] = steps_until_drafting(runs["it"], phases)
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


def calibration(traces: dict[str, Trace], profile: Profile) -> dict[str, dict]:
    """Predicted over observed accepted tokens of the chosen trees' steps, overall and by decile of the prediction."""
    found = {}
    for name, trace in traces.items():
        for batch in BATCHES:
            steps = [step for step in replay(trace, "smart", profile, batch).history if step.nodes]
            predicted = np.array([step.predicted / step.rows for step in steps])
            observed = np.array([step.accepted / step.rows for step in steps])
            parts = np.array_split(np.argsort(predicted, kind="stable"), 10)
            found[f"{name}, batch {batch}"] = {
                "overall": round(float(predicted.sum() / observed.sum()), 4),
                "deciles": [round(float(predicted[p].sum() / max(observed[p].sum(), 1e-9)), 3) for p in parts],
            }
    return found


def shuffled(traces: dict[str, Trace], profile: Profile) -> dict[str, list[float]]:
    """Batch 1: tokens a second with a map whose cells were shuffled, replay after replay, over that with a true one."""
    found = {}
    for name, trace in traces.items():
        memory = Memory(Learned(), Machine(profile), HitRates())
        replay(trace, "smart", profile, memory=memory)
        true = replay(trace, "smart", profile, memory=memory).rate
        for learned in memory.learned.maps.values():
            order = np.random.default_rng(0).permutation(learned.trials.size)
            learned.trials, learned.hits = (a.ravel()[order].reshape(a.shape) for a in (learned.trials, learned.hits))
            learned.refresh()
        found[name] = [round(replay(trace, "smart", profile, memory=memory).rate / true, 4) for _ in range(3)]
    return found


def tell(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    parts: dict[str, Callable] = {
        "ablation": lambda t, p, a: ablation(t, p),
        "flip": lambda t, p, a: flip(t, p),
        "costs": lambda t, p, a: wrong_costs(t, p, a.jobs),
        "calibration": lambda t, p, a: calibration(t, p),
        "shuffled": lambda t, p, a: shuffled(t, p),
        "cells": lambda t, p, a: cells(t, p, a.resamples, a.jobs),
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=Path, nargs="+", default=TRACES)
    parser.add_argument("--profile", type=Path, default=HERE / "results" / "profile_smollm2_bf16_head.json")
    parser.add_argument("--only", choices=list(parts), action="append")
    parser.add_argument("--resamples", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULT)
    args = parser.parse_args()
    traces = {path.stem.rsplit("-", 1)[1]: load(path) for path in args.traces}
    profile = store.load(args.profile)
    result = json.loads(args.out.read_text(encoding="utf-8")) if args.out.exists() else {}
    for name in args.only or parts:
        began = datetime.datetime.now()
        result[name] = parts[name](traces, profile, args)
        result.setdefault("seconds", {})[name] = round((datetime.datetime.now() - began).total_seconds(), 1)
        tell(f"{name}: {json.dumps(result[name])[:1500]}")
        result["provenance"] = {
            "command": "python benchmarks/controller_on_traces.py",
            "smartgen": smartgen.__version__,
            "date": datetime.date.today().isoformat(),
            "profile": args.profile.name,
            "traces": {name: f"{t.requests} requests, {len(t.text)} tokens" for name, t in traces.items()},
        }
        args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    tell(table(criteria(result)))
    if "ablation" in result:
        tell(ablation_table(result["ablation"]))


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
