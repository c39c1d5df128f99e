"""Everything a controller has learned about one pair of models. Owned by the attachment, shared by its calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from smartgen.language.program import Expr, PathProduct, Program, Read, Site
from smartgen.policy.calibration import CalibrationMap
from smartgen.policy.growth import Gain, Growth
from smartgen.policy.regime import Regime

T = TypeVar("T")


class Learned:
    """Maps by call site, growth and gain by policy and by whether text is sampled. `lock` guards every use."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.maps: dict[str, CalibrationMap] = {}
        self.averages: dict[str, float] = {}
        self._growth: dict[tuple[str, bool], Growth] = {}
        self._gain: dict[tuple[str, bool], Gain] = {}
        self._regime: dict[tuple[str, bool], Regime] = {}
        self.frozen = False

    def map_for(self, site: Site) -> CalibrationMap:
        if site.key not in self.maps:
            self.maps[site.key] = CalibrationMap(feature_names(site)[1:])
        return self.maps[site.key]

    def growth(self, program: Program, sampled: bool) -> Growth:
        return _kept(self._growth, (program.hash, sampled), Growth)

    def gain(self, program: Program, sampled: bool) -> Gain:
        return _kept(self._gain, (program.hash, sampled), Gain)

    def regime(self, program: Program, sampled: bool) -> Regime:
        return _kept(self._regime, (program.hash, sampled), Regime)

    def __deepcopy__(self, memo: object) -> Learned:
        return Learned()  # a copy of a model is another model; locks do not copy

    def __reduce__(self) -> tuple[type[Learned], tuple[()]]:
        return (Learned, ())


def _kept(memory: dict[tuple[str, bool], T], key: tuple[str, bool], make: Callable[[], T]) -> T:
    if key not in memory:
        memory[key] = make()
    return memory[key]


def feature_names(site: Site) -> tuple[str, ...]:
    """The signals that a `calibrated` call learns from, the monotone one first."""
    return tuple(_name(argument) for argument in site.arguments)


def _name(argument: Expr) -> str:
    if isinstance(argument, Read):
        return argument.name
    return "path" if isinstance(argument, PathProduct) else type(argument).__name__.lower()
