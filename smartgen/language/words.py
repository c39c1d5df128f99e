"""The one table of words: statements, clauses, keywords, extents. Grammar, schema, highlighters and reference follow it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """`form` as it is written; `per` and `known`: axis and phase of what stands in it; `meaning` in one sentence."""

    form: str
    per: str
    known: str
    meaning: str
    example: str


STATEMENTS: dict[str, Statement] = {
    "use": Statement(
        "use NAME (param: value, ...)",
        "policy",
        "load",
        "inherit another policy, then override slot by slot; stands first, once; a path is quoted",
        "use smart(trust: 0.9)",
    ),
    "param": Statement(
        "param NAME: TYPE = value",
        "policy",
        "load",
        "a constant that `--param NAME=value`, YAML `params` and `use` may set",
        "param trust: prob = 1.0",
    ),
    "let": Statement(
        "let NAME = expression",
        "what it reads",
        "what it reads",
        "a name for an expression, and nothing else; it may be read anywhere in the policy",
        "let gain = batch.mean(frontier.tokens)",
    ),
    "benefit": Statement(
        "benefit NAME = expression",
        "node",
        "grow",
        "expected tokens that a node adds; it orders the nodes. Exactly one",
        "benefit accepted = node.path",
    ),
    "cost": Statement(
        "cost NAME = expression",
        "step",
        "grow or select",
        "a time, an energy or money; its unit picks the total it joins. One that reads `profile.draft.*`, `layer.*` or "
        "`frontier.*` is paid each pass, any other each step",
        "cost drafting = profile.draft.time",
    ),
    "maximize": Statement(
        "maximize expression",
        "step",
        "select",
        "the objective, evaluated at every size on offer; the largest wins, the smaller size on ties",
        "maximize tokens / time",
    ),
    "subject": Statement(
        "subject to condition",
        "step or request",
        "select",
        "what the chosen tree must respect where it can; several lines add up",
        "subject to time <= 25 ms",
    ),
    "expand": Statement(
        "expand all | best COUNT",
        "node",
        "grow",
        "which candidates of the newest layer are kept and drafted from",
        "expand best 10 where node.prob > 0.05",
    ),
    "continue": Statement(
        "continue while condition",
        "step or request",
        "grow",
        "whether one more drafting pass is made; asked before the first one too",
        "continue while forecast(objective) > objective",
    ),
    "verify": Statement(
        'verify all | best COUNT | tree "PATHS"',
        "node",
        "select",
        "which candidates the target checks; left out, all of them",
        "verify best 0..64",
    ),
    "limit": Statement(
        "limit depth | width | topk | nodes COUNT, ...",
        "policy, step or request",
        "plan",
        "hard caps, whatever the rest says; only `depth` may be a range, which is searched",
        "limit depth 8, nodes 64",
    ),
    "when": Statement(
        "when condition { statements }",
        "step",
        "plan",
        "the first that holds overrides the slots it names, for this step and the whole batch; stands last",
        "when batch.size > 8 { verify best 4 }",
    ),
    "otherwise": Statement(
        "otherwise { statements }",
        "step",
        "plan",
        "where no `when` holds; required where the benefit, or a limit that bounds the policy, stands in blocks only",
        "otherwise { verify best 16 }",
    ),
}

CLAUSES: dict[str, str] = {
    "by": "`best N by e`: the order, largest first; without it the benefit. A node never outranks its parent",
    "where": "`... where c`: a filter; what fails is left out with its descendants",
    "maximizing": "`expand best A..B maximizing e`: what the width is searched for; without it, as many as `verify` takes",
    "pooled": "`verify best N pooled`: one count for all rows of the batch together",
}

EXTENTS: dict[str, str] = {
    "depth": "layers of the draft tree",
    "width": "nodes of a layer that are drafted from, a row",
    "topk": "children proposed for one node",
    "nodes": "draft nodes that are verified, a row; the root is not counted",
}

TYPES: dict[str, str] = {
    "prob": "a number within 0..1",
    "count": "a whole number, 0 or more",
    "number": "any bare number",
    "flag": "`true` or `false`",
    "text": '`"..."`',
}

CONSTANTS = ("true", "false")
OPERATORS = ("and", "or", "not")
CONDITIONAL = ("if", "then", "else")
SECOND_WORDS = {"subject": "to", "continue": "while"}  # statements of two words
OTHERS = ("smartgen", "policy", "all", "best", "tree", "to", "while")
KEYWORDS = (*STATEMENTS, *CLAUSES, *OTHERS, *EXTENTS, *CONDITIONAL, *OPERATORS, *CONSTANTS)

# What a comparison is called when it does not hold.
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
