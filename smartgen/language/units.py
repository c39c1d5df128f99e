"""Units as types: what may be added, compared and maximised is decided here, once, and erased before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

_BASES = ("time", "token", "energy", "byte", "flop", "request", "money")
_NAMES = {
    "time": "a time",
    "token": "a token count",
    "energy": "an energy",
    "byte": "a size in bytes",
    "flop": "an amount of arithmetic",
    "request": "a number of requests",
    "money": "an amount of money",
}
_SYMBOLS = dict(zip(_BASES, ("s", "tok", "J", "B", "flop", "req", "money"), strict=True))


@dataclass(frozen=True)
class Dimension:
    """Exponents of the base dimensions, in the order time, token, energy, byte, flop, request, money."""

    powers: tuple[int, ...] = (0,) * len(_BASES)

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension(tuple(a + b for a, b in zip(self.powers, other.powers, strict=True)))

    def __truediv__(self, other: Dimension) -> Dimension:
        return Dimension(tuple(a - b for a, b in zip(self.powers, other.powers, strict=True)))

    @property
    def bare(self) -> bool:
        """Dimensionless."""
        return not any(self.powers)

    def __str__(self) -> str:
        """As a reader would call it: "a time", "a bare number", "tok/s"."""
        if self.bare:
            return "a bare number"
        for base, power in zip(_BASES, self.powers, strict=True):
            if power == 1 and sum(map(abs, self.powers)) == 1:
                return _NAMES[base]
        return f"a quantity in {self.symbol}"

    @property
    def symbol(self) -> str:
        """Compact: tok/s."""
        above = [_power(b, p) for b, p in zip(_BASES, self.powers, strict=True) if p > 0]
        below = [_power(b, -p) for b, p in zip(_BASES, self.powers, strict=True) if p < 0]
        return (" ".join(above) or "1") + ("/" + " ".join(below) if below else "")


def _power(base: str, power: int) -> str:
    return _SYMBOLS[base] + (f"^{power}" if power != 1 else "")


def _base(name: str) -> Dimension:
    return Dimension(tuple(int(base == name) for base in _BASES))


BARE = Dimension()
TIME, TOKEN, ENERGY, MONEY, REQUEST = (_base(n) for n in ("time", "token", "energy", "money", "request"))
POWER = ENERGY / TIME
# The total that a cost of this dimension joins.
TOTAL_OF = {TIME: "time", ENERGY: "energy", MONEY: "money"}

UNITS: dict[str, tuple[Dimension, float]] = {
    "ns": (TIME, 1e-9),
    "us": (TIME, 1e-6),
    "ms": (TIME, 1e-3),
    "s": (TIME, 1.0),
    "min": (TIME, 60.0),
    "h": (TIME, 3600.0),
    "tok": (TOKEN, 1.0),
    "mJ": (ENERGY, 1e-3),
    "J": (ENERGY, 1.0),
    "kJ": (ENERGY, 1e3),
    "kWh": (ENERGY, 3.6e6),
    "W": (POWER, 1.0),
    "usd": (MONEY, 1.0),
    "eur": (MONEY, 1.0),
    "req": (REQUEST, 1.0),
    "B": (_base("byte"), 1.0),
    "KiB": (_base("byte"), 1024.0),
    "MiB": (_base("byte"), 1024.0**2),
    "GiB": (_base("byte"), 1024.0**3),
    "flop": (_base("flop"), 1.0),
}

# What a bare number should have been, by the dimension of the other side.
EXAMPLE = {
    TIME: "ms",
    TOKEN: "tok",
    ENERGY: "J",
    MONEY: "usd",
    TOKEN / TIME: "tok/s",
    TIME / TOKEN: "ms/tok",
    TOKEN / ENERGY: "tok/J",
    ENERGY / TOKEN: "J/tok",
    POWER: "W",
}

# How units are called elsewhere.
SPELT = {
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "tps": "tok/s",
    "m": "ms",
    "millis": "ms",
    "msec": "ms",
    "msecs": "ms",
    "millisecond": "ms",
    "milliseconds": "ms",
    "micros": "us",
    "usec": "us",
    "microseconds": "us",
    "mins": "min",
    "minute": "min",
    "minutes": "min",
    "hour": "h",
    "hours": "h",
    "hr": "h",
    "token": "tok",
    "tokens": "tok",
    "toks": "tok",
    "t": "tok",
    "joule": "J",
    "joules": "J",
    "millijoule": "mJ",
    "watt": "W",
    "watts": "W",
    "dollar": "usd",
    "dollars": "usd",
    "euro": "eur",
    "euros": "eur",
    "bytes": "B",
    "byte": "B",
    "kb": "KiB",
    "mb": "MiB",
    "gb": "GiB",
    "flops": "flop",
    "request": "req",
    "requests": "req",
    "reqs": "req",
}


def unit(text: str) -> tuple[Dimension, float] | None:
    """Dimension and SI factor of "ms" or "ms/tok"; None for a unit that does not exist."""
    above, _, below = text.partition("/")
    if above not in UNITS or (below and below not in UNITS):
        return None
    dimension, factor = UNITS[above]
    if below:
        dimension, factor = dimension / UNITS[below][0], factor / UNITS[below][1]
    return dimension, factor
