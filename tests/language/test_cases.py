"""The gallery: every wrong program with its golden answer, every right one accepted. Adding a case is adding a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartgen.language.diagnostics import Diagnostic, RecipeError, mended
from smartgen.language.render import concise, full
from smartgen.language.source import Source
from smartgen.recipe.load import load_source
from smartgen.recipe.read import read_file

CASES = Path(__file__).parent / "cases"
WRONG = sorted(p for p in CASES.rglob("*") if p.suffix in (".smart", ".yaml") and p.parent.name != "ok")
RIGHT = sorted((CASES / "ok").glob("*"))
ROUNDS = 3  # a fix may uncover what stood behind the mistake

# Mistakes whose fix is not a change of this text: only the author knows it, or the file has to be saved or named otherwise.
BY_HAND = {
    "names/later_policy.smart": "which of the two stands on its own",
    "names/missing_file.smart": "where the file is",
    "recipe/interpolation_name.yaml": "what is meant to be read",
    "recipe/limit_nested_list.yaml": "what the inner list was for",
    "recipe/merge.yaml": "which keys are meant",
    "recipe/smart_text.yaml": "the name of the file",
    "recipe/undefined_alias.yaml": "what the alias stood for",
    "syntax/python_def.smart": "all of it",
    "syntax/yaml_in_smart.smart": "the name of the file",
    "types/doubling.smart": "how it can be said in fewer words",
}


def _name(path: Path) -> str:
    return path.relative_to(CASES).as_posix()


def _findings(source: Source) -> tuple[Diagnostic, ...]:
    try:
        return load_source(source).warnings
    except RecipeError as error:
        return error.diagnostics


def _read(path: Path) -> tuple[Source | None, tuple[Diagnostic, ...]]:
    try:
        source = read_file(path)
    except RecipeError as error:
        return None, error.diagnostics
    return source, _findings(source)


@pytest.mark.parametrize("path", WRONG, ids=_name)
def test_wrong_programs_get_their_answer(path, request):
    _, found = _read(path)
    answer = "\n\n".join(full(d) for d in found).replace(f"{CASES}/", "") + "\n"
    golden = path.with_name(path.name + ".out")
    if request.config.getoption("--update-golden"):
        golden.write_text(answer, encoding="utf-8")
    assert answer == golden.read_text(encoding="utf-8")
    assert found, "nothing is wrong with this program"
    for diagnostic in found:
        assert diagnostic.help
        assert "\n" not in concise(diagnostic)
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(diagnostic.span.source.text) + 1


@pytest.mark.parametrize("path", WRONG, ids=_name)
def test_the_fix_works(path):
    source, found = _read(path)
    if source is None:  # no text at all
        assert found[0].help == "save the file as UTF-8"
        return
    text = source.text
    for _ in range(ROUNDS):
        text = mended(text, [d for d in found if d.severity == "error"] or found)
        found = _findings(Source(source.name, text))
        if not found:
            break
    clean = all(d.severity == "warning" for d in found)
    assert clean is (_name(path) not in BY_HAND), f"{text}\n{[concise(d) for d in found]}"


@pytest.mark.parametrize("path", RIGHT, ids=lambda p: p.name)
def test_right_programs_are_accepted(path):
    assert load_source(read_file(path)).program.situations


def test_the_gallery_is_large():
    assert len(WRONG) >= 800
    assert len(RIGHT) >= 30
