"""The engine's private names that this backend touches, each looked for at start.

A changed engine is answered with one sentence instead of a crash in the middle of a request.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from smartgen.sglang.errors import ServeError

KNOWN = ("0.5.21", "0.5.23")
_SPEC = "sglang.srt.speculative"


@dataclass(frozen=True)
class Seam:
    """`module` holds `name` (dotted within it). `takes`: parameters that are passed; `says`: names that its code must use."""

    module: str
    name: str
    takes: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


SEAMS = (
    Seam("sglang.srt.plugins.hook_registry", "HookRegistry.register", ("target", "hook", "hook_type")),
    Seam("sglang.srt.plugins.hook_registry", "HookRegistry._hooks"),
    Seam("sglang.srt.server_args", "ServerArgs.add_cli_args", ("parser",)),
    Seam("sglang.srt.server_args", "ServerArgs.resolve_once"),
    Seam(f"{_SPEC}.spec_info", "SpeculativeAlgorithm.create_worker", ("server_args",)),
    Seam(
        f"{_SPEC}.eagle_utils",
        "organize_draft_results",
        ("score_list", "token_list", "parents_list", "num_draft_token"),
    ),
    Seam(f"{_SPEC}.eagle_worker_v2", "EagleDraftWorker.draft", ("batch",), ("topk", "speculative_num_steps")),
    Seam(f"{_SPEC}.eagle_worker_v2", "EagleDraftWorker.draft_forward", (), ("organize_draft_results", "hot_token_id")),
    Seam(f"{_SPEC}.eagle_worker_v2", "EagleDraftWorker._draft_extend_for_prefill", ("batch",)),
    Seam(f"{_SPEC}.eagle_worker_v2", "EagleDraftWorker._draft_extend_for_decode", ("batch", "batch_result")),
    Seam(f"{_SPEC}.eagle_worker_v2", "EagleDraftWorker._rebuild_topk1_chain_buffers"),
    Seam(
        f"{_SPEC}.base_spec_worker",
        "BaseSpecWorker.alloc_memory_pool",
        (),
        ("req_to_token_pool", "token_to_kv_pool_allocator"),
    ),
    Seam("sglang.srt.mem_cache.memory_pool", "ReqToTokenPool.__init__", (), ("req_to_token",)),
    Seam("sglang.srt.mem_cache.allocator.base", "BaseTokenToKVPoolAllocator.size_full"),
    Seam("sglang.srt.mem_cache.allocator.base", "BaseTokenToKVPoolAllocator.__init__", (), ("page_size",)),
    Seam(
        "sglang.srt.managers.schedule_batch",
        "ScheduleBatch.prepare_for_extend",
        (),
        ("prefix_lens", "req_pool_indices", "out_cache_loc"),
    ),
    Seam(f"{_SPEC}.eagle_worker_v2", "EAGLEWorkerV2.init_cuda_graphs", (), ("adaptive_controller",)),
    Seam(
        f"{_SPEC}.eagle_worker_v2",
        "EAGLEWorkerV2.forward_batch_generation",
        ("batch",),
        ("activate_step_by_batch", "_build_trivial_verify_input", "speculative_num_steps"),
    ),
    Seam(f"{_SPEC}.eagle_worker_v2", "EAGLEWorkerV2.on_verify_complete_cpu", ("batch_size",)),
    Seam(f"{_SPEC}.eagle_worker_v2", "EAGLEWorkerV2.activate_step_by_batch", ("batch_size",)),
    Seam(f"{_SPEC}.eagle_worker_v2", "EAGLEWorkerV2._stub_skipped_draft_extend", ("batch", "batch_output")),
    Seam(
        f"{_SPEC}.eagle_worker_v2",
        "EAGLEWorkerV2.build_adaptive_runtime_state",
        ("speculative_num_steps", "speculative_num_draft_tokens", "cuda_graph_bs"),
    ),
    Seam(f"{_SPEC}.eagle_worker_v2", "EAGLEWorkerV2.apply_runtime_state", ("state",)),
    Seam("sglang.srt.runtime_context", "get_context"),
    Seam("sglang.srt.distributed", "get_tp_group"),
    Seam(
        "sglang.srt.distributed.parallel_state",
        "GroupCoordinator.__init__",
        (),
        ("rank_in_group", "cpu_group", "ranks"),
    ),
    Seam("sglang.srt.entrypoints.warmup", "warmup", ("name",)),
    Seam("sglang.srt.entrypoints.engine", "Engine.__init__"),
    Seam("sglang.srt.managers.tokenizer_manager", "TokenizerManager.get_internal_state"),
    Seam("sglang.srt.entrypoints.engine", "Engine._launch_subprocesses", ("server_args",)),
    Seam("sglang.srt.entrypoints.http_server", "launch_server"),
    Seam("sglang.srt.entrypoints.http_server", "auth_level"),
    Seam("sglang.srt.entrypoints.http_server", "AuthLevel.ADMIN_OPTIONAL"),
    Seam("sglang.srt.managers.scheduler", "Scheduler.run_batch", ("batch",)),
    Seam("sglang.srt.managers.scheduler", "Scheduler.get_internal_state", ("recv_req",)),
    Seam("sglang.srt.managers.scheduler", "Scheduler.set_internal_state", ("recv_req",)),
)


def broken(seams: tuple[Seam, ...] = SEAMS) -> Iterator[str]:
    """What does not hold in the installed engine, a few words each."""
    for seam in seams:
        try:
            found: Any = importlib.import_module(seam.module)
            for name in seam.name.split("."):
                found = getattr(found, name)
        except (ImportError, AttributeError):
            yield f"{seam.module}.{seam.name} is not there"
            continue
        if not callable(found):
            continue
        whole = inspect.unwrap(found)
        parameters = inspect.signature(whole).parameters
        yield from (f"{seam.name} takes no `{name}`" for name in seam.takes if name not in parameters)
        if seam.says:
            text = inspect.getsource(whole)
            yield from (f"{seam.name} no longer uses `{name}`" for name in seam.says if name not in text)


def probe(seams: tuple[Seam, ...] = SEAMS) -> None:
    """Raises ServeError where the engine has changed."""
    found = list(broken(seams))
    if found:
        import sglang

        raise ServeError(
            f"SGLang {sglang.__version__} differs from the versions that smartgen knows ({', '.join(KNOWN)}): {'; '.join(found)}"
        )
