"""What the config of an EAGLE-3 head says: sizes, rotary positions, which layers of the target it reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smartgen.drafters.errors import DrafterError

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
        try:
            head = cls._read(config, layer)
        except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
            raise DrafterError(f"{path} misses or misstates {error}; it is no EAGLE-3 config") from None
        head._check(path)
        return head

    @classmethod
    def _read(cls, config: dict[str, Any], layer: dict[str, Any]) -> HeadConfig:
        hidden, heads = int(layer["hidden_size"]), int(layer["num_attention_heads"])
        rope = layer.get("rope_parameters") or layer.get("rope_scaling") or {}
        return cls(
            hidden=hidden,
            target_hidden=int(config.get("target_hidden_size") or hidden),
            heads=heads,
            key_heads=int(layer.get("num_key_value_heads") or heads),
            head_dim=int(layer.get("head_dim") or hidden // heads),
            intermediate=int(layer["intermediate_size"]),
            vocabulary=int(layer["vocab_size"]),
            draft_vocabulary=int(config.get("draft_vocab_size") or layer["vocab_size"]),
            eps=float(layer.get("rms_norm_eps", 1e-6)),
            theta=float(layer.get("rope_theta") or rope.get("rope_theta") or 10000.0),  # the reference's default
            scaling=dict(rope),
            longest=int(layer.get("max_position_embeddings") or 2048),
            normed_residual=is_speculators(config) and bool(config.get("norm_before_residual", True)),
            inputs_of=_inputs_of(config),
        )

    def _check(self, path: Path) -> None:
        sizes = {name: getattr(self, name) for name in ("hidden", "heads", "key_heads", "head_dim", "intermediate")}
        wrong = [f"{name} {size}" for name, size in sizes.items() if size < 1]
        if self.heads % max(self.key_heads, 1):
            wrong.append(f"{self.heads} heads over {self.key_heads} key heads")
        if self.head_dim % 2:
            wrong.append(f"head_dim {self.head_dim}")
        if not 0 < self.draft_vocabulary <= self.vocabulary:
            wrong.append(f"draft vocabulary {self.draft_vocabulary} of {self.vocabulary}")
        if wrong:
            raise DrafterError(f"{path} states sizes that cannot be: {', '.join(wrong)}")

    def feature_layers(self, layers: int) -> tuple[int, ...]:
        """Layers of a target of `layers` whose inputs are the features: (2, n // 2, n - 3), or as the config says."""
        return self.inputs_of or (2, layers // 2, layers - 3)


def is_speculators(config: dict[str, Any]) -> bool:
    """Whether the folder is in the layout of vLLM's speculators: nested config, `layers.0.*` for `midlayer.*`."""
    return config.get("speculators_model_type") == "eagle3"


def _inputs_of(config: dict[str, Any]) -> tuple[int, ...]:
    """Named layers, by their inputs. The published layout names layers whose *outputs* it wants, one less than the
    numbering of inputs used here; speculators names inputs.
    """
    if is_speculators(config):
        return tuple(int(index) for index in config.get("eagle_aux_hidden_state_layer_ids") or ())
    named = (config.get("eagle_config") or {}).get("eagle_aux_hidden_state_layer_ids")
    return tuple(int(index) + 1 for index in named or ())


def _refuse_variants(config: dict[str, Any], layer: dict[str, Any], path: Path) -> None:
    asked = [key for key in _VARIANTS if config.get(key) or layer.get(key)]
    if asked:
        raise DrafterError(f"{path} sets {asked[0]!r}, a variant of the head that smartgen does not run")
    rotated = layer.get("partial_rotary_factor")
    if rotated not in (None, 1, 1.0):
        raise DrafterError(f"{path} turns a part of each head only (partial_rotary_factor {rotated}), which smartgen does not")
    if layer.get("hidden_act", "silu") != "silu":
        raise DrafterError(f"{path} asks for the activation {layer['hidden_act']!r}; an EAGLE-3 head has 'silu'")
