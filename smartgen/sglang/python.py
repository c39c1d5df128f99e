"""`engine(recipe=...)`: SGLang's own engine in this process, steered."""

from __future__ import annotations

from typing import Any

from smartgen.sglang.errors import ServeError
from smartgen.sglang.settings import Settings


def engine(recipe: Any = "smart", *, profile: str = "auto", tiers: str = "", **engine_arguments: Any) -> Any:
    """A running `sglang.Engine` whose speculation `recipe` (a name, a path or text) steers.

    `tiers`: shapes to capture, "steps/topk/draft tokens" with commas; derived if left out. `engine_arguments` go to the
    engine. Raises ServeError, before weights are loaded, for what cannot be served.
    """
    try:
        import sglang
    except ImportError as error:
        raise ServeError(f"SGLang is not installed here ({error}): `pip install sglang`") from None
    from sglang.srt.plugins import load_plugins
    from sglang.srt.plugins.hook_registry import HookRegistry

    load_plugins()
    if not any("smartgen" in str(hook) for hooks in HookRegistry._hooks.values() for _, hook, _ in hooks):
        raise ServeError(
            "the engine did not load the plugin `smartgen`: see that SGLANG_PLUGINS, where it is set, lists it"
        )
    before = Settings.current()
    Settings(str(getattr(recipe, "text", recipe)), profile, tiers).export()
    try:
        return sglang.Engine(**engine_arguments)
    finally:
        (before or Settings("")).export()
