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

    T counts the root, T = n + 1, so that plain decoding costs C(1) and not nothing. Least squares in log space, where
    gamma is the mean residual: only delta and rho are searched, from a flat and from a steep start.
    """
    from scipy.optimize import least_squares

    log_tokens, target = np.log(sizes + 1.0), np.log(seconds)

    def shape(parameters: Floats) -> Floats:
        power: Floats = np.exp(parameters[0] + np.exp(parameters[1]) * log_tokens)
        return np.log(np.expm1(np.minimum(power, 50.0)))

    def residual(parameters: Floats) -> Floats:
        apart = shape(parameters) - target
        centred: Floats = apart - apart.mean()
        return centred

    starts = [np.log([delta, rho]) for delta in (0.03, 0.5) for rho in (0.3, 1.0)]
    best = min((least_squares(residual, start, x_scale="jac", max_nfev=200) for start in starts), key=lambda s: s.cost)
    gamma = float(np.exp((target - shape(best.x)).mean()))
    delta, rho = np.exp(best.x)
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
