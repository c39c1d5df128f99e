"""From a folder to a drafter: what kind it is, is read from its tensors and never guessed from a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from smartgen.attention.mask import MaskStyle
from smartgen.drafters.assistant import Assistant
from smartgen.drafters.checkpoint import read_tensors
from smartgen.drafters.eagle3 import Eagle3Head
from smartgen.drafters.errors import DrafterError, of_drafters
from smartgen.drafters.headconfig import is_speculators
from smartgen.drafters.ngram import NGram
from smartgen.drafters.protocol import Drafter
from smartgen.models.causal import load_causal
from smartgen.models.checkpoint import read_config, tensor_names, weight_file

_BLOCK = re.compile(r"(^|\.)(layers|h|blocks)\.\d")  # a decoder layer, as most families name it

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)  # torch multiplies no others everywhere

StyleOf = Callable[[torch.nn.Module], MaskStyle]


@of_drafters()
def load_drafter(
    where: str | Path, target: torch.nn.Module, dtype: torch.dtype | None = None, style_of: StyleOf | None = None
) -> Drafter:
    """`where`: "ngram", a folder with an EAGLE-3 head, or a folder with a causal model. `dtype`: default the target's.

    `style_of` says how an assistant takes tree masks (default: one kind of layer that looks back without limit).
    Raises DrafterError naming the file, what was expected and what was found.
    """
    if dtype is not None and dtype not in DTYPES:
        raise DrafterError(
            f"a drafter cannot run in dtype={dtype!r}: give a floating-point torch.dtype of 16 bits or more, or none for "
            "the target's"
        )
    if str(where) == "ngram":
        return NGram()
    folder = Path(where)
    if not folder.is_dir():
        raise DrafterError(
            f"{folder} is no folder; a drafter is a folder with config.json and model.safetensors, or 'ngram'"
        )
    if _holds_head(folder):
        return Eagle3Head(folder, target, dtype)
    return _assistant(folder, target, dtype, style_of)


def is_head(config: dict[str, Any], names: set[str]) -> bool:
    """Whether a folder with this config and tensors of these names is an EAGLE-3 head, even an incomplete one."""
    return is_speculators(config) or any(name.startswith("midlayer.") for name in names)


def _holds_head(folder: Path) -> bool:
    """True for an EAGLE-3 head, even an incomplete one; False for a causal model. Raises DrafterError for the rest."""
    config, names = read_config(folder), tensor_names(folder) or set(read_tensors(folder))
    if is_head(config, names):
        return True
    if "fc.weight" in names:
        raise DrafterError(
            f"{weight_file(folder)} looks like an EAGLE-1/2 head (fc.weight, no midlayer.*), which smartgen does not load"
        )
    if not any(_BLOCK.search(name) for name in names):
        raise DrafterError(
            f"{folder} holds neither an EAGLE-3 head (fc.weight, midlayer.*) nor a causal model (…layers.0…); "
            f"its first tensors are {', '.join(sorted(names)[:3]) or 'none'}"
        )
    return False


def _assistant(folder: Path, target: torch.nn.Module, dtype: torch.dtype | None, style_of: StyleOf | None) -> Assistant:
    if weight_file(folder).name.startswith("pytorch_model.bin"):
        raise DrafterError(f"{folder} holds no safetensors; convert the assistant model first")
    model = load_causal(folder, dtype or target.dtype).to(target.device)
    assistant = Assistant(model, target, style_of(model) if style_of is not None else None)
    assistant.check_target(target.config)
    return assistant
