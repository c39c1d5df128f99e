"""How `use NAME` is looked up: earlier policies of the same text, shipped names, paths beside the file."""

from __future__ import annotations

from pathlib import Path

from smartgen.language import syntax as s
from smartgen.language.diagnostics import RecipeError
from smartgen.language.findings import Findings
from smartgen.language.nearest import closest
from smartgen.language.resolve import FindBase
from smartgen.language.source import Edit, Source, Span
from smartgen.recipe.read import read_file
from smartgen.recipe.shipped import shipped
from smartgen.recipe.written import written

_ENDINGS = (".smart", ".yaml", ".yml")


def finder(
    source: Source,
    others: tuple[s.Policy, ...],
    findings: Findings,
    opened: tuple[str, ...] = (),
    below: tuple[s.Policy, ...] = (),
) -> FindBase:
    """`others`: the policies above the one that asks, `below`: itself and those below it. `opened`: files being read, for
    finding circles."""

    def find(name: str, span: Span) -> tuple[s.Policy, FindBase] | None:
        for index, policy in enumerate(others):
            if policy.name.text == name:
                return policy, finder(source, others[:index], findings, opened, others[index:] + below)
        if name.endswith(_ENDINGS):
            return _file(Path(source.name).parent / name, span)
        names = shipped()
        if name in names:
            return _read(names[name], span)
        if any(policy.name.text == name for policy in below):
            _too_late(name, span, below, findings)
            return None
        known = [*(policy.name.text for policy in others), *names]
        near = closest(name, known)
        fix = f"did you mean `{near}`?" if near else f"known are {', '.join(known)}; or the path of a .smart file"
        edits = (Edit(span, near),) if near else ()
        findings.add("SG103", f"there is no policy `{name}`", span, fix, edits=edits)
        return find(near, span) if near else None  # what is read on is what was meant

    def _file(path: Path, span: Span) -> tuple[s.Policy, FindBase] | None:
        if path.is_file():
            return _read(path, span)
        beside = [p.name for p in path.parent.glob("*") if p.suffix in _ENDINGS and str(p) != source.name]
        near = closest(path.name, beside)
        written = path.stem if path.stem in shipped() else f'"{near}"' if near else ""
        fix = f"did you mean `{written}`?" if written else f"give a path beside {source.name}"
        edits = (Edit(span, written),) if written else ()
        findings.add("SG103", f"there is no file {path}", span, fix, edits=edits)
        return None

    def _read(path: Path, span: Span) -> tuple[s.Policy, FindBase] | None:
        here = str(path.resolve())
        if here in opened:
            fix = "let one of them stand on its own"
            findings.add("SG104", "these policies use one another in a circle", span, fix)
            return None
        try:
            base = read_file(path)
            read = written(base, findings)
        except RecipeError as error:
            for diagnostic in error.diagnostics:
                findings.take(diagnostic)
            return None
        if read is None:
            return None
        itself = () if base.is_yaml else (read.policy,)
        return read.policy, finder(base, read.others, findings, (*opened, here), itself)

    return find


def _too_late(name: str, span: Span, below: tuple[s.Policy, ...], findings: Findings) -> None:
    """A policy that uses itself, or one that stands below it."""
    asking, later = below[0], next(policy for policy in below if policy.name.text == name)
    if later is asking:
        start = span.source.text.rfind("use", 0, span.start)
        edits = (Edit(Span(span.source, start, span.end), ""),)
        findings.add("SG104", f"`{name}` uses itself", span, "remove this `use`, or name another policy", edits=edits)
        return
    line = later.span.source.position(later.span.start)[0]
    at = Span(span.source, asking.span.start, asking.span.start)
    moved = (Edit(at, f"{later.span.text}\n"), Edit(later.span, ""))
    message = f"`{name}` stands below, on line {line}: a policy uses one that stands above it"
    findings.add("SG104", message, span, f"move `{name}` above `{asking.name.text}`", edits=moved)
