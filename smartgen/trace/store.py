"""Traces as files: NumPy's own zip of arrays, with the header as JSON text in one of them. Loads without pickle."""

from __future__ import annotations

import json
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from smartgen.atomic import replacing
from smartgen.trace.checking import check_values
from smartgen.trace.errors import TraceError
from smartgen.trace.trace import Envelope, Header, Trace

VERSION = 1
_KINDS = {
    "prompt": "iu",
    "prompt_start": "iu",
    "text": "iu",
    "text_start": "iu",
    "fed_start": "iu",
    "fed_parent": "iu",
    "fed_rank": "iu",
    "child_token": "iu",
    "child_prob": "f",
}


def save(trace: Trace, path: str | Path, half: bool = False) -> None:
    """Write atomically: a reader sees the old file or the new one.

    `half`: probabilities to 8 significant bits (0.4 %) in 16, about half the file; a decision between near equals may
    then differ from a call's.
    """
    header = json.dumps({"smartgen_trace": VERSION, **trace.header.plain()})
    arrays: dict[str, Any] = {name: _narrow(getattr(trace, name)) for name in _KINDS}
    if half:
        arrays["child_prob"] = _rounded(trace.child_prob)
    with replacing(Path(path)) as file:
        _write(file, {"header": np.frombuffer(header.encode(), np.uint8), **arrays})


def _write(file: IO[bytes], arrays: dict[str, np.ndarray]) -> None:
    """What `numpy.savez_compressed` writes and `numpy.load` reads, but compressed by LZMA: a quarter less."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _rounded(prob: np.ndarray) -> np.ndarray:
    """In float16, the last three bits of the significand rounded away: what is left compresses."""
    bits = prob.astype(np.float16).view(np.uint16)
    return ((bits + np.uint16(4)) & np.uint16(0xFFF8)).view(np.float16)


def _narrow(array: np.ndarray) -> np.ndarray:
    """Whole numbers in the narrowest unsigned type that holds them; negative ones and fractions as they are."""
    if array.dtype.kind not in "iu" or array.min(initial=0) < 0:
        return array
    return array.astype(np.min_scalar_type(int(array.max(initial=0))))


def load(path: str | Path) -> Trace:
    """Read and check a trace. Raises TraceError naming the file, the field, what was found and expected."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise TraceError(f"there is no trace {path}; record one with {_command(path)}") from None
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, EOFError, KeyError, AttributeError, TypeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile):
        raise TraceError(f"{path} is no trace, or a damaged one; record it anew with {_command(path)}") from None
    try:
        return _checked(arrays)
    except TraceError as error:
        raise TraceError(f"{path}: {error}; record it anew with {_command(path)}") from None


def _command(path: str | Path) -> str:
    return f"`smartgen trace --prompts FILE --out {path}`"


def _checked(arrays: dict[str, np.ndarray]) -> Trace:
    header = _header(arrays.get("header"))
    for name, kinds in _KINDS.items():
        found = arrays.get(name)
        if found is None or found.dtype.kind not in kinds:
            raise TraceError(
                f"field '{name}' should be an array of kind {kinds!r}, found {getattr(found, 'dtype', None)}"
            )
        if kinds != "f" and found.size:
            held = np.iinfo(_dtype(name))
            for value in (int(found.min()), int(found.max())):
                if not held.min <= value <= held.max:
                    raise TraceError(f"field '{name}' holds {value}, which is not in {held.min}..{held.max}")
    trace = Trace(header, **{name: arrays[name].astype(_dtype(name), copy=False) for name in _KINDS})
    shapes = {
        "text_start": trace.text_start[-1:].tolist() == [len(trace.text)],
        "prompt_start": trace.prompt_start[-1:].tolist() == [len(trace.prompt)]
        and len(trace.prompt_start) == len(trace.text_start),
        "fed_start": len(trace.fed_start) == len(trace.text) + 1
        and trace.fed_start[-1:].tolist() == [len(trace.fed_parent)],
        "fed_rank": len(trace.fed_rank) == len(trace.fed_parent),
        "child_token": trace.child_token.shape == (len(trace.fed_parent), header.envelope.topk),
        "child_prob": trace.child_prob.shape == trace.child_token.shape,
    }
    wrong = [name for name, fits in shapes.items() if not fits]
    if wrong:
        raise TraceError(f"field '{wrong[0]}' does not fit the others")
    check_values(trace)
    return trace


def _dtype(name: str) -> Any:
    annotation = {"fed_parent": np.int16, "fed_rank": np.uint8, "child_prob": np.float32}
    return annotation.get(name, np.int64 if name.endswith("_start") else np.int32)


def _header(raw: np.ndarray | None) -> Header:
    try:
        data = json.loads(bytes(raw) if raw is not None else b"")
        version = data.pop("smartgen_trace")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise TraceError("field 'header' should be a JSON object with 'smartgen_trace'") from None
    if version != VERSION:
        raise TraceError(f"field 'smartgen_trace' should be {VERSION}, found {version!r}")
    try:
        envelope = data.pop("envelope")
        envelope = Envelope(**{**envelope, "beams": tuple(envelope["beams"])})
        return Header(**{**data, "envelope": envelope, "kinds": tuple(data.get("kinds", ()))})
    except (TypeError, KeyError) as error:
        raise TraceError(f"field 'header' has missing or unknown entries ({error})") from None
    except TraceError as error:
        raise TraceError(f"field 'header': {error}") from None
