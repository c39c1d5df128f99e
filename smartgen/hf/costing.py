"""What work costs for one model and drafter: a named profile, a remembered one, or one measured inside the call.

Measuring inside a call runs real forwards on the call's own cache: dummy trees behind the committed part, never
accepted, and real drafting passes, forgotten again. It takes a few seconds, is said once, and is remembered.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import transformers

from smartgen.drafters.protocol import Drafter, Session
from smartgen.hf.likeliest import likeliest
from smartgen.hf.target import Target
from smartgen.packing.model import packs
from smartgen.profile import store
from smartgen.profile.errors import ProfileError
from smartgen.profile.measure import PENDING, SIZES, WIDTHS, measure_sizes
from smartgen.profile.online import OnlineCosts
from smartgen.profile.profile import Key, Profile
from smartgen.profile.table import CostTable, Point
from smartgen.tree.layer import Frontier
from smartgen.tree.selection import Selection

logger = logging.getLogger("smartgen")

BUDGET = 3.0  # seconds of verification timing inside a call, at most
READ_FROM = 8  # tokens waiting: what reads fewer says nothing of how reading grows with them
CEILING = 3.5  # sizes dearer than this many plain steps are not worth knowing


def model_name(model: torch.nn.Module) -> str:
    """Names a model's shape: cost depends on it and not on weights or folders."""
    config = model.config.get_text_config()
    plain = {k: v for k, v in sorted(config.to_dict().items()) if isinstance(v, int | str) and not k.startswith("_")}
    dropped = ("transformers_version", "dtype", "name_or_path", "bos_token_id", "eos_token_id", "pad_token_id")
    shape = json.dumps({k: v for k, v in plain.items() if k not in dropped}, sort_keys=True)
    size = f"{config.num_hidden_layers}x{config.hidden_size}"
    return f"{config.model_type}-{size}-{hashlib.sha256(shape.encode()).hexdigest()[:8]}"


def device_name(model: torch.nn.Module) -> str:
    """The accelerator's name, or the number of CPU threads and whether weights are packed."""
    if model.device.type == "cuda":
        return torch.cuda.get_device_name(model.device)
    return f"{model.device.type}-{torch.get_num_threads()}-threads{'-packed' if packs(model) else ''}"


def profile_key(model: torch.nn.Module, drafter: Drafter) -> Key:
    """What a profile of this pair here is remembered under."""
    return Key(model_name(model), drafter.name, device_name(model), str(model.dtype).removeprefix("torch."))


def provenance(command: str) -> dict[str, str]:
    """Versions, threads and date."""
    from smartgen import __version__

    return {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "smartgen": __version__,
        "threads": str(torch.get_num_threads()),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "command": command,
    }


class CostSource:
    """Shared by all calls with one model and drafter. `described` says where its numbers come from."""

    def __init__(self, profile: Profile, described: str, fixed: bool) -> None:
        """`fixed`: a profile the user named; it is never added to."""
        self.profile, self.described, self.fixed = profile, described, fixed
        self.online = OnlineCosts.of(profile)
        self._lock = threading.Lock()
        self._complained = False

    @classmethod
    def find(cls, model: torch.nn.Module, drafter: Drafter, named: str) -> CostSource:
        """Raises ProfileError if `named` is a file that does not fit."""
        key = profile_key(model, drafter)
        if named != "auto":
            return cls(_checked(store.load_measured(named), key, named), f"profile {named}", fixed=True)
        try:
            remembered = store.find(key)
        except ProfileError as error:
            logger.warning("smartgen: %s; measuring a new one", error)
            remembered = None
        if remembered is not None:
            return cls(remembered, "remembered profile", fixed=False)
        return cls(Profile(key), "measured in this call", fixed=False)

    def knows(self, batch: int, drafting: bool) -> bool:
        """Whether the tables reach this batch: measured, or between measured ones, or close to one."""
        tables = [self.profile.verify, self.profile.draft] if drafting else [self.profile.verify]
        return all(table.reaches(batch) for table in tables)

    def measure(self, target: Target, session: Session, drafter: Drafter) -> None:
        """Measure at the call's own batch and context, and remember. The session's drafted tree is forgotten."""
        batch, context = len(target.contexts), target.cache.filled
        with self._lock:
            verify = CostTable(_verify_points(target, batch, context))
            reading = None if drafter.free else _reading(session, batch, context)
            draft = CostTable(() if drafter.free else draft_points(target, session, context, BUDGET / 3))
            catch_up = CostTable(() if reading is None else (_shortest(draft, reading), reading))
            new = Profile(self.profile.key, verify, draft, provenance=provenance("generate"), catch_up=catch_up)
            self.profile = self.profile.merged(new)
            self.online.replace(self.profile.verify, self.profile.draft, self.profile.catch_up)
            kept = store.remember_if_possible(new)
        logger.warning(
            "smartgen: no cost profile for batch %d of this model, drafter, device and dtype; measured one (%s). "
            "`smartgen profile` measures more thoroughly.",
            batch,
            kept,
        )

    def complain(self) -> None:
        """Say once that the profile is not of this machine, when that has shown. Decisions follow the clock anyway."""
        off = "" if self._complained else self.online.misfit()
        if off:
            self._complained = True
            logger.warning(
                "smartgen: the costs in use (%s) do not fit this machine: %s. They are corrected while running, within bounds; "
                "`smartgen profile` measures new ones.",
                self.described,
                off,
            )


def _checked(profile: Profile, key: Key, named: str) -> Profile:
    different = [line for line in profile.key.differences(key) if not line.startswith("drafter")]
    if different:
        raise ProfileError(
            f"the profile {named} is for another setting: {'; '.join(different)}; measure one with `smartgen profile`"
        )
    return profile


def dummy_selection(batch: int, size: int, vocabulary: int) -> Selection:
    """`size` children of the root that nothing will ever match: what a tree of that size costs to verify."""
    shape = (batch, 1 + size)
    depth = np.ones(shape, np.int64)
    depth[:, 0] = 0
    parent = np.zeros(shape, np.int64)
    parent[:, 0] = -1
    token = np.broadcast_to(np.arange(1 + size) % min(vocabulary, 100), shape).copy()
    return Selection(np.full(shape, -1), token, parent, depth, np.ones(shape, bool))


def run_verify(target: Target, size: int) -> None:
    """One verification of a dummy tree with everything but acceptance, up to the host."""
    vocabulary = int(target.model.config.get_text_config().vocab_size)
    logits = target.verify(dummy_selection(len(target.contexts), size, vocabulary))
    likeliest(logits)
    if target.tap is not None:
        target.tap.clear()


def settle(target: Target) -> None:
    """Find out now how a plain step runs fastest, so that none is timed while that is being tried."""
    while not target.settled:
        run_verify(target, 0)


def _verify_points(target: Target, batch: int, context: int) -> list[Point]:
    settle(target)
    seconds = measure_sizes(lambda size: run_verify(target, size), SIZES, BUDGET, CEILING)
    return [Point(batch, context, size, value) for size, value in seconds.items()]


def _reading(session: Session, batch: int, context: int) -> Point | None:
    """What the pass takes that reads the prompt, which is due anyway; None where it was read already."""
    pending = session.pending
    if pending < READ_FROM:
        return None
    began = time.perf_counter()
    session.propose(None, max(WIDTHS))
    return Point(batch, context, pending, time.perf_counter() - began)


def _shortest(draft: CostTable, reading: Point) -> Point:
    """A first pass over one token, which is like a pass over one node, and no dearer than the whole prompt."""
    one = float(draft.seconds(reading.batch, np.ones(1), reading.context)[0])
    return Point(reading.batch, reading.context, 1, min(one, reading.seconds))


def catch_up_points(
    target: Target, begin: Callable[[], Session], feature: torch.Tensor | None, context: int, budget: float
) -> list[Point]:
    """Seconds of first passes that feed several numbers of committed tokens a row, timed as `draft_points` are.

    `begin`: a session on `context` tokens, made anew for each timing. `feature` (B, 1, F): stands for every token's.
    """
    batch, sessions = len(target.contexts), [begin()]

    def caught_up() -> None:
        sessions[0] = begin()
        sessions[0].propose(None, max(WIDTHS))
        run_verify(target, 0)

    def run(pending: int) -> None:
        fed = None if feature is None else feature.expand(-1, pending, -1)
        sessions[0].commit(np.ones((batch, pending), np.int64), np.full(batch, pending), fed)
        sessions[0].propose(None, max(WIDTHS))

    seconds = measure_sizes(run, PENDING, budget, ceiling=1e9, between=caught_up)
    return [Point(batch, context, pending, value) for pending, value in seconds.items()]


def draft_points(target: Target, session: Session, context: int, budget: float) -> list[Point]:
    """Seconds of frontier passes of several widths; the session's drafted tree is forgotten afterwards.

    Each is timed behind a forward of the target, as in a step: a drafter whose weights still lie in the cores' caches
    from its last pass takes half the time.
    """
    layers = session.propose(None, max(WIDTHS))
    run = _frontier_runner(session, layers[0].token)
    seconds = measure_sizes(run, WIDTHS, budget, ceiling=1e9, between=lambda: run_verify(target, 0))
    session.rewind()
    return [Point(len(target.contexts), context, width, value) for width, value in seconds.items()]


def _frontier_runner(session: Session, token: np.ndarray) -> Any:
    def run(width: int) -> None:
        session.rewind()
        tokens = np.tile(token, (1, -(-width // token.shape[1])))[:, :width]
        session.propose(Frontier(tokens, np.zeros_like(tokens), np.ones(tokens.shape, bool)), max(WIDTHS))

    return run
