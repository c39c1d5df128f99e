"""What a check found out about a policy, line by line: for reports, for lints, and for refusing it to a backend by name."""

from __future__ import annotations

from dataclasses import dataclass

from smartgen.language.program import Axis, Phase
from smartgen.language.source import Span
from smartgen.language.types import Typed


@dataclass(frozen=True)
class Line:
    """One statement, or one clause of it. `word`: "benefit", "limit depth", "verify"; `clause`: "count", "by", "where" or
    empty. `reads`: signals by name; one that stands inside a forecast as "forecast:NAME". `unit` in SI, empty if bare."""

    word: str
    clause: str
    span: Span
    axis: Axis
    phase: Phase
    reads: frozenset[str]
    unit: str
    searched: bool = False

    @classmethod
    def of(cls, word: str, typed: Typed, span: Span, clause: str = "", searched: bool = False) -> Line:
        dimension = typed.kind.dimension
        unit = "" if dimension.bare else dimension.symbol
        return cls(word, clause, span, typed.axis, typed.phase, typed.reads, unit, searched)


@dataclass(frozen=True)
class Work:
    """Static upper bounds of one decision, for each row. `candidates`: proposed in all; infinite where nothing bounds it."""

    passes: float
    layer: float
    candidates: float
    verified: float


@dataclass(frozen=True)
class Facts:
    """`off`: why the policy may draft nothing, None if it always drafts. `lines` in the order of the text."""

    work: Work
    off: str | None
    lines: tuple[Line, ...]

    @property
    def settled(self) -> tuple[str, ...]:
        """The statements that are decided before anything is drafted."""
        known = (line for line in self.lines if line.phase is Phase.PLAN and not line.searched)
        shown = (_shown(line) for line in known if line.clause == "count" or line.word == "when")
        return tuple(dict.fromkeys(shown))


def _shown(line: Line) -> str:
    best = "best " if line.word in ("expand", "verify") else ""
    return f"{line.word} {best}{' '.join(line.span.text.split())}"
