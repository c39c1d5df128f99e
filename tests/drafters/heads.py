"""Tiny heads on disk, and the head's equations once more: no cache, no folding, one path at a time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from smartgen.drafters.eagle3 import Eagle3Head
from tests.hf.zoo import V, model, write_eagle3

HIDDEN, HEADS, KEYS, DIM = 64, 4, 2, 16


def written(folder: Path, **config: object) -> Path:
    """A head with random weights, its norms' gains among them, in the published layout."""
    write_eagle3(folder, model("llama"))
    gains = torch.Generator().manual_seed(5)

    def spread(name: str, tensor: torch.Tensor) -> torch.Tensor:
        return 0.5 + torch.rand(tensor.shape, generator=gains) if name.endswith("norm.weight") else tensor

    rewritten(folder, spread)
    configured(folder, **config)
    return folder


def rewritten(folder: Path, change) -> None:
    """Replace each tensor by `change(name, tensor)`; None drops it."""
    path = folder / "model.safetensors"
    changed = {name: change(name, tensor) for name, tensor in load_file(path).items()}
    save_file({name: tensor.contiguous() for name, tensor in changed.items() if tensor is not None}, path)


def configured(folder: Path, **config: object) -> None:
    """Set keys of the config; None drops one."""
    path = folder / "config.json"
    whole = {**json.loads(path.read_text()), **config}
    path.write_text(json.dumps({key: value for key, value in whole.items() if value is not None}))


def loaded(folder: Path, dtype: torch.dtype | None = None) -> Eagle3Head:
    return Eagle3Head(folder, model("llama"), dtype)


def features(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, 3 * HIDDEN, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Reference:
    """The equations of an EAGLE-3 layer in float64, for one path of pairs and drafted tokens."""

    def __init__(self, folder: Path, normed_residual: bool = False, theta: float = 10000.0) -> None:
        named = load_file(folder / "model.safetensors")
        self.w = {
            n.replace("layers.0.", "midlayer."): t.double() if t.is_floating_point() else t for n, t in named.items()
        }
        self.normed_residual = normed_residual
        self.inverse = theta ** -(torch.arange(0, DIM, 2, dtype=torch.float64) / DIM)

    def _norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return self.w[name] * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)

    def _turned(self, x: torch.Tensor) -> torch.Tensor:
        angles = torch.arange(x.shape[1], dtype=torch.float64)[:, None] * self.inverse
        cos, sin = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
        return x * cos + torch.cat([-x[..., DIM // 2 :], x[..., : DIM // 2]], -1) * sin

    def layer(self, tokens: list[int], hidden: torch.Tensor) -> torch.Tensor:
        """One causal pass over tokens (T) with hidden states (T, hidden), at positions 0 .. T - 1."""
        w, attention = self.w, "midlayer.self_attn."
        embedded = model("llama").get_input_embeddings().weight.detach()[tokens]
        normed = self._norm(hidden, "midlayer.hidden_norm.weight")
        both = torch.cat([self._norm(embedded, "midlayer.input_layernorm.weight"), normed], -1)
        q, k, v = (
            (both @ w[f"{attention}{x}_proj.weight"].T).view(len(tokens), -1, DIM).transpose(0, 1) for x in "qkv"
        )
        k, v = (x.repeat_interleave(HEADS // KEYS, 0) for x in (self._turned(k), v))
        scores = (self._turned(q) @ k.transpose(1, 2) / DIM**0.5).masked_fill(
            torch.ones(len(tokens), len(tokens)).triu(1).bool(), -torch.inf
        )
        read = (scores.softmax(-1) @ v).transpose(0, 1).flatten(1) @ w[attention + "o_proj.weight"].T
        hidden = (normed if self.normed_residual else hidden) + read
        x = self._norm(hidden, "midlayer.post_attention_layernorm.weight")
        gate, up = x @ w["midlayer.mlp.gate_proj.weight"].T, x @ w["midlayer.mlp.up_proj.weight"].T
        return hidden + (torch.nn.functional.silu(gate) * up) @ w["midlayer.mlp.down_proj.weight"].T

    def likeliest(
        self, pairs: list[int], given: torch.Tensor, drafted: list[int], k: int
    ) -> tuple[list[int], np.ndarray]:
        """Best k tokens and their chances behind the pairs (tokens with features `given`) and a drafted path."""
        tokens, hidden = list(pairs), given @ self.w["fc.weight"].T
        for token in drafted:
            hidden = torch.cat([hidden, self.layer(tokens, hidden)[-1:]])
            tokens.append(token)
        last = self.layer(tokens, hidden)[-1]
        chances = (self._norm(last, "norm.weight") @ self.w["lm_head.weight"].T).softmax(-1).topk(k)
        ids = chances.indices + self.w["d2t"][chances.indices]
        assert int(ids.max()) < V
        return ids.tolist(), chances.values.numpy()
