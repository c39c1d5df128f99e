"""The decoding loop: plan, propose, grow, select, verify, accept, commit, observe, for a ragged batch."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.attention.grouped import grouped
from smartgen.attention.mask import MaskStyle
from smartgen.attention.steady import steady
from smartgen.drafters.ngram import NGram, NGramSession
from smartgen.drafters.protocol import Drafter, Session
from smartgen.drafters.waking import drafted
from smartgen.hf.attachment import Attachment
from smartgen.hf.costing import CostSource
from smartgen.hf.features import FeatureTap
from smartgen.hf.gate import refuse_rope_switch
from smartgen.hf.noise import noise_for
from smartgen.hf.padding import left_padding, right_padded
from smartgen.hf.processors import Processors, refuse_processors
from smartgen.hf.refusals import refuse_changed_forwards, refuse_inputs
from smartgen.hf.result import Speculation, SpeculativeOutput, cache_field, stacked
from smartgen.hf.returned import ReturnedCache
from smartgen.hf.stopping import Stops, refuse_criteria
from smartgen.hf.stream import Stream
from smartgen.hf.target import CACHE_NAMES, PlainMask, Target
from smartgen.hf.text import Chooser, Text
from smartgen.hf.walk import walk
from smartgen.hf.watch import tell
from smartgen.language.program import Measured, Program, Read, parts
from smartgen.packing.model import pack, packed
from smartgen.policy.asked import may_draft, merges
from smartgen.policy.controller import Controller, Plan
from smartgen.policy.learned import Learned
from smartgen.policy.situation import DrafterTraits, Outcome, Situation
from smartgen.recipe import Recipe
from smartgen.tree.selection import root_only, select

Ints = NDArray[np.int64]
SPARE_SLOTS = 80  # behind the longest row: room for a tree
FIRST_ROOM = 4096  # new tokens of a row that memory is taken for at once; a row that gets there doubles it


@dataclass
class Request:
    """What one call brings beside stock `generate`'s own arguments."""

    program: Program
    drafter: Drafter
    ngram: NGram  # whose candidates cost nothing
    learned: Learned
    costs: CostSource
    style: MaskStyle
    plain_masks: dict[int, PlainMask]  # by rows; outlives the call
    stream: Stream

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        model: torch.nn.Module,
        attachment: Attachment,
        drafter: Drafter,
        style: MaskStyle,
        stream: Stream,
    ) -> Request:
        """With what the attachment remembers. Raises ProfileError for a named profile that does not fit."""
        learned, costs = attachment.learned(drafter), attachment.costs(model, drafter, recipe.profile)
        return cls(recipe.program, drafter, attachment.ngram, learned, costs, style, attachment.plain_masks, stream)


def run(
    model: torch.nn.Module,
    input_ids: torch.Tensor,
    logits_processor: object,
    stopping_criteria: object,
    generation_config: object,
    model_kwargs: dict,
    request: Request,
) -> torch.Tensor | SpeculativeOutput:
    """The decoding method that `generate` calls after its own preparation; same contract, same return values."""
    batch, prompt = input_ids.shape
    if prompt == 0:
        raise ValueError("the prompt holds no tokens: there is nothing to continue; begin with the model's bos token")
    refuse_changed_forwards(model)
    refuse_inputs(model_kwargs)
    refuse_processors(logits_processor, batch)
    refuse_criteria(stopping_criteria, batch)
    refuse_rope_switch(model, int(generation_config.max_length or prompt))
    request.stream.prompt(input_ids)
    pack(model)
    call = _Call(model, input_ids, logits_processor, stopping_criteria, generation_config, model_kwargs, request)
    with call.tap or nullcontext(), grouped(model), packed(model), steady(model.device), _decode_optimised(model):
        call.start(model_kwargs)
        while len(call.rows):
            call.step()
    call.controller.ends()
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
        stops = Stops(criteria)
        self.target = Target(model, request.style, self.padding.copy(), self.tap, known, stops.max_length)
        processing = Processors(processors, self.batch)
        needs_ids = not (processing.empty or processing.shared) or bool(stops._others)
        room = min(max(stops.max_length - self.prompt, 1), FIRST_ROOM) if stops.max_length is not None else 256
        pad = config._pad_token_tensor
        self.text = Text(input_ids, stops, needs_ids, room, int(pad) if pad is not None else 0)
        returns = bool(config.return_dict_in_generate)
        self.returned = self._returned(kwargs, returns)
        keep = (returns and bool(config.output_scores), returns and bool(config.output_logits))
        self.sampled = bool(config.do_sample)
        self.chooser = Chooser(processing, noise_for(self.batch) if self.sampled else None, keep)
        self.traits = DrafterTraits(self.drafter.source, self.drafter.one_pass, self.drafter.free)
        self.stats = Speculation(request.program.name, request.drafter.name)
        self.rows: Ints = np.arange(self.batch)
        self.room = room

    def _returned(self, kwargs: dict, returns: bool) -> ReturnedCache | None:
        """Stock hands over an empty cache: its own, or the caller's, who will want to find it filled."""
        cache = next((kwargs[name] for name in CACHE_NAMES if name in kwargs), None)
        wanted = cache is not None and (returns or getattr(cache, "_is_user_defined", False))
        return ReturnedCache(cache, self.batch) if wanted else None

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
        self.session, self.free = self._session(capacity, first), self._free(first)
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
        self._tell()

    def _session(self, capacity: int, first: list[int]) -> Session:
        counts = self.prompt - self.padding
        tokens, features = right_padded(self.input_ids, self.padding, self.tap.take() if self.tap else None)
        session = self.drafter.prefill(tokens, counts, features, capacity)
        wanted = getattr(self.drafter, "signals", frozenset()) & read_signals(self.request.program)
        if wanted:
            session.wanted = wanted
        last = None
        if features is not None:
            rows = torch.arange(self.batch, device=features.device)
            last = features[rows, torch.as_tensor(counts - 1, device=features.device)][:, None]
        session.commit(np.array(first)[:, None], np.ones(self.batch, np.int64), last)
        return session

    def _free(self, first: list[int]) -> NGramSession | None:
        """N-grams beside a drafter, for programs that tell sources apart."""
        program = self.request.program
        if not (may_draft(program) and merges(program, self.drafter.source)):
            return None
        tokens, _ = right_padded(self.input_ids, self.padding, None)
        session = self.request.ngram.prefill(tokens, self.prompt - self.padding, None, 0)
        session.commit(np.array(first)[:, None], np.ones(self.batch, np.int64), None)
        return session

    # -- one step -----------------------------------------------------------------------------------------------
    def step(self) -> None:
        """One round of the loop for all active rows."""
        began = time.perf_counter()
        controller = self.controller
        plan = controller.plan(self.situation(), self.free.beside() if self.free else ())
        draft_seconds = self.draft(plan) if plan.draft else []
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
        self._tell()
        accepted = np.array([len(path) - 1 for path in paths])
        took = time.perf_counter() - began
        report = controller.observe(Outcome(committed, accepted, took - drafting, draft_seconds))
        tell(controller.tree, chosen[0].tolist(), paths[0], report)
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
            span=float(self.target.cache.filled),
            rows=self.rows,
            more=self._timing(generated),
        )

    def _timing(self, generated: Ints) -> dict[str, Ints]:
        """How long the rows have been waiting, in all and for each token."""
        elapsed = np.full(len(generated), time.perf_counter() - self.began)
        return {"request.elapsed": elapsed, "request.tpot": elapsed / generated}

    def draft(self, plan: Plan) -> list[tuple[int, float]]:
        """Draft layer by layer as long as the controller says; seconds of each pass, with the width it fed."""
        spent, frontier = [], None
        while True:
            began = time.perf_counter()
            width = max(1, self.session.pending) if frontier is None else frontier.token.shape[1]
            layers = drafted(self.session, self.controller, plan, frontier)
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
        said = np.array([len(said) for said in committed])
        self.session.commit(tokens, said, features)
        if self.free:
            self.free.commit(tokens, said, None)

    def _tell(self) -> None:
        self.request.stream.tell(self.text.new, self.text.final, self.text.pad)

    def _drop_finished(self) -> None:
        done = self.text.done[self.rows]
        going = np.flatnonzero(~done)
        if len(going) == len(self.rows):
            return
        if self.returned is not None:
            for place in np.flatnonzero(done):
                self.returned.put_aside(int(self.rows[place]), int(place), self.target.cache)
        self.rows = self.rows[going]
        if len(going):
            self.target.keep_rows(going)
            self.session.keep_rows(going)
            if self.free:
                self.free.keep_rows(going)

    # -- the end ------------------------------------------------------------------------------------------------
    def output(self) -> torch.Tensor | SpeculativeOutput:
        """Sequences as stock returns them, with `.speculation` if a dict was asked for."""
        self.text.close()
        if self.stats.profile:
            self.request.costs.complain()
        sequences = self.text.padded()
        cache = None
        if self.returned is not None:
            cache = self.returned.write(self.target.cache, sequences.shape[1] - 1)  # the last token was never fed
        seconds = self.stats.seconds
        seconds["other"] -= seconds["draft"] + seconds["verify"]
        if not self.config.return_dict_in_generate:
            return sequences
        return SpeculativeOutput(
            sequences=sequences,
            scores=self._kept(self.chooser.scores) if self.chooser.keep_scores else None,
            logits=self._kept(self.chooser.logits) if self.chooser.keep_logits else None,
            speculation=self.stats,
            **{cache_field(): cache},
        )

    def _kept(self, vectors: dict[int, list[torch.Tensor]]) -> tuple[torch.Tensor, ...]:
        return stacked([vectors[row][: len(self.text.new[row])] for row in range(self.batch)])


def reads_costs(program: Program) -> bool:
    """Whether any decision of the program depends on measured seconds."""
    return any(
        isinstance(part, Measured) or (isinstance(part, Read) and part.name == "progress")
        for situation in program.situations
        for part in parts(situation)
    )


def read_signals(program: Program) -> frozenset[str]:
    """Names of everything a program reads."""
    return frozenset(part.name for part in parts(program) if isinstance(part, Read))
