"""Named models: what ships in the package, what can be fetched, and where each of them lies."""

from smartgen.models.get import get, remove, resolve

__all__ = ["get", "remove", "resolve"]
