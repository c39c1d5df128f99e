"""YAML as nodes with positions: nothing is converted, every scalar is a text whose characters are known in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from smartgen.language.diagnostics import Diagnostic
from smartgen.language.findings import Findings
from smartgen.language.mistakes.conflicts import conflict
from smartgen.language.mistakes.pasted import fenced, template
from smartgen.language.source import Edit, Excerpt, Source, Span, line_end
from smartgen.recipe.yamlerrors import not_yaml
from smartgen.recipe.yamlflat import as_text
from smartgen.recipe.yamlinterpolation import interpolated
from smartgen.recipe.yamlsigns import foreign_signs, other_sign, text_form, unreadable

_MOST_NODES = 5_000  # with every alias written out
_MOST_CHARACTERS = 100_000


class Tree:
    """The nodes of one file, and the values of its interpolations."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self.source, self.findings = source, findings
        self._values: dict[int, str | None] = {}  # of a node by its id; None where an interpolation does not resolve

    def root(self) -> yaml.MappingNode | None:
        """The recipe's mapping; None if there is none, which is recorded."""
        signs = _pasted(self.source) or foreign_signs(self.source)
        if signs is not None:
            self.findings.take(signs)
            return None
        node = self._composed()
        if node is None:
            return None
        if not isinstance(node, yaml.MappingNode):
            self._no_mapping(node)
            return None
        if not self._small(node):
            return None
        self._values = interpolated(node, self.source, self.span, self.findings)
        return node

    def _no_mapping(self, node: yaml.Node) -> None:
        form = text_form(self.source) or other_sign(self.source)
        if form is not None:
            self.findings.take(form)
            return
        edits: tuple[Edit, ...] = ()
        fix = "begin with `smartgen: 1`, one key a line"
        if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.MappingNode) for item in node.value):
            starts = (item.start_mark.index for item in node.value)
            edits = tuple(
                Edit(Span(self.source, at - 2, at), "") for at in starts if self.source.text[at - 2 : at] == "- "
            )
            fix = "write the keys without `-`"
        self.wrong("SG403", "a YAML recipe is a mapping", node, fix, True, edits)

    def _composed(self) -> yaml.Node | None:
        text = self.source.text
        if len(text) > _MOST_CHARACTERS:
            message = f"this recipe has {len(text)} characters, at most {_MOST_CHARACTERS} are read"
            self.findings.add("SG012", message, Span(self.source, 0, 1), "a policy is a page: shorten it")
            return None
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            self.findings.take(not_yaml(error, self.source))
            return None
        except RecursionError:
            fix = "a recipe is three levels deep"
            self.findings.add("SG012", "this file is nested too deeply", Span(self.source, 0, 1), fix)
            return None
        except (ValueError, OverflowError):  # an impossible escape, such as a code point out of range
            fix = "write the text without the escape"
            self.findings.add("SG403", "this is not YAML: an escape means no character", Span(self.source, 0, 1), fix)
            return None
        if node is None:
            edits = (Edit(Span(self.source, 0, len(text)), "smartgen: 1\nlimit: {depth: 0}\n"),)
            fix = "begin with `smartgen: 1`"
            self.findings.add("SG002", "this recipe is empty", Span(self.source, 0, 1), fix, edits=edits)
        return node

    def _small(self, root: yaml.Node) -> bool:
        for count, node in enumerate(walk(root)):
            if count > _MOST_NODES:
                fix = "a recipe is a page, and three levels deep"
                self.wrong("SG012", "this file is too large with its aliases written out", root, fix, short=True)
                return False
            if node.tag.startswith("!") or node.tag.startswith("tag:yaml.org,2002:python"):
                self._tagged(node)
        return True

    def _tagged(self, node: yaml.Node) -> None:
        start = node.start_mark.index
        written = self.source.text[start:].split(maxsplit=1)
        tag = written[0] if written and written[0].startswith("!") else "!"
        span = Span(self.source, start, start + len(tag))
        edits = (Edit(Span(self.source, start, start + len(tag) + 1), ""),)
        self.findings.add(
            "SG403", f"`{tag}` means nothing here: values are plain texts", span, "remove it", edits=edits
        )

    # -- scalars ------------------------------------------------------------------------------------------------
    def excerpt(self, node: yaml.Node, joint: str = " ") -> Excerpt | None:
        """The text of a scalar, each character at its place; None for a list or a mapping, which is recorded."""
        if not isinstance(node, yaml.ScalarNode):
            self._no_text(node, joint)
            return None
        if id(node) in self._values:
            value = self._values[id(node)]
            return None if value is None else Excerpt.standing_for(value, self.span(node))
        return aligned(self.source, node)

    def text(self, node: yaml.Node) -> str | None:
        """A scalar's text; None for a list or a mapping, which is recorded."""
        found = self.excerpt(node)
        return None if found is None else found.text

    def _no_text(self, node: yaml.Node, joint: str) -> None:
        """A list or a mapping where an expression is due; `joint` is what its two parts would have between them."""
        fix, edits = as_text(node, self.span(node), joint)
        self.wrong("SG407", "an expression is one text, this is a list or a mapping", node, fix, True, edits)

    def torn(self, mapping: yaml.MappingNode) -> bool:
        """Whether a flow mapping has an expression that YAML split at its commas; that is recorded."""
        for _, value in mapping.value:
            if not (mapping.flow_style and isinstance(value, yaml.ScalarNode) and value.style is None):
                continue
            text, start = self.source.text, value.start_mark.index
            if value.value.count("(") <= value.value.count(")"):
                continue
            end, depth = start, 0
            for end in range(start, len(text)):
                depth += (text[end] == "(") - (text[end] == ")")
                if text[end] == "\n" or (depth == 0 and text[end] == ")"):
                    break
            whole = Span(self.source, start, end + 1)
            edits = (Edit(whole, f'"{whole.text}"'),) if whole.text.endswith(")") and '"' not in whole.text else ()
            fix = f"quote it: `{edits[0].text}`" if edits else "quote the expression"
            message = "YAML split this expression at its commas"
            self.findings.add("SG407", message, whole, fix, edits=edits)
            self.findings.lost(" ".join(str(key.value) for key, _ in mapping.value))
            return True
        return False

    # -- findings -----------------------------------------------------------------------------------------------
    def span(self, node: yaml.Node) -> Span:
        return Span(self.source, node.start_mark.index, max(node.start_mark.index, node.end_mark.index))

    def lines(self, key: yaml.Node, value: yaml.Node) -> Span:
        """The whole lines on which a pair stands, with the line break behind them."""
        text, start = self.source.text, key.start_mark.index
        end = line_end(text, max(value.end_mark.index - 1, start))
        return Span(self.source, text.rfind("\n", 0, start) + 1, min(end + 1, len(text)))

    def without(self, key: yaml.Node, value: yaml.Node) -> tuple[Edit, ...]:
        """The pair removed, if it has lines of its own."""
        text, start = self.source.text, key.start_mark.index
        lines = self.lines(key, value)
        if not text[lines.start : start].strip():
            return (Edit(lines, ""),)
        pair = re.compile(r"(,\s*)?(\S+:\s+[^,{}]*)(?(1)|,?\s*)(?=[^{]*\})").match(text, text.rfind(",", 0, start))
        if pair is not None and text.rfind(",", 0, start) > text.rfind("{", 0, start) and pair.start(2) == start:
            return (Edit(Span(self.source, pair.start(), pair.end()), ""),)
        return ()

    def wrong(
        self, code: str, message: str, node: yaml.Node, fix: str, short: bool = False, edits: tuple[Edit, ...] = ()
    ) -> None:
        """A finding at a node; `short`: at its first line."""
        span = self.span(node)
        end = self.source.text.find("\n", span.start)
        if (short or not isinstance(node, yaml.ScalarNode)) and 0 <= end < span.end:
            span = Span(self.source, span.start, end)
        self.findings.add(code, message, span, fix, edits=edits)


def _pasted(source: Source) -> Diagnostic | None:
    """What a merge left, lines of Markdown around the recipe, and templates in it."""
    marked = re.search(r"^[ \t]*(?:```|~~~)", source.text, re.MULTILINE)
    found = conflict(source.text) or (fenced(source.text) if marked else template(source.text))
    if found is None:
        return None
    edits = tuple(Edit(Span(source, start, end), written) for start, end, written in found.changes)
    return unreadable(found.message, Span(source, found.start, found.end), found.help, edits)


def empty(node: yaml.Node) -> bool:
    """`key:` with nothing behind it, nothing between quotes, or YAML's null."""
    if not isinstance(node, yaml.ScalarNode):
        return False
    return not node.value.strip() or (node.style is None and node.value in ("~", "null", "Null", "NULL"))


def filled(tree: Tree, node: yaml.Node) -> Span:
    """Where the value of a key goes: over the value, or right behind the colon where there is none."""
    span = tree.span(node)
    return span if span.text.strip() else Span(tree.source, node.start_mark.index, node.start_mark.index)


def aligned(source: Source, node: yaml.ScalarNode) -> Excerpt:
    """A scalar's value, whose quotes, escapes and folds are gone, over the file's text."""
    start, end, value = node.start_mark.index, node.end_mark.index, str(node.value)
    if node.style in ("|", ">"):
        start = source.text.find("\n", start, end) + 1 or end
    elif node.style in ("'", '"'):
        start, end = start + 1, end - 1
    if source.text[start : start + len(value)] == value:
        return Excerpt.slice(source, start, start + len(value))
    starts, ends, place = [], [], start
    for c in value:
        if c.isspace() and source.text[place : place + 1] != c:
            after = place
            while after < end and source.text[after].isspace():
                after += 1
        else:
            found = source.text.find(c, place, end)
            place = place if found < 0 else found
            after = place + 1 if found >= 0 else place
        starts.append(place)
        ends.append(max(place, after))
        place = after
    return Excerpt(source, value, starts, ends)


def walk(root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node, aliases as often as they stand; without recursion, for they may be endless."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, yaml.MappingNode):
            stack += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value
