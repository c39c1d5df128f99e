"""Reading a YAML file of ours piece by piece: every value with its place, every mistake a diagnostic."""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

from smartgen.language.diagnostics import RecipeError, one
from smartgen.language.nearest import closest
from smartgen.language.source import Source, Span
from smartgen.language.units import BARE, EXAMPLE, Dimension, unit
from smartgen.recipe.yamlerrors import not_yaml
from smartgen.recipe.yamltree import walk

MOST = 50_000  # nodes of a file, with every alias written out
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)[ \t]*([A-Za-z/]*)")


class Nodes:
    """The YAML nodes of one file. Scalars are texts whatever YAML would make of them: `00` stays `00`, `off` stays `off`."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def root(self) -> yaml.Node:
        """The whole file. Raises RecipeError (SG403, SG012) for what is no YAML, and for what is out of all measure."""
        try:
            found = yaml.compose(self.source.text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise RecipeError([not_yaml(error, self.source)]) from None
        except RecursionError:
            raise self._first("SG012", "this file is nested too deeply", "a test is a few levels deep") from None
        except ValueError:  # an impossible escape, such as a code point out of range
            fix = "write the text without the escape"
            raise self._first("SG403", "this is not YAML: an escape means no character", fix) from None
        if found is None:
            raise self._first("SG403", "this file is empty", "begin with `tests:`")
        if any(count > MOST for count, _ in enumerate(walk(found))):
            raise self._first("SG012", "this file is too large with its aliases written out", "use several files")
        return found

    def _first(self, code: str, message: str, fix: str) -> RecipeError:
        """An error of the file as a whole."""
        return one(code, message, Span(self.source, 0, min(1, len(self.source.text))), fix)

    def span(self, node: yaml.Node) -> Span:
        """A scalar's characters; of anything larger, the first line."""
        start, end = node.start_mark.index, max(node.start_mark.index + 1, node.end_mark.index)
        if not isinstance(node, yaml.ScalarNode):
            line_end = self.source.text.find("\n", start)
            end = min(end, line_end if line_end > start else end)
        return Span(self.source, start, end)

    def fail(self, code: str, message: str, node: yaml.Node, fix: str) -> RecipeError:
        """The error to raise."""
        return one(code, message, self.span(node), fix)

    def pairs(self, node: yaml.Node, what: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """(key, key's node, value) of a mapping; each key once."""
        if not isinstance(node, yaml.MappingNode):
            raise self.fail("SG406", f"{what} holds names and values", node, "write `name: value`")
        found: dict[str, tuple[str, yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            name = self.text(key)
            if name in found:
                raise self.fail("SG105", f"`{name}` stands twice", key, "keep one")
            found[name] = (name, key, value)
        return list(found.values())

    def keys(self, node: yaml.Node, known: Iterable[str], what: str) -> dict[str, yaml.Node]:
        """A mapping's values by key, for the `known` keys only."""
        known = tuple(known)
        found = {}
        for name, key, value in self.pairs(node, what):
            if name not in known:
                near = closest(name, known)
                fix = f"did you mean `{near}`?" if near else f"keys: {', '.join(known)}"
                raise self.fail("SG405", f"{what} has no key `{name}`", key, fix)
            found[name] = value
        return found

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """The values of a list."""
        if not isinstance(node, yaml.SequenceNode):
            raise self.fail("SG406", f"{what} is a list", node, "begin each entry with `- `")
        return list(node.value)

    def text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self.fail("SG407", "this is one text, not a list or a mapping", node, "write it on one line, quoted")
        return str(node.value)

    def flag(self, node: yaml.Node) -> bool:
        text = self.text(node).lower()
        if text not in ("yes", "no", "true", "false"):
            raise self.fail("SG451", f"`{text}` is neither yes nor no", node, "write `yes` or `no`")
        return text in ("yes", "true")

    def count(self, node: yaml.Node) -> int:
        text = self.text(node)
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise self.fail("SG451", f"`{text}` is no count", node, "write a whole number, 0 or more")
        return int(text)

    def quantity(self, node: yaml.Node, dimension: Dimension = BARE) -> float:
        """A number in SI units: seconds, joules, tokens."""
        return self.parsed(self.text(node), node, dimension)

    def parsed(self, text: str, node: yaml.Node, dimension: Dimension = BARE) -> float:
        """`text` as a quantity; `node` is where it stands."""
        match = _QUANTITY.fullmatch(text.strip())
        found = (BARE, 1.0) if match and not match[2] else unit(match[2]) if match else None
        if match is None or found is None or found[0] != dimension:
            wanted = "a bare number" if dimension == BARE else str(dimension)
            example = f"for example `25 {EXAMPLE[dimension]}`" if dimension in EXAMPLE else "for example `0.25`"
            raise self.fail("SG451", f"`{text}` is not {wanted}", node, example)
        return float(match[1]) * found[1]
