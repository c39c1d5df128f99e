"""A text in either form as a syntax tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from smartgen.language import syntax as s
from smartgen.language.findings import Findings
from smartgen.language.parse import parse
from smartgen.language.source import Edit, Source

LATEST = 1


@dataclass(frozen=True)
class Written:
    """What a text says: its policy, earlier policies beside it, settings for parameters and outer limits."""

    policy: s.Policy
    others: tuple[s.Policy, ...] = ()  # above it, in order
    version: s.Number | None = None
    params: Mapping[str, s.Argument] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    profile: s.Text | None = None


def written(source: Source, findings: Findings) -> Written | None:
    """How the source's name ends decides between the forms. None where too little can be read; `findings` say why."""
    if source.is_yaml:
        from smartgen.recipe.yamlform import read_yaml  # YAML is not needed for the text form

        read = read_yaml(source, findings)
    else:
        document = parse(source, findings)
        read = None
        if document is not None:
            *others, last = document.policies
            read = Written(last, tuple(others), document.version)
            _policies(document, findings)
    if read is not None and read.version is not None:
        _version(read.version, findings)
    return read


def _version(version: s.Number, findings: Findings) -> None:
    if version.unit or version.value != LATEST:
        shown = f"{version.written} {version.unit}".strip()
        message = f"this is language version {shown}, smartgen reads version {LATEST}"
        findings.add("SG013", message, version.span, f"write `{LATEST}`", edits=(Edit(version.span, str(LATEST)),))


def _policies(document: s.Document, findings: Findings) -> None:
    """Policies of one name, and policies that nothing uses."""
    names = [policy.name.text for policy in document.policies]
    used = {policy.use.name for policy in document.policies if policy.use is not None}
    for index, policy in enumerate(document.policies):
        name = policy.name
        if name.text in names[:index]:
            written = f"{name.text}_{names[: index + 1].count(name.text)}"
            message = f"there are two policies `{name.text}`"
            findings.add(
                "SG105",
                message,
                name.span,
                f"choose another name, for example `{written}`",
                edits=(Edit(name.span, written),),
            )
        elif index + 1 < len(names) and name.text not in used:
            message = f"nothing uses the policy `{name.text}`: the last one of a file is the recipe"
            fix = f"write `use {name.text}` in another, or remove it"
            findings.add("SG902", message, name.span, fix, warning=True, edits=(Edit(policy.span, ""),))
