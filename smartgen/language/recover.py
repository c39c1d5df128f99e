"""Wrong text read as it was meant, so that one check finds everything.

Where the grammar says no, the rules of `smartgen/language/mistakes` propose repairs. A repair is believed if the text can
then be read further than before; it becomes a finding, and reading goes on in the mended text. What nobody can mend is
passed over up to the next statement. So a fix that is reported was tried.
"""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from smartgen.language.diagnostics import Diagnostic, Label
from smartgen.language.findings import Findings
from smartgen.language.lexemes import lexemes
from smartgen.language.mistakes import RULES
from smartgen.language.mistakes.foreign import foreign, invisible
from smartgen.language.mistakes.frame import other_form
from smartgen.language.mistakes.operands import statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.source import Edit, Excerpt
from smartgen.language.tables import parser
from smartgen.language.words import STATEMENTS

_ROUNDS = 60  # repairs of one text
_READ = 400_000  # characters that may be read in trying repairs
_FOREIGN = 200  # signs of other languages; a text with more is in no language that is known here
_SURE = 3  # lexemes: a repair that lets the text be read this much further is not doubted


@dataclass(frozen=True)
class _Stop:
    """Where reading stopped; `left`: characters that were not read, -1 if nothing stopped it."""

    place: int
    left: int
    error: UnexpectedInput | None

    @property
    def accepts(self) -> frozenset[str]:
        """Terminals that could have stood there."""
        if not isinstance(self.error, UnexpectedToken) or self.error.interactive_parser is None:
            return frozenset()
        return frozenset(self.error.interactive_parser.accepts())  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class _Attempt:
    repair: Repair
    excerpt: Excerpt
    stop: _Stop


def recover(excerpt: Excerpt, start: str, findings: Findings) -> Excerpt | None:
    """The text as it was meant, which parses, and a finding for each mistake; None where too little is understood.

    `start`: the rule of the grammar that the text should be.
    """
    return _Recovery(excerpt, start, findings).run()


class _Recovery:
    def __init__(self, excerpt: Excerpt, start: str, findings: Findings) -> None:
        self.excerpt, self.start, self.findings = excerpt, start, findings
        self.budget = _READ

    def run(self) -> Excerpt | None:
        other = other_form(self.excerpt.text) if self.start == "start" else None
        if other is not None:
            self._report(other)
            return None
        if not self._signs():
            return None
        stop = self._read(self.excerpt)
        for _ in range(_ROUNDS):
            if stop is None:
                return self.excerpt
            spot = self._spot(stop)
            attempt = self._mended(spot, stop) if self.budget > 0 else None
            if attempt is not None:
                self._report(attempt.repair)
                self.excerpt = attempt.excerpt
                stop = attempt.stop if attempt.stop.left >= 0 else None
            elif not self._passed_over(spot):
                return None
            else:
                stop = self._read(self.excerpt)
        return None

    # -- reading ------------------------------------------------------------------------------------------------
    def _read(self, excerpt: Excerpt) -> _Stop | None:
        """Where reading stops, None if it does not."""
        text = excerpt.text
        self.budget -= len(text)
        try:
            parser().parse(text, start=self.start)
        except UnexpectedInput as error:
            token = getattr(error, "token", None)
            ended = isinstance(token, Token) and token.type == "$END"
            place = len(text) if ended else min(len(text), max(0, error.pos_in_stream or 0))
            return _Stop(place, len(text) - place, error)
        return None

    def _spot(self, stop: _Stop) -> Spot:
        found = tuple(x for x in lexemes(self.excerpt.text) if x.sort != "comment")
        at = next((i for i, x in enumerate(found) if x.end > stop.place), len(found))
        return Spot(self.excerpt.text, found, at, stop.accepts, self.start == "start")

    # -- mending ------------------------------------------------------------------------------------------------
    def _signs(self) -> bool:
        """Signs of other languages are wrong wherever they stand: all of them at once. False if there are too many."""
        for _ in range(4):
            found = [x for x in lexemes(self.excerpt.text) if x.sort != "comment"]
            strange = [i for i, x in enumerate(found) if x.sort == "foreign"]
            if not strange:
                return True
            strange = [i for i in strange if invisible(found[i].text)] or strange  # they hide what stands beside them
            repairs = self._apart([foreign(self.excerpt.text, found, i) for i in strange[:_FOREIGN]])
            for repair in repairs:
                self._report(repair)
            if len(strange) > _FOREIGN:
                return False
            self.excerpt = self.excerpt.edited([change for repair in repairs for change in repair.changes])
        return True

    @staticmethod
    def _apart(repairs: list[Repair]) -> list[Repair]:
        """Those whose changes do not touch those of one before."""
        kept: list[Repair] = []
        taken: list[tuple[int, int]] = []
        for repair in repairs:
            here = [(start, end) for start, end, _ in repair.changes]
            if all(end <= a or b <= start for start, end in here for a, b in taken):
                kept.append(repair)
                taken += here
        return kept

    def _mended(self, spot: Spot, stop: _Stop) -> _Attempt | None:
        """The first repair that lets the text be read surely further, or the one that lets it be read furthest."""
        best: _Attempt | None = None
        tail = spot.lexemes[spot.at + _SURE :]
        sure = len(spot.text) - tail[0].start if tail else 0
        for rule in RULES:
            for repair in rule(spot):
                attempt = self._attempt(repair, stop)
                if attempt is not None and (best is None or attempt.stop.left < best.stop.left):
                    best = attempt
            if best is not None and best.stop.left <= sure:
                break
        return best

    def _attempt(self, repair: Repair, stop: _Stop) -> _Attempt | None:
        if self.budget <= 0:
            return None
        mended = self.excerpt.edited(repair.changes)
        then = self._read(mended)
        if then is None:
            return _Attempt(repair, mended, _Stop(len(mended.text), -1, None))
        adds = all(start == end and text.strip() for start, end, text in repair.changes)
        further = then.left < stop.left or (then.left == stop.left == 0 and adds)
        return _Attempt(repair, mended, then) if further else None

    def _passed_over(self, spot: Spot) -> bool:
        """Report what nobody can mend and go on at the next statement. False where there is none to go on with."""
        code, message, help = "SG003", f"`{spot.here}` cannot stand here", _expected(spot)
        if spot.at >= len(spot.lexemes):
            code, message = "SG002", "the text ends too early"
        end = spot.lexemes[spot.at].end if spot.at < len(spot.lexemes) else spot.start
        start = spot.start if spot.at < len(spot.lexemes) else max(0, end - 1)
        self._report(Repair(code, message, start, end, help, ()))
        if not spot.document or self.budget <= 0:
            return False
        first = spot.at if spot.opens or spot.begun < 0 else spot.begun
        if first >= len(spot.lexemes) or spot.lexemes[first].text in ("smartgen", "policy", "{", "}"):
            return False
        last = statement_last(spot.lexemes, max(first, spot.at))
        begins, ends = spot.lexemes[first].start, spot.lexemes[last].end
        self.findings.lost(spot.text[begins:ends])
        self.excerpt = self.excerpt.edited([(begins, ends, "")])
        return True

    def _report(self, repair: Repair) -> None:
        where = self.excerpt
        labels = (
            Label(where.span(repair.start, repair.end)),
            *(Label(where.span(start, end), words) for start, end, words in repair.also),
        )
        edits = tuple(_spaced(Edit(where.span(start, end), text)) for start, end, text in repair.changes)
        self.findings.take(Diagnostic(repair.code, repair.message, labels, repair.help, "error", edits))


def _spaced(edit: Edit) -> Edit:
    """An insertion in front of a YAML value, whose key stands for the words before it, has its space behind it."""
    text, at = edit.span.source.text, edit.span.start
    if (
        edit.span.end > at
        or not edit.text.startswith(" ")
        or text[at - 1 : at].strip()
        or not text[at : at + 1].strip()
    ):
        return edit
    return Edit(edit.span, edit.text.strip() + " ")


def _expected(spot: Spot) -> str:
    """What could stand there, in words."""
    if "_LET" in spot.accepts and "PLUS" not in spot.accepts:
        return f"a statement begins with {', '.join(STATEMENTS)}"
    if spot.wants_operand:
        return "a number, a name, a call or a parenthesis can stand here"
    return "`smartgen explain statements` shows how each statement is written"
