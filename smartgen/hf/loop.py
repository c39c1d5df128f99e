"""The decoding loop: plan, propose, grow, select, verify, accept, commit, observe, for a ragged batch."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.attention.grouped import grouped
from smartgen.attention.mask import MaskStyle
from smartgen.drafters.ngram import NGram
from smartgen.drafters.protocol import Drafter, Session
from smartgen.hf.costing import CostSource
from smartgen.hf.features import FeatureTap
from smartgen.hf.noise import noise_for
from smartgen.hf.padding import left_padding, right_padded
from smartgen.hf.processors import Processors, refuse_processors
from smartgen.hf.result import Speculation, SpeculativeOutput, stacked
from smartgen.hf.stopping import Stops, refuse_criteria
from smartgen.hf.target import PlainMask, Target
from smartgen.hf.text import Chooser, Text
from smartgen.hf.walk import walk
from smartgen.hf.watch import tell
from smartgen.language.program import Const, Measured, Program, Read, parts
from smartgen.packing.model import pack, packed
from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.tree.selection import root_only, select

Ints = NDArray[np.int64]
SPARE_SLOTS = 80  # behind the longest row: room for a tree


@dataclass
class Request:
    """What one call brings beside stock `generate`'s own arguments."""

    program: Program
    drafter: Drafter
    learned: Learned
    costs: CostSource
    style: MaskStyle
    plain_masks: dict[int, PlainMask] = field(default_factory=dict)  # by rows; outlives the call
    streamer: object = None


def decode(
    model: torch.nn.Module,
    input_ids: torch.Tensor,
    logits_processor: object,
    stopping_criteria: object,
    generation_config: object,
    model_kwargs: dict,
    request: Request,
) -> torch.Tensor | SpeculativeOutput:
    """The decoding method that `generate` calls after its own preparation; same contract, same return values."""
    batch = input_ids.shape[0]
    try:
        refuse_processors(logits_processor, batch)
        refuse_criteria(stopping_criteria, batch)
        pack(model)
        call = _Call(model, input_ids, logits_processor, stopping_criteria, generation_config, model_kwargs, request)
        with call.tap or nullcontext(), grouped(model), packed(model), _decode_optimised(model):
            call.start(model_kwargs)
            while len(call.rows):
                call.step()
    finally:
        if request.streamer is not None:
            request.streamer.end()
    return call.output()


def _decode_optimised(model: torch.nn.Module):
    """Stock's own context around its loop (mixtures of experts take another kernel for few tokens)."""
    context = getattr(model, "_optimize_model_for_decode", None)
    return context() if context is not None else nullcontext()


class _Call:
    """State of one call. `rows`: original numbers of the active rows."""

    def __init__(self, model, input_ids, processors, criteria, config, kwargs, request: Request) -> None:
        self.model, self.config, self.request = model, config, request
        self.batch, self.prompt = input_ids.shape
        self.input_ids = input_ids
        self.padding = left_padding(kwargs.get("attention_mask"), self.batch, self.prompt)
        self.drafter = (
            request.drafter if may_draft(request.program) else NGram()
        )  # nothing is kept for who never drafts
        layers = self.drafter.feature_layers
        self.tap = FeatureTap(model, layers) if layers else None
        known = request.plain_masks.setdefault(self.batch, PlainMask())
        self.target = Target(model, request.style, self.padding.copy(), self.tap, known)
        stops = Stops(criteria)
        processing = Processors(processors, self.batch)
        needs_ids = not (processing.empty or processing.shared) or bool(stops._others)
        room = stops.max_length - self.prompt if stops.max_length is not None else 256
        self.text = Text(input_ids, stops, needs_ids, max(room, 1), request.streamer)
        returns = bool(config.return_dict_in_generate)
        keep = (returns and bool(config.output_scores), returns and bool(config.output_logits))
        self.sampled = bool(config.do_sample)
        self.chooser = Chooser(processing, noise_for(self.batch) if self.sampled else None, keep)
        self.traits = DrafterTraits(self.drafter.source, self.drafter.one_pass, self.drafter.free)
        self.stats = Speculation(request.program.name, request.drafter.name)
        self.rows: Ints = np.arange(self.batch)
        self.room = max(room, 1)

    # -- the prompt ---------------------------------------------------------------------------------------------
    def start(self, kwargs: dict) -> None:
        """Prefill, the first token of every row, the drafter's session."""
        self.began = began = time.perf_counter()
        capacity = self.prompt + self.room + SPARE_SLOTS
        logits = self.target.prefill(self.input_ids, self.config, kwargs, capacity)
        rows = list(range(self.batch))
        first = self.chooser.choose(rows, self.text, logits)
        for row, token in enumerate(first):
            self.text.push(row, token, self.chooser.scores_of(row))
        self.session = self._session(capacity, first)
        self.stats.seconds["prefill"] += time.perf_counter() - began
        self.stats.committed, self.stats.row_steps = 0, 0
        self._drop_finished()
        began = time.perf_counter()
        request = self.request
        if len(self.rows) and reads_costs(request.program):
            drafting = not request.drafter.free
            if not request.costs.fixed and not request.costs.knows(len(self.rows), drafting):
                request.costs.measure(self.target, self.session, request.drafter)
            self.stats.profile = request.costs.described
        self.stats.seconds["profile"] += time.perf_counter() - began
        self.controller = Controller(request.program, request.costs.online, request.learned)

    def _session(self, capacity: int, first: list[int]) -> Session:
        counts = self.prompt - self.padding
        tokens, features = right_padded(self.input_ids, self.padding, self.tap.take() if self.tap else None)
        session = self.drafter.prefill(tokens, counts, features, capacity)
        last = None
        if features is not None:
            rows = torch.arange(self.batch, device=features.device)
            last = features[rows, torch.as_tensor(counts - 1, device=features.device)][:, None]
        session.commit(np.array(first)[:, None], np.ones(self.batch, np.int64), last)
        return session

    # -- one step -----------------------------------------------------------------------------------------------
    def step(self) -> None:
        """One round of the loop for all active rows."""
        began = time.perf_counter()
        controller = self.controller
        plan = controller.plan(self.situation())
        draft_seconds = self.draft(plan.topk) if plan.draft else []
        drafting = sum(seconds for _, seconds in draft_seconds)
        chosen = controller.select()
        root = np.array([self.text.new[row][-1] for row in self.rows])
        selection = select(controller.tree, chosen, root) if chosen.shape[1] else root_only(root)
        verified = int(selection.real[:, 1:].sum())
        in_verify = time.perf_counter()
        logits = self.target.verify(selection)
        before = [len(self.text.new[row]) for row in self.rows]
        paths = walk(selection, logits, self.rows.tolist(), self.text, self.chooser)
        self.stats.seconds["verify"] += time.perf_counter() - in_verify
        committed = [self.text.new[row][start:] for row, start in zip(self.rows, before, strict=True)]
        self._commit(paths, committed)
        accepted = np.array([len(path) - 1 for path in paths])
        took = time.perf_counter() - began
        report = controller.observe(Outcome(committed, accepted, took - drafting, draft_seconds))
        tell(controller.tree, chosen[0].tolist(), paths[0], report.reason)
        self.stats.seconds["draft"] += drafting
        self.stats.add(
            report, len(self.rows), len(draft_seconds), verified, int(accepted.sum()), sum(map(len, committed))
        )
        self._drop_finished()
        self.stats.seconds["other"] += time.perf_counter() - began

    def situation(self) -> Situation:
        """What the controller may know of the batch before the step."""
        generated = np.array([len(self.text.new[row]) for row in self.rows])
        return Situation(
            contexts=self.target.contexts,
            generated=generated,
            remaining=self.text.remaining(self.rows),
            sampled=self.sampled,
            temperature=float(self.config.temperature or 1.0) if self.sampled else 0.0,
            drafter=self.traits,
            pending=max(1, self.session.pending),
            drains=True,
            rows=self.rows,
            more=self._timing(generated),
        )

    def _timing(self, generated: Ints) -> dict[str, Ints]:
        """How long the rows have been waiting, in all and for each token."""
        elapsed = np.full(len(generated), time.perf_counter() - self.began)
        return {"request.elapsed": elapsed, "request.tpot": elapsed / generated}

    def draft(self, topk: int) -> list[tuple[int, float]]:
        """Draft layer by layer as long as the controller says; seconds of each pass, with the width it fed."""
        spent, frontier = [], None
        while True:
            began = time.perf_counter()
            width = max(1, self.session.pending) if frontier is None else frontier.token.shape[1]
            layers = self.session.propose(frontier, topk)
            frontier = self.controller.grow(layers)
            spent.append((width, time.perf_counter() - began))
            if frontier is None:
                self.session.rewind()
                return spent

    def _commit(self, paths: list[list[int]], committed: list[list[int]]) -> None:
        """Keep the accepted path in the cache and tell the drafter what was said."""
        counts = np.array([len(path) for path in paths])
        columns = np.zeros((len(paths), int(counts.max())), np.int64)
        tokens = np.zeros_like(columns)
        for i, (path, said) in enumerate(zip(paths, committed, strict=True)):
            columns[i, : len(path)] = path
            tokens[i, : len(said)] = said[: len(path)]
        features = self.target.accept(columns, counts)
        self.session.commit(tokens, np.array([len(said) for said in committed]), features)

    def _drop_finished(self) -> None:
        going = np.flatnonzero(~self.text.done[self.rows])
        if len(going) == len(self.rows):
            return
        self.rows = self.rows[going]
        if len(going):
            self.target.keep_rows(going)
            self.session.keep_rows(going)

    # -- the end ------------------------------------------------------------------------------------------------
    def output(self) -> torch.Tensor | SpeculativeOutput:
        """Sequences as stock returns them, with `.speculation` if a dict was asked for."""
        pad = self.config._pad_token_tensor
        sequences = self.text.padded(int(pad) if pad is not None else 0)
        seconds = self.stats.seconds
        seconds["other"] -= seconds["draft"] + seconds["verify"]
        if not self.config.return_dict_in_generate:
            return sequences
        order = range(self.batch)
        return SpeculativeOutput(
            sequences=sequences,
            scores=stacked([self.chooser.scores[row] for row in order]) if self.chooser.keep_scores else None,
            logits=stacked([self.chooser.logits[row] for row in order]) if self.chooser.keep_logits else None,
            speculation=self.stats,
        )


def may_draft(program: Program) -> bool:
    """False for a program that never drafts (`limit depth 0`): nothing needs to be kept for a drafter then."""
    depths = [situation.rules.limits.depth for situation in program.situations]
    return not all(isinstance(depth, Const) and depth.value == 0 for depth in depths)


def reads_costs(program: Program) -> bool:
    """Whether any decision of the program depends on measured seconds."""
    return any(
        isinstance(part, Measured) or (isinstance(part, Read) and part.name == "progress")
        for situation in program.situations
        for part in parts(situation)
    )
