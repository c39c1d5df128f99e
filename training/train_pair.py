"""Train the bundled pair: a byte-level BPE, a small Llama on the Python standard library, an assistant distilled from it.

    python training/train_pair.py tokenizer --out training/runs/pair
    python training/train_pair.py target --out training/runs/pair --minutes 50
    python training/train_pair.py assistant --out training/runs/pair --minutes 25

Stopped at any time, the same command goes on from its last checkpoint. Matrices of the layers are trained with Muon,
everything else with AdamW; the assistant minimises KL(target || assistant) on real text.
"""

from __future__ import annotations

import argparse
import json
import random
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

HELD_OUT = (
    "calendar",
    "configparser",
    "fractions",
    "heapq",
    "json",
    "statistics",
    "textwrap",
    "zipfile",
)  # never trained on
VOCABULARY = 1024


@dataclass(frozen=True)
class Shape:
    """Sizes of a Llama and its peak learning rate under Muon."""

    hidden: int
    layers: int
    intermediate: int
    heads: int = 4


SHAPES = {"target": Shape(256, 6, 704), "assistant": Shape(160, 2, 448)}


def standard_library() -> tuple[list[str], list[str]]:
    """(training texts, held-out texts), in a fixed order."""
    root = Path(sysconfig.get_paths()["stdlib"])
    train, held = [], []
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if "site-packages" in parts or path.stat().st_size > 400_000:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        if parts[0].removesuffix(".py") in HELD_OUT:
            held.append(text)
        elif not (parts[0] == "test" and any(name in path.name for name in HELD_OUT)):
            train.append(text)
    random.Random(0).shuffle(train)
    return train, held


def make_tokenizer(out: Path) -> None:
    """Train the tokenizer and encode both sets."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    train, held = standard_library()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(train, trainer)
    whole = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    whole.save_pretrained(out / "tokenizer")
    for name, texts in (("train", train), ("held", held)):
        ids = [i for encoding in tokenizer.encode_batch(texts) for i in (0, *encoding.ids, 1)]
        torch.save(torch.tensor(ids, dtype=torch.int16), out / f"{name}.pt")
        print(f"{name}: {len(texts)} files, {len(ids)} tokens")


def build(kind: str) -> nn.Module:
    """A fresh Llama of this kind."""
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = SHAPES[kind]
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            intermediate_size=shape.intermediate,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.heads,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )


def optimizers(model: nn.Module) -> list[tuple[torch.optim.Optimizer, float]]:
    """(optimiser, peak learning rate) pairs."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "layers" in name]
    rest = [p for name, p in named if not (p.ndim == 2 and "layers" in name)]
    return [
        (torch.optim.Muon(matrices, lr=0.02, weight_decay=0.01, adjust_lr_fn="original"), 0.02),
        (torch.optim.AdamW(rest, lr=4e-3, betas=(0.9, 0.95), weight_decay=0.0), 4e-3),
    ]


class Training:
    """One model's training: state that a checkpoint holds, and the step."""

    def __init__(self, kind: str, out: Path, teacher: nn.Module | None) -> None:
        self.model, self.teacher = build(kind), teacher
        self.optimizers = optimizers(self.model)
        self.seconds, self.steps, self.seen = 0.0, 0, 0
        self.generator = torch.Generator().manual_seed(0)
        self.path = out / f"{kind}.checkpoint.pt"

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one."""
        if not self.path.exists():
            return False
        state = torch.load(self.path, weights_only=True)
        self.model.load_state_dict(state["model"])
        for (optimizer, _), saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.seconds, self.steps, self.seen = state["seconds"], state["steps"], state["seen"]
        self.generator.set_state(state["generator"])
        return True

    def save(self) -> None:
        """Write the checkpoint whole or not at all."""
        partial = self.path.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer, _ in self.optimizers],
                "seconds": self.seconds,
                "steps": self.steps,
                "seen": self.seen,
                "generator": self.generator.get_state(),
            },
            partial,
        )
        partial.replace(self.path)

    def step(self, ids: torch.Tensor, done: float, batch: int, length: int) -> float:
        """One update; `done` in [0, 1] sets the learning rate: warm up, hold, down to zero over the second half."""
        began = time.monotonic()
        scale = min(1.0, (self.steps + 1) / 50) * min(1.0, (1 - done) / 0.5)
        for optimizer, peak in self.optimizers:
            optimizer.param_groups[0]["lr"] = peak * scale
        at = torch.randint(0, len(ids) - length - 1, (batch,), generator=self.generator)
        text = torch.stack([ids[i : i + length + 1] for i in at])
        loss = self._loss(text)
        self.model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, _ in self.optimizers:
            optimizer.step()
        self.steps, self.seen = self.steps + 1, self.seen + batch * length
        self.seconds += time.monotonic() - began
        return float(loss.detach())

    def _loss(self, text: torch.Tensor) -> torch.Tensor:
        logits = self.model(text[:, :-1]).logits.flatten(0, 1)
        if self.teacher is None:
            return F.cross_entropy(logits, text[:, 1:].flatten())
        with torch.no_grad():
            goal = self.teacher(text[:, :-1]).logits.flatten(0, 1).log_softmax(-1)
        return F.kl_div(logits.log_softmax(-1), goal, log_target=True, reduction="batchmean")


@torch.no_grad()
def held_out(model: nn.Module, ids: torch.Tensor, rows: int = 60, length: int = 256) -> tuple[float, torch.Tensor]:
    """Mean loss in nats per token, and the top-1 predictions (rows, length)."""
    text = torch.stack([ids[i * length : (i + 1) * length + 1] for i in range(rows)])
    logits = model(text[:, :-1]).logits
    return F.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten()).item(), logits.argmax(-1)


def train(
    kind: str, out: Path, minutes: float, every: int = 100, batch: int = 16, length: int = 256, most: int | None = None
) -> Training:
    """Train until `minutes` of work are done (or `most` steps), a checkpoint every `every` steps; saves the model."""
    ids = torch.load(out / "train.pt", weights_only=True).long()
    training = Training(kind, out, _teacher(out) if kind == "assistant" else None)
    if training.resume():
        print(f"{kind}: going on from step {training.steps}")
    while (done := training.seconds / (60 * minutes)) < 1 and (most is None or training.steps < most):
        loss = training.step(ids, done, batch, length)
        if training.steps % every == 0:
            training.save()
            print(f"{kind} step {training.steps}, {training.seconds:.0f} s, loss {loss:.3f}", flush=True)
    training.save()
    return training


def finish(training: Training, kind: str, out: Path) -> None:
    """Evaluate on held-out text, write the model in bfloat16 and its card."""
    held = torch.load(out / "held.pt", weights_only=True).long()
    model = training.model.eval()
    loss, top = held_out(model, held)
    card = {
        "name": f"bundled-{kind}",
        "kind": kind,
        "parameters": sum(p.numel() for p in model.parameters()),
        "steps": training.steps,
        "tokens_seen": training.seen,
        "minutes": round(training.seconds / 60, 1),
        "held_out_loss_nats": round(loss, 4),
        "torch": torch.__version__,
        "seed": 0,
        "held_out": list(HELD_OUT),
    }
    if training.teacher is not None:
        agreement = (top == held_out(training.teacher, held)[1]).float().mean().item()
        card["top1_agreement_with_target"] = round(agreement, 4)
    model.to(torch.bfloat16).save_pretrained(out / kind)
    (out / kind / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(card)


def _teacher(out: Path) -> nn.Module:
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM.from_pretrained(out / "target", dtype=torch.float32).eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["tokenizer", "target", "assistant"])
    parser.add_argument("--out", type=Path, default=Path("training/runs/pair"))
    parser.add_argument("--minutes", type=float, default=50)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.what == "tokenizer":
        make_tokenizer(args.out)
    else:
        finish(train(args.what, args.out, args.minutes), args.what, args.out)


if __name__ == "__main__":
    main()
