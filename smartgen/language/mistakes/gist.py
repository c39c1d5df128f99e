"""What a statement in other words seems to say: its keyword, its numbers and the things it names, as a statement."""

from __future__ import annotations

import re

from smartgen.language.borrowed import extent
from smartgen.language.mistakes.naming import USUAL
from smartgen.language.nearest import NUMBER_WORDS
from smartgen.language.signals import SIGNALS
from smartgen.language.words import EXTENTS, KEYWORDS, STATEMENTS

_LARGER = {"twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "hundred": "100"}
_THINGS = (  # a word of a line, and what it is of a node, of a layer, of a step
    (r"prob\w*|chance\w*|likel\w+|confiden\w+|score", ("node.prob", "layer.max(node.prob)", "last.rate")),
    (r"entropy|uncertain\w*", ("node.entropy", "layer.max(node.entropy)", "")),
    (r"path|joint|cumulative|product", ("node.path", "layer.max(node.path)", "")),
    (r"depth|deep\w*|layers?|levels?|steps?|passes", ("node.depth", "layer.depth", "")),
    (r"queue\w*|waiting|backlog", ("", "engine.queue", "engine.queue")),
    (r"batch\w*|requests?|rows?|load|users?|traffic", ("", "batch.size", "batch.size")),
    (r"accept\w*|rate", ("", "", "batch.mean(last.rate)")),
)
_OF_NODE, _OF_LAYER, _OF_STEP = range(3)
_LESS = re.compile(r"<|≤|\b(?:below|under|less|fewer|smaller|lower|shorter|most|until|up to|within)\b")
_SHARES = ("prob", "rate")


def gist(keyword: str, line: str) -> str:
    """`expand the best eight nodes whose probability is above 0.05` as `expand best 8 where node.prob > 0.05`.

    Where nothing can be made out of a line, the example of its statement. Empty for statements that have none by themselves.
    """
    words = line[len(keyword) :] if line.startswith(keyword) else line
    numbers = _numbers(words)
    if keyword in ("expand", "verify"):
        count = next((n for n in numbers if n.isdigit()), "8" if keyword == "expand" else "24")
        condition = _condition(words, [n for n in numbers if n != count], _OF_NODE)
        return f"{keyword} best {count}" + (f" where {condition}" if condition else "")
    if keyword == "limit":
        named = next((e for w in re.findall(r"[a-z]+", words) if (e := w if w in EXTENTS else extent(w))), "depth")
        return f"limit {named} {next((n for n in numbers if n.isdigit()), '8')}"
    if keyword == "continue":
        return f"continue while {_condition(words, numbers, _OF_LAYER) or 'layer.depth < 4'}"
    if keyword == "when":
        return f"when {_condition(words, numbers, _OF_STEP) or 'batch.size > 8'}"
    if keyword == "subject":
        bound = re.search(r"[0-9.]+\s*(?:ms|s)\b", words)
        return f"subject to time <= {bound.group() if bound is not None else '25 ms'}"
    if keyword == "maximize":
        return f"maximize tokens / {'energy' if re.search(r'energy|joule|power', words) else 'time'}"
    return _named(keyword, words, numbers)


def _named(keyword: str, words: str, numbers: list[str]) -> str:
    name = re.match(r"\s*([A-Za-z_]\w*)\s*(?:=|:|is\b|be\b)", words)
    own = name.group(1) if name is not None and name.group(1) not in KEYWORDS else USUAL.get(keyword, "")
    if keyword == "benefit":
        return f"benefit {own} = node.path"
    if keyword == "cost":
        return f"cost {own} = profile.{'draft' if 'draft' in words else 'verify'}.time"
    if keyword == "let":
        read = next((w for w in re.findall(r"[a-z]+\.[a-z.]+", words) if w in SIGNALS), None)
        return f"let {own} = {read or (numbers[0] if numbers else '1')}"
    share = numbers and float(numbers[0]) <= 1
    return (
        f"param {own}: {'prob' if share else 'number'} = {numbers[0] if numbers else '1'}" if keyword == "param" else ""
    )


def _numbers(words: str) -> list[str]:
    """Numbers in digits and in words; percentages as fractions."""
    found = list[str]()
    for number, percent, word in re.findall(r"(?<![\w.])([0-9]+(?:\.[0-9]+)?)(\s*(?:%|percent))?|([a-z]+)", words):
        if number:
            found.append(f"{float(number) / 100:g}" if percent else number)
        elif word in NUMBER_WORDS and word != "one":
            found.append(str(NUMBER_WORDS.index(word)))
        elif word in _LARGER:
            found.append(_LARGER[word])
    return found


def _condition(words: str, numbers: list[str], of: int) -> str:
    """`whose probability is above 0.05`; empty where no thing is compared with a number."""
    for pattern, names in _THINGS:
        if re.search(rf"\b(?:{pattern})\b", words) and names[of]:
            share = any(part in names[of] for part in _SHARES)
            number = next((n for n in numbers if (float(n) <= 1) == share), None)
            if number is not None:
                return f"{names[of]} {'<' if _LESS.search(words) else '>'} {number}"
    return ""


def prose(line: str) -> bool:
    """Whether a line that begins with no statement is a sentence."""
    words = re.findall(r"[A-Za-z']+", line)
    return len(words) >= 3 and line.split(maxsplit=1)[0] not in STATEMENTS
