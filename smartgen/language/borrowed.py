"""Names that other engines and papers give to what this language has, told by the words in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

# Extents: the first row of which a word is in the name decides, so `speculative_num_steps` is a depth.
_EXTENTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("topk", frozenset({"topk", "k", "branch", "branches", "branching", "children", "fanout", "siblings"})),
    ("depth", frozenset({"depth", "deep", "step", "steps", "layer", "layers", "level", "levels", "height", "passes"})),
    ("depth", frozenset({"len", "length", "gamma", "lookahead", "speculative", "spec", "assistant", "horizon"})),
    ("width", frozenset({"w", "width", "wide", "breadth", "beam", "beams", "frontier"})),
    ("nodes", frozenset({"node", "nodes", "token", "tokens", "budget", "size", "tree", "draft", "total", "drafts"})),
)
_DRAFTED = frozenset({"draft", "tokens"})  # SGLang counts with `speculative_num_draft_tokens` what is verified
_SIGNALS: Mapping[str, str] = {
    **dict.fromkeys(("acceptprob", "acceptanceprob", "paccept", "acceptancep", "pacc"), "calibrated(node.prob)"),
    **dict.fromkeys(("score", "weight", "value", "cumscore", "totalscore"), "node.path"),
    **dict.fromkeys(("logprob", "logprobs", "logp", "loglikelihood"), "log(node.prob)"),
    **dict.fromkeys(("cumlogprob", "cumulativelogprob", "pathlogprob", "sumlogprob", "logpath"), "log(node.path)"),
    **dict.fromkeys(("cumprob", "cumulative", "cumulativeprob", "jointprob", "joint", "pathprob"), "node.path"),
    **dict.fromkeys(("cumprobs", "cumulativeprobability", "jointprobability", "pathprobability"), "node.path"),
    **dict.fromkeys(("p", "pr", "likelihood", "softmax", "draftprob", "tokenprob", "topprob", "top1prob"), "node.prob"),
    **dict.fromkeys(
        ("bs", "bsz", "batchsz", "batchlen", "numseqs", "numrequests", "nseqs", "concurrency"), "batch.size"
    ),
    **dict.fromkeys(("numrows", "rows", "maxbatchsize", "numsequences", "runningrequests", "load"), "batch.size"),
    **dict.fromkeys(("seqlen", "sequencelength", "ctxlen", "contextlen", "promptlen", "ctx", "kvlen"), "batch.context"),
    **dict.fromkeys(("acceptlength", "acceptlen", "acceptancelength", "meanacceptlength"), "last.length"),
    **dict.fromkeys(("numaccepted", "accepts", "acceptcount", "acceptedcount"), "last.accepted"),
    **dict.fromkeys(("acceptancerate", "acceptrate", "acceptanceratio", "hitrate"), "last.rate"),
    **dict.fromkeys(("temp", "samplingtemperature"), "request.temperature"),
    **dict.fromkeys(("numoutputtokens", "outputlen", "outputtokens", "numgenerated", "numgeneratedtokens"), "request.generated"),
    **dict.fromkeys(("dosample", "sampling", "issampled", "sampled"), "request.sampled"),
    **dict.fromkeys(
        ("queuelen", "queuelength", "queuesize", "waiting", "numwaiting", "waitingrequests"), "engine.queue"
    ),
    **dict.fromkeys(("kvusage", "cacheusage", "kvcacheusage", "gpucacheusage", "cacheused"), "(1 - engine.memory)"),
    **dict.fromkeys(("memoryusage", "memoryused", "usedmemory", "gpumemoryusage", "kvused"), "(1 - engine.memory)"),
    **dict.fromkeys(("freememory", "memoryfree", "kvfree", "freecache", "freeblocks"), "engine.memory"),
    **dict.fromkeys(("drafttime", "draftlatency", "draftcost", "tdraft"), "profile.draft.time"),
    **dict.fromkeys(("verifytime", "verifylatency", "targettime", "tverify", "verifycost"), "profile.verify.time"),
    **dict.fromkeys(("numnodes", "treesize", "nnodes"), "tree.nodes"),
    **dict.fromkeys(("treedepth", "curdepth", "currentdepth"), "tree.depth"),
}

# The last part of a signal's name in other words: `last.seconds`, `profile.verify.joules`.
_PARTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("seconds", "second", "sec", "secs", "s", "ms", "millis", "milliseconds", "us"), ("time",)),
    **dict.fromkeys(("duration", "latency", "cost", "walltime", "runtime", "took", "delay"), ("time", "elapsed")),
    **dict.fromkeys(("joules", "joule", "power", "watts", "watt", "j", "wh"), ("energy", "power")),
    **dict.fromkeys(("size", "count", "len", "num", "n", "number", "total", "budget"), ("nodes", "size", "tokens")),
    **dict.fromkeys(("length", "seqlen", "ctx", "kv"), ("length", "context", "nodes", "size")),
    **dict.fromkeys(("level", "levels", "height", "steps", "layers", "layer", "deep"), ("depth",)),
    **dict.fromkeys(("width", "breadth", "candidates", "children"), ("nodes",)),
    **dict.fromkeys(("p", "probability", "likelihood"), ("prob",)),
    **dict.fromkeys(("cumprod", "prod", "product", "joint"), ("path",)),
    **dict.fromkeys(("ratio", "acceptance", "alpha"), ("rate",)),
    **dict.fromkeys(("hits", "accepts", "committed"), ("accepted",)),
    **dict.fromkeys(("proposed", "draft", "speculated"), ("drafted",)),
    **dict.fromkeys(("waiting", "pending", "backlog"), ("queue",)),
    **dict.fromkeys(("label", "name", "id", "kind", "tier", "priority"), ("tag",)),
}

# Groups of signals in other words: `sequence.context`, `profile.target.time`.
_VERIFYING = ("target", "model", "main", "base", "llm", "large", "select", "check", "validate", "validation")
_DRAFTING = ("drafter", "head", "assistant", "eagle", "small", "drafting", "expand")
_GROUPS: Mapping[str, str] = {
    **dict.fromkeys(("sequence", "seq", "row", "req", "user", "query", "prompt", "sample"), "request"),
    **dict.fromkeys(("candidate", "child", "leaf", "token"), "node"),
    **dict.fromkeys(("level", "depth", "layers"), "layer"),
    **dict.fromkeys(("draft", "draft_tree", "drafts"), "tree"),
    **dict.fromkeys(("requests", "reqs", "seqs", "sequences", "batches", "rows"), "batch"),
    **dict.fromkeys(("server", "scheduler", "sglang", "runtime"), "engine"),
    **dict.fromkeys(("prev", "step", "previous"), "last"),
    **dict.fromkeys(("cost", "costs", "prof", "timing", "timings"), "profile"),
    **dict.fromkeys((f"profile.{it}" for it in _VERIFYING), "profile.verify"),
    **dict.fromkeys((f"profile.{it}" for it in _DRAFTING), "profile.draft"),
}


# Groups that are easily confused with one.
_BESIDE: Mapping[str, tuple[str, ...]] = {
    "request": ("last", "batch"),
    "batch": ("run", "last", "request"),
    "run": ("last", "batch"),
    "step": ("last",),
    "engine": ("batch", "run"),
}


def regrouped(name: str, known: Collection[str]) -> str | None:
    """The name of `known` that says the same with its group in another word."""
    said, _, last = name.rpartition(".")
    first, _, rest = name.partition(".")
    readings = [f"{group(said)}.{last}", f"{group(first)}.{rest}"]
    if rest.count("."):  # `p.verify.time`
        readings.append(f"profile.{rest}")
    readings += [f"{beside}.{last}" for beside in _BESIDE.get(said, ())]
    return next((meant for meant in readings if meant in known), None) or part(readings[0], known)


def group(name: str) -> str:
    """The group of signals that is called so elsewhere, empty where none is."""
    return _GROUPS.get(name.lower(), "")


def part(name: str, known: Collection[str]) -> str | None:
    """The name of `known` in the same group whose last part says the same in another word."""
    group, _, last = name.rpartition(".")
    words = last.lower().split("_")[::-1]  # `acceptance_rate`
    if "length" in words:  # of what was accepted, with the bonus token or without it: nobody knows
        return None
    elsewhere = _SIGNALS.get("".join(reversed(words)), "")
    said = [*_PARTS.get(last.lower(), ()), *([elsewhere.removeprefix(f"{group}.")] if elsewhere else []), *words]
    return next((it for word in said if (it := f"{group}.{word}") in known), None)


def extent(name: str) -> str | None:
    """The extent that a name stands for: `num_speculative_tokens` is a depth, `eagle_topk` is `topk`."""
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+", name)}
    if {"top", "k"} <= words or "top" in words:
        return "topk"
    if words & _EXTENTS[1][1] or not words >= _DRAFTED:
        return next((extent for extent, among in _EXTENTS if words & among), None)
    return "nodes"


def signal(name: str) -> str | None:
    """What a name stands for, with its group in front (`node.logprob`) or without."""
    plain = name.lower().replace("_", "")
    return _SIGNALS.get(plain.replace(".", "")) or _SIGNALS.get(plain.rpartition(".")[2])
