"""What the controller can execute of the language on a backend; the rest is refused by name, never half done."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from smartgen.language.capabilities import BACKENDS, refusals
from smartgen.language.program import Program


def unsupported(
    program: Program, backend: str = "hf", drafter: Collection[str] | None = None
) -> Iterator[tuple[str, str]]:
    """(word, why) of everything in `program` that cannot be honoured; see `smartgen.language.capabilities`."""
    for refusal in refusals(program, BACKENDS[backend], drafter):
        yield refusal.word, refusal.why
