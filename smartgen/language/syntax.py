"""The syntax tree: frozen, every node with its span, nothing resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from smartgen.language.source import Span


@dataclass(frozen=True)
class Number:
    """`25 ms`, `0.8`; `unit` empty for a bare number. `written` is the number's text."""

    value: float
    unit: str
    written: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Text:
    value: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Flag:
    value: bool
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Name:
    """`time`, `node.prob`."""

    text: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Argument:
    """`label` None: positional; a Name (`down: 0.2`) or a Number or Text (a table row) otherwise."""

    label: Name | Number | Text | None
    value: Expression
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Call:
    name: Name
    arguments: tuple[Argument, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Unary:
    op: str
    operand: Expression
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Binary:
    op: str
    left: Expression
    right: Expression
    op_span: Span = field(compare=False)
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Conditional:
    condition: Expression
    then: Expression
    otherwise: Expression
    span: Span = field(compare=False)


Expression: TypeAlias = Number | Text | Flag | Name | Call | Unary | Binary | Conditional


@dataclass(frozen=True)
class Count:
    """`10`, or `0..64` where `high` is given."""

    low: Expression
    high: Expression | None
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Choice:
    """`all` (count None) or `best COUNT`, with clauses; `shape` for `verify tree "..."`. `repeated`: clauses that stand
    twice."""

    count: Count | None
    by: Expression | None
    where: Expression | None
    maximizing: Expression | None
    pooled: bool
    shape: tuple[Text, ...]
    span: Span = field(compare=False)
    repeated: tuple[tuple[str, Span], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Use:
    name: str
    arguments: tuple[Argument, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Param:
    name: Name
    type: Name
    value: Expression
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Let:
    name: Name
    value: Expression
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Benefit:
    name: Name
    value: Expression
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Cost:
    name: Name
    value: Expression
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Maximize:
    value: Expression
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Subject:
    value: Expression
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Expand:
    choice: Choice
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Proceed:
    """`continue while`."""

    value: Expression
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Verify:
    choice: Choice
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Cap:
    extent: str
    count: Count
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Limit:
    caps: tuple[Cap, ...]
    span: Span = field(compare=False)


Rule: TypeAlias = Let | Benefit | Cost | Maximize | Subject | Expand | Proceed | Verify | Limit


@dataclass(frozen=True)
class When:
    """`condition` None: `otherwise`."""

    condition: Expression | None
    rules: tuple[Rule, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Policy:
    name: Name
    use: Use | None
    params: tuple[Param, ...]
    rules: tuple[Rule, ...]
    chain: tuple[When, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Document:
    """A file: its language version and its policies; the last one is the recipe."""

    version: Number
    policies: tuple[Policy, ...]
    span: Span = field(compare=False)
