"""More tiny families than the ones every test runs on: other norms, rotary layouts, windows, experts, shared caches."""

from __future__ import annotations

import transformers as t

from tests.hf.zoo import BASE, V

_WINDOWS = {"layer_types": ["sliding_attention", "full_attention"] * 3, "sliding_window": 8}
_EXPERTS = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}

OTHERS = {
    "cohere2": lambda: t.Cohere2ForCausalLM(t.Cohere2Config(**BASE, **_WINDOWS)),
    "falcon": lambda: t.FalconForCausalLM(
        t.FalconConfig(
            **BASE, num_kv_heads=2, ffn_hidden_size=96, new_decoder_architecture=True, alibi=False, bias=False
        )
    ),
    "falcon_multi_query": lambda: t.FalconForCausalLM(t.FalconConfig(**BASE, ffn_hidden_size=96, alibi=False)),
    "gemma2": lambda: t.Gemma2ForCausalLM(
        t.Gemma2Config(**BASE, **_WINDOWS, head_dim=16, query_pre_attn_scalar=16, final_logit_softcapping=None)
    ),
    "gemma3n": lambda: t.Gemma3nForCausalLM(
        t.Gemma3nTextConfig(
            **BASE,
            **_WINDOWS,
            head_dim=16,
            num_kv_shared_layers=2,
            hidden_size_per_layer_input=16,
            vocab_size_per_layer_input=V,
            laurel_rank=8,
            activation_sparsity_pattern=[0.0] * 6,
        )
    ),
    "glm": lambda: t.GlmForCausalLM(t.GlmConfig(**BASE, head_dim=16)),
    "gptj": lambda: t.GPTJForCausalLM(
        t.GPTJConfig(
            vocab_size=V, n_positions=512, n_embd=64, n_layer=6, n_head=4, rotary_dim=8, initializer_range=0.3,
            bos_token_id=1, eos_token_id=None, pad_token_id=0,
        )
    ),
    "gpt_neox": lambda: t.GPTNeoXForCausalLM(t.GPTNeoXConfig(**BASE)),
    "gpt_oss": lambda: t.GptOssForCausalLM(t.GptOssConfig(**BASE, **_WINDOWS, head_dim=16, num_local_experts=4)),
    "granite": lambda: t.GraniteForCausalLM(t.GraniteConfig(**BASE)),
    "mixtral": lambda: t.MixtralForCausalLM(t.MixtralConfig(**BASE, num_local_experts=4)),
    "olmo2": lambda: t.Olmo2ForCausalLM(t.Olmo2Config(**BASE)),
    "opt": lambda: t.OPTForCausalLM(
        t.OPTConfig(
            vocab_size=V, hidden_size=64, word_embed_proj_dim=64, ffn_dim=96, num_hidden_layers=6,
            num_attention_heads=4, max_position_embeddings=512, init_std=0.3, bos_token_id=1, eos_token_id=None,
            pad_token_id=0,
        )
    ),
    "phi": lambda: t.PhiForCausalLM(t.PhiConfig(**BASE)),
    "qwen2_moe": lambda: t.Qwen2MoeForCausalLM(
        t.Qwen2MoeConfig(**BASE, **_EXPERTS, shared_expert_intermediate_size=32)
    ),
    "smollm3": lambda: t.SmolLM3ForCausalLM(t.SmolLM3Config(**BASE)),
    "stablelm": lambda: t.StableLmForCausalLM(t.StableLmConfig(**BASE)),
    "starcoder2": lambda: t.Starcoder2ForCausalLM(t.Starcoder2Config(**BASE, sliding_window=8)),
}  # fmt: skip

_SMALL = {"vocab_size": V, "hidden_size": 32, "num_hidden_layers": 2}


def musicgen() -> t.PreTrainedModel:
    """A model in which three models live."""
    text = t.T5Config(vocab_size=V, d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4)
    audio = t.EncodecConfig(
        num_filters=4, hidden_size=8, codebook_size=16, num_residual_layers=1, upsampling_ratios=[2, 2],
        num_lstm_layers=1, codebook_dim=8,
    )  # fmt: skip
    decoder = t.MusicgenDecoderConfig(
        vocab_size=16, hidden_size=32, ffn_dim=32, num_hidden_layers=1, num_attention_heads=4
    )
    return t.MusicgenForConditionalGeneration(
        t.MusicgenConfig(text_encoder=text.to_dict(), audio_encoder=audio.to_dict(), decoder=decoder.to_dict())
    )


# What cannot do trees, and a word of the reason.
UNSUITABLE = {
    "recurrent": lambda: t.MambaForCausalLM(t.MambaConfig(**_SMALL)),
    "recurrent state": lambda: t.JambaForCausalLM(
        t.JambaConfig(
            **_SMALL, intermediate_size=32, num_attention_heads=4, num_key_value_heads=2, attn_layer_period=2,
            attn_layer_offset=1, num_experts=2, use_mamba_kernels=False,
        )
    ),
    "not keys and values": lambda: t.Lfm2ForCausalLM(
        t.Lfm2Config(
            **_SMALL, intermediate_size=64, num_attention_heads=4, num_key_value_heads=2,
            layer_types=["conv", "full_attention"],
        )
    ),
    "position_ids": lambda: t.BloomForCausalLM(t.BloomConfig(vocab_size=V, hidden_size=32, n_layer=2, n_head=4)),
    "positions by slot": lambda: t.MptForCausalLM(t.MptConfig(vocab_size=V, d_model=32, n_heads=4, n_layers=2)),
    "ALiBi": lambda: t.FalconForCausalLM(t.FalconConfig(**_SMALL, num_attention_heads=4, alibi=True)),
    "encoder-decoder": lambda: t.T5ForConditionalGeneration(
        t.T5Config(vocab_size=V, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0)
    ),
    "encoder-decoder model": musicgen,
    "local attention": lambda: t.GPTNeoForCausalLM(
        t.GPTNeoConfig(
            vocab_size=V, hidden_size=32, num_layers=2, num_heads=4, attention_types=[[["global", "local"], 1]]
        )
    ),
    "no cache": lambda: t.OpenAIGPTLMHeadModel(t.OpenAIGPTConfig(vocab_size=V, n_embd=32, n_layer=2, n_head=4)),
    "filling a mask": lambda: t.XLMWithLMHeadModel(t.XLMConfig(vocab_size=V, emb_dim=32, n_layers=2, n_heads=4)),
    "chunked_attention": lambda: t.Llama4ForCausalLM(
        t.Llama4TextConfig(
            **_SMALL, intermediate_size=32, intermediate_size_mlp=32, num_attention_heads=4, num_key_value_heads=2,
            head_dim=8, num_local_experts=2,
        )
    ),
}  # fmt: skip
