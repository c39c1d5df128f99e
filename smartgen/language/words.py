"""The keywords, and what somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

STATEMENTS = (
    "use",
    "param",
    "let",
    "benefit",
    "cost",
    "maximize",
    "subject",
    "expand",
    "continue",
    "verify",
    "limit",
    "when",
    "otherwise",
)
CLAUSES = ("by", "where", "maximizing", "pooled", "while", "to", "then", "else")
OTHERS = (
    "smartgen",
    "policy",
    "all",
    "best",
    "tree",
    "if",
    "and",
    "or",
    "not",
    "true",
    "false",
    "depth",
    "width",
    "topk",
    "nodes",
)
KEYWORDS = (*STATEMENTS, *CLAUSES, *OTHERS)


def closest(word: str, candidates: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The likeliest candidate, or None. A shared last part (`prob` for `node.prob`) counts as close."""
    pool = list(candidates)
    tail = [c for c in pool if c.rsplit(".", 1)[-1] == word.rsplit(".", 1)[-1]]
    if len(tail) == 1 and "." in tail[0]:
        return tail[0]
    found = difflib.get_close_matches(word, pool, 1, cutoff)
    if found:
        return found[0]
    last = word.rsplit(".", 1)[-1]
    begun = [
        c
        for c in pool
        if len(last) >= 4 and (c.rsplit(".", 1)[-1].startswith(last) or last.startswith(c.rsplit(".", 1)[-1]))
    ]
    return begun[0] if begun else None
