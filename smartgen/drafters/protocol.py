"""What a drafter is: weights and manners here, the state of one `generate` call in a session.

A round of the decoding loop uses a session like this:

    layer = session.propose(None)            # the pass that feeds what was just committed is the first layer
    layer = session.propose(frontier)        # one pass per further layer, as often as the controller says
    layer, skipped = session.wake(most)      # instead of the first one, where a drafter that rested is looked at
    session.rewind()                         # the drafted tree is forgotten, chosen or not
    session.commit(tokens, counts, features) # what the target really said; nothing is computed here

All host arrays are NumPy; a session hands candidates over in one transfer per pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.layer import Frontier, Layer, Skipped

if TYPE_CHECKING:
    import torch

__all__ = ["SHOWN", "WITHIN", "Drafter", "Frontier", "Layer", "Session", "Skipped"]

SHOWN = 4  # children at a skipped position: more are seldom verified
WITHIN = 512  # tokens a row in a pass that looks back


class Session(Protocol):
    """The drafter's side of one `generate` call, for the active rows of the batch.

    A session of a drafter with `signals` has an attribute `wanted`: those of them that its layers shall carry.
    """

    def propose(self, frontier: Frontier | None, topk: int) -> list[Layer]:
        """Draft below `frontier` (None: below what is committed). One layer, or all of them from a one-pass drafter."""

    def wake(self, topk: int, most: int) -> tuple[list[Layer], Skipped | None]:
        """As `propose(None, topk)`, and what would have been proposed at the newest `most` positions of each row that lie
        between committed tokens which this pass feeds: the `SHOWN` likeliest children.

        None where there are no such positions, or where more than `WITHIN` tokens of a row wait. Asked only of drafters
        that cost something and draft layer by layer.
        """

    def rewind(self) -> None:
        """Forget everything drafted since the last commit."""

    def commit(self, tokens: NDArray[np.int64], counts: NDArray[np.int64], features: torch.Tensor | None) -> None:
        """Append committed tokens (B, A), the first `counts` (B,) of each row.

        `features` (B, A, F): the target's features at the position *before* each token, None if none were requested.
        Only remembered here; the next `propose` consumes it, however many steps were made without drafting.
        """

    def keep_rows(self, rows: NDArray[np.int64]) -> None:
        """Go on with these rows (indices into the active ones, ascending); the others have finished."""

    @property
    def pending(self) -> int:
        """Tokens of the longest row that the next first pass has to feed: the price of waking."""

    @property
    def dead(self) -> NDArray[np.bool_]:
        """(B,) rows this drafter cannot draft for any more (an id beyond its vocabulary was committed)."""


class Drafter(Protocol):
    """Proposes continuations of committed text. Shared by calls and threads: no per-call state here."""

    name: str  # names the cost profile together with the target
    source: str  # `node.source`: "head", "assistant", "ngram"
    signals: frozenset[str]  # what it can say of nodes beside their probability: "node.entropy", "node.confidence"
    one_pass: bool  # propose(None) returns all layers at once
    free: bool  # a pass costs nothing worth counting
    feature_layers: tuple[int, ...]  # inputs of these target layers are its features, concatenated; () = none

    def check_target(self, config: object) -> None:
        """Raises DrafterError (a ValueError) if this drafter was made for another target; `config` is the target's."""

    def prefill(
        self, tokens: NDArray[np.int64], counts: NDArray[np.int64], features: torch.Tensor | None, capacity: int
    ) -> Session:
        """Begin a call on prompts (B, P), right-padded, `counts` (B,) tokens each.

        `features` (B, P, F): the target's features at each prompt position. `capacity`: tokens of a row to take memory for
        at once, no limit: a row may grow longer. The feature at a row's last prompt position arrives again with the first
        `commit`.
        """
