"""What somebody may have meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen"),
)


def closest(word: str, candidates: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The likeliest candidate, or None. A shared last part (`prob` for `node.prob`) counts as close."""
    pool = list(candidates)
    last = word.rsplit(".", 1)[-1]
    tail = [c for c in pool if c.rsplit(".", 1)[-1] == last]
    if len(tail) == 1 and "." in tail[0]:
        return tail[0]
    group = word.rpartition(".")[0]
    longer = [c for c in pool if "." in c and c.rpartition(".")[0] == group and c.rpartition(".")[2].startswith(last)]
    if len(longer) == 1 and len(last) >= 3:  # `request.temp`
        return longer[0]
    by_lower = {c.lower(): c for c in reversed(pool)}
    found = difflib.get_close_matches(word, pool, 1, cutoff) or difflib.get_close_matches(
        word.lower(), by_lower, 1, cutoff
    )
    if found:
        return by_lower.get(found[0].lower(), found[0]) if found[0] not in pool else found[0]
    slip = misspelt(word, pool)
    if slip is not None or len(last) < 4:
        return slip
    lasts = ((c, c.rsplit(".", 1)[-1]) for c in pool)
    return next((c for c, end in lasts if len(end) > 3 and (end.startswith(last) or last.startswith(end))), None)


def misspelt(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a slip of the fingers turns into `word`: another case, one letter too many, too few, wrong, or
    two swapped; two such slips in a word of seven letters or more."""
    lower, candidates = word.lower(), list(candidates)
    best: tuple[int, str] | None = None
    for candidate in candidates:
        slips = _slips(lower, candidate.lower(), 2)
        allowed = 2 if len(candidate) >= 7 else 1 if len(candidate) >= 3 else 0
        if slips <= allowed and (best is None or slips < best[0]):
            best = (slips, candidate)
    if best is None and len(_stem(lower)) >= 4:  # another form of the word: `pooling`, `limits`
        return next((c for c in candidates if _stem(c.lower()) == _stem(lower)), None)
    return best[1] if best else None


def _stem(word: str) -> str:
    return re.sub(r"(ing|ed|es|s|e)$", "", word)


def _slips(a: str, b: str, most: int) -> int:
    """Edit distance with swaps of neighbours (optimal string alignment); `most` + 1 where it is larger."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, c in enumerate(a, 1):
        before, above, row = row, before, [i]
        for j, d in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (c != d))
            if i > 1 and j > 1 and c == b[j - 2] and a[i - 2] == d:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]
