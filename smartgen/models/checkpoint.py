"""What lies in a checkpoint's folder: its config, its files of weights and the tensors' names, without loading any weights."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from smartgen.models.registry import ModelError

AGAIN = "fetch the checkpoint again"
_SIZES = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim")


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a folder. Raises ModelError if it is missing, unreadable or no JSON object."""
    path = folder / "config.json"
    if not path.exists():
        raise ModelError(f"{folder} holds no config.json: {_instead(folder)}")
    config = _json(path)
    if not isinstance(config, dict):
        raise ModelError(f"{path} should hold a JSON object, found {type(config).__name__}")
    return config


def check_sizes(config: dict[str, Any], folder: Path) -> None:
    """Raise ModelError naming a size of the text model that is none. What families write as lists is left to them."""
    text = config.get("text_config")
    for part in (config, text if isinstance(text, dict) else {}):
        for name in _SIZES:
            value = part.get(name)
            if isinstance(value, str) or (isinstance(value, (int, float)) and value < 1):
                raise ModelError(
                    f"{folder / 'config.json'}: {name!r} should be a whole number of at least 1, found {value!r}"
                )


def weight_file(folder: Path) -> Path:
    """The folder's weights, in one file or behind an index. Raises ModelError naming what was looked for."""
    for name in (
        "model.safetensors",
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
    ):
        if (folder / name).is_file():
            return folder / name
    raise ModelError(f"{folder} holds neither model.safetensors nor pytorch_model.bin: {_instead(folder)}")


def weight_files(folder: Path) -> list[Path]:
    """Every file of the folder's weights. Raises ModelError for one that is not there or may not be read."""
    path = weight_file(folder)
    if path.suffix != ".json":
        files = [path]
    else:
        index = _json(path)
        shards = index.get("weight_map") if isinstance(index, dict) else None
        if not (isinstance(shards, dict) and all(isinstance(name, str) for name in shards.values())):
            raise ModelError(f"{path} has no weight_map from tensors to files; {AGAIN}")
        files = [folder / name for name in sorted({Path(name).name for name in shards.values()})]
    for file in files:
        if not file.is_file():
            raise ModelError(f"{path} names {file.name}, which is not in {folder}; {AGAIN}")
        if not os.access(file, os.R_OK):
            raise ModelError(f"{file} may not be read by this user; give yourself the permission to read it")
    return files


def tensor_names(folder: Path) -> set[str]:
    """Names of the tensors in a folder's safetensors; none where the weights are pickled. Raises ModelError naming the file."""
    from safetensors import SafetensorError, safe_open

    names: set[str] = set()
    for file in weight_files(folder):
        if file.suffix != ".safetensors":
            continue
        try:
            with safe_open(file, "pt") as tensors:
                names.update(tensors.keys())
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{file} cannot be read as safetensors ({error}); {AGAIN}") from None
    return names


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except PermissionError:
        raise ModelError(f"{path} may not be read by this user; give yourself the permission to read it") from None
    except (OSError, ValueError, RecursionError) as error:  # a ValueError: no UTF-8, or no JSON
        raise ModelError(f"{path} is not readable JSON ({error}); {AGAIN}") from None


def _instead(folder: Path) -> str:
    """What a folder that is no checkpoint holds in its place, and what to do with that."""
    if (folder / "adapter_config.json").exists():
        return "it is a PEFT adapter; merge it into its base model (merge_and_unload, save_pretrained) and give that folder"
    gguf = next(iter(sorted(folder.glob("*.gguf"))), None)
    if gguf is not None:
        return (
            f"it holds {gguf.name}, and GGUF is not read; convert it with from_pretrained(folder, gguf_file={gguf.name!r}) "
            "and save_pretrained of transformers, or give the original model"
        )
    return (
        "give the folder that save_pretrained wrote or that was fetched whole, the one with config.json and the weights"
    )
