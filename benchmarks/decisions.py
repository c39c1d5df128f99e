"""Run the micro-benchmarks of decisions and keep their medians with provenance: `python benchmarks/decisions.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from provenance import provenance

HERE = Path(__file__).parent
RESULT = HERE / "results" / "decisions.json"
BUDGET = {"select": 150.0, "grow": 150.0, "observe": 60.0}  # microseconds, 16 rows, one core


def main() -> None:
    """Measure in a process of its own, one thread, and write the result."""
    command = [sys.executable, "-m", "pytest", "-q", str(HERE / "test_decisions.py"), "--benchmark-json"]
    where = {**provenance("python benchmarks/decisions.py"), "numpy": np.__version__}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.json"
        subprocess.run([*command, str(path)], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        raw = json.loads(path.read_text())
    figures = {
        entry["name"].removeprefix("test_"): {
            name: round(1e6 * entry["stats"][name], 1) for name in ("min", "median", "iqr")
        }
        for entry in raw["benchmarks"]
    }
    result = {"unit": "microseconds", "provenance": where, "budget_16_rows": BUDGET, "figures": figures}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(f"wrote {RESULT}")


if __name__ == "__main__":
    main()
