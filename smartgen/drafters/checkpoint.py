"""Reading a head's checkpoint: safetensors, or a .bin without executing anything in it; every tensor checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from smartgen.drafters.errors import DrafterError

Tensors = dict[str, torch.Tensor]


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a folder. Raises DrafterError if it is missing or no JSON object."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DrafterError(f"{folder} holds no config.json: it is not a drafter's folder") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DrafterError(f"{path} is not readable JSON ({error}); fetch the checkpoint again") from None
    if not isinstance(config, dict):
        raise DrafterError(f"{path} should hold a JSON object, found {type(config).__name__}")
    return config


def weight_file(folder: Path) -> Path:
    """The folder's single weight file. Raises DrafterError naming what was looked for."""
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (folder / name).is_file():
            return folder / name
    raise DrafterError(f"{folder} holds neither model.safetensors nor pytorch_model.bin")


def read_tensors(folder: Path) -> Tensors:
    """All tensors of a head. A pickle is read with `weights_only`: code in it is refused, never run."""
    path = weight_file(folder)
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # every loader has its own errors; all mean the same to the reader
        reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise DrafterError(f"{path} cannot be read as weights ({reason}); fetch the checkpoint again") from None


def expect(tensors: Tensors, name: str, shape: tuple[int, ...], folder: Path) -> torch.Tensor:
    """The tensor `name`, of exactly this shape. Raises DrafterError naming file, tensor, expected and found."""
    if name not in tensors:
        raise DrafterError(
            f"{weight_file(folder)} has no tensor {name!r} {list(shape)}; it is no complete EAGLE-3 head"
        )
    found = tuple(tensors[name].shape)
    if found != shape:
        raise DrafterError(f"{weight_file(folder)}: {name!r} should be {list(shape)}, found {list(found)}")
    return tensors[name]
