"""How often the likeliest token changes with the shape of the forward that computes it.

The same text, position by position, in several shapes: stock `generate` alone and as one row of a padded batch, and the
loop of smartgen with trees of several sizes. The reference is stock alone; every other shape is fed the reference's
own tokens, so that each position counts once, whatever was chosen before. A flip is another argmax at one position.

    python benchmarks/tie_rates.py --dtype bf16      # SmolLM2-135M-Instruct; --dtype float32
"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessor, LogitsProcessorList

import smartgen
from smartgen.attention.grouped import grouped
from smartgen.hf.equality import TIE
from smartgen.hf.gate import capability
from smartgen.hf.target import Target
from smartgen.hf.timing import dummy_selection
from smartgen.models import get
from smartgen.packing.model import pack, packed
from smartgen.tree.selection import Selection

PROMPTS = [
    "I planted tomatoes too early and a frost is coming. What can I do tonight?",
    "Write a Python function that counts how often each word occurs in a text.",
    "Explain how a bicycle stays upright, to somebody who never studied physics.",
    "Give me a packing list for three days in the mountains in October.",
    "Summarise in one sentence: the old mill ground flour until 1950, stood empty for forty years, and is now a library.",
    "What is the difference between a list and a tuple in Python?",
    "Write a short poem about a lighthouse in fog.",
    "Translate into French: the train leaves at seven and the station is closed on Sundays.",
    "How many minutes are there in a week? Show each step.",
    "Write a polite letter to a neighbour whose dog barks at night.",
    "List the planets in order of their distance from the sun, with one fact each.",
    "def fibonacci(n):\n    '''The first n Fibonacci numbers.'''\n",
]
TREES = (0, 4, 16, 64)  # draft nodes
BATCH = 4


class _Forced(LogitsProcessor):
    """Leaves one token possible: the reference's own at this position."""

    def __init__(self, texts: torch.Tensor, prompt: int) -> None:
        self.texts, self.prompt = texts, prompt

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        chosen = self.texts[:, input_ids.shape[1] - self.prompt]
        return torch.full_like(scores, -torch.inf).scatter(1, chosen[:, None], 0.0)


def _stock(model, inputs, tokens: int, texts: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """New tokens (B, T) and raw logits (B, T, V) of stock, its own or forced to `texts`."""
    forced = [] if texts is None else [_Forced(texts, inputs["input_ids"].shape[1])]
    output = model.generate(
        **inputs,
        max_new_tokens=tokens,
        min_new_tokens=tokens,
        do_sample=False,
        logits_processor=LogitsProcessorList(forced),
        return_dict_in_generate=True,
        output_logits=True,
    )
    return output.sequences[:, inputs["input_ids"].shape[1] :], torch.stack(output.logits, 1)


@torch.no_grad()
def _trees(model, inputs, text: list[int], nodes: int) -> torch.Tensor:
    """Logits (T, V) of one row in the loop's own forwards, each with `nodes` draft nodes beside the root."""
    with ExitStack() as stack:
        pack(model)
        stack.enter_context(grouped(model))
        stack.enter_context(packed(model))
        target = Target(model, capability(model), np.zeros(1, np.int64), None)
        cache = {target.cache_argument: target.cache}
        rows = [model(input_ids=inputs["input_ids"], **cache, use_cache=True, return_dict=True).logits[0, -1]]
        target.cache.seal(inputs["input_ids"].shape[1] + len(text) + nodes + 8)
        for token in text[:-1]:
            tree = dummy_selection(1, nodes, model.config.vocab_size)
            given = np.concatenate([[[token]], tree.token[:, 1:]], 1)
            logits = target.verify(Selection(tree.nodes, given, tree.parent, tree.depth, tree.real))
            rows.append(logits[0, 0])
            target.accept(np.zeros((1, 1), np.int64), np.ones(1, np.int64))
    return torch.stack(rows)


def _flips(reference: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return reference.argmax(-1) != other.argmax(-1)


def measure(model, tokenizer, prompts: list[str], tokens: int) -> dict[str, object]:
    """Flips and gaps of every shape against stock alone, counted in positions."""
    encoded = [_encoded(tokenizer, [prompt]) for prompt in prompts]
    alone = [_stock(model, inputs, tokens) for inputs in encoded]
    reference = torch.cat([logits for _, logits in alone]).float()
    top = reference.topk(2, -1).values
    gaps = top[..., 0] - top[..., 1]
    shapes = {f"stock, one row of {BATCH}": _in_batches(model, tokenizer, prompts, alone, tokens)}
    for nodes in TREES:
        lines = [
            _trees(model, inputs, texts[0].tolist(), nodes) for inputs, (texts, _) in zip(encoded, alone, strict=True)
        ]
        shapes[f"smartgen, {nodes} draft nodes"] = torch.stack(lines)
    found = {}
    for name, logits in shapes.items():
        flips = _flips(reference, logits.float())
        found[name] = {
            "flips": int(flips.sum()),
            "texts with a flip": int(flips.any(1).sum()),
            "largest gap at a flip": float(gaps[flips].max()) if flips.any() else 0.0,
            "median shift of a logit": float((logits.float() - reference).abs().median()),
        }
    return {
        "positions": gaps.numel(),
        "texts": len(prompts),
        "exact ties": int((gaps == 0).sum()),
        "gaps below 1e-4": int((gaps < TIE).sum()),
        "shapes": found,
    }


def _in_batches(model, tokenizer, prompts: list[str], alone: list, tokens: int) -> torch.Tensor:
    parts = []
    for start in range(0, len(prompts), BATCH):
        texts = torch.cat([text for text, _ in alone[start : start + BATCH]])
        parts.append(_stock(model, _encoded(tokenizer, prompts[start : start + BATCH]), tokens, texts)[1])
    return torch.cat(parts)


def _encoded(tokenizer, prompts: list[str]):
    chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
    texts = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
    return tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", choices=("bf16", "float32"), default="bf16")
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--prompts", type=int, default=len(PROMPTS))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    folder = get("smollm2-135m")
    dtype = torch.bfloat16 if arguments.dtype == "bf16" else torch.float32
    model = smartgen.attach(AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval())
    result = measure(model, AutoTokenizer.from_pretrained(folder), PROMPTS[: arguments.prompts], arguments.tokens)
    result = {"dtype": arguments.dtype, "torch": torch.__version__, "transformers": transformers.__version__, **result}
    print(json.dumps(result, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
