"""Traces: every position of a text with the candidates a drafter had there, and replay of any recipe on them.

from smartgen.trace import load, record, replay, save
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Envelope": "smartgen.trace.trace",
    "Trace": "smartgen.trace.trace",
    "TraceError": "smartgen.trace.errors",
    "flipped": "smartgen.trace.flip",
    "load": "smartgen.trace.store",
    "save": "smartgen.trace.store",
    "record": "smartgen.trace.recording",
    "replay": "smartgen.trace.replaying",
}

__all__ = list(_HOMES)

if TYPE_CHECKING:
    from smartgen.trace.errors import TraceError as TraceError
    from smartgen.trace.flip import flipped as flipped
    from smartgen.trace.recording import record as record
    from smartgen.trace.replaying import replay as replay
    from smartgen.trace.store import load as load
    from smartgen.trace.store import save as save
    from smartgen.trace.trace import Envelope as Envelope
    from smartgen.trace.trace import Trace as Trace


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'smartgen.trace' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
