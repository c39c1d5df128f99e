"""What the target's own distributions would add as candidates, before anything is built: `smart` at batch 1, greedy.

    python benchmarks/recycling.py --prompts FILE --requests 24 --tokens 64

At every verified node, accepted or not, the target says what may follow that node's token. Remembered by token (an adjacency
list, as in Token Recycling, arXiv 2408.08696), the newest one proposes children where a step's accepted path ended. A
*hit*: the token that came there is among the first k remembered and was not in the tree that was verified. Hits a step are
the ceiling of what one more accepted token could come from; what verifying k candidates below every node costs is left out.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import smartgen
from smartgen.hf import loop
from smartgen.hf.api import load_drafter
from smartgen.models.get import resolve

FIRST = (1, 2, 4, 8)  # candidates a node


@dataclass
class Tally:
    """`following`: the remembered candidates by token; `hits`: by k."""

    following: dict[int, list[int]] = field(default_factory=dict)
    hits: dict[int, int] = field(default_factory=lambda: dict.fromkeys(FIRST, 0))
    steps: int = 0
    tokens: int = 0
    known: int = 0

    def see(self, tokens: list[int], parents: list[int], best: list[list[int]], path: list[int], came: int) -> None:
        """One step: nodes (root first), what the target ranked highest at each, the accepted places, the token that came."""
        end = path[-1]
        self.steps += 1
        self.tokens += len(path)
        if tokens[end] in self.following:
            self.known += 1
            verified = {token for token, parent in zip(tokens, parents, strict=True) if parent == end}
            proposed = [token for token in self.following[tokens[end]] if token not in verified]
            for k in FIRST:
                self.hits[k] += came in proposed[:k]
        self.following.update(zip(tokens, best, strict=True))


def listening(tally: Tally) -> None:
    """Let the walk over the tree tell what it sees."""
    real = loop.walk

    def walk(selection: Any, logits: torch.Tensor, rows: Any, text: Any, chooser: Any) -> Any:
        best = logits[0].float().topk(max(FIRST), -1).indices.tolist()
        paths = real(selection, logits, rows, text, chooser)
        tokens, parents = selection.token[0].tolist(), selection.parent[0].tolist()
        tally.see(tokens, parents, best, list(paths[0]), int(text.new[rows[0]][-1]))
        return paths

    loop.walk = walk


def main() -> None:
    """Generate, count, print."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--prompts", type=Path, required=True, help="JSON lines with `turns`")
    options.add_argument("--requests", type=int, default=24)
    options.add_argument("--tokens", type=int, default=64)
    given = options.parse_args()
    model = AutoModelForCausalLM.from_pretrained(resolve("smollm2-135m"), dtype=torch.bfloat16).eval()
    tokenizer = AutoTokenizer.from_pretrained(resolve("smollm2-135m"))
    smartgen.attach(model, profile=str(Path(__file__).parent / "results" / "profile_smollm2_bf16_head.json"))
    drafter, tally = load_drafter("smollm2-135m-eagle3", model), Tally()
    listening(tally)
    lines = [json.loads(line) for line in given.prompts.read_text(encoding="utf-8").splitlines()]
    for line in lines[:: max(len(lines) // given.requests, 1)][: given.requests]:
        chat = [{"role": "user", "content": line["turns"][0]}]
        inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        model.generate(
            **inputs, max_new_tokens=given.tokens, do_sample=False, smart_recipe="smart", assistant_model=drafter
        )
    steps = tally.steps
    print(f"{steps} steps, {tally.tokens / steps:.2f} tokens a step, something remembered in {tally.known / steps:.2f}")
    for k in FIRST:
        print(f"first {k}: {tally.hits[k] / steps:.3f} hits a step")


if __name__ == "__main__":
    main()
