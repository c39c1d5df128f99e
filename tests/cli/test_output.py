"""Where the output goes: a reader who leaves, a full disk, a terminal without letters, no standard input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FULL = Path("/dev/full")
SMARTGEN = (sys.executable, "-m", "smartgen")
VERBS = (["--help"], ["recipes", "list"], ["explain", "smart"], ["check", "recipes/smart.smart"])


def _run(arguments, **more):
    return subprocess.run([*SMARTGEN, *arguments], cwd=ROOT, text=True, stderr=subprocess.PIPE, **more)


@pytest.mark.parametrize("arguments", VERBS, ids=" ".join)
def test_a_reader_who_has_left_is_told_nothing(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = _run(arguments, stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not FULL.exists(), reason="the device of full disks is Linux's")
@pytest.mark.parametrize("arguments", VERBS, ids=" ".join)
def test_a_full_disk_is_one_sentence(arguments):
    with FULL.open("w") as full:
        done = _run(arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "error: [Errno 28] No space left on device\n"


def test_letters_that_cannot_be_shown_are_shown_as_numbers():
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = _run(["generate", "größe", "--max-new-tokens", "1"], stdout=subprocess.PIPE, env=ascii_only)
    assert done.returncode == 0
    assert done.stdout.startswith(r"gr\xf6\xdfe")


@pytest.mark.parametrize("verb", ["check", "fmt"])
def test_no_standard_input(verb):
    done = subprocess.run(
        f"{sys.executable} -m smartgen {verb} - <&-", shell=True, cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (2, "error: standard input is closed\n")
