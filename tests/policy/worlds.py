"""Random worlds for the duel: trees of candidates, rows, costs."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from smartgen.policy.reference.world import Candidate, Row
from tests.policy.duel import Hung, Path, World


def dyadic(source: random.Random, many: int) -> list[float]:
    """Probabilities in 64ths, descending, with sum at most 1."""
    parts = sorted((source.randint(1, 12) for _ in range(many)), reverse=True)
    if parts and source.random() < 0.5:
        parts[0] += source.choice((8, 16))
    return [part / 64 for part in parts if sum(parts) <= 64]


def real(source: random.Random, many: int) -> list[float]:
    """Any probabilities, descending, with sum below 1."""
    parts = sorted((source.random() ** 2 for _ in range(many + 1)), reverse=True)
    return [part / sum(parts) for part in parts[:many]]


def world(seed: int, exact: bool, rows: int, one_pass: int, free: bool, packed: bool) -> World:
    """Everything follows from the seed. `exact`: dyadic probabilities; costs are whole numbers either way."""
    memo: dict[tuple[int, Path], list[Candidate]] = {}

    def children(name: int, path: Path) -> list[Candidate]:
        if (name, path) not in memo:
            source = random.Random(f"{seed} {name} {path}")
            probs = (dyadic if exact else real)(source, source.randint(0 if path else 1, 5))
            memo[name, path] = [_candidate(source, prob) for prob in probs]
        return memo[name, path]

    source = random.Random(seed)
    return World(
        children,
        [_row(source, 10 + number) for number in range(rows)],
        _rising(source, 60, 8),
        _rising(source, 24, 1),
        _rising(source, 24, 1) if source.random() < 0.7 else None,
        pending=source.randint(1, 3),
        packed=packed,
        drains=source.random() < 0.5,
        one_pass=one_pass,
        free=free,
        hanging=lambda step, name: _hanging(random.Random(f"{seed} {step} {name}"), exact),
        lucky=lambda step, row: random.Random(f"{seed} {step} {row}").randint(0, 4),
        name=f"world({seed}, {exact}, {rows}, {one_pass}, {free}, {packed})",
    )


def _hanging(source: random.Random, exact: bool) -> list[list[Hung]]:
    """Free candidates of a row by layer: some are children that the drafter may name too, some are not (ranks from 90)."""
    layers: list[list[Hung]] = []
    above: list[Path] = [()]
    while source.random() < 0.8 and len(layers) < 7:
        layer = []
        for path in above:
            for place in range(source.choice((0, 1, 1, 2))):
                rank = source.choice((0, 1, 2, 90 + place))
                prob = source.randint(1, 32) / 64 if exact else source.random() / 2
                if all(other != (*path, rank) for other, _ in layer):
                    layer.append(((*path, rank), prob))
        if not layer:
            break
        layers.append(layer[:6])
        above = [path for path, _ in layers[-1]]
    return layers


def _candidate(source: random.Random, prob: float) -> Candidate:
    entropy = source.randint(0, 40) / 16 if source.random() < 0.9 else None
    confidence = source.randint(0, 64) / 64 if source.random() < 0.95 else None
    return Candidate(0, prob, entropy, confidence)


def _row(source: random.Random, name: int) -> Row:
    more = {
        "request.tag": source.choice(("free", "paid")),
        "request.elapsed": float(source.randint(1, 5)),
        "request.tpot": source.randint(1, 8) / 16,
    }
    return Row(name, source.randint(100, 150), source.randint(1, 9), source.choice((2, 3, 20, 40)), more)


def _rising(source: random.Random, many: int, first: int) -> list[float]:
    """A staircase of whole seconds."""
    seconds = [float(first + source.randint(0, 4))]
    for _ in range(many):
        seconds.append(seconds[-1] + source.choice((0, 0, 1, 1, 2, 6)))
    return seconds


@st.composite
def worlds(draw: st.DrawFn, exact: bool) -> World:
    one_pass = draw(st.sampled_from((0, 0, 0, 3)))
    return world(
        draw(st.integers(0, 10**6)),
        exact,
        draw(st.integers(1, 3)),
        one_pass,
        bool(one_pass) and draw(st.booleans()),
        draw(st.booleans()),
    )
