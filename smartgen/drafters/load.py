"""From a folder to a drafter: what kind it is, is read from its tensors and never guessed from a name."""

from __future__ import annotations

from pathlib import Path

import torch

from smartgen.drafters.assistant import Assistant
from smartgen.drafters.checkpoint import read_config, read_tensors, weight_file
from smartgen.drafters.eagle3 import Eagle3Head
from smartgen.drafters.errors import DrafterError
from smartgen.drafters.ngram import NGram
from smartgen.drafters.protocol import Drafter


def load_drafter(where: str | Path, target: torch.nn.Module, dtype: torch.dtype | None = None) -> Drafter:
    """`where`: "ngram", a folder with an EAGLE-3 head, or a folder with a causal model. `dtype`: default the target's.

    Raises DrafterError naming the file, what was expected and what was found.
    """
    if str(where) == "ngram":
        return NGram()
    folder = Path(where)
    if not folder.is_dir():
        raise DrafterError(
            f"{folder} is no folder; a drafter is a folder with config.json and model.safetensors, or 'ngram'"
        )
    names = _tensor_names(folder)
    if "fc.weight" in names and any(name.startswith("midlayer.") for name in names):
        return Eagle3Head(folder, target, dtype)
    if "fc.weight" in names:
        raise DrafterError(
            f"{weight_file(folder)} looks like an EAGLE-1/2 head (fc.weight, no midlayer.*), which smartgen does not load yet"
        )
    if not any("layers." in name or ".h." in name for name in names):
        raise DrafterError(
            f"{folder} holds neither an EAGLE-3 head (fc.weight, midlayer.*) nor a causal model (…layers.0…); "
            f"its first tensors are {', '.join(sorted(names)[:3])}"
        )
    return _assistant(folder, target, dtype)


def _tensor_names(folder: Path) -> set[str]:
    read_config(folder)
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        path = weight_file(folder)
        return set(read_tensors(folder)) if path.suffix == ".bin" else set()
    from safetensors import SafetensorError, safe_open

    names: set[str] = set()
    for shard in shards:
        try:
            with safe_open(shard, "pt") as file:
                names.update(file.keys())
        except (SafetensorError, OSError) as error:
            raise DrafterError(f"{shard} cannot be read as safetensors ({error}); fetch the checkpoint again") from None
    return names


def _assistant(folder: Path, target: torch.nn.Module, dtype: torch.dtype | None) -> Assistant:
    from transformers import AutoModelForCausalLM

    if not list(folder.glob("*.safetensors")):
        raise DrafterError(f"{folder} holds no safetensors; convert the assistant model first")
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype or target.dtype, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise DrafterError(f"{folder} cannot be loaded as a causal model: {str(error).splitlines()[0]}") from None
    assistant = Assistant(model.to(target.device).eval(), target)
    assistant.check_target(target.config)
    return assistant
