"""Looking at a running server, and giving it another recipe: `GET /smart`, `POST /smart`.

The scheduler takes numbers only from the HTTP process. A new recipe is checked there, written to a file of its own and
announced by its number; the scheduler reads it between rounds.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from smartgen.atomic import replacing
from smartgen.sglang.errors import ServeError
from smartgen.sglang.settings import Settings

GENERATION = "smart_generation"
FILE = "recipe-{generation}.json"


# -- in the scheduler's process ---------------------------------------------------------------------------------------
def see_queue(scheduler: Any, *_arguments: Any, **_named: Any) -> None:
    """Before `Scheduler.run_batch`: how many requests wait."""
    worker = getattr(scheduler, "draft_worker", None)
    if hasattr(worker, "steering"):
        worker.queued = len(scheduler.waiting_queue)


def add_block(result: Any, scheduler: Any, *_arguments: Any) -> None:
    """After `Scheduler.get_internal_state`: a block `smart` with the present decision."""
    worker = getattr(scheduler, "draft_worker", None)
    if hasattr(worker, "steering"):
        result.internal_state["smart"] = {
            **worker.steering.describe(),
            "refusal": getattr(worker, "refusal", None),
            "slots": scheduler.max_total_num_tokens,
            "free_slots": scheduler.token_to_kv_pool_allocator.available_size(),
            "rows": scheduler.max_running_requests,
        }


def swap(original: Any, scheduler: Any, request: Any) -> Any:
    """Around `Scheduler.set_internal_state`: a new recipe by its number; everything else is the engine's."""
    if GENERATION not in request.server_args:
        return original(scheduler, request)
    from sglang.srt.managers.io_struct import SetInternalStateReqOutput

    worker = scheduler.draft_worker
    worker.refusal = _swapped(worker, int(request.server_args[GENERATION]))
    return SetInternalStateReqOutput(updated=worker.refusal is None)


def _swapped(worker: Any, generation: int) -> str | None:
    """Why the recipe of this number cannot be served by the captured shapes; None once it is in force."""
    from smartgen.sglang.preflight import checked_recipe

    file = Path(worker.settings.state) / FILE.format(generation=generation)
    try:
        recipe = checked_recipe(json.loads(file.read_text(encoding="utf-8"))["recipe"])
        worker.adopt(recipe)
    except (OSError, ServeError) as error:
        return str(error)
    return None


# -- in the HTTP process ----------------------------------------------------------------------------------------------
def add_routes(*_arguments: Any, **_named: Any) -> None:
    """Before `http_server.launch_server`."""
    settings = Settings.current()
    if settings is None:
        return
    from fastapi import Request
    from fastapi.responses import JSONResponse
    from sglang.srt.entrypoints import http_server
    from sglang.srt.managers.io_struct import SetInternalStateReq

    from smartgen.sglang.preflight import checked_recipe
    from smartgen.sglang.touring import register

    register()
    numbers = itertools.count(1)

    def manager() -> Any:
        return http_server._global_state.tokenizer_manager

    async def look() -> Any:
        states = await manager().get_internal_state()
        return JSONResponse([state.get("smart") for state in states])

    async def change(request: Request) -> Any:
        text = (await request.body()).decode("utf-8", "replace")
        try:
            recipe = checked_recipe(text.strip() if "\n" not in text.strip() else text)
        except ServeError as error:
            return JSONResponse({"accepted": False, "reason": str(error)}, status_code=400)
        generation = next(numbers)
        _write(Path(Settings.current().state), generation, text)  # type: ignore[union-attr]
        answers = await manager().set_internal_state(SetInternalStateReq(server_args={GENERATION: generation}))
        if all(answers):
            return JSONResponse({"accepted": True, "recipe": recipe.name, "generation": generation})
        states = await manager().get_internal_state()
        reasons = [state["smart"]["refusal"] for state in states if state.get("smart", {}).get("refusal")]
        return JSONResponse({"accepted": False, "reason": "; ".join(dict.fromkeys(reasons))}, status_code=409)

    change.__annotations__["request"] = Request
    change = http_server.auth_level(http_server.AuthLevel.ADMIN_OPTIONAL)(
        change
    )  # as the engine's own changes of state
    http_server.app.add_api_route("/smart", look, methods=["GET"])
    http_server.app.add_api_route("/smart", change, methods=["POST"])


def _write(folder: Path, generation: int, text: str) -> None:
    """Whole or not at all."""
    with replacing(folder / FILE.format(generation=generation)) as file:
        file.write(json.dumps({"recipe": text.strip()}).encode())
