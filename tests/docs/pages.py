"""Pages that are generated, and the code blocks of those that are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "language" / "cases"
_TITLES = {
    "syntax": "Syntax",
    "names": "Names and calls",
    "units": "Units",
    "types": "Kinds, axes, phases and bounds",
    "recipe": "YAML",
    "encoding": "Files",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words behind it, its text."""

    language: str
    words: str
    text: str


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = re.findall(r"^```(\w*)[ ]?([^\n]*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [Block(*parts) for parts in found]


def mistakes() -> str:
    """`docs/language/mistakes.md`, from the gallery and its golden answers."""
    lines = ["# What people write instead", ""]
    lines += [
        "Every mistake of the gallery (`tests/language/cases/`) with the answer that `smartgen check` gives: the line, what is",
        "said about it, and the fix. Adding a case is adding a file there.",
        "",
    ]
    for family, title in _TITLES.items():
        lines += [f"## {title}", "", "| written | answer | help |", "|---|---|---|"]
        lines += [_row(path) for path in sorted((CASES / family).glob("*.out"))]
        lines.append("")
    return "\n".join(lines)


def _row(golden: Path) -> str:
    first = golden.read_text(encoding="utf-8").split("\n\n")[0]
    head, place, *rest = first.split("\n")
    code, message = re.match(r"\w+\[(\w+)\]: (.*)", head).groups()
    fix = next(line for line in rest if line.startswith("help: ")).removeprefix("help: ")
    number = place.rsplit(":", 2)[1]
    line = next((row.split("| ", 1)[1] for row in rest if re.match(rf"\s*{number} \| ", row)), "").strip()
    shown = f"`{line[:90]}`" if line and "`" not in line else line[:90] or "(nothing)"
    return f"| {_cell(shown)} | [{code}](errors.md#{code.lower()}) {_cell(message)} | {_cell(fix)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;") if "`" not in text else text.replace("|", "\\|")


def commands(text: str) -> Iterator[tuple[str, str]]:
    """(command behind `$ smartgen`, what it prints) of a console block."""
    for part in re.split(r"^\$ smartgen ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def matches(shown: str, printed: str) -> bool:
    """Whether a command printed what is shown; a line `...` stands for any lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in shown.splitlines())
    return re.fullmatch(pattern, printed.rstrip("\n") + "\n" if printed.strip() else "") is not None
