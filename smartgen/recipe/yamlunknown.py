"""A key that a mapping of the YAML form does not have, and what it was meant to be: readings of it, tried in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import yaml

from smartgen.language.borrowed import extent
from smartgen.language.nearest import closest, misspelt
from smartgen.language.source import Edit, Span
from smartgen.language.words import EXTENTS
from smartgen.recipe.yamlkeys import CASE_MEANT, MEANT
from smartgen.recipe.yamlmeant import as_cases, caps_in, rule_of_case
from smartgen.recipe.yamlmisplaced import is_version, of_base, out_of_section, wrapped
from smartgen.recipe.yamltree import Tree, empty

_OTHERWISE_BUILT = ("cases", "smartgen", "when", "then", "otherwise")  # what stands there is not always read as theirs


@dataclass(frozen=True)
class Answer:
    """What is told of a key. `message`: where it is not that there is no such key; `renamed`: what the key is read as."""

    fix: str
    edits: tuple[Edit, ...]
    message: str = ""
    renamed: str | None = None


@dataclass(frozen=True)
class Unknown:
    """A key `name` of `what` ("a recipe", "a case", "`limit`"), which has the keys `known`, of which some are `there`."""

    tree: Tree
    key: yaml.Node
    value: yaml.Node
    name: str
    known: tuple[str, ...]
    what: str
    there: Collection[str]
    root: yaml.MappingNode | None

    @property
    def meant(self) -> str | None:
        """The key that this is another word for, or close to."""
        if self.what == "a recipe" and self.root is not None and is_version(self.key, self.value, self.root):
            return "smartgen"
        borrowed = extent(self.name) if self.what == "`limit`" else None
        other = CASE_MEANT if self.what == "a case" else MEANT
        missing = [name for name in self.known if name not in self.there]
        return borrowed or other.get(self.name) or misspelt(self.name, missing) or closest(self.name, self.known)

    @property
    def written(self) -> str:
        """The value, as the file has it."""
        return self.tree.span(self.value).text

    def instead(self, written: str) -> Answer:
        """The answer that puts another text in the place of the key and its value."""
        pair = self.tree.span(self.key).to(self.tree.span(self.value))
        return Answer(f"write `{written}`", (Edit(pair, written),))


def answer(unknown: Unknown) -> Answer:
    """The first reading that fits; where none does, the key goes."""
    for reading in _READINGS:
        found = reading(unknown)
        if found is not None:
            return found
    return Answer(f"remove it; keys are {', '.join(unknown.known)}", unknown.tree.without(unknown.key, unknown.value))


def _merge(it: Unknown) -> Answer | None:
    """`<<: *base`."""
    if it.name != "<<":
        return None
    return Answer("inherit with `policy: NAME`, or write the keys out", (), "YAML's merge keys are not read")


def _bare_cap(it: Unknown) -> Answer | None:
    """`limit: {7}`."""
    if it.what != "`limit`" or not it.name.isdigit() or not empty(it.value) or "depth" in it.there:
        return None
    written = f"depth: {it.name}"
    return Answer(f"write `{written}`", (Edit(it.tree.span(it.key), written),), "a limit says what it limits")


def _tight(it: Unknown) -> Answer | None:
    """`limit:4`, `verify = best 4`: a key and its value in one."""
    braced = re.fullmatch(r"(\w+)(\s*)\{\s*\w+", it.name)
    if braced is not None and braced.group(1) in it.known:  # `limit {depth: 6}`
        key = it.tree.span(it.key)
        place = Span(key.source, key.start + braced.end(1), key.start + braced.end(2))
        message, written = "a key and its value have `: ` between them", f"{braced.group(1)}: {it.name[braced.end(2) :]}"
        return Answer(f"write `{written}: {it.written.strip()}`", (Edit(place, ": "),), message)
    tight = re.fullmatch(r"(\w+)(?::|\s*=\s*)(.+)", it.name)
    if tight is None and empty(it.value):  # `{depth 4}`
        tight = re.fullmatch(r"(\w+)\s+(.+)", it.name)
    if tight is None or tight.group(1) not in it.known:
        return None
    written = f"{tight.group(1)}: {tight.group(2)}"
    edits = (Edit(it.tree.span(it.key), written),)
    return Answer(f"write `{written}`", edits, "a key and its value have `: ` between them")


def _settings(it: Unknown) -> Answer | None:
    """`speculative: {num_speculative_tokens: 5}`: another engine's settings of the tree."""
    if it.what != "a recipe" or "limit" in it.there or it.meant in it.known:
        return None
    caps = caps_in(it.value)
    return it.instead(f"limit: {caps}") if caps else None


def _cap(it: Unknown) -> Answer | None:
    """`max_depth: 5` among the keys of a recipe that has no `limit`."""
    if it.what != "a recipe" or "limit" in it.there or not isinstance(it.value, yaml.ScalarNode):
        return None
    cap = it.name if it.name in EXTENTS else extent(it.name) if str(it.value.value).isdigit() else None
    return it.instead(f"limit: {{{cap}: {it.written.strip()}}}") if cap is not None else None


def _rule_of_case(it: Unknown) -> Answer | None:
    """`{when: ..., verify: best 4}`: a rule of a case without its `then`."""
    if it.what != "a case" or "then" not in it.known or {"then", "otherwise"} & set(it.there):
        return None
    rule = rule_of_case(it.name)
    if rule and len(it.there) == 1 and "otherwise" in it.known and _last_case(it):
        return it.instead(f"otherwise: {{{rule}: {it.written}}}")
    return it.instead(f"then: {{{rule}: {it.written}}}") if rule else None


def _last_case(it: Unknown) -> bool:
    """Whether a `when` stands above it and no further item below."""
    text, at = it.tree.source.text, it.key.start_mark.index
    return re.search(r"\bwhen:", text[:at]) is not None and re.search(r"^[ ]*- ", text[at:], re.MULTILINE) is None


def _condition_of_case(it: Unknown) -> Answer | None:
    """`- when batch.size > 4: {verify: best 4}`: the condition as the key."""
    if it.what != "a case" or len(it.there) != 1 or not isinstance(it.value, yaml.MappingNode) or it.meant in it.known:
        return None
    condition = re.sub(r"^(?:when|if|elif|case)\s+", "", it.name)
    text, start = it.tree.source.text, it.key.start_mark.index
    in_braces = text[text.rfind("\n", 0, start) + 1 : start].strip(" -") != ""
    between = ", " if in_braces else f"\n{' ' * it.key.start_mark.column}"
    edits = (Edit(it.tree.span(it.key), f"when: {condition}{between}then"),)
    return Answer(f"write `when: {condition}` and `then:`", edits)


def _misplaced(it: Unknown) -> Answer | None:
    """A name of a section, a param of the base, or a section around all the keys."""
    if it.what != "a recipe" or it.root is None or it.meant == "smartgen":
        return None
    found = out_of_section(it.tree, it.key, it.value) or of_base(it.tree, it.key, it.value, it.root)
    found = found or wrapped(it.tree, it.key, it.value)
    return Answer(*found) if found is not None else None


def _hanging(it: Unknown) -> Answer | None:
    """A name below an empty `cost:`, not indented."""
    text, line = it.tree.source.text, it.key.start_mark.index - it.key.start_mark.column
    above = text[:line].rstrip("\n").rsplit("\n", 1)[-1]
    found = re.fullmatch(rf"[ ]{{{it.key.start_mark.column}}}(benefit|cost|let|limit|params?):\s*", above)
    if found is None:
        return None
    place = Span(it.tree.source, it.key.start_mark.index, it.key.start_mark.index)
    return Answer(f"indent it below `{found.group(1)}:`", (Edit(place, "  "),))


def _case(it: Unknown) -> Answer | None:
    """A key `when`, or `when CONDITION`, of a recipe."""
    if "cases" not in it.known or "cases" in it.there:
        return None
    written = ""
    if it.name in ("when", "if"):
        inner = it.value.value if isinstance(it.value, yaml.MappingNode) else []
        written = as_cases([(str(case.value), rules) for case, rules in inner], it.tree) if inner else ""
    elif (spelt := re.fullmatch(r"(?:when|if)\s+(.+)", it.name)) is not None:
        written = as_cases([(spelt.group(1), it.value)], it.tree)
    return it.instead(written) if written else None


def _other_word(it: Unknown) -> Answer | None:
    """`constraints`, `exapnd`: another word for a key, or a slip of the fingers."""
    meant = it.meant
    if meant is None or meant not in it.known or meant in it.there:
        return None
    renamed = meant if meant not in _OTHERWISE_BUILT else None
    return Answer(f"did you mean `{meant}`?", (Edit(it.tree.span(it.key), meant),), renamed=renamed)


_READINGS: tuple[Callable[[Unknown], Answer | None], ...] = (
    _merge,
    _bare_cap,
    _tight,
    _settings,
    _cap,
    _rule_of_case,
    _condition_of_case,
    _misplaced,
    _hanging,
    _case,
    _other_word,
)
