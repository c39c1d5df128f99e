"""A causal model from a folder as it was saved: no tensor of it is random, and what is wrong is told with file and field."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from smartgen.models.checkpoint import AGAIN, check_sizes, read_config, weight_files
from smartgen.models.registry import ModelError


def load_causal(folder: Path, dtype: Any) -> Any:
    """The model of `folder`, in evaluation mode, on the CPU; `dtype`: a torch.dtype or "auto". No code of the folder runs.

    Raises ModelError naming the file, field or tensor that is wrong, ModuleNotFoundError for a package that is missing.
    """
    from transformers import AutoModelForCausalLM

    config = read_config(folder)
    check_sizes(config, folder)
    weight_files(folder)
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # the report has them, and `_check_loaded` refuses with the shapes
        )
    except ModuleNotFoundError:
        raise
    except Exception as error:  # every model has its own errors; all mean the same to the reader
        raise ModelError(f"{folder} cannot be loaded as a causal model: {_reason(error, config)}") from None
    _check_loaded(folder, type(model).__name__, report)
    return model.eval()


def short(error: Exception) -> str:
    """An error's text in one line of at most 240 characters, with its type where the text alone says little."""
    text = " ".join(str(error).split()).rstrip(".: ")
    plain = " " in text and not isinstance(error, (ArithmeticError, LookupError))
    return textwrap.shorten(text if plain else f"{type(error).__name__} {text}", 240, placeholder=" …")


def _reason(error: Exception, config: dict[str, Any]) -> str:
    if isinstance(error, KeyError):  # a name that was looked up: the reader needs the field that it stands in
        for name, value in config.items():
            if value == error.args[0]:
                return f"config.json asks for {name} {value!r}, which transformers does not know"
    return short(error)


def _check_loaded(folder: Path, name: str, report: dict[str, Any]) -> None:
    """Raise ModelError for tensors that would be random numbers: of another shape, or not there. Tied ones are no lack."""
    mismatched = sorted(report["mismatched_keys"])
    if mismatched:
        tensor, found, wanted = mismatched[0]
        raise ModelError(
            f"the weights in {folder} are not those that its config.json describes: {tensor!r} should be {list(wanted)}, "
            f"found {list(found)}{_more(len(mismatched) - 1)}; {AGAIN}"
        )
    missing = sorted(report["missing_keys"])
    if missing:
        named = ", ".join(map(repr, missing[:3]))
        raise ModelError(
            f"{folder} lacks {len(missing)} tensor{'s'[: len(missing) > 1]} of {name}: {named}{_more(len(missing) - 3)}; {AGAIN}"
        )


def _more(number: int) -> str:
    return f" (and {number} more)" if number > 0 else ""
