"""The pages of the diagnostic codes, kept as data beside the grammar: `grammars/diagnostics.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from smartgen.language.resources import folder


@dataclass(frozen=True)
class Code:
    """`wrong` raises the code, `right` is accepted; both empty where the mistake is not in a policy's text."""

    title: str
    text: str
    wrong: str = ""
    right: str = ""

    def page(self, code: str) -> str:
        """What the command line and the documentation show."""
        parts = [f"{code}: {self.title}", "", self.text]
        if self.wrong:
            parts += ["", "Wrong:", "", _indented(self.wrong), "", "Right:", "", _indented(self.right)]
        return "\n".join(parts)


@cache
def codes() -> dict[str, Code]:
    """Every code, ascending."""
    import yaml

    text = (folder("grammars") / "diagnostics.yaml").read_text(encoding="utf-8")
    return {code: Code(**entry) for code, entry in yaml.safe_load(text).items()}


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())
