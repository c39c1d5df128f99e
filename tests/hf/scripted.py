"""A drafter that knows what the target will say, hides it at a random rank, and is wrong on purpose now and then.

Tiny models with real drafters accept the first child or nothing, which hides bugs; this one makes accepted paths that
are no prefix of the tree, rows that progress raggedly and trees that die early.
"""

from __future__ import annotations

import numpy as np

from smartgen.tree.layer import Frontier, Layer


class Scripted:
    """`truth[row]`: the tokens each original row will generate (plain decoding's own output)."""

    name, source, one_pass, free, feature_layers = "scripted", "scripted", False, False, ()

    def __init__(self, truth: list[list[int]], vocabulary: int, seed: int = 0, right: float = 0.85) -> None:
        self.truth, self.vocabulary, self.right = truth, vocabulary, right
        self.random = np.random.default_rng(seed)

    def check_target(self, config) -> None:
        """Fits any target."""

    def prefill(self, tokens, counts, features, capacity):
        return _Session(self, len(tokens))


class _Session:
    pending = 1

    def __init__(self, drafter: Scripted, batch: int) -> None:
        self.drafter = drafter
        self.rows = np.arange(batch)
        self.said = np.zeros(batch, np.int64)  # committed tokens of each original row
        self.at = None  # (B, W) place in the truth of each frontier node, -1 off the path

    @property
    def dead(self):
        return np.zeros(len(self.rows), bool)

    def _next(self, row: int, place: int) -> int:
        truth = self.drafter.truth[row]
        return truth[place] if 0 <= place < len(truth) else -1

    def propose(self, frontier: Frontier | None, topk: int) -> list[Layer]:
        random, batch = self.drafter.random, len(self.rows)
        topk = min(topk, self.drafter.vocabulary)
        if frontier is None:
            places = self.said[self.rows][:, None]
        else:
            above = np.take_along_axis(self.at, frontier.parent, 1)
            right = np.array(
                [
                    [self._next(row, place) if place >= 0 else -1 for place in line]
                    for row, line in zip(self.rows, above, strict=True)
                ]
            )
            places = np.where((right == frontier.token) & (above >= 0), above + 1, -1)
        self.at = places
        width = places.shape[1]
        token = np.zeros((batch, width, topk), np.int64)
        prob = np.sort(random.dirichlet(np.ones(topk + 1), (batch, width))[..., :topk], axis=-1)[..., ::-1]
        for b in range(batch):
            for w in range(width):
                token[b, w] = random.permutation(self.drafter.vocabulary)[:topk]
                true = self._next(self.rows[b], places[b, w]) if places[b, w] >= 0 else -1
                if true >= 0 and random.random() < self.drafter.right:
                    token[b, w][token[b, w] == true] = token[b, w][0]
                    token[b, w, random.integers(topk)] = true
        valid = np.ones((batch, width), bool) if frontier is None else frontier.valid
        shape = (batch, width * topk)
        spread = lambda x: np.broadcast_to(x[..., None], (batch, width, topk)).reshape(shape)  # noqa: E731
        return [
            Layer(
                token.reshape(shape),
                prob.reshape(shape),
                spread(np.broadcast_to(np.arange(width), (batch, width))),
                np.broadcast_to(np.arange(topk), (batch, width, topk)).reshape(shape),
                spread(valid).copy(),
            )
        ]

    def wake(self, topk: int, most: int) -> tuple[list[Layer], None]:
        return self.propose(None, topk), None  # it cannot look back

    def rewind(self) -> None:
        self.at = None

    def commit(self, tokens, counts, features) -> None:
        self.said[self.rows] += counts

    def keep_rows(self, rows) -> None:
        self.rows = self.rows[rows]
