"""Does a model compute a tree of tokens as it computes the tree's paths one by one? Asked once of unknown code."""

from __future__ import annotations

import numpy as np
import torch

from smartgen.attention.mask import MaskStyle
from smartgen.hf.target import Target
from smartgen.tree.selection import Selection

_PARENT = np.array([[-1, 0, 0, 1, 2, 4]])
_DEPTH = np.array([[0, 1, 1, 2, 2, 3]])
_PROMPT = 8  # tokens


def tree_equals_paths(model: torch.nn.Module, style: MaskStyle) -> bool:
    """Six nodes behind a short prompt: whether all their logits are those of a forward of each node's path."""
    vocabulary = model.config.get_text_config().vocab_size
    prompt = torch.arange(_PROMPT, device=model.device)[None] % vocabulary
    token = (np.arange(_PARENT.shape[1])[None] * 7 + 3) % vocabulary
    target = Target(model, style, np.zeros(1, np.int64), None)
    model(input_ids=prompt, **{target.cache_argument: target.cache}, use_cache=True, return_dict=True)
    target.cache.seal(_PROMPT + 16)
    everything = np.ones(_PARENT.shape, bool)
    tree = target.verify(Selection(np.full(_PARENT.shape, -1), token, _PARENT, _DEPTH, everything))[0]
    return all(_agrees(model, prompt, token, node, tree[node]) for node in range(_PARENT.shape[1]))


def _agrees(model: torch.nn.Module, prompt: torch.Tensor, token: np.ndarray, node: int, logits: torch.Tensor) -> bool:
    line, at = [], node
    while at >= 0:
        line.append(int(token[0, at]))
        at = int(_PARENT[0, at])
    path = torch.cat([prompt[0], torch.tensor(line[::-1], device=prompt.device)])[None]
    alone = model(input_ids=path, use_cache=False, return_dict=True).logits[0, -1]
    scale = float(alone.float().abs().max()) or 1.0
    tolerance = 0.05 if alone.dtype in (torch.bfloat16, torch.float16) else 1e-3
    return float((logits - alone).float().abs().max()) <= tolerance * scale
