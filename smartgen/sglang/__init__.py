"""SGLang: recipes steer the serving engine's own EAGLE path. The engine is not modified; see docs/backends/sglang.md."""

from smartgen.sglang.python import engine

__all__ = ["engine"]
