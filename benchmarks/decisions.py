"""Run the micro-benchmarks of decisions and keep their medians with provenance: `python benchmarks/decisions.py`."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RESULT = HERE / "results" / "decisions.json"
BUDGET = {"select": 150.0, "grow": 150.0, "observe": 60.0}  # microseconds, 16 rows, one core


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.processor())


def main() -> None:
    """Measure in a process of its own, one thread, and write the result."""
    command = [sys.executable, "-m", "pytest", "-q", str(HERE / "test_decisions.py"), "--benchmark-json"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.json"
        load = os.getloadavg()[0]
        subprocess.run([*command, str(path)], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        raw = json.loads(path.read_text())
    figures = {
        entry["name"].removeprefix("test_"): {
            name: round(1e6 * entry["stats"][name], 1) for name in ("min", "median", "iqr")
        }
        for entry in raw["benchmarks"]
    }
    provenance = {
        "command": "python benchmarks/decisions.py",
        "date": datetime.date.today().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores, one used",
        "load_average_before": round(load, 1),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    result = {"unit": "microseconds", "provenance": provenance, "budget_16_rows": BUDGET, "figures": figures}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(f"wrote {RESULT}")


if __name__ == "__main__":
    main()
