"""Keras's linear layers: features last, kernels (input, output)."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters.keras.stateless import apply

layers = Lazy("keras.layers")


def _dense(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    layer = layers.Dense(weight.shape[1], activation=activation, use_bias=bias is not None, dtype=x.dtype.name)
    return apply(layer, [weight] if bias is None else [weight, bias], x)


dense = binding(
    _dense,
    docs="https://keras.io/api/layers/core_layers/dense/",
    weight="c o",
    conventions={
        "more than two axes": "kept: the last is contracted",
        "default activation": "none",
        "default bias": "yes",
        "default initialisation": "weight glorot_uniform, bias 0",
    },
)
