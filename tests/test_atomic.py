"""What can be written to, what is said of the rest, and what is left as it was."""

from __future__ import annotations

import os
import re
import stat
import threading

import pytest

from smartgen.atomic import replacing, writable


def _write(path, content=b"new"):
    writable(path)
    with replacing(path) as file:
        file.write(content)


def test_missing_folders_are_made_and_nothing_else_is_left(tmp_path):
    _write(tmp_path / "new" / "folder" / "o")
    assert (tmp_path / "new" / "folder" / "o").read_bytes() == b"new"
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["o"]


def test_a_block_that_fails_leaves_the_old_content(tmp_path):
    (tmp_path / "o").write_bytes(b"old")
    with pytest.raises(TypeError), replacing(tmp_path / "o") as file:
        file.write("no bytes")
    assert (tmp_path / "o").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_its_target_is_replaced(there, tmp_path):
    (tmp_path / "else").mkdir()
    if there:
        (tmp_path / "else" / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("else/target")
    _write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "else" / "target").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    _write(tmp_path / "pipe")
    reader.join()
    assert read == [b"new"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_link_to_a_device_stays(tmp_path):
    (tmp_path / "nowhere").symlink_to(os.devnull)
    _write(tmp_path / "nowhere")
    assert (tmp_path / "nowhere").is_symlink()
    assert stat.S_ISCHR((tmp_path / "nowhere").stat().st_mode)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder", "folder is a folder; name the file to write"),
        ("file/o", "file/o cannot be written: Not a directory"),
        ("file/new/o", "file/new/o cannot be written: Not a directory"),
        ("circle", "circle cannot be written: Too many levels of symbolic links"),
        ("n" * 300, "cannot be written: File name too long"),
    ],
)
def test_what_cannot_be_written_is_said_beforehand_and_named_as_given(name, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")
    path = type(tmp_path)(name)
    with pytest.raises(OSError, match=re.escape(said)) as before:
        writable(path)
    with pytest.raises(OSError, match=re.escape(said)) as after, replacing(path):
        pass
    assert str(before.value) == str(after.value)
    assert str(before.value).startswith(name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["circle", "file", "folder"]
