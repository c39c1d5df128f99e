"""What a backend, or a drafter that samples, cannot honour of a recipe: refused by name, at its line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.capabilities import BACKENDS, Backend, refusals
from smartgen.language.diagnostics import Diagnostic, Label
from smartgen.language.program import Const, Phase, Read, Rules, parts
from smartgen.language.signals import SIGNALS, TOTALS
from smartgen.language.source import Edit, Source, Span
from smartgen.recipe.recipe import Recipe

TARGETS = tuple(BACKENDS)
CHILDREN = ("ranked", "sampled")  # a drafter proposes its likeliest tokens, or draws them

# Facts about the distribution that a node was drawn from, and about its place: none tells which token was drawn.
_OF_THE_PLACE = frozenset({"node.rank", "node.depth", "node.entropy", "node.source", "node.spine"})


def refused(recipe: Recipe, target: str) -> list[Diagnostic]:
    """SG501 and SG502, each at the line that asks for too much of one of `TARGETS`."""
    return refused_by(recipe, BACKENDS[target])


def refused_by(recipe: Recipe, backend: Backend) -> list[Diagnostic]:
    """The same for any backend."""
    found = []
    for refusal in refusals(recipe.program, backend):
        message = f"{backend.name} cannot honour `{refusal.word}`: it {refusal.why}"
        found.append(
            Diagnostic(refusal.code, message, (Label(_place(recipe, refusal.word, refusal.why)),), refusal.fix)
        )
    return found


def folded(recipe: Recipe, target: str) -> list[str]:
    """For a backend that settles shapes before drafting: the lines it decides there although they read the draft."""
    if not BACKENDS[target].shapes_first:
        return []
    totals = (x for x in recipe.facts.lines if x.phase > Phase.PLAN and x.word in ("maximize", "continue while"))
    counts = (x for x in recipe.facts.lines if x.word == "verify" and x.searched)
    lines = [*(f"{x.word} {x.span.text}" for x in totals), *(f"verify best {x.span.text}" for x in counts)]
    return [" ".join(line.split()) for line in lines]


def lossy(recipe: Recipe) -> list[Diagnostic]:
    """SG310: pruning sampled nodes by what says which token was drawn, which would change the text's distribution."""
    found = {}
    for situation in recipe.program.situations:
        for word in _prunes(situation.rules):
            span = _line(recipe, "verify", word) or _line(recipe, "limit nodes", "count") or _place(recipe, "policy")
            found[span] = Diagnostic(
                "SG310",
                "dropping sampled tokens by their own probability changes the distribution of the text",
                (Label(span),),
                "write `verify all`, or take a drafter that proposes its likeliest tokens",
                "error",
                _all(recipe, span),
            )
    return list(found.values())


def _prunes(rules: Rules) -> Iterator[str]:
    """The clauses of `verify` that choose nodes by more than their place."""
    verify = rules.verify
    if verify.static or rules.limits.depth == Const(0.0):
        return
    if verify.where is not None and not _of_the_place(verify.where):
        yield "where"
    counted = verify.high is not None or rules.limits.nodes is not None
    if counted and (verify.searched or not _of_the_place(verify.by if verify.by is not None else rules.benefit)):
        yield "by" if verify.by is not None else "count"


def _of_the_place(code: object) -> bool:
    reads = {part.name for part in parts(code) if isinstance(part, Read)}
    late = {name for name in reads if name in TOTALS or (name in SIGNALS and SIGNALS[name].phase > Phase.PLAN)}
    return late <= _OF_THE_PLACE


def _all(recipe: Recipe, span: Span) -> tuple[Edit, ...]:
    """`verify ...` becomes `verify all`."""
    begins = re.search(r"\bverify\s+", recipe.text)
    statement = next((line for line in recipe.facts.lines if line.word == "verify"), None)
    if begins is None or statement is None or span.source.is_yaml or span.source.text != recipe.text:
        return ()
    last = max(line.span.end for line in recipe.facts.lines if line.word == "verify")
    pooled = re.match(r"\s+pooled\b", recipe.text[last:])
    return (Edit(Span(span.source, begins.end(), last + (pooled.end() if pooled else 0)), "all"),)


def _line(recipe: Recipe, word: str, clause: str) -> Span | None:
    return next((x.span for x in recipe.facts.lines if x.word == word and x.clause == clause), None)


def _place(recipe: Recipe, word: str, why: str = "") -> Span:
    """Where the recipe, or what it inherits, says `word`; in the statement that `why` names, if it names one."""
    named = re.search(r"`(\w+)[^`]*`", why)
    pattern = re.compile(rf"(?<![\w.]){re.escape(word.split()[-1])}(?![\w.])")
    lines = sorted(recipe.facts.lines, key=lambda x: named is None or not x.word.startswith(named.group(1)))
    for line in lines:
        found = pattern.search(line.span.text)
        if found:
            return Span(line.span.source, line.span.start + found.start(), line.span.start + found.end())
    whole = next((line.span for line in lines if line.word.startswith(word)), None)
    found = pattern.search(recipe.text)
    start, end = (found.start(), found.end()) if found else (0, 1)
    return whole or Span(Source(recipe.origin, recipe.text), start, end)
