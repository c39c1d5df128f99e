"""Entry point of the engine's plugin group `sglang.srt.plugins`: registers the hooks. Imports no torch.

The engine logs a failing plugin and goes on; that every hook took is therefore proved at start (`attachment.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartgen.sglang.selecting import Selecting

SERVER_ARGS = "sglang.srt.server_args.ServerArgs"
SCHEDULER = "sglang.srt.managers.scheduler.Scheduler"
ENGINE = "sglang.srt.entrypoints.engine.Engine"


def activate() -> None:
    """Register everything; the engine applies it."""
    from sglang.srt.plugins.hook_registry import HookRegistry, HookType

    plugin = Plugin()
    for target, (hook, kind) in plugin.hooks().items():
        HookRegistry.register(target, hook, HookType[kind])


class Plugin:
    """One process's plugin. `selecting`: what the worker of this process wants done where a draft's nodes are selected."""

    selecting: Selecting | None = None

    def hooks(self) -> dict[str, tuple[Any, str]]:
        """What is hooked, by dotted name, and how."""
        from smartgen.sglang import attachment, flags, live, preflight, touring

        return {
            f"{SERVER_ARGS}.add_cli_args": (flags.add_flags, "AFTER"),
            f"{SERVER_ARGS}.resolve_once": (preflight.before_resolution, "BEFORE"),
            "sglang.srt.speculative.spec_info.SpeculativeAlgorithm.create_worker": (self.create_worker, "AROUND"),
            "sglang.srt.speculative.eagle_utils.organize_draft_results": (self.organize, "AROUND"),
            f"{ENGINE}._launch_subprocesses": (attachment.prove, "AFTER"),
            f"{ENGINE}.__init__": (touring.started, "AFTER"),
            f"{SCHEDULER}.run_batch": (live.see_queue, "BEFORE"),
            f"{SCHEDULER}.get_internal_state": (live.add_block, "AFTER"),
            f"{SCHEDULER}.set_internal_state": (live.swap, "AROUND"),
            "sglang.srt.entrypoints.http_server.launch_server": (live.add_routes, "BEFORE"),
        }

    def create_worker(self, original: Any, algorithm: Any, server_args: Any) -> Any:
        """A subclass of the engine's worker with our controller, where a recipe is asked for."""
        from smartgen.sglang.settings import Settings

        worker = original(algorithm, server_args)
        settings = Settings.current()
        if settings is None:
            return worker
        from smartgen.sglang.worker import steered

        return steered(worker, settings, self)

    def organize(self, original: Any, scores: Any, tokens: Any, parents: Any, draft_tokens: int) -> Any:
        """The order of nodes, and a record of what was drafted."""
        if self.selecting is None:
            return original(scores, tokens, parents, draft_tokens)
        return self.selecting(original, scores, tokens, parents, draft_tokens)
