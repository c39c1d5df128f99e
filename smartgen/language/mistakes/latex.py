r"""Formulas as papers set them: `\prod_{i=1}^{d} p_i`, `\frac{a}{b}`, `$x \cdot y$`."""

from __future__ import annotations

import re

from smartgen.language.mistakes.spot import Lexemes, Repair
from smartgen.language.source import line_end

_COMMAND = re.compile(r"\\[A-Za-z]+")
_BEGUN = re.compile(
    r"^\s*(?:(?:let|cost|benefit)\s+\w+\s*=|maximize|subject\s+to|continue\s+while|\w+\s+best\s+\S+\s+(?:where|by))\s*"
)
_GROUP = r"\{([^{}]*)\}"
# What is written here in the place of a command; what is not named keeps its letters (`\alpha`, `\min`).
_SIGNS = {
    **dict.fromkeys(("cdot", "times", "ast"), "*"),
    "div": "/",
    **dict.fromkeys(("le", "leq", "leqslant"), "<="),
    **dict.fromkeys(("ge", "geq", "geqslant"), ">="),
    **dict.fromkeys(("ne", "neq"), "!="),
    **dict.fromkeys(("lt",), "<"),
    **dict.fromkeys(("gt",), ">"),
    **dict.fromkeys(("land", "wedge"), "and"),
    **dict.fromkeys(("lor", "vee"), "or"),
    **dict.fromkeys(("lnot", "neg"), "not"),
    **dict.fromkeys(("left", "right", "big", "Big", "bigl", "bigr", "displaystyle", "quad", "qquad", "mathbb"), ""),
    "ln": "log",
}
_OVER = {"prod": "path", "sum": "layer.sum", "max": "layer.max", "min": "layer.min"}


def formula(text: str, lexemes: Lexemes, index: int) -> Repair | None:
    """The whole value of the line on which a sign stands, if it is set in LaTeX; None where it is not."""
    line = text.rfind("\n", 0, lexemes[index].start) + 1
    end = line_end(text, line)
    if _COMMAND.search(text, line, end) is None:
        return None
    begun = _BEGUN.match(text[line:end])
    start = line + (begun.end() if begun is not None else len(text[line:end]) - len(text[line:end].lstrip()))
    value = text[start:end].partition("#")[0].rstrip()
    written = _plain(value)
    stop = start + len(value)
    fix = f"write `{written}`"
    return Repair("SG007", "a formula is written in plain signs", start, stop, fix, ((start, stop, written),))


def _plain(value: str) -> str:
    r"""`\frac{a}{b}` as `(a) / (b)`, and so on from the inside out."""
    value = re.sub(r"\\[,;:! ]|\$|\\\(|\\\)|\\\[|\\\]|~", " ", value)
    value = re.sub(r"\\(?:text|mathrm|mathit|mathbf|mathsf|mathtt|operatorname)\s*" + _GROUP, r" \1 ", value)
    value = value.replace(r"\_", "_")
    for command, function in _OVER.items():  # with its bounds: over all nodes of a path, of a layer
        bounds = rf"(?:_(?:{_GROUP}|\w)|\^(?:{_GROUP}|\w))"
        least = "+" if command in ("max", "min") else "*"
        value = re.sub(rf"\\{command}\s*(?:{bounds}\s*){least}(?P<of>\S.*)", rf"{function}(\g<of>)", value)
    for _ in range(8):
        value, before = _inner(value), value
        if value == before:
            break
    value = re.sub(r"\\([A-Za-z]+)", lambda m: f" {_SIGNS.get(m.group(1), m.group(1))} ", value)
    value = re.sub(rf"(?<=\w)_{_GROUP}|(?<=[\w)])_[0-9a-z](?![\w])", "", value)
    value = value.replace("{", "(").replace("}", ")")
    value = re.sub(
        r"(\w+)\s+\(", lambda m: m.group() if m.group(1) in ("and", "or", "not") else f"{m.group(1)}(", value
    )
    value = " ".join(value.split())
    return re.sub(r"\(\s+|\s+\)|\s+,", lambda m: m.group().strip(), value)


def _inner(value: str) -> str:
    """The innermost fractions and roots in plain signs."""
    value = re.sub(rf"\\[dt]?frac\s*{_GROUP}\s*{_GROUP}", lambda m: f"({_operand(m[1])} / {_operand(m[2])})", value)
    return re.sub(rf"\\sqrt\s*{_GROUP}", lambda m: f"sqrt({m[1].strip()})", value)


def _operand(part: str) -> str:
    part = part.strip()
    return f"({part})" if re.search(r"[-+*/\\\s]", part) else part
