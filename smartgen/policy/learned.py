"""Everything a controller has learned about one pair of models. Owned by the attachment, shared by its calls."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import TypeVar

from smartgen.language.program import Rules, Site
from smartgen.policy.calibrated import feature_names
from smartgen.policy.calibration import CalibrationMap
from smartgen.policy.growth import Gain, Growth
from smartgen.policy.memory import Memory, fresh
from smartgen.policy.regime import Regime

T = TypeVar("T")
Key = tuple[str, bool]  # what it was learned under, whether text is sampled


class Learned:
    """Maps and memories by call site; growth, gain and regime by what they follow and by whether text is sampled.

    A call site is known by its resolved expression, so that policies which say the same share it. `lock` guards every use.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.maps: dict[str, CalibrationMap] = {}
        self.memories: dict[str, dict[str, Memory]] = {}  # by site, by bin
        self.growths: dict[Key, Growth] = {}
        self.gains: dict[Key, Gain] = {}
        self.regimes: dict[Key, Regime] = {}
        self.frozen = False

    def map_for(self, site: Site) -> CalibrationMap:
        """The map of a `calibrated` call."""
        if site.key not in self.maps:
            self.maps[site.key] = CalibrationMap(feature_names(site))
        return self.maps[site.key]

    def memory(self, key: str, bin: str, kind: str) -> Memory:
        """The state of an `ema`, `ladder` or `ucb` call in this bin."""
        bins = self.memories.setdefault(key, {})
        if bin not in bins:
            bins[bin] = fresh(kind)
        return bins[bin]

    def growth(self, key: str, sampled: bool) -> Growth:
        return _kept(self.growths, (key, sampled), Growth)

    def gain(self, key: str, sampled: bool) -> Gain:
        return _kept(self.gains, (key, sampled), Gain)

    def regime(self, key: str, sampled: bool) -> Regime:
        return _kept(self.regimes, (key, sampled), Regime)

    def __deepcopy__(self, memo: object) -> Learned:
        return Learned()  # a copy of a model is another model; locks do not copy

    def __reduce__(self) -> tuple[type[Learned], tuple[()]]:
        return (Learned, ())


def drafting_key(rules: Rules) -> str:
    """What the growth of layers, the gain and the regime follow: how nodes are valued and which of them are drafted from."""
    said = repr((rules.benefit, rules.expand, rules.limits.width, rules.limits.topk))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _kept(memory: dict[Key, T], key: Key, make: Callable[[], T]) -> T:
    if key not in memory:
        memory[key] = make()
    return memory[key]
