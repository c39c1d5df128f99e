"""Wrong text read as it was meant, so that one check finds everything.

Where the grammar says no, the rules of `smartgen/language/mistakes` propose repairs. A repair is believed if the text can
then be read further than before; it becomes a finding, and reading goes on in the mended text. What nobody can mend is
passed over up to the next statement. So a fix that is reported was tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from smartgen.language.diagnostics import Diagnostic, Label
from smartgen.language.findings import Findings
from smartgen.language.lexemes import lexemes
from smartgen.language.mistakes import RULES, cascades
from smartgen.language.mistakes.as_json import as_json
from smartgen.language.mistakes.capitals import as_written, spoken
from smartgen.language.mistakes.characters import invisible
from smartgen.language.mistakes.foreign import foreign
from smartgen.language.mistakes.operands import statement_last
from smartgen.language.mistakes.pasted import pasted
from smartgen.language.mistakes.slips import swapped
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.mistakes.version import other_form
from smartgen.language.parse import DEEPEST
from smartgen.language.recognise import Recogniser, Walk
from smartgen.language.source import Edit, Excerpt
from smartgen.language.words import STATEMENTS

_ROUNDS = 60  # repairs of one text
_READ = 400_000  # characters that may be read in trying repairs
_FOREIGN = 200  # signs of other languages; a text with more is in no language that is known here
_LONG = 100  # characters of a line that a help may hold
_OPENS, _CLOSES = ("(", "[", "{"), (")", "]", "}")
_AGAIN = 3  # readings of a text with statements of which nothing fits
_SURE = 3  # lexemes: a repair that lets the text be read this much further is not doubted


@dataclass(frozen=True)
class _Attempt:
    repair: Repair
    excerpt: Excerpt
    walk: Walk


def recover(excerpt: Excerpt, start: str, findings: Findings) -> Excerpt | None:
    """The text as it was meant, which parses, and a finding for each mistake; None where too little is understood.

    `start`: the rule of the grammar that the text should be.
    """
    return _Recovery(excerpt, start, findings).run()


class _Recovery:
    def __init__(self, excerpt: Excerpt, start: str, findings: Findings) -> None:
        self.excerpt, self.document, self.findings = excerpt, start == "start", findings
        self.recogniser = Recogniser(start)
        self.budget = _READ

    def run(self) -> Excerpt | None:
        original, before = self.excerpt, len(self.findings.all)
        mended = self._run()
        if not self.document:
            return mended
        for _ in range(_AGAIN):
            garbled = cascades.garbled(original.text, self.findings.all[before:])
            if not garbled or self.budget <= 0:
                break
            self.findings.forget(before)
            self.excerpt = original
            for repair in garbled:
                self._report(repair)
            original = self.excerpt = original.edited([change for repair in garbled for change in repair.changes])
            before = len(self.findings.all)
            mended = self._run()
        return mended

    def _run(self) -> Excerpt | None:
        for _ in range(3 if self.document else 0):  # a quotation in a chat in a program
            around = pasted(self.excerpt.text)
            if around is None:
                break
            self._report(around)
            self.excerpt = self.excerpt.edited(around.changes)
        other = other_form(self.excerpt.text) if self.document else None
        if other is not None:
            self._report(other)
            return None
        pairs = as_json(self.excerpt.text) if self.document else []
        for pair in pairs:
            self._report(pair)
        self.excerpt = self.excerpt.edited([change for pair in pairs for change in pair.changes])
        if not self._signs() or self._too_deep():
            return None
        walk = self._walk(self.excerpt)
        for _ in range(_ROUNDS):
            if walk.at is None:
                return self.excerpt
            spot = Spot(walk.text, spoken(walk.lexemes), walk.at, walk.accepts, self.document)
            attempt = self._mended(spot, walk) if self.budget > 0 else None
            if attempt is not None:
                self._report(attempt.repair)
                self.excerpt, walk = attempt.excerpt, attempt.walk
            elif self._passed_over(spot):
                walk = self._walk(self.excerpt)
            else:
                return None
        return None

    def _too_deep(self) -> bool:
        """Brackets in brackets, as no later walk should have to survive them: that is told, and nothing else."""
        depth = 0
        for x in lexemes(self.excerpt.text):
            depth += (x.text in _OPENS) - (x.text in _CLOSES)
            if depth > DEEPEST:
                message, fix = f"brackets stand more than {DEEPEST} levels deep", "name the parts with `let`"
                self._report(Repair("SG012", message, x.start, x.end, fix, ()))
                return True
        return False

    def _walk(self, excerpt: Excerpt) -> Walk:
        self.budget -= len(excerpt.text)
        return self.recogniser.walk(excerpt.text)

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

    def _mended(self, spot: Spot, walk: Walk) -> _Attempt | None:
        """The first repair that lets the text be read surely further, or the one that lets it be read furthest."""
        best: _Attempt | None = None
        tail = spot.lexemes[spot.at + _SURE :]
        sure = len(spot.text) - tail[0].start if tail else 0
        for rule in RULES:
            for repair in rule(spot):
                attempt = self._attempt(as_written(repair, walk.lexemes, spot.lexemes), walk)
                if attempt is not None and (best is None or attempt.walk.left < best.walk.left):
                    best = attempt
            if best is not None and best.walk.left <= sure:
                break
        rest = _behind_statement(spot)
        if best is None or best.walk.left >= rest:  # nothing lets the whole statement be read
            for repair in swapped(spot):
                attempt = self._attempt(repair, walk)
                if attempt is not None and attempt.walk.left < rest:
                    return attempt
        return best

    def _attempt(self, repair: Repair, walk: Walk) -> _Attempt | None:
        if self.budget <= 0:
            return None
        mended = self.excerpt.edited(repair.changes)
        then = self._walk(mended)
        adds = all(start == end and text.strip() for start, end, text in repair.changes)
        further = then.left < walk.left or (then.left == walk.left == 0 and adds)
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
        help = _spelt_out(repair, where.text) if "..." in repair.help and self.document else repair.help
        self.findings.take(Diagnostic(repair.code, repair.message, labels, help, "error", edits))


def _behind_statement(spot: Spot) -> int:
    """Characters from the first lexeme behind the statement in which reading stopped."""
    following = spot.near(1)
    behind = statement_last(spot.lexemes, spot.at + (following is not None and not following.first)) + 1
    return len(spot.text) - spot.lexemes[behind].start if behind < len(spot.lexemes) else 0


def _spelt_out(repair: Repair, text: str) -> str:
    """The help of a repair with the whole line as it should be in the place of a pattern such as `let x = ...`."""
    pattern = re.search(r"`[a-z][^`]*\.\.\.[^`]*`", repair.help)
    if pattern is None or not repair.changes:
        return repair.help
    first, last = min(c[0] for c in repair.changes), max(c[1] for c in repair.changes)
    if "\n" in text[first:last]:
        return repair.help
    start, end = text.rfind("\n", 0, first) + 1, text.find("\n", last)
    line, done = "", start
    for begin, stop, new in sorted(repair.changes):
        line, done = line + text[done:begin] + new, stop
    line = (line + text[done : end if end >= 0 else len(text)]).partition("#")[0]
    line = line if "\n" in line else " ".join(line.split())
    if "\n" in line or "`" in line or not line or len(line) > _LONG:
        return repair.help
    return repair.help[: pattern.start()] + f"`{line}`" + repair.help[pattern.end() :]


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
