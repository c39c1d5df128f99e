"""Tiny random models for the engine: a target, stand-alone drafts (often and nearly always right), EAGLE and EAGLE-3 heads.

Run as a script in the engine's own environment: `python models.py FOLDER`.
"""

import copy
import json
import sys
from pathlib import Path

VOCABULARY, HIDDEN, INNER, HEADS, GROUPS = 64, 64, 128, 4, 2
NOISE = {"standalone": 0.12, "twin": 0.01}  # of the stand-alone drafts, in standard deviations of their weights


def make(folder: Path) -> None:
    """Write all models; the same ones every time."""
    import torch
    from transformers import LlamaForCausalLM

    torch.manual_seed(0)
    target = LlamaForCausalLM(_config(2)).float()
    _save(target, folder / "target")
    for name, noise in NOISE.items():
        draft = copy.deepcopy(target)
        torch.manual_seed(1)
        with torch.no_grad():
            for weight in draft.parameters():
                weight.add_(noise * weight.std() * torch.randn_like(weight))
        _save(draft, folder / name)
    torch.manual_seed(4)
    _save(LlamaForCausalLM(_config(2)).float(), folder / "adversary")
    _heads(folder, target.lm_head.weight.detach().clone())
    torch.manual_seed(5)
    _save(LlamaForCausalLM(_config(1, vocabulary=48)).float(), folder / "other-vocabulary", vocabulary=48)


def _config(layers, vocabulary=VOCABULARY):
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=INNER,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        num_key_value_heads=GROUPS,
        head_dim=HIDDEN // HEADS,
        max_position_embeddings=512,
        bos_token_id=2,
        eos_token_id=1,
        tie_word_embeddings=False,
        dtype="float32",
        initializer_range=0.35,
    )


def _save(model, path, vocabulary=VOCABULARY):
    model.save_pretrained(path)
    _tokenizer(path, vocabulary)


def _tokenizer(path, vocabulary=VOCABULARY):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({f"t{i}": i for i in range(vocabulary)}, unk_token="t0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {"eos_token": "t1", "bos_token": "t2", "pad_token": "t3"}
    PreTrainedTokenizerFast(tokenizer_object=words, **special).save_pretrained(path)


def _heads(folder, unembedding):
    import torch

    torch.manual_seed(2)
    mixes = torch.cat([0.3 * torch.eye(HIDDEN), torch.eye(HIDDEN)], 1)
    eagle = {"fc.weight": mixes + 0.02 * torch.randn(HIDDEN, 2 * HIDDEN), **_layer("layers.0.", HIDDEN)}
    _head(folder / "eagle", "LlamaForCausalLMEagle", eagle)
    torch.manual_seed(3)
    eagle3 = {
        "fc.weight": 0.1 * torch.randn(HIDDEN, 3 * HIDDEN),
        "norm.weight": torch.ones(HIDDEN),
        "lm_head.weight": unembedding,
        "midlayer.hidden_norm.weight": torch.ones(HIDDEN),
        "midlayer.input_layernorm.weight": torch.ones(HIDDEN),
        **_layer("midlayer.", 2 * HIDDEN),
    }
    taps = {"eagle_aux_hidden_state_layer_ids": [0, 1, 1], "use_aux_hidden_state": True}
    _head(folder / "eagle3", "LlamaForCausalLMEagle3", eagle3, draft_vocab_size=VOCABULARY, eagle_config=taps)


def _layer(prefix, width):
    import torch

    size = HIDDEN // HEADS
    shapes = {
        "self_attn.q_proj": (HEADS * size, width),
        "self_attn.k_proj": (GROUPS * size, width),
        "self_attn.v_proj": (GROUPS * size, width),
        "self_attn.o_proj": (HIDDEN, HEADS * size),
        "mlp.gate_proj": (INNER, HIDDEN),
        "mlp.up_proj": (INNER, HIDDEN),
        "mlp.down_proj": (HIDDEN, INNER),
    }
    weights = {f"{prefix}{name}.weight": 0.1 * torch.randn(*shape) for name, shape in shapes.items()}
    return {**weights, f"{prefix}post_attention_layernorm.weight": torch.ones(HIDDEN)}


def _head(path, architecture, weights, **more):
    from safetensors.torch import save_file

    path.mkdir(parents=True, exist_ok=True)
    config = {**_config(1).to_dict(), "architectures": [architecture], "dtype": "float32", **more}
    (path / "config.json").write_text(json.dumps(config, indent=1, default=str))
    save_file({name: weight.contiguous().float() for name, weight in weights.items()}, path / "model.safetensors")
    _tokenizer(path)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
