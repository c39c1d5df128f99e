"""What the controller is asked for, one criterion a line: met or missed, with the figure. Reads what
`controller_on_traces.py` wrote and measures nothing itself.

    python benchmarks/controller_criteria.py
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent / "results" / "controller_on_traces.json"
SAME = "no n-gram candidates"  # `smart` with the candidates that the static trees have
PUBLISHED = ("paper", "paper_literal")
SAME_CANDIDATES = {1: 1.05, 4: 1.01, 16: 0.99, 32: 0.99}
MERGED = {(False, 1): 1.20, (False, 4): 1.12, (True, 1): 1.04, (True, 4): 1.04}  # by sampled or not, and batch
RECOVERED = 0.98  # of the true map's rate, in the third replay: the project's own reading of "recovers"


@dataclass(frozen=True)
class Criterion:
    """`figure` is to be at least `least` and at most `most`, where they are given."""

    text: str
    figure: float
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool:
        """False for a figure that is no number, too."""
        above = self.least is None or self.figure >= self.least
        return above and (self.most is None or self.figure <= self.most) and self.figure == self.figure

    @property
    def asked(self) -> str:
        """The bounds in words."""
        bounds = [
            f"≥ {self.least:g}" if self.least is not None else "",
            f"≤ {self.most:g}" if self.most is not None else "",
        ]
        return ", ".join(filter(None, bounds))


def criteria(result: dict[str, Any]) -> list[Criterion]:
    """Those that the parts in `result` can answer; a part that was not run answers none."""
    parts = {"cells": _cells, "calibration": _calibration, "flip": _flip, "costs": _costs, "shuffled": _shuffled}
    return [found for name, part in parts.items() if result.get(name) for found in part(result[name])]


def flat(cells: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The rows of all cells."""
    return [row for rows in cells.values() for row in rows]


def _cells(cells: dict[str, list[dict[str, Any]]]) -> Iterator[Criterion]:
    rows = flat(cells)
    same = [row for row in rows if row.get("same_candidates")]
    for batch in sorted({row["batch"] for row in same}):
        ratios = [row["vs_best_static"] for row in same if row["batch"] == batch]
        text = f"same candidates, × best static tree of the cell, mean at batch {batch}"
        yield Criterion(text, statistics.mean(ratios), SAME_CANDIDATES[batch])
    if same:
        lowest = min(same, key=lambda row: row["high"])
        text = f"same candidates, the lowest upper end of an interval ({lowest['trace']}, batch {lowest['batch']})"
        yield Criterion(text, lowest["high"], 0.97)
    ours = [row for row in rows if row["recipe"] == "smart"]
    yield from _merged([row for row in ours if row["drafter"] == "head"])
    if ours:
        worst = min(ours, key=lambda row: row["vs_plain"])
        text = f"× plain decoding, the worst cell ({worst['trace']}, batch {worst['batch']})"
        yield Criterion(text, worst["vs_plain"], 0.98)
    yield from _rivals(rows)


def _merged(rows: list[dict[str, Any]]) -> Iterator[Criterion]:
    for row in rows:
        least = MERGED.get((row["sampled"], row["batch"]))
        if least is not None:
            text = f"n-grams merged, × best static tree without them, {row['trace']}, batch {row['batch']}"
            yield Criterion(text, row["vs_best_static"], least)
    if rows:
        mean = statistics.mean(row["vs_best_static"] for row in rows)
        yield Criterion("n-grams merged, × best static tree without them, mean of all cells", mean, 1.10)


def rivals(rows: Sequence[dict[str, Any]]) -> dict[str, dict[tuple[str, int], float]]:
    """`smart`'s tokens a second over those of every published recipe, by workload and batch."""
    found: dict[str, dict[tuple[str, int], float]] = {}
    for row in rows:
        if "smart_over" in row:
            found.setdefault(row["recipe"], {})[row["trace"], row["batch"]] = row["smart_over"]
    return found


def _rivals(rows: list[dict[str, Any]]) -> Iterator[Criterion]:
    means = {name: statistics.mean(ratios.values()) for name, ratios in rivals(rows).items()}
    published = [means.pop(name) for name in PUBLISHED if name in means]
    if published:
        yield Criterion("× SMART as published (the better form), mean of all cells", min(published), 1.15)
    if means:
        nearest = min(means, key=lambda name: means[name])
        yield Criterion(
            f"× the nearest of {len(means)} other published recipes ({nearest}), mean of all cells",
            means[nearest],
            1.0,
        )


def _calibration(found: dict[str, dict[str, Any]]) -> Iterator[Criterion]:
    for cell, line in found.items():
        yield Criterion(f"predicted ÷ observed accepted tokens, {cell}", line["overall"], 0.97, 1.03)
        worst, accepted = max(
            zip(line["deciles"], line["accepted"], strict=True), key=lambda decile: abs(decile[0] - 1)
        )
        chance = f"{accepted} tokens, ± {accepted**-0.5:.2f} by chance" if accepted else "no token"
        yield Criterion(f"the decile furthest from 1, {cell} ({chance})", worst, 0.90, 1.10)


def _flip(phases: list[dict[str, Any]]) -> Iterator[Criterion]:
    for trace, policy in dict.fromkeys((phase["trace"], phase["policy"]) for phase in phases):
        mine = [phase for phase in phases if (phase["trace"], phase["policy"]) == (trace, policy)]
        worst = min(phase["vs_better"] for phase in mine)
        yield Criterion(f"flip, × the better of on and off, the worst phase, {trace}, {policy}", worst, 0.97)
        steps = [count for phase in mine for count in phase.get("steps_until_drafting", [])]
        if steps:
            yield Criterion(f"flip, steps until it drafts after mending, {trace}, {policy}", max(steps), most=20)


def _costs(found: list[dict[str, Any]]) -> Iterator[Criterion]:
    for part, factor in dict.fromkeys((line["part"], line["factor"]) for line in found):
        mine = [line for line in found if (line["part"], line["factor"]) == (part, factor)]
        text = f"{part} cost believed × {factor:g}"
        yield Criterion(f"{text}, before upkeep, the worst cell", min(line["before"] for line in mine), 0.90)
        after = [line["after"] for line in mine if line["after"] is not None]
        if after:
            yield Criterion(f"{text}, after 300 steps, the worst cell", min(after), 0.98)


def _shuffled(found: dict[str, list[float]]) -> Iterator[Criterion]:
    for trace, rates in found.items():
        yield Criterion(f"a shuffled map, the third replay over a true one's, {trace}", rates[-1], RECOVERED)


def table(found: list[Criterion]) -> str:
    """Markdown."""
    lines = [f"| {c.text} | {c.figure:.3f} | {c.asked} | {'met' if c.met else '**missed**'} |" for c in found]
    return "\n".join(["| criterion | figure | asked | |", "|---|---|---|---|", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path, nargs="?", default=RESULT)
    print(table(criteria(json.loads(parser.parse_args().result.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()
