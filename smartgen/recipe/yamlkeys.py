"""The keys of the YAML form; its JSON Schema follows them."""

from __future__ import annotations

# Key → what it holds, for the schema and the reference.
KEYS: dict[str, str] = {
    "smartgen": "version of the language",
    "policy": "what the recipe inherits: a shipped name or the path of a file",
    "name": "the recipe's name",
    "profile": "a cost profile, or `auto`",
    "params": "values for the params of what is inherited",
    "param": "params of its own: `name: type = value`",
    "let": "names for expressions",
    "benefit": "what a node is worth: one name and its expression",
    "cost": "what a pass or a step takes, by name",
    "maximize": "the objective",
    "subject_to": "a constraint, or a list of them",
    "expand": "which candidates are drafted from: `all` or `best COUNT`, with clauses",
    "continue": "the condition of one more drafting pass",
    "verify": "which candidates the target checks",
    "limit": "caps by extent",
    "cases": "the `when` chain: a list of `when` and `then`, the last one `otherwise`",
}
OWN = frozenset({"let", "benefit", "cost", "maximize", "expand", "continue", "verify", "cases"})  # a policy's own rules
CASE_KEYS = ("when", "then", "otherwise")
# Key, rule of the grammar, the words that the key stands for.
RULE_KEYS = (
    ("maximize", "maximize", "maximize "),
    ("expand", "expand", "expand "),
    ("continue", "proceed", "continue while "),
    ("verify", "verify", "verify "),
)
MEANT = {
    "subject": "subject_to",
    "subject to": "subject_to",
    "subjectto": "subject_to",
    "constraints": "subject_to",
    "constraint": "subject_to",
    "slo": "subject_to",
    "sla": "subject_to",
    "continue while": "continue",
    "continue_while": "continue",
    "while": "continue",
    "when": "cases",
    "if": "cases",
    "otherwise": "cases",
    "version": "smartgen",
    "limits": "limit",
    "costs": "cost",
    "lets": "let",
    "benefits": "benefit",
    "use": "policy",
    "base": "policy",
    "extends": "policy",
    "recipe": "policy",
    "objective": "maximize",
    "maximise": "maximize",
    "parameters": "params",
}
CASE_MEANT = {
    "if": "when",
    "condition": "when",
    "case": "when",
    "else": "otherwise",
    "default": "otherwise",
    "do": "then",
    "rules": "then",
    "policy": "then",
}
