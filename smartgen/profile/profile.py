"""A cost profile: two tables and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from smartgen.profile.errors import ProfileError
from smartgen.profile.table import CostTable

KINDS = ("measured", "roofline", "example")


@dataclass(frozen=True)
class Key:
    """What a profile is valid for. `model` and `drafter` name shapes, not folders: cost does not depend on weights."""

    model: str
    drafter: str
    device: str
    dtype: str

    def differences(self, other: Key) -> list[str]:
        """Human-readable differences, this one's value first."""
        names = ("model", "drafter", "device", "dtype")
        pairs = ((name, getattr(self, name), getattr(other, name)) for name in names)
        return [f"{name} is {ours!r}, not {theirs!r}" for name, ours, theirs in pairs if ours != theirs]


@dataclass(frozen=True)
class Profile:
    """Measured (or, for planning, modelled) seconds. `kind`: one of KINDS. `provenance`: versions, threads, date, command.

    `draft`: passes over draft nodes. `catch_up`: a step's first pass, which feeds what was committed since the last one and
    drafts from the last token only, by tokens fed; empty where nobody measured it: such a pass then costs what `draft` says.
    `host`: what a step takes beside forward and passes, size 0 without drafting and 1 with; empty where nobody measured it.
    Only replay adds it: while running it is part of what is timed.
    """

    key: Key
    verify: CostTable = field(default_factory=lambda: CostTable(()))
    draft: CostTable = field(default_factory=lambda: CostTable(()))
    kind: str = "measured"
    provenance: dict[str, str] = field(default_factory=dict)
    host: CostTable = field(default_factory=lambda: CostTable(()))
    catch_up: CostTable = field(default_factory=lambda: CostTable(()))

    def merged(self, other: Profile) -> Profile:
        """Both profiles' points, the other's where they overlap. Raises ProfileError if the keys differ."""
        if other.key != self.key:
            raise ProfileError(f"these profiles do not belong together: {'; '.join(self.key.differences(other.key))}")
        return replace(
            self,
            verify=self.verify.with_points(other.verify.points),
            draft=self.draft.with_points(other.draft.points),
            host=self.host.with_points(other.host.points),
            catch_up=self.catch_up.with_points(other.catch_up.points),
            provenance={**self.provenance, **other.provenance},
        )
