"""From a folder to a drafter: what kind it is, is read from its tensors and never guessed from a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import torch

from smartgen.attention.mask import MaskStyle
from smartgen.drafters.assistant import Assistant
from smartgen.drafters.checkpoint import read_config, read_tensors, weight_file
from smartgen.drafters.eagle3 import Eagle3Head
from smartgen.drafters.errors import DrafterError
from smartgen.drafters.headconfig import is_speculators
from smartgen.drafters.ngram import NGram
from smartgen.drafters.protocol import Drafter

_BLOCK = re.compile(r"(^|\.)(layers|h|blocks)\.\d")  # a decoder layer, as most families name it

StyleOf = Callable[[torch.nn.Module], MaskStyle]


def load_drafter(
    where: str | Path, target: torch.nn.Module, dtype: torch.dtype | None = None, style_of: StyleOf | None = None
) -> Drafter:
    """`where`: "ngram", a folder with an EAGLE-3 head, or a folder with a causal model. `dtype`: default the target's.

    `style_of` says how an assistant takes tree masks (default: one kind of layer that looks back without limit).
    Raises DrafterError naming the file, what was expected and what was found.
    """
    if not (dtype is None or (isinstance(dtype, torch.dtype) and dtype.is_floating_point)):
        raise DrafterError(
            f"a drafter cannot run in dtype={dtype!r}: give a floating-point torch.dtype, or none for the target's"
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


def _holds_head(folder: Path) -> bool:
    """True for an EAGLE-3 head, even an incomplete one; False for a causal model. Raises DrafterError for the rest."""
    config, names = read_config(folder), _tensor_names(folder)
    if is_speculators(config) or any(name.startswith("midlayer.") for name in names):
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


def _tensor_names(folder: Path) -> set[str]:
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        return set(read_tensors(folder))
    from safetensors import SafetensorError, safe_open

    names: set[str] = set()
    for shard in shards:
        try:
            with safe_open(shard, "pt") as file:
                names.update(file.keys())
        except (SafetensorError, OSError) as error:
            raise DrafterError(f"{shard} cannot be read as safetensors ({error}); fetch the checkpoint again") from None
    return names


def _assistant(folder: Path, target: torch.nn.Module, dtype: torch.dtype | None, style_of: StyleOf | None) -> Assistant:
    from transformers import AutoModelForCausalLM

    if not list(folder.glob("*.safetensors")):
        raise DrafterError(f"{folder} holds no safetensors; convert the assistant model first")
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype or target.dtype,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DrafterError(f"{folder} cannot be loaded as a causal model: {reason}") from None
    if report["missing_keys"]:  # they would be random numbers
        missing = sorted(report["missing_keys"])
        raise DrafterError(
            f"{folder} lacks {len(missing)} tensors of {type(model).__name__}, {missing[0]!r} among them"
        )
    model = model.to(target.device).eval()
    assistant = Assistant(model, target, style_of(model) if style_of is not None else None)
    assistant.check_target(target.config)
    return assistant
