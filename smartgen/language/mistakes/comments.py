"""Comments of other languages."""

from __future__ import annotations

from smartgen.language.mistakes.spot import Lexemes, Repair, replaced

COMMENTS = {
    "/*": 2,
    "<!--": 3,
    '"""': 3,
    "'''": 3,
}  # what opens a comment of other languages: length of what closes it


def block_comment(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    alone = not text[sign.end :].partition("\n")[0].strip()
    opens = next(o for o in COMMENTS if sign.text.startswith(o))
    inside = sign.text[len(opens) : -COMMENTS[opens]]
    lines = [line.strip().lstrip("*").strip() for line in inside.strip().splitlines()]
    written = "\n".join(f"# {line}" for line in lines) if alone else ""
    return replaced(sign, "SG016", "comments begin with `#` and end with their line", written, "write `# ...`")
