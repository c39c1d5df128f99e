"""Names whose parts something else than a point joins."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.functions import AGGREGATES, SCOPES
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.signals import SIGNALS


def parts_apart(spot: Spot) -> Iterator[Repair]:
    """`node path`, `tree:nodes`, `profile/draft/time`, `layer max(...)`: a name whose parts no point joins."""
    for offset in range(-4, 1):
        for count in (3, 2):
            found = _parts(spot, offset, count)
            if found is not None:
                written, lexemes = found
                yield spot.replace("SG016", "parts of a name are joined by a point", written, "", lexemes, offset)


def _parts(spot: Spot, offset: int, count: int) -> tuple[str, int] | None:
    """The name that `count` words from `offset` on are parts of, and of how many lexemes it is; None for no name."""
    first, second = spot.near(offset), spot.near(offset + 1)
    if first is None or second is None or not first.word:
        return None
    apart = second.text in (",", ":") or (second.text == "/" and second.start == first.end)
    length = (2 * count - 1) if apart else count
    found = [spot.near(offset + i) for i in range(length)]
    if offset + length <= 0 or any(x is None or (i and x.first) for i, x in enumerate(found)):
        return None
    words = [x.text for x in found[:: 2 if apart else 1] if x is not None]
    signs = {x.text for x in found[1::2] if x is not None} if apart else {second.text}
    name, following = ".".join(words), spot.word(offset + length)
    aggregate = count == 2 and words[0] in SCOPES and words[1] in AGGREGATES and following == "("
    return (name, length) if (name in SIGNALS or aggregate) and (not apart or len(signs) == 1) else None
