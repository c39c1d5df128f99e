"""Bytes and files to text, whatever they hold. Raises RecipeError for what is no text."""

from __future__ import annotations

from pathlib import Path

from smartgen.language.diagnostics import RecipeError, one
from smartgen.language.source import Source, Span

_OTHER_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
MOST_BYTES = 1_000_000


def read_file(path: Path) -> Source:
    """The file's text. Raises RecipeError (SG401) for what cannot be read, SG014 for what is no UTF-8."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise nowhere(
            str(path), f"{path} cannot be read: {reason}", "give the path of a .smart or .yaml file"
        ) from None
    return decoded(data, str(path))


def decoded(data: bytes, name: str) -> Source:
    """UTF-8, with or without a byte order mark, any kind of line end. Raises RecipeError (SG014, SG012) otherwise."""
    for mark, encoding in _OTHER_MARKS.items():
        if data.startswith(mark):
            source = Source(name, data[: 4 * MOST_BYTES].decode(encoding.lower(), errors="replace").lstrip("\ufeff"))
            raise _not_utf8(source, 0, f"this file is {encoding} text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = normal(data[: error.start].decode("utf-8-sig", errors="replace"))
        source = Source(name, normal(data.decode("utf-8-sig", errors="replace")))
        byte = f"the byte 0x{data[error.start]:02X} in it is none of UTF-8"
        if len(data) > MOST_BYTES and error.start > len(data) - 8:
            raise _too_large(Source(name, before)) from None
        raise _not_utf8(source, len(before), f"this file is no UTF-8 text: {byte}") from None
    source = Source(name, normal(text))
    if len(data) > MOST_BYTES:
        raise _too_large(source)
    return source


def normal(text: str) -> str:
    """One kind of line end, no byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def nowhere(text: str, message: str, fix: str) -> RecipeError:
    """A recipe that is not there; `text` is how it was named."""
    return one("SG401", message, Span(Source("<recipe>", text), 0, max(1, len(text))), fix)


def _not_utf8(source: Source, at: int, message: str) -> RecipeError:
    return one("SG014", message, Span(source, at, at + 1), "save the file as UTF-8")


def _too_large(source: Source) -> RecipeError:
    message = f"this file has more than {MOST_BYTES} bytes"
    return one("SG012", message, Span(source, 0, 1), "a policy is a page: give the path of a recipe")
