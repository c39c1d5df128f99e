"""Everything a controller has learned about one pair of models. Owned by the attachment, shared by its calls."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from smartgen.language.program import Rules, Site
from smartgen.policy.calibrated import feature_names
from smartgen.policy.calibration import CalibrationMap
from smartgen.policy.calls import CallLength
from smartgen.policy.drained import Worth
from smartgen.policy.growth import Gain, Growth
from smartgen.policy.memory import Memory, fresh, restored, saved
from smartgen.policy.recent import recent
from smartgen.policy.regime import Regime
from smartgen.policy.saved import VERSION, checked, filled, plain

T = TypeVar("T")
Key = tuple[str, bool]  # what it was learned under, whether text is sampled


class Learned:
    """Maps and memories by call site; growth, gain and regime by what they follow and by whether text is sampled.

    A call site is known by its resolved expression, so that policies which say the same share it. `lock` guards every use.
    `calls` and `worth` are of the texts rather than of the models: they are not saved.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.maps: dict[str, CalibrationMap] = {}
        self.memories: dict[str, dict[str, Memory]] = {}  # by site, by bin
        self.growths: dict[Key, Growth] = {}
        self.gains: dict[Key, Gain] = {}
        self.regimes: dict[Key, Regime] = {}
        self.calls = CallLength()
        self.worth = Worth()
        self.frozen = False

    def map_for(self, site: Site) -> CalibrationMap:
        """The map of a `calibrated` call."""
        if site.key not in self.maps:
            self.maps[site.key] = CalibrationMap(feature_names(site))
        return self.maps[site.key]

    def memory(self, key: str, bin: str, kind: str) -> Memory:
        """The state of an `ema`, `ladder` or `ucb` call in this bin."""
        return recent(self.memories.setdefault(key, {}), bin, partial(fresh, kind))

    def growth(self, key: str, sampled: bool) -> Growth:
        return _kept(self.growths, (key, sampled), Growth)

    def gain(self, key: str, sampled: bool) -> Gain:
        return _kept(self.gains, (key, sampled), Gain)

    def regime(self, key: str, sampled: bool) -> Regime:
        return _kept(self.regimes, (key, sampled), Regime)

    # -- as plain data ------------------------------------------------------------------------------------------
    def state(self) -> dict[str, Any]:
        """Everything learned, as plain data that JSON can hold. It belongs to one pair of models."""
        with self.lock:
            return {
                "smartgen_learned": VERSION,
                "maps": {key: plain(found) for key, found in self.maps.items()},
                "memories": {
                    key: {bin: saved(memory) for bin, memory in bins.items()} for key, bins in self.memories.items()
                },
                **{name: _by_key(getattr(self, name)) for name in ("growths", "gains", "regimes")},
            }

    def restore(self, state: Any) -> None:
        """Replace what was learned by a saved state. Raises ValueError for anything else, and then nothing has changed."""
        state = checked(state)
        maps = {
            key: filled(CalibrationMap(tuple(data["features"])), data, "a calibration")
            for key, data in state["maps"].items()
        }
        memories = {
            key: {bin: restored(memory) for bin, memory in bins.items()} for key, bins in state["memories"].items()
        }
        growths, gains = _from_keys(state["growths"], Growth), _from_keys(state["gains"], Gain)
        regimes = _from_keys(state["regimes"], Regime)
        with self.lock:
            self.maps, self.memories = maps, memories
            self.growths, self.gains, self.regimes = growths, gains, regimes

    def __deepcopy__(self, memo: object) -> Learned:
        return Learned()  # a copy of a model is another model; locks do not copy

    def __reduce__(self) -> tuple[type[Learned], tuple[()]]:
        return (Learned, ())


def drafting_key(rules: Rules) -> str:
    """What the growth of layers, the gain and the regime follow: how nodes are valued and which of them are drafted from."""
    said = repr((rules.benefit, rules.expand, rules.limits.width, rules.limits.topk))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _by_key(kept: dict[Key, T]) -> list[dict[str, Any]]:
    return [{"key": key, "sampled": sampled, "learned": plain(found)} for (key, sampled), found in kept.items()]


def _from_keys(saved_ones: list[dict[str, Any]], make: Callable[[], T]) -> dict[Key, T]:
    what = f"a {make.__name__.lower()}"
    return {(one["key"], one["sampled"]): filled(make(), one["learned"], what) for one in saved_ones}


def _kept(memory: dict[Key, T], key: Key, make: Callable[[], T]) -> T:
    if key not in memory:
        memory[key] = make()
    return memory[key]
