"""Does replay tell the truth? Tokens a second that it predicts for `generate` against those on the clock.

    smartgen profile --model smollm2-135m --draft smollm2-135m-eagle3 --dtype float32 --batch 1,4,16 \\
        --context 64,192 --budget 6 --out costs.json
    smartgen trace --model smollm2-135m --dtype float32 --prompts FILE --limit 16 --max-new-tokens 48 --out trace.npz
    python benchmarks/replay_truth.py clock trace.npz --profile costs.json --batch 1 --requests 8 --out truth.json
    python benchmarks/replay_truth.py clock trace.npz --profile costs.json --batch 16 --out truth.json
    python benchmarks/replay_truth.py replay trace.npz --profile costs.json --out truth.json

`clock` generates the trace's own requests again under every recipe, batch by batch as `replay --rows drain` takes them.
`replay` runs the same calls in the same order on the trace and needs no model. Recipes take turns on each batch, so that a
slow moment of the machine hits all of them; what is learned is shared by all of them, as it belongs to the model and drafter,
so replay shares it as well. Both believe `--profile`. A machine may be a tenth slower a few minutes later, so what things
cost on the clock is measured before each of its rounds, and the median is what a replay is charged; of a call, too, the
round of median speed counts, on both sides. In float32 texts are the trace's own; in bf16 a near tie may turn, and other
texts take other steps. Time of decoding is compared: the target's prefill is left out on both sides, the drafter's pass
over the prompt is in both, and so is Python: on the clock that of each recipe, in a replay the profile's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from smartgen.profile import store
from smartgen.profile.measure import of_rounds
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable
from smartgen.trace import Trace, load, replay
from smartgen.trace.replaying import believing

RECIPES = ("off", "chain", "eagle2", "smart")
CONTEXT, BUDGET = 128, 12.0  # of the profiles between the rounds: tokens, and seconds for each batch


@dataclass
class Tally:
    """Decoding of one recipe in one batch. Seconds on the clock: `draft` passes with the decisions between them, `verify` the
    forward and the walk, `other` all the rest of a step. A replay knows no `other`.
    """

    tokens: int = 0
    steps: int = 0
    passes: int = 0
    draft: float = 0.0
    verify: float = 0.0
    other: float = 0.0
    same: int = 0  # tokens of the rows' texts up to where they leave the trace's

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.tokens / (self.draft + self.verify + self.other)

    def line(self) -> str:
        """Per step: tokens, passes, ms of each phase."""
        phases = (f"{1e3 * seconds / self.steps:.2f}" for seconds in (self.draft, self.verify, self.other))
        return f"{self.tokens / self.steps:.2f} tokens, {self.passes / self.steps:.2f} passes, ms {' + '.join(phases)}"


class Calls:
    """What was clocked of every call in each round."""

    def __init__(self) -> None:
        self._rounds: dict[tuple[str, int], list[Tally]] = {}

    def add(self, recipe: str, requests: list[int], tally: Tally) -> None:
        self._rounds.setdefault((recipe, requests[0]), []).append(tally)

    def totals(self) -> dict[str, Tally]:
        """Each recipe's calls together, of each one the round of median speed."""
        found = {recipe: Tally() for recipe in RECIPES}
        for (recipe, _), rounds in self._rounds.items():
            median = sorted(rounds, key=lambda tally: tally.rate)[len(rounds) // 2]
            for part in fields(Tally):
                setattr(found[recipe], part.name, getattr(found[recipe], part.name) + getattr(median, part.name))
        return found


def schedule(requests: int, batch: int, rounds: int) -> Iterator[tuple[bool, list[int], list[str]]]:
    """(counted?, requests, recipes in turn) of every call; the first batch is run once before, to warm up."""
    calls = [list(range(start, min(start + batch, requests))) for start in range(0, requests, batch)]
    for number, chosen in enumerate([calls[0], *rounds * calls]):
        turn = number % len(RECIPES)
        yield number > 0, chosen, [*RECIPES[turn:], *RECIPES[:turn]]


def clocked(model: Any, drafter: Any, trace: Trace, batch: int, rounds: int) -> tuple[dict[str, Tally], Profile]:
    """What the clock says, and what things cost meanwhile."""
    import torch

    from smartgen.hf.profiling import measure_profile

    sampling: dict[str, Any] = {"do_sample": False}
    if trace.header.sampled:
        sampling = {"do_sample": True, "temperature": trace.header.temperature, "top_k": 0, "top_p": 1.0}
    calls, costs = Calls(), list[Profile]()
    for counted, requests, recipes in schedule(trace.requests, batch, rounds):
        if counted and requests[0] == 0:
            batches = sorted({1, (batch + 3) // 4, batch})  # rows leave: what fewer of them cost lies between
            costs.append(measure_profile(model, drafter, batches, [CONTEXT], BUDGET, "replay_truth.py clock", print))
        for recipe in recipes:
            torch.manual_seed(trace.header.seed + requests[0])
            output = model.generate(
                **padded(trace, requests),
                **sampling,
                max_new_tokens=trace.header.new_tokens,
                smart_recipe=recipe,
                assistant_model=drafter,
                return_dict_in_generate=True,
            )
            if counted:
                stats, same = output.speculation, agreeing(trace, requests, output.sequences)
                seconds = (stats.seconds[phase] for phase in ("draft", "verify", "other"))
                calls.add(recipe, requests, Tally(stats.committed, stats.steps, stats.passes, *seconds, same=same))
    return calls.totals(), between(costs)


def between(costs: list[Profile]) -> Profile:
    """The median of several profiles."""
    tables = ("verify", "draft", "catch_up", "host")
    medians = {name: CostTable(of_rounds([getattr(each, name).points for each in costs])) for name in tables}
    return replace(costs[0], **medians)


def padded(trace: Trace, requests: list[int]) -> dict[str, Any]:
    """Prompts as a call takes them, padded on the left."""
    import torch

    prompts = [trace.prompt_of(request).tolist() for request in requests]
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    return {"input_ids": ids, "attention_mask": mask}


def agreeing(trace: Trace, requests: list[int], sequences: Any) -> int:
    """Tokens, the first ones not counted, up to where each row's text leaves the trace's: in bf16 a near tie may turn."""
    found, begin = 0, max(len(trace.prompt_of(request)) for request in requests)
    for request, line in zip(requests, sequences.tolist(), strict=True):
        text = trace.text_of(request).tolist()
        equal = [a == b for a, b in zip(line[begin:], text, strict=False)]
        found += max(0, equal.index(False) - 1 if False in equal else len(text) - 1)
    return found


def replayed(trace: Trace, believed: Profile, costs: Profile, batch: int, rounds: int) -> dict[str, Tally]:
    """The same calls on the trace; learning and corrected costs pass from one to the next as on the clock."""
    memory = believing(believed)
    calls = Calls()
    for counted, requests, recipes in schedule(trace.requests, batch, rounds):
        for recipe in recipes:
            run = replay(trace, recipe, costs, batch, "drain", requests, memory)
            if counted:
                passes = sum(step.layers for step in run.history)
                tally = Tally(run.committed, run.steps, passes, run.drafting, run.seconds - run.drafting)
                calls.add(recipe, requests, tally)
    return calls.totals()


def clock(args: argparse.Namespace, trace: Trace) -> dict[str, Any]:
    """One batch on the clock, as JSON data."""
    import torch
    import transformers
    from transformers import AutoModelForCausalLM

    import smartgen
    from smartgen.hf.costing import provenance
    from smartgen.models import get, resolve

    transformers.logging.set_verbosity_error()
    model = AutoModelForCausalLM.from_pretrained(get(args.model), dtype=getattr(torch, args.dtype)).eval()
    smartgen.attach(model, profile=str(args.profile))
    drafter = smartgen.load_drafter(resolve(args.draft), model)
    found, costs = clocked(model, drafter, trace, args.batch, args.rounds)
    kept = args.out.with_suffix(f".batch{args.batch}.json")
    store.save(costs, kept)
    where = provenance(f"python benchmarks/replay_truth.py clock --batch {args.batch} --rounds {args.rounds}")
    calls = {"requests": trace.requests, "rounds": args.rounds, "costs": kept.name, "provenance": where}
    return calls | {name: asdict(tally) for name, tally in found.items()}


def compared(
    written: dict[str, Any], trace: Trace, believed: Profile, costs: Profile, batch: int
) -> list[dict[str, Any]]:
    """One row a recipe; says what makes up a step on both sides."""
    rows = []
    for recipe, predicted in replayed(trace, believed, costs, batch, written["rounds"]).items():
        real = Tally(**written[recipe])
        ratio = predicted.rate / real.rate
        rows.append({"batch": batch, "recipe": recipe, "clock": real.rate, "replay": predicted.rate, "ratio": ratio})
        print(
            f"batch {batch:2} {recipe:8} replay / clock {ratio:.3f}: {predicted.rate:.1f} / {real.rate:.1f} tokens a second"
        )
        print(f"    clock  {real.line()}\n    replay {predicted.line()}", flush=True)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: replay over clock."""
    batches = sorted({row["batch"] for row in rows})
    lines = ["| | " + " | ".join(f"batch {b}" for b in batches) + " |", "|---" * (len(batches) + 1) + "|"]
    for recipe in RECIPES:
        cells = {r["batch"]: f"{r['ratio']:.3f} ({r['clock']:.1f})" for r in rows if r["recipe"] == recipe}
        lines.append(f"| {recipe} | " + " | ".join(cells.get(b, "") for b in batches) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["clock", "replay"])
    parser.add_argument("trace", type=Path)
    parser.add_argument("--profile", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="read and added to")
    parser.add_argument("--batch", type=int, default=1, help="to clock")
    parser.add_argument("--requests", type=int, help="to clock, the trace's first ones; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="to clock: how often the requests are gone through")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--draft", default="smollm2-135m-eagle3")
    parser.add_argument("--dtype", default="float32")
    args = parser.parse_args()
    trace = load(args.trace)
    data = json.loads(args.out.read_text(encoding="utf-8")) if args.out.exists() else {"clock": {}}
    if args.part == "clock":
        data["clock"][str(args.batch)] = clock(args, trace.first(args.requests or trace.requests))
    else:
        profile, data["rows"] = store.load(args.profile), []
        for batch, written in data["clock"].items():
            costs = store.load(args.out.parent / written["costs"])
            data["rows"] += compared(written, trace.first(written["requests"]), profile, costs, int(batch))
        print(f"\n{table(data['rows'])}")
    args.out.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
