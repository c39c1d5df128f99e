"""Read a `<name>.test.yaml` into a `Suite`; every mistake in it is a diagnostic with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TypeVar

import yaml

from smartgen.language.diagnostics import Diagnostic, RecipeError
from smartgen.language.source import Source
from smartgen.language.units import BARE, ENERGY, TIME, TOKEN
from smartgen.recipe.nodes import Nodes
from smartgen.recipe.suite import ALL, ANY, NONE, ROOT, Case, CostLine, Expectation, Row, Step, Suite, Words

_ROW = ("drafted", "confidence", "entropy", "context", "generated", "remaining", "tag", "elapsed", "tpot")
_STEP = ("rows", "batch", *_ROW, "costs", "engine", "sampled", "packed", "accept", "took", "repeat", "expect")
_CASE = ("name", "params", "limits", "steps", *_STEP)
_COSTS = {"verify": TIME, "draft": TIME, "verify_energy": ENERGY, "draft_energy": ENERGY}
_ENGINE = ("queue", "memory")
_EXTENTS = ("depth", "width", "topk", "nodes")
_WORD = re.compile(r"[0-9a-z]+")
T = TypeVar("T")
Fields = Mapping[str, yaml.Node]


def read_suite(source: Source) -> Suite:
    """Raises RecipeError with what is wrong, one finding a case at most."""
    nodes = Nodes(source)
    fields = nodes.keys(nodes.root(), ("recipe", "costs", "tests"), "a test file")
    if "tests" not in fields:
        raise nodes.fail("SG406", "this file holds no tests", nodes.root(), "add `tests:` and a list below it")
    shared = {"costs": fields["costs"]} if "costs" in fields else {}
    reader = _Reader(nodes, shared)
    recipe = nodes.text(fields["recipe"]) if "recipe" in fields else None
    return Suite(source, recipe, reader.cases(fields["tests"]))


class _Reader:
    def __init__(self, nodes: Nodes, shared: Fields) -> None:
        self.nodes, self.shared = nodes, shared

    def cases(self, node: yaml.Node) -> tuple[Case, ...]:
        found: list[Case] = []
        wrong: list[Diagnostic] = []
        for item in self.nodes.items(node, "`tests`"):
            try:
                found.append(self._case(item))
            except RecipeError as error:
                wrong += error.diagnostics
        if wrong:
            raise RecipeError(wrong)
        return tuple(found)

    def _case(self, node: yaml.Node) -> Case:
        nodes = self.nodes
        fields = nodes.keys(node, _CASE, "a test")
        if "name" not in fields:
            raise nodes.fail("SG406", "this test has no name", node, "begin with `- name: what happens and why`")
        params = {name: nodes.text(value) for name, _, value in self._named(fields, "params")}
        limits = {}
        for name, value in self._inner(fields, "limits", _EXTENTS).items():
            limits[name] = nodes.count(value)
        common = {key: value for key, value in fields.items() if key in _STEP}
        steps = nodes.items(fields["steps"], "`steps`") if "steps" in fields else []
        made = tuple(self._step(common, nodes.keys(step, _STEP, "a step"), step) for step in steps)
        made = made or (self._step(common, {}, node),)
        if not any(step.expect for step in made):
            raise nodes.fail("SG406", "this test expects nothing", node, "add `expect: {verify: 0 1 00}`")
        return Case(nodes.text(fields["name"]), params, limits, made, nodes.span(fields["name"]))

    def _step(self, common: Fields, own: Fields, place: yaml.Node) -> Step:
        nodes, fields = self.nodes, {**common, **own}
        rows = self._rows(fields)
        costs = {**self._costs(self.shared), **self._costs(common), **self._costs(own)}
        engine = {key: nodes.quantity(value) for key, value in self._inner(fields, "engine", _ENGINE).items()}
        accept = self._each(fields["accept"], self._word) if "accept" in fields else ("",)
        self._one_a_row(accept, rows, fields.get("accept"))
        took = nodes.quantity(fields["took"], TIME) if "took" in fields else None
        repeat = self._optional(fields, "repeat", nodes.count, 1)
        sampled = self._optional(fields, "sampled", nodes.flag, False)
        packed = self._optional(fields, "packed", nodes.flag, False)
        expect = self._expected(fields["expect"], rows) if "expect" in fields else ()
        return Step(rows, costs, engine, sampled, packed, accept, took, repeat, expect, nodes.span(place))

    # -- the situation --------------------------------------------------------------------------------------------
    def _rows(self, fields: Fields) -> tuple[Row, ...]:
        base = {key: value for key, value in fields.items() if key in _ROW}
        if "rows" not in fields:
            return (self._row(base),) * max(1, self._optional(fields, "batch", self.nodes.count, 1))
        if "batch" in fields:
            fix = "keep one: `rows` already says how many there are"
            raise self.nodes.fail("SG452", "both `batch` and `rows` are given", fields["batch"], fix)
        each = self.nodes.items(fields["rows"], "`rows`")
        if not each:
            raise self.nodes.fail(
                "SG452", "a batch has at least one row", fields["rows"], "list a row, or leave it out"
            )
        return tuple(self._row({**base, **self.nodes.keys(row, _ROW, "a row")}) for row in each)

    def _row(self, fields: Fields) -> Row:
        nodes = self.nodes
        drafted = {parent: self._children(node) for parent, node in self._below(fields, "drafted")}
        confidence = {parent: self._chances(node) for parent, node in self._below(fields, "confidence")}
        entropy = {parent: nodes.quantity(node) for parent, node in self._below(fields, "entropy")}
        counts = {key: nodes.count(fields[key]) for key in ("context", "generated", "remaining") if key in fields}
        if counts.get("remaining", 1) < 1:
            raise nodes.fail("SG452", "an active row may emit at least 1 token", fields["remaining"], "write 1 or more")
        return Row(
            drafted,
            confidence,
            entropy,
            **counts,
            tag=self._optional(fields, "tag", nodes.text, ""),
            elapsed=nodes.quantity(fields["elapsed"], TIME) if "elapsed" in fields else 0.0,
            tpot=nodes.quantity(fields["tpot"], TIME / TOKEN) if "tpot" in fields else 0.0,
        )

    def _below(self, fields: Fields, key: str) -> list[tuple[str, yaml.Node]]:
        found = []
        for word, at, value in self._named(fields, key):
            if word not in (ROOT, ANY) and not _WORD.fullmatch(word):
                fix = "ranks from the root down, like `0` or `01`; `root`, or `*` for every other node"
                raise self.nodes.fail("SG451", f"`{word}` names no node", at, fix)
            found.append((word, value))
        return found

    def _children(self, node: yaml.Node) -> tuple[float, ...]:
        chances = self._chances(node)
        if any(later > earlier for earlier, later in pairwise(chances)):
            raise self.nodes.fail(
                "SG452", "siblings stand in order of their probability", node, "the likeliest first: that is rank 0"
            )
        if sum(chances) > 1 + 1e-9:
            raise self.nodes.fail(
                "SG452", f"these siblings sum to {sum(chances):g}", node, "siblings exclude one another: at most 1"
            )
        return chances

    def _chances(self, node: yaml.Node) -> tuple[float, ...]:
        """`0.5 0.25 4x0.05`: probabilities, some of them several times."""
        found: list[float] = []
        for word in self.nodes.text(node).split():
            times, _, value = word.rpartition("x")
            if times and not re.fullmatch(r"[0-9]{1,4}", times):
                raise self.nodes.fail(
                    "SG451", f"`{word}` is no probability", node, "write `0.1`, or `4x0.1` for four of them"
                )
            chance = self.nodes.parsed(value, node)
            if chance > 1:
                raise self.nodes.fail("SG451", f"`{value}` is no probability", node, "a probability lies in 0..1")
            found += [chance] * int(times or 1)
        return tuple(found)

    def _costs(self, fields: Fields) -> dict[str, CostLine]:
        found = {}
        for name, node in self._inner(fields, "costs", _COSTS).items():
            unit = _COSTS[name]
            if isinstance(node, yaml.MappingNode):
                pairs = self.nodes.pairs(node, f"`{name}`")
                points = [(self.nodes.count(at), self.nodes.quantity(value, unit)) for _, at, value in pairs]
            else:
                points = [(0, self.nodes.quantity(node, unit))]
            found[name] = CostLine(tuple(sorted(points)))
        return found

    # -- what is expected -----------------------------------------------------------------------------------------
    def _expected(self, node: yaml.Node, rows: tuple[Row, ...]) -> tuple[Expectation, ...]:
        fields = self.nodes.keys(node, _EXPECT, "`expect`")
        found = []
        for key, value in fields.items():
            read = _EXPECT[key](self, value)
            if key in ("kept", "verify", "nodes"):
                self._one_a_row(read, rows, value)  # type: ignore[arg-type]
            found.append(Expectation(key, read, self.nodes.span(value)))
        return tuple(found)

    def _words(self, node: yaml.Node) -> Words:
        return self._each(node, self._set)

    def _passes(self, node: yaml.Node) -> tuple[Words, ...]:
        return tuple(self._words(item) for item in self.nodes.items(node, "`frontier`"))

    def _set(self, node: yaml.Node) -> frozenset[str]:
        text = self.nodes.text(node)
        if text == NONE:
            return frozenset()
        for word in text.split():
            if not _WORD.fullmatch(word):
                raise self.nodes.fail(
                    "SG451", f"`{word}` names no node", node, "ranks from the root down: `0 1 00`; `none`"
                )
        return frozenset(text.split())

    def _word(self, node: yaml.Node) -> str:
        if self.nodes.text(node) == ALL:
            return ALL
        words = self._set(node)
        if len(words) > 1:
            raise self.nodes.fail(
                "SG451", "one path is accepted, these are several", node, "name its deepest node: `001`"
            )
        return next(iter(words), "")

    # -- shared ---------------------------------------------------------------------------------------------------
    def _each(self, node: yaml.Node, read: Callable[[yaml.Node], T]) -> tuple[T, ...]:
        """One value for all rows, or a list with one a row."""
        if isinstance(node, yaml.SequenceNode):
            return tuple(read(item) for item in node.value)
        return (read(node),)

    def _one_a_row(self, values: tuple[object, ...], rows: tuple[Row, ...], node: yaml.Node | None) -> None:
        if node is not None and len(values) not in (1, len(rows)):
            raise self.nodes.fail(
                "SG452", f"{len(values)} values for {len(rows)} rows", node, "give one for all rows, or one for each"
            )

    def _inner(self, fields: Fields, key: str, known: object) -> dict[str, yaml.Node]:
        return self.nodes.keys(fields[key], known, f"`{key}`") if key in fields else {}  # type: ignore[arg-type]

    def _named(self, fields: Fields, key: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        return self.nodes.pairs(fields[key], f"`{key}`") if key in fields else []

    def _optional(self, fields: Fields, key: str, read: Callable[[yaml.Node], T], default: T) -> T:
        return read(fields[key]) if key in fields else default


_EXPECT: dict[str, Callable[[_Reader, yaml.Node], object]] = {
    "draft": lambda r, node: r.nodes.flag(node),
    "depth": lambda r, node: r.nodes.count(node),
    "topk": lambda r, node: r.nodes.count(node),
    "layers": lambda r, node: r.nodes.count(node),
    "frontier": _Reader._passes,
    "widths": lambda r, node: tuple(r.nodes.count(item) for item in r.nodes.items(node, "`widths`")),
    "kept": _Reader._words,
    "verify": _Reader._words,
    "nodes": lambda r, node: r._each(node, r.nodes.count),
    "tokens": lambda r, node: r.nodes.quantity(node, BARE),
    "time": lambda r, node: r.nodes.quantity(node, TIME),
    "energy": lambda r, node: r.nodes.quantity(node, ENERGY),
    "stop": lambda r, node: r.nodes.text(node),
}
