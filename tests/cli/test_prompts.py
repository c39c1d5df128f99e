"""Files of prompts: what is one, and the line that is not."""

from __future__ import annotations

import re

import pytest

from smartgen.cli.prompts import Prompt, read_prompts


def test_a_line_is_a_prompt(tmp_path):
    path = tmp_path / "prompts"
    path.write_text(
        '{"turns": ["a\u2028b", "c"], "kind": "chat"}\r\n\n{"turns": ["d"]}\n', encoding="utf-8", newline=""
    )
    assert read_prompts(path, None) == [Prompt("a\u2028b", "chat"), Prompt("d", "")]
    assert len(read_prompts(path, 1)) == 1


@pytest.mark.parametrize("turns", ['"hello"', "[3]", "[]", "null", '{"0": "a"}'])
def test_turns_that_are_none(turns, tmp_path):
    path = tmp_path / "prompts"
    path.write_text('{"turns": ["a"]}\n{"turns": ' + turns + "}\n")
    with pytest.raises(ValueError, match=r"prompts:2 should be a JSON object with .turns.: "):
        read_prompts(path, None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"turns": ["a"', "is no JSON: Expecting ',' delimiter at column 15"),
        ('{"turns": [""]}', "has an empty first turn"),
        ('{"turns": ["b\\ud800"]}', r"has half of a pair of surrogates (\ud800) in its first turn"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"turns": ["a"], "kind": ' + "1" * 5000 + "}", "holds a number of too many digits"),
    ],
)
def test_a_line_that_is_no_prompt_is_named(line, said, tmp_path):
    path = tmp_path / "prompts"
    path.write_text('{"turns": ["a"]}\n' + line + "\n")
    with pytest.raises(ValueError, match="prompts:2 " + re.escape(said)):
        read_prompts(path, None)


def test_a_mark_of_byte_order_is_read_away(tmp_path):
    path = tmp_path / "prompts"
    path.write_text('{"turns": ["a"]}\n', encoding="utf-8-sig")
    assert read_prompts(path, None) == [Prompt("a", "")]


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "prompts"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"prompts is no UTF-8 text \(invalid start byte at byte 0\)"):
        read_prompts(path, None)
