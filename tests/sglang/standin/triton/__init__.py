"""Inert: kernels can be defined and not launched."""

import inert

__version__ = "3.6.0"


class _NoKernel:
    def __init__(self, function):
        self.fn, self.__name__ = function, getattr(function, "__name__", "kernel")

    def __getitem__(self, _grid):
        raise RuntimeError(f"the Triton kernel {self.__name__} was launched where there is no Triton")

    def __call__(self, *_given, **_named):
        raise RuntimeError(f"the Triton kernel {self.__name__} was called where there is no Triton")


def jit(function=None, **_options):
    return _NoKernel(function) if callable(function) else _NoKernel


def autotune(*_given, **_named):
    return lambda function: function


heuristics = autotune


class Config:
    def __init__(self, kwargs=None, **_options):
        self.kwargs = kwargs or {}


def cdiv(a, b):
    return (a + b - 1) // b


def next_power_of_2(n):
    return 1 if n <= 1 else 2 ** (n - 1).bit_length()


inert.install(__name__)


def __getattr__(name):
    return inert.part(__name__, name)
