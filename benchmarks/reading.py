"""How long a recipe takes to be read: `python benchmarks/reading.py` writes benchmarks/results/reading.json.

`check`: the wall time of `smartgen check recipes/smart.smart` as a process of its own, interpreter and imports included.
`lower`: a recipe of forty lines from text to program in a process whose parser is there already. `parser`: getting the
parser, from its cached tables and from the grammar.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from provenance import provenance

from smartgen.language import tables
from smartgen.language.source import Source
from smartgen.recipe.load import load_source
from smartgen.recipe.shipped import shipped

RESULT = Path(__file__).parent / "results" / "reading.json"
BUDGET = {"check": 400.0, "lower": 50.0}  # milliseconds
PROCESSES = 9
ROUNDS = 50


def forty_lines() -> str:
    """Every kind of statement, most of them `let`s, as in a policy of many cases."""
    lets = [f"  let x{i} = table(batch.size, 1: {i + 1}, 8: {i + 2}) * layer.max(node.prob)" for i in range(26)]
    return "\n".join(
        [
            "smartgen 1",
            "policy forty {",
            "  param trust: prob = 0.9",
            *lets,
            f"  let all_of_them = {' + '.join(f'x{i}' for i in range(26))}",
            "  benefit  accepted  = trust * path(calibrated(node.prob, node.rank, node.depth))",
            "  cost     drafting  = profile.draft.time",
            "  cost     verifying = profile.verify.time",
            "  maximize tokens / time",
            "  expand   best 10 where node.prob > 0.01",
            "  continue while forecast(objective) > objective and all_of_them > 1",
            "  verify   best 0..64",
            "  limit    depth 16",
            "  when batch.size > 16 { expand best 2 }",
            "}",
        ]
    )


def milliseconds(times: list[float]) -> dict[str, float]:
    return {"min": round(1000 * min(times), 2), "median": round(1000 * statistics.median(times), 2)}


def timed(action: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each round, after one that does not count."""
    action()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begun)
    return taken


def main() -> None:
    where = provenance("python benchmarks/reading.py")
    command = [sys.executable, "-c", "from smartgen.cli.app import main; main()", "check", str(shipped()["smart"])]
    text = forty_lines()
    assert len(text.splitlines()) == 40
    figures = {
        "check": timed(lambda: subprocess.run(command, capture_output=True, check=True), PROCESSES),
        "lower": timed(lambda: load_source(Source("forty.smart", text)), ROUNDS),
        "parser_from_tables": timed(tables.parser.__wrapped__, PROCESSES),
        "parser_from_grammar": timed(tables.built, PROCESSES),
    }
    result = {
        "unit": "milliseconds",
        "provenance": where,
        "budget": BUDGET,
        "figures": {name: milliseconds(times) for name, times in figures.items()},
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(f"wrote {RESULT}")


if __name__ == "__main__":
    main()
