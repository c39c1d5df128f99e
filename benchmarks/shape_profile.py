"""Cost profile of a model known by its shape alone: random weights on the device at hand, a random EAGLE-3 head beside it.

    python benchmarks/shape_profile.py --shape llama-3.1-8b --batch 1,4,16,32,64 --context 128,1024 --out FILE

What a forward costs depends on the shape, the device and the dtype, not on what the weights say, so that a deployment
can be planned (`smartgen replay --profiles FILE`, `smartgen explain --profile FILE`) before anything is downloaded.
What is drafted or accepted by such a model means nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

import smartgen
from smartgen.hf.profiling import measure_profile
from smartgen.profile import store

SHAPES = {  # sizes as published with the models; `draft` is the vocabulary of the heads published for them
    "llama-3.1-8b": {
        "hidden": 4096, "intermediate": 14336, "layers": 32, "heads": 32, "keys": 8, "vocabulary": 128256, "draft": 32000
    },
    "llama-3.2-1b": {
        "hidden": 2048, "intermediate": 8192, "layers": 16, "heads": 32, "keys": 8, "vocabulary": 128256, "draft": 32000
    },
}  # fmt: skip


def config_of(shape: dict[str, int], layers: int) -> LlamaConfig:
    return LlamaConfig(
        hidden_size=shape["hidden"],
        intermediate_size=shape["intermediate"],
        num_hidden_layers=layers,
        num_attention_heads=shape["heads"],
        num_key_value_heads=shape["keys"],
        vocab_size=shape["vocabulary"],
        max_position_embeddings=8192,
        attn_implementation="sdpa",
    )


def random_target(shape: dict[str, int], device: torch.device, dtype: torch.dtype) -> LlamaForCausalLM:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            return LlamaForCausalLM(config_of(shape, shape["layers"])).eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(before)


def write_head(shape: dict[str, int], folder: Path, dtype: torch.dtype) -> None:
    """A head in the published layout, one layer, its weights drawn at random."""
    hidden, wide = shape["hidden"], shape["intermediate"]
    keys = shape["keys"] * hidden // shape["heads"]
    sizes = {
        "fc.weight": (hidden, 3 * hidden),
        "midlayer.self_attn.q_proj.weight": (hidden, 2 * hidden),
        "midlayer.self_attn.k_proj.weight": (keys, 2 * hidden),
        "midlayer.self_attn.v_proj.weight": (keys, 2 * hidden),
        "midlayer.self_attn.o_proj.weight": (hidden, hidden),
        "midlayer.mlp.gate_proj.weight": (wide, hidden),
        "midlayer.mlp.up_proj.weight": (wide, hidden),
        "midlayer.mlp.down_proj.weight": (hidden, wide),
        "lm_head.weight": (shape["draft"], hidden),
    }
    tensors = {name: torch.randn(size, dtype=torch.float32).mul_(0.02).to(dtype) for name, size in sizes.items()}
    for name in ("midlayer.input_layernorm", "midlayer.hidden_norm", "midlayer.post_attention_layernorm", "norm"):
        tensors[f"{name}.weight"] = torch.ones(hidden, dtype=dtype)
    tensors["d2t"] = torch.zeros(shape["draft"], dtype=torch.long)
    save_file(tensors, folder / "model.safetensors")
    config = config_of(shape, 1).to_dict() | {
        "architectures": ["LlamaForCausalLMEagle3"],
        "draft_vocab_size": shape["draft"],
        "rope_theta": 500000.0,
    }
    (folder / "config.json").write_text(json.dumps(config, default=str))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="llama-3.1-8b")
    parser.add_argument("--batch", default="1,4,16,32,64")
    parser.add_argument("--context", default="128,1024")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--budget", type=float, default=6.0, help="seconds for each batch and context")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype, shape = getattr(torch, args.dtype), SHAPES[args.shape]
    target = random_target(shape, device, dtype)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / f"random-{args.shape}-eagle3"
        folder.mkdir()
        write_head(shape, folder, dtype)
        drafter = smartgen.load_drafter(folder, target)
    measured = measure_profile(
        target,
        drafter,
        [int(word) for word in args.batch.split(",")],
        [int(word) for word in args.context.split(",")],
        args.budget,
        " ".join(["python", "benchmarks/shape_profile.py", *sys.argv[1:]]),
        lambda text: print(text, file=sys.stderr, flush=True),
    )
    store.save(measured, args.out)
    for name in ("verify", "draft", "catch_up"):
        for point in getattr(measured, name).points:
            print(f"{name} batch {point.batch} context {point.context} size {point.size}: {1e3 * point.seconds:.2f} ms")


if __name__ == "__main__":
    main()
