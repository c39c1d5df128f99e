"""What people write in parentheses behind a policy's name: a base, as Python has it, or parameters, as functions have them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.operands import closing
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.resources import folder

_PARAM = re.compile(r"([A-Za-z_]\w*)\s*(?::\s*([A-Za-z/]+))?\s*(?:=\s*([^,]+))?")


def parentheses(spot: Spot) -> Iterator[Repair]:
    """`policy mine(smart) {`, `policy mine(trust: prob = 0.9) {`."""
    close = closing(spot.lexemes, spot.at)
    if close is None:
        return
    inside = spot.slice(spot.at, close)[1:-1].strip()
    through = close + (close + 1 < len(spot.lexemes) and spot.lexemes[close + 1].text in ("{", ":"))
    message = "a policy has no parentheses"
    if _is_base(spot, inside):
        written, help = f" use {inside}", f"write `use {inside}` as its first statement"
    else:
        declared = _declared(spot, inside, close)
        written = "".join(f"\n  {line}" for line in declared)
        help = f"parameters are declared inside: `{declared[0] if declared else 'param trust: prob = 1.0'}`"
    count = through - spot.at + 1
    yield spot.replace("SG011", message, f"{{{written}", help, count)
    yield spot.remove("SG011", message, help, close - spot.at + 1)


def _is_base(spot: Spot, name: str) -> bool:
    """Whether a policy has this name: one of the text, or one that smartgen brings."""
    if not name.isidentifier():
        return False
    above = any(x.text == "policy" and y.text == name for x, y in zip(spot.lexemes, spot.lexemes[1:], strict=False))
    return above or any((folder("recipes") / f"{name}{ending}").is_file() for ending in (".smart", ".yaml"))


def _declared(spot: Spot, inside: str, close: int) -> list[str]:
    """Declarations of the parameters that the policy reads and does not declare."""
    lines = []
    behind = spot.lexemes[close + 1 :]
    for part in inside.split(","):
        found = _PARAM.fullmatch(part.strip())
        if found is None:
            return []
        name, kind, value = found.groups()
        uses = [i for i, x in enumerate(behind) if x.text == name]
        if uses and not any(behind[i - 1].text in ("param", "let") for i in uses):
            lines.append(f"param {name}: {kind or 'prob'} = {value or '1.0'}")
    return lines
