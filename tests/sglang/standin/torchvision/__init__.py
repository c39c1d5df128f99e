"""Inert: the engine imports it for images, of which there are none."""

import inert

__version__ = "0.28.0"
inert.install(__name__)


def __getattr__(name):
    return inert.part(__name__, name)
