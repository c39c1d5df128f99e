"""How many slips of the hand in right recipes are answered with a fix that restores the very program.

    python benchmarks/slips.py [--each 150] [--seed 0] [--show KIND]

One slip at a time is made in a shipped recipe, in a right program of the gallery or in a YAML block of the documentation; the
help of every finding is applied, up to three times, since a fix may uncover what stood behind the mistake. Restored is a
program whose lowered form has the same hash. What a slip leaves legal (another name of a cost, a number that is another one)
is no mistake and not counted. `--show` prints what was not restored. Results: benchmarks/results/slips.json.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from provenance import provenance

from smartgen.language.diagnostics import Diagnostic, RecipeError, mended
from smartgen.language.lexemes import Lexeme, lexemes
from smartgen.language.source import Source
from smartgen.language.words import KEYWORDS
from smartgen.recipe.load import load_source

HERE = Path(__file__).parent
RESULT = HERE / "results" / "slips.json"
ROUNDS = 3

OTHER_WORDS = {  # of the language, and what people write instead
    "=": (":", "==", ":="),
    "..": ("-", "...", " to "),
    "and": ("&&", "AND"),
    "or": ("||", "OR"),
    "not": ("!",),
    "<=": ("=<", "≤"),
    ">=": ("≥",),
    "maximize": ("maximise", "optimize", "objective"),
    "benefit": ("reward", "value", "utility"),
    "cost": ("price", "costs"),
    "limit": ("limits", "cap"),
    "expand": ("grow", "expands"),
    "best": ("top", "first", "the best"),
    "verify": ("check", "select"),
    "let": ("var", "const", "def"),
    "param": ("params", "parameter"),
    "when": ("if", "case"),
    "otherwise": ("else", "default"),
    "use": ("import", "extends", "from"),
    "policy": ("recipe", "class"),
    "depth": ("max_depth", "levels"),
    "width": ("breadth", "beam"),
}

Slip = Callable[[str, random.Random], "str | None"]  # the text with the slip in it; None where it has no place for one


def _put(text: str, at: Lexeme, written: str) -> str:
    return text[: at.start] + written + text[at.end :]


def _words(text: str) -> list[Lexeme]:
    return [x for x in lexemes(text) if x.sort != "comment"]


def _pick(text: str, chance: random.Random, fits: Callable[[Lexeme], bool]) -> Lexeme | None:
    found = [x for x in _words(text) if fits(x)]
    return chance.choice(found) if found else None


def _pair(text: str, chance: random.Random) -> tuple[Lexeme, Lexeme] | None:
    """Two words or signs of one line with a space between them."""
    found = _words(text)
    pairs = [(a, b) for a, b in pairwise(found) if not b.first and b.start > a.end]
    return chance.choice(pairs) if pairs else None


# -- the text form ------------------------------------------------------------------------------------------------
def word_twice(text: str, chance: random.Random) -> str | None:
    at = _pick(text, chance, lambda x: x.word)
    return None if at is None else _put(text, at, f"{at.text} {at.text}")


def word_torn(text: str, chance: random.Random) -> str | None:
    at = _pick(text, chance, lambda x: x.word and len(x.text.rpartition(".")[2]) > 4)
    if at is None:
        return None
    cut = len(at.text) - chance.randrange(2, len(at.text.rpartition(".")[2]) - 1)
    return _put(text, at, f"{at.text[:cut]} {at.text[cut:]}")


def words_run_together(text: str, chance: random.Random) -> str | None:
    pair = _pair(text, chance)
    if pair is None or not pair[0].word or not (pair[1].word or pair[1].sort == "number"):
        return None
    return text[: pair[0].end] + text[pair[1].start :]


def word_misspelt(text: str, chance: random.Random) -> str | None:
    at = _pick(text, chance, lambda x: x.word and len(x.text) > 3)
    if at is None:
        return None
    cut, word = chance.randrange(len(at.text) - 1), at.text
    slips = (word[:cut] + word[cut + 1 :], word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :])
    return _put(text, at, chance.choice((*slips, word[: cut + 1] + word[cut:])))


def other_case(text: str, chance: random.Random) -> str | None:
    at = _pick(text, chance, lambda x: x.word and len(x.text) > 2)
    return None if at is None else _put(text, at, chance.choice((at.text.upper(), at.text.capitalize())))


def other_joint(text: str, chance: random.Random) -> str | None:
    """`node_path`, `node::path`, `node.path` with a space."""
    at = _pick(text, chance, lambda x: x.word and "." in x.text)
    return None if at is None else _put(text, at, at.text.replace(".", chance.choice(("_", "->", "::", " ", ":"))))


def other_word(text: str, chance: random.Random) -> str | None:
    at = _pick(text, chance, lambda x: x.text in OTHER_WORDS)
    return None if at is None else _put(text, at, chance.choice(OTHER_WORDS[at.text]))


def left_out(text: str, chance: random.Random) -> str | None:
    """A sign, a bracket or a keyword that is not there; an operator between two operands nobody can guess."""
    at = _pick(text, chance, lambda x: x.text in ("=", ":", ",", "(", ")", "{", "}", "..") or x.text in KEYWORDS)
    return None if at is None else _put(text, at, "")


def wrong_way_round(text: str, chance: random.Random) -> str | None:
    pair = _pair(text, chance)
    if pair is None or not (pair[0].word and pair[1].word):
        return None
    return text[: pair[0].start] + pair[1].text + text[pair[0].end : pair[1].start] + pair[0].text + text[pair[1].end :]


def stray_mark(text: str, chance: random.Random) -> str | None:
    found = _words(text)
    ends = [a for a, b in pairwise(found) if b.first and a.text not in ("{", "}")]
    at = chance.choice(ends) if ends else None
    return None if at is None else _put(text, at, at.text + chance.choice((";", ",", ".")))


def comment_sign(text: str, chance: random.Random) -> str | None:
    found = [x for x in lexemes(text) if x.sort == "comment"]
    at = chance.choice(found) if found else None
    return None if at is None else _put(text, at, chance.choice(("//", "--", ";")) + at.text[1:])


# -- the YAML form ------------------------------------------------------------------------------------------------
_PAIR = re.compile(r"^([ ]*)([A-Za-z_]\w*):( *)(.*)$")


def _line(change: Callable[[re.Match[str], random.Random], str | None]) -> Slip:
    """A slip in one line `key: value`."""

    def slip(text: str, chance: random.Random) -> str | None:
        lines = text.split("\n")
        at = [i for i, line in enumerate(lines) if _PAIR.match(line)]
        if not at:
            return None
        i = chance.choice(at)
        found = _PAIR.match(lines[i])
        written = change(found, chance) if found else None
        return None if written is None else "\n".join([*lines[:i], written, *lines[i + 1 :]])

    slip.__doc__ = change.__doc__
    return slip


def _misspelt(pair: re.Match[str], chance: random.Random) -> str:
    key, cut = pair[2], chance.randrange(max(1, len(pair[2]) - 1))
    return f"{pair[1]}{key[:cut]}{key[cut + 1 :]}:{pair[3]}{pair[4]}"


_OF_TEXT = (
    *(word_twice, word_torn, words_run_together, word_misspelt, other_case, other_joint, other_word),
    *(left_out, wrong_way_round, stray_mark, comment_sign),
)
TEXT: dict[str, Slip] = {slip.__name__.replace("_", " "): slip for slip in _OF_TEXT}
YAML: dict[str, Slip] = {
    "no colon": _line(lambda p, _: f"{p[1]}{p[2]} {p[4]}" if p[4] else None),
    "no space behind the colon": _line(lambda p, _: f"{p[1]}{p[2]}:{p[4]}" if p[4] else None),
    "equals sign": _line(lambda p, _: f"{p[1]}{p[2]} = {p[4]}" if p[4] else None),
    "tab": _line(lambda p, _: f"\t{p[0].lstrip()}" if p[1] else None),
    "a space too many or too few": _line(lambda p, c: f" {p[0]}" if c.random() < 0.5 or not p[1] else p[0][1:]),
    "dash": _line(lambda p, _: f"{p[1]}- {p[0].lstrip()}"),
    "comma or semicolon": _line(lambda p, c: p[0] + c.choice(",;") if p[4] else None),
    "brackets": _line(lambda p, _: f"{p[1]}{p[2]}: [{p[4]}]" if p[4] and p[4][0] not in '{["$' else None),
    "bracket left out": _line(lambda p, _: p[0][:-1] if p[4][-1:] in ("}", "]", '"') else None),
    "line twice": _line(lambda p, _: f"{p[0]}\n{p[0]}"),
    "key misspelt": _line(_misspelt),
}


def findings(source: Source) -> tuple[tuple[Diagnostic, ...], str | None]:
    """All findings, and the lowered program's hash where it is legal."""
    try:
        recipe = load_source(source)
    except RecipeError as error:
        return error.diagnostics, None
    return recipe.warnings, recipe.program.hash


def restored(name: str, text: str, wanted: str) -> bool:
    """Whether the fixes of `text` lead to the program with this hash."""
    for _ in range(ROUNDS):
        found, program = findings(Source(name, text))
        if program is not None:
            return program == wanted
        text = mended(text, [each for each in found if each.severity == "error"])
    return findings(Source(name, text))[1] == wanted


def corpus() -> dict[str, list[tuple[str, str]]]:
    """(name, text) of right programs without warnings, in either form."""
    root = HERE.parent
    files = [*(root / "recipes").iterdir(), *(root / "tests" / "language" / "cases" / "ok").iterdir()]
    texts = [(path.name, path.read_text(encoding="utf-8-sig")) for path in sorted(files) if ".test." not in path.name]
    for path in sorted((root / "docs").rglob("*.md")):
        blocks = re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        texts += [(f"{path.stem}{i}.yaml", block) for i, block in enumerate(blocks)]
    right = [(n, t) for n, t in texts if n.endswith((".smart", ".yaml")) and findings(Source(n, t))[0] == ()]
    return {form: [it for it in right if it[0].endswith(form)] for form in (".smart", ".yaml")}


def measure(
    slips: dict[str, Slip], programs: list[tuple[str, str]], each: int, seed: int, show: str
) -> dict[str, dict]:
    """Per kind of slip how many were made and how many restored."""
    figures = {}
    for kind, slip in slips.items():
        chance, made, well = random.Random(f"{seed} {kind}"), 0, 0
        for _ in range(20 * each):
            name, text = chance.choice(programs)
            wrong, wanted = slip(text, chance), findings(Source(name, text))[1]
            if wrong is None or wanted is None or findings(Source(name, wrong))[1] is not None:
                continue
            fine = restored(name, wrong, wanted)
            made, well = made + 1, well + fine
            if kind == show and not fine:
                print(f"--- {name}\n{wrong}")
            if made == each:
                break
        figures[kind] = {"made": made, "restored": well}
        print(f"{kind:28} {well:4} of {made:4}  {100 * well / max(made, 1):5.1f} %")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=150, help="slips of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", default="", help="a kind of slip of which to print what was not restored")
    args = parser.parse_args()
    result: dict = {"provenance": provenance(f"python benchmarks/slips.py --each {args.each} --seed {args.seed}")}
    programs = corpus()
    for form, slips in ((".smart", TEXT), (".yaml", YAML)):
        print(f"{form}: {len(programs[form])} programs")
        figures = measure(slips, programs[form], args.each, args.seed, args.show)
        result[form] = {"programs": len(programs[form]), "slips": figures}
        made, well = (sum(figure[name] for figure in figures.values()) for name in ("made", "restored"))
        print(f"{'all':28} {well:4} of {made:4}  {100 * well / made:5.1f} %\n")
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
