"""What the config of an EAGLE-3 head says: sizes, rotary positions, which layers of the target it reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smartgen.drafters.errors import DrafterError
from smartgen.drafters.fields import Fields

# Variants of the layer that are switched on by a key and would silently draft nonsense if the key were ignored.
_VARIANTS = ("norm_before_fc", "fc_norm", "norm_output", "attention_bias", "mlp_bias")


@dataclass(frozen=True)
class HeadConfig:
    """Sizes and constants of a head. `normed_residual`: the residual stream starts from the normed hidden state."""

    hidden: int
    target_hidden: int
    heads: int
    key_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    draft_vocabulary: int
    eps: float
    theta: float
    scaling: dict[str, Any] = field(default_factory=dict)
    longest: int = 2048
    normed_residual: bool = False
    inputs_of: tuple[int, ...] = ()

    @classmethod
    def of(cls, config: dict[str, Any], folder: Path) -> HeadConfig:
        """Raises DrafterError naming the key that is missing, misstated or asks for a variant not built here."""
        path = folder / "config.json"
        layer = config.get("transformer_layer_config") if is_speculators(config) else config
        if not isinstance(layer, dict):
            raise DrafterError(f"{path} has no transformer_layer_config, which a head in speculators' layout needs")
        _refuse_variants(config, layer, path)
        head = cls._read(Fields(config, path), Fields(layer, path))
        head._check(path)
        return head

    @classmethod
    def _read(cls, config: Fields, layer: Fields) -> HeadConfig:
        hidden, heads = layer.whole("hidden_size"), layer.whole("num_attention_heads")
        vocabulary = layer.whole("vocab_size")
        rope = layer.object("rope_parameters") or layer.object("rope_scaling")
        nested = Fields(rope, layer.path)
        return cls(
            hidden=hidden,
            target_hidden=config.whole("target_hidden_size", hidden),
            heads=heads,
            key_heads=layer.whole("num_key_value_heads", heads),
            head_dim=layer.whole("head_dim", hidden // heads),
            intermediate=layer.whole("intermediate_size"),
            vocabulary=vocabulary,
            draft_vocabulary=config.whole("draft_vocab_size", vocabulary),
            eps=layer.positive("rms_norm_eps", 1e-6),
            theta=layer.positive("rope_theta", nested.positive("rope_theta", 10000.0)),  # the reference's default
            scaling=rope,
            longest=layer.whole("max_position_embeddings", 2048),
            normed_residual=is_speculators(config.values) and bool(config.values.get("norm_before_residual", True)),
            inputs_of=_inputs_of(config),
        )

    def _check(self, path: Path) -> None:
        wrong = []
        if self.heads % self.key_heads:
            wrong.append(f"{self.heads} heads over {self.key_heads} key heads")
        if self.head_dim % 2:
            wrong.append(f"head_dim {self.head_dim}")
        if self.draft_vocabulary > self.vocabulary:
            wrong.append(f"draft vocabulary {self.draft_vocabulary} of {self.vocabulary}")
        if wrong:
            raise DrafterError(f"{path} states sizes that cannot be: {', '.join(wrong)}")

    def feature_layers(self, layers: int) -> tuple[int, ...]:
        """Layers of a target of `layers` whose inputs are the features: (2, n // 2, n - 3), or as the config says."""
        return self.inputs_of or (2, layers // 2, layers - 3)


def is_speculators(config: dict[str, Any]) -> bool:
    """Whether the folder is in the layout of vLLM's speculators: nested config, `layers.0.*` for `midlayer.*`."""
    return config.get("speculators_model_type") == "eagle3"


def _inputs_of(config: Fields) -> tuple[int, ...]:
    """Named layers, by their inputs. The published layout names layers whose *outputs* it wants, one less than the
    numbering of inputs used here; speculators names inputs.
    """
    if is_speculators(config.values):
        return config.layers("eagle_aux_hidden_state_layer_ids")
    nested = Fields(config.object("eagle_config"), config.path)
    return tuple(layer + 1 for layer in nested.layers("eagle_aux_hidden_state_layer_ids"))


def _refuse_variants(config: dict[str, Any], layer: dict[str, Any], path: Path) -> None:
    asked = [key for key in _VARIANTS if config.get(key) or layer.get(key)]
    if asked:
        raise DrafterError(f"{path} sets {asked[0]!r}, a variant of the head that smartgen does not run")
    rotated = layer.get("partial_rotary_factor")
    if rotated not in (None, 1, 1.0):
        raise DrafterError(
            f"{path} turns a part of each head only (partial_rotary_factor {rotated}), which smartgen does not"
        )
    if layer.get("hidden_act", "silu") != "silu":
        raise DrafterError(f"{path} asks for the activation {layer['hidden_act']!r}; an EAGLE-3 head has 'silu'")
