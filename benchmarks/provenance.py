"""Where and when a figure was measured; every result file of this folder that is small enough holds one."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path


def provenance(command: str) -> dict[str, str | float]:
    """Call it before measuring: the load is the machine's own then."""
    return {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores, one used",
        "load_average_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.processor())
