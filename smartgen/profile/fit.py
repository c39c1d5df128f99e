"""Smooth curves through measured costs, for recipes that ask for one by name: `profile.verify.time(model: "...")`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.errors import ProfileError

Floats = NDArray[np.float64]
Curve = Callable[[Any], Any]


def fit(model: str, sizes: Floats, seconds: Floats) -> Curve:
    """A callable from sizes to seconds. Raises ProfileError for an unknown model or too few points."""
    if model not in _FITS:
        raise ProfileError(f"there is no cost model {model!r}; there are {', '.join(sorted(_FITS))}")
    fitter, least = _FITS[model]
    if len(sizes) < least:
        raise ProfileError(f"the cost model {model!r} needs {least} measured sizes, the profile has {len(sizes)} here")
    return fitter(np.asarray(sizes, np.float64), np.asarray(seconds, np.float64))


def _linear(sizes: Floats, seconds: Floats) -> Curve:
    """a + b n, least squares."""
    slope, intercept = np.polyfit(sizes, seconds, 1)
    return lambda n: intercept + slope * np.asarray(n, np.float64)


def _proportional(sizes: Floats, seconds: Floats) -> Curve:
    """b n: SMART's drafting cost, lambda |T| with its intercept fixed at 0 (arXiv 2604.09731)."""
    slope = float((sizes * seconds).sum() / max((sizes * sizes).sum(), 1e-12))
    return lambda n: slope * np.asarray(n, np.float64)


def _exp_power(sizes: Floats, seconds: Floats) -> Curve:
    """gamma (exp(delta T^rho) - 1): SMART's verification cost through the origin (arXiv 2604.09731).

    T counts the root, T = n + 1, so that plain decoding costs C(1) and not nothing; least squares in log space.
    """
    from scipy.optimize import least_squares

    tokens, target = sizes + 1.0, np.log(seconds)

    def predicted(parameters: Floats) -> Floats:
        gamma, delta, rho = np.exp(parameters)
        grown: Floats = np.log(gamma) + np.log(np.expm1(np.minimum(delta * tokens**rho, 50.0)))
        return grown

    start = np.log([max(float(seconds.min()), 1e-9), 0.5, 0.3])
    solved = least_squares(lambda x: predicted(x) - target, start, bounds=(-30.0, 5.0), max_nfev=400)
    gamma, delta, rho = np.exp(solved.x)
    return lambda n: gamma * np.expm1(np.minimum(delta * (np.asarray(n, np.float64) + 1.0) ** rho, 50.0))


def _roofline(sizes: Floats, seconds: Floats) -> Curve:
    """max(memory time, n x compute time + overhead): flat until arithmetic binds, then linear."""
    floor = float(seconds.min())
    slope, intercept = np.polyfit(sizes[-3:], seconds[-3:], 1)
    return lambda n: np.maximum(floor, intercept + max(float(slope), 0.0) * np.asarray(n, np.float64))


_FITS: dict[str, tuple[Callable[[Floats, Floats], Curve], int]] = {
    "linear": (_linear, 2),
    "proportional": (_proportional, 1),
    "exp-power": (_exp_power, 3),
    "roofline": (_roofline, 3),
}
