"""The gallery: every wrong program with its golden answer, every right one accepted. Adding a case is adding a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartgen.language.diagnostics import RecipeError, concise, full
from smartgen.recipe.load import load_source, read_file

CASES = Path(__file__).parent / "cases"
WRONG = sorted(p for p in CASES.rglob("*") if p.suffix in (".smart", ".yaml") and p.parent.name != "ok")
RIGHT = sorted((CASES / "ok").glob("*"))


def _relative(text: str) -> str:
    return text.replace(str(CASES) + "/", "")


@pytest.mark.parametrize("path", WRONG, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_wrong_programs_get_their_answer(path, request):
    with pytest.raises(RecipeError) as caught:
        load_source(read_file(path))
    answer = _relative("\n\n".join(full(d) for d in caught.value.diagnostics)) + "\n"
    golden = path.with_name(path.name + ".out")
    if request.config.getoption("--update-golden"):
        golden.write_text(answer, encoding="utf-8")
    assert answer == golden.read_text(encoding="utf-8")
    for diagnostic in caught.value.diagnostics:
        assert diagnostic.help
        assert "\n" not in concise(diagnostic)


@pytest.mark.parametrize("path", RIGHT, ids=lambda p: p.name)
def test_right_programs_are_accepted(path):
    assert load_source(read_file(path)).program.situations


def test_the_gallery_is_large():
    assert len(WRONG) >= 40
    assert len(RIGHT) >= 30
