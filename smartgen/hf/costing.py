"""What work costs for one model and drafter: a named profile, a remembered one, or one measured inside the call.

Measuring inside a call happens on the call's own cache, takes a few seconds, is said once, and is remembered.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import threading

import torch
import transformers

from smartgen.drafters.protocol import Drafter, Session
from smartgen.hf.target import Target
from smartgen.hf.timing import draft_points, first_pass_point, in_seconds, reading_point, stopwatch, verify_points
from smartgen.packing.model import packs
from smartgen.profile import store
from smartgen.profile.errors import ProfileError
from smartgen.profile.online import OnlineCosts
from smartgen.profile.profile import Key, Profile
from smartgen.profile.table import CostTable, Point

logger = logging.getLogger("smartgen")

BUDGET = 3.0  # seconds of verification timing inside a call, at most
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
            watch = stopwatch(target)
            verify, draft, catch_up = verify_points(target, watch, context, BUDGET, CEILING), list[Point](), list[Point]()
            if not drafter.free:
                read = reading_point(session, watch, batch, context)
                draft = draft_points(session, watch, batch, context, BUDGET / 3)
                if read is not None:
                    catch_up = [first_pass_point(session, watch, read, BUDGET / 6), read]
            steps = {(batch, context): watch.steps}
            tables = [CostTable(in_seconds(points, steps)) for points in (verify, draft, catch_up)]
            new = Profile(
                self.profile.key, tables[0], tables[1], provenance=provenance("generate"), catch_up=tables[2]
            )
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
