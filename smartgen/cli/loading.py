"""Loading a target, its tokenizer and a drafter for the command line, with progress and one-sentence errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from smartgen.cli.progress import spinner
from smartgen.language.diagnostics import RecipeError

_PARTNERS = {"bundled-target": "bundled-assistant", "smollm2-135m": "smollm2-135m-eagle3"}


@dataclass
class Loaded:
    """A model that is ready to generate. `drafter` None: n-grams."""

    model: Any
    tokenizer: Any
    drafter: Any

    def encoded(self, prompts: list[str], raw: bool = False) -> dict[str, Any]:
        """Prompts as padded tensors on the model's device, through the chat template where there is one, unless `raw`.

        Raises ValueError for a template that fails and for tokens that the model does not know.
        """
        parts = _encoded(self.tokenizer, prompts, raw)
        largest = max(parts["input_ids"].flatten().tolist(), default=0)
        known = self.model.get_input_embeddings().weight.shape[0]
        if largest >= known:
            raise ValueError(
                f"the prompt holds token {largest} ({self.tokenizer.convert_ids_to_tokens(largest)!r}), and the model in "
                f"{self.model.name_or_path} has embeddings for {known} tokens only: the tokenizer beside it is another model's"
            )
        return {name: part.to(self.model.device) for name, part in parts.items()}


@contextmanager
def told() -> Iterator[None]:
    """What a user can mend becomes one sentence on stderr and exit code 1."""
    try:
        yield
    except BrokenPipeError:  # whoever read has left
        raise
    except (ValueError, TypeError, OSError) as error:  # every error of smartgen is one of these
        typer.echo(str(error) if isinstance(error, RecipeError) else f"error: {error}", err=True)
        raise typer.Exit(1) from None
    except ModuleNotFoundError as error:
        typer.echo(f"error: this needs {error.name}, which is not installed: pip install 'smartgen[hf]'", err=True)
        raise typer.Exit(1) from None


def load(model: str, draft: str | None, dtype: str, device: str = "auto") -> Loaded:
    """`model`, `draft`: registered names or folders; `dtype`: auto, bf16 or float32; `device`: as `device_named` reads it.

    Raises ValueError or OSError.
    """
    import logging

    import torch
    import transformers

    import smartgen
    from smartgen.models import resolve

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    kinds = {
        "auto": "auto",
        "bf16": torch.bfloat16,
        "bfloat16": torch.bfloat16,
        "float32": torch.float32,
        "fp32": torch.float32,
    }
    if dtype not in kinds:
        raise ValueError(f"there is no dtype {dtype!r}: auto, bf16 or float32")
    with spinner(f"loading {model}"):
        where = device_named(device)
        target, tokenizer = _from_folder(resolve(model), kinds[dtype])
        target.to(where)
        drafter = None if draft in (None, "ngram") else smartgen.load_drafter(draft, target)
    smartgen.attach(target)
    return Loaded(target, tokenizer, drafter)


def fitting_drafter(model: str, draft: str | None) -> str | None:
    """The drafter to load: `draft`, or the one that fits a model with a name; None: n-grams."""
    return _PARTNERS.get(model) if draft is None else draft


def device_named(name: str) -> Any:
    """auto (an Nvidia GPU where there is one), cpu, cuda or cuda:N → the device. Raises ValueError for any other."""
    import torch

    gpus = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda" if gpus else "cpu")
    if (named := re.fullmatch(r"cpu|cuda(?::(\d+))?", name)) is None:
        raise ValueError(f"there is no device {name!r}: auto, cpu, cuda or cuda:N")
    if name != "cpu" and int(named[1] or 0) >= gpus:
        raise ValueError(f"{name} is not here: this machine shows {gpus} CUDA devices; --device cpu runs anywhere")
    return torch.device(name)


def _from_folder(folder: Path, dtype: Any) -> tuple[Any, Any]:
    """Target and tokenizer. Raises ValueError naming the folder."""
    from smartgen.drafters.load import is_head
    from smartgen.models.causal import load_causal
    from smartgen.models.checkpoint import read_config, tensor_names

    if is_head(read_config(folder), tensor_names(folder)):
        raise ValueError(f"{folder} is a drafter (an EAGLE-3 head), which writes no text alone: give it to --draft")
    return load_causal(folder, dtype), _tokenizer(folder)


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    from smartgen.models.causal import short

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # every tokenizer has its own errors; all mean the same to the reader
        fault = f"a tokenizer that cannot be loaded ({short(error)})"
        if not any(folder.glob("*token*")):
            fault = "no tokenizer (tokenizer.json and others)"
        raise ValueError(
            f"{folder} holds {fault}; copy the tokenizer's files from where the model comes from"
        ) from None
    tokenizer.padding_side = "left"
    return tokenizer


def _encoded(tokenizer: Any, prompts: list[str], raw: bool) -> Any:
    if tokenizer.chat_template and not raw:
        chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
        try:
            texts = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
        except Exception as error:  # a template is a program, which may raise anything
            raise ValueError(
                f"the chat template in {tokenizer.name_or_path} fails: {str(error).rstrip('.')}; --raw goes without it"
            ) from None
        return tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    inputs = tokenizer(prompts, return_tensors="pt", padding=True)
    return {"input_ids": inputs["input_ids"], "attention_mask": inputs["attention_mask"]}
