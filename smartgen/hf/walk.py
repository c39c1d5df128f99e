"""Acceptance: from the root down, follow the child that holds the target's own token."""

from __future__ import annotations

import torch

from smartgen.hf.likeliest import likeliest
from smartgen.hf.text import Chooser, Text
from smartgen.tree.selection import Selection


def walk(selection: Selection, logits: torch.Tensor, rows: list[int], text: Text, chooser: Chooser) -> list[list[int]]:
    """Commit tokens to `text` and return, per active row, the columns of its accepted path, root first.

    `logits` (n, 1 + N, V) of the selection; `rows` the original numbers of its rows. A row always commits one token
    more than it accepts (the bonus token), unless it was finished by an accepted one.
    """
    if chooser.at_once:
        choices = likeliest(logits).tolist()
        return [_descend(selection, i, row, choices[i], text) for i, row in enumerate(rows)]
    paths = [[0] for _ in rows]
    walking = list(range(len(rows)))
    while walking:
        at = [paths[i][-1] for i in walking]
        tokens = chooser.choose([rows[i] for i in walking], text, logits[walking, at])
        further = []
        for i, token in zip(walking, tokens, strict=True):
            goes_on = text.push(rows[i], token, chooser.scores_of(rows[i]))
            child = selection.child(i, paths[i][-1], token) if selection.size else -1
            if child >= 0:
                paths[i].append(child)
                if goes_on:
                    further.append(i)
        walking = further
    return paths


def _descend(selection: Selection, i: int, row: int, choices: list[int], text: Text) -> list[int]:
    path = [0]
    while True:
        token = choices[path[-1]]
        goes_on = text.push(row, token)
        child = selection.child(i, path[-1], token) if selection.size else -1
        if child >= 0:
            path.append(child)
        if child < 0 or not goes_on:
            return path
