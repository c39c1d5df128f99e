"""A recipe that has been read, checked and lowered."""

from __future__ import annotations

from dataclasses import dataclass

from smartgen.language.diagnostics import Diagnostic
from smartgen.language.facts import Facts
from smartgen.language.program import Program


@dataclass(frozen=True)
class Recipe:
    """Immutable and cheap to share. `origin`: where it came from; `profile`: a cost profile it names, or None; `facts`: what
    the check found out about it."""

    name: str
    program: Program
    origin: str
    text: str
    facts: Facts
    profile: str | None = None
    warnings: tuple[Diagnostic, ...] = ()

    def __hash__(self) -> int:
        return hash(self.program.hash)
