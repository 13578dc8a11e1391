"""Keras's normalization layers: channels last, and an epsilon of 1e-3."""

from __future__ import annotations

import math
from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.keras.stateless import apply

layers, ops, tf = Lazy("keras.layers"), Lazy("keras.ops"), Lazy("tensorflow")

_DOCS = "https://keras.io/api/layers/normalization_layers/"

_BATCH_NORM = {
    "default epsilon": "1e-3",
    "epsilon is added to": "the variance",
    "momentum": "what remains of the old statistics: the decay itself",
    "default momentum": "0.99 (a decay of 0.99)",
    "variance that divides in training": "biased",
    "variance that is stored": "biased",
    "what is stored": "mean and variance",
    "channel axis": "the last by default: axis=-1",
    "names": "gamma, beta, moving_mean, moving_variance, in this order in get_weights()",
    "inference mode": "training=False, or trainable=False, which freezes the statistics too",
}


def _given(*parameters: Any) -> list[Any]:
    return [parameter for parameter in parameters if parameter is not None]


def _batch_norm(
    x: Any, mean: Any, variance: Any, *, gamma: Any = None, beta: Any = None, training: bool, **settings: Any
) -> tuple[Any, list[Any]]:
    layer = layers.BatchNormalization(scale=gamma is not None, center=beta is not None, dtype=x.dtype.name, **settings)
    found: tuple[Any, list[Any]] = apply(layer, _given(gamma, beta), x, state=[mean, variance], training=training)
    return found


def _at_inference(*arrays: Any, **keywords: Any) -> Any:
    return _batch_norm(*arrays, training=False, **keywords)[0]


def _in_training(*arrays: Any, **keywords: Any) -> tuple[Any, Any, Any]:
    y, (mean, variance) = _batch_norm(*arrays, training=True, **keywords)
    # Called as usual, the layer writes these into variables, which have no gradient.
    return y, tf.stop_gradient(mean), tf.stop_gradient(variance)


batch_norm = binding(
    _at_inference,
    rename={"scale": "gamma", "shift": "beta"},
    conventions=_BATCH_NORM,
    docs=_DOCS + "batch_normalization/",
    x="n ... c",
    output="n ... c",
)

batch_norm_training = binding(
    _in_training,
    rename={"scale": "gamma", "shift": "beta", "decay": "momentum", "unbiased": None},
    only={"unbiased": [False]},
    conventions=_BATCH_NORM,
    docs=_DOCS + "batch_normalization/",
    x="n ... c",
    y="n ... c",
)


def _layer_norm(x: Any, *, gamma: Any = None, beta: Any = None, epsilon: float) -> Any:
    layer = layers.LayerNormalization(
        axis=list(range(2, len(x.shape))),
        epsilon=epsilon,
        scale=gamma is not None,
        center=beta is not None,
        dtype=x.dtype.name,
    )
    return apply(layer, _given(gamma, beta), x)


layer_norm = binding(
    _layer_norm,
    rename={"scale": "gamma", "shift": "beta"},
    conventions={
        "default epsilon": "1e-3",
        "epsilon is added to": "the variance",
        "variance": "biased",
        "axes": "axis, any; the last by default",
        "shape of scale and shift": "that of the normalized axes",
        "names": "gamma, beta",
    },
    docs=_DOCS + "layer_normalization/",
)


def _group_norm(x: Any, *, gamma: Any = None, beta: Any = None, groups: int, epsilon: float) -> Any:
    layer = layers.GroupNormalization(
        groups=groups, epsilon=epsilon, scale=gamma is not None, center=beta is not None, dtype=x.dtype.name
    )
    return apply(layer, _given(gamma, beta), x)


def _instance_norm(*arrays: Any, **keywords: Any) -> Any:
    # As many groups as channels.
    return _group_norm(*arrays, groups=-1, **keywords)


instance_norm = binding(
    _instance_norm,
    rename={"scale": "gamma", "shift": "beta"},
    conventions={
        "default epsilon": "1e-3",
        "epsilon is added to": "the variance",
        "variance": "biased",
        "default scale and shift": "both",
        "statistics at inference": "the example's own",
        "channel axis": "the last by default: axis=-1",
        "names": "gamma, beta of GroupNormalization(groups=-1)",
    },
    docs=_DOCS + "group_normalization/",
    x="n ... c",
    output="n ... c",
)

group_norm = binding(
    _group_norm,
    rename={"scale": "gamma", "shift": "beta"},
    conventions={
        "default epsilon": "1e-3",
        "epsilon is added to": "the variance",
        "variance": "biased",
        "default groups": "32; -1 for one of each channel",
        "channels of a group": "successive",
        "channel axis": "the last by default: axis=-1",
        "names": "gamma, beta",
    },
    docs=_DOCS + "group_normalization/",
    x="n ... c",
    output="n ... c",
)


def _rms_norm(x: Any, scale: Any = None, *, epsilon: float) -> Any:
    # The layer always has a scale.
    if scale is None:
        return ops.rms_normalization(x, epsilon=epsilon)
    return apply(layers.RMSNormalization(epsilon=epsilon, dtype=x.dtype.name), [scale], x)


rms_norm = binding(
    _rms_norm,
    conventions={
        "default epsilon": "1e-6",
        "epsilon is added to": "the mean of the squares",
        "scale": "the factor itself",
        "axes": "axis, any; the last by default",
        "names": "scale",
    },
    docs=_DOCS + "rms_normalization/",
)


def _least_length(context: Context) -> float:
    """Epsilon beside a length, where another framework has it beside a square."""
    epsilon: float = context.parameters["epsilon"]
    return math.sqrt(epsilon) if context.parameters["placement"] == "max_of_sum" else epsilon


l2_normalize = binding(
    ops.normalize,
    only={"placement": ["max_of_sum", "max_of_norm"]},
    rename={"placement": None},
    recode={"epsilon": _least_length},
    conventions={
        "default epsilon": "1e-7 (keras.config.epsilon); 1e-12 in the layer UnitNormalization",
        "epsilon": "least length: max(norm, epsilon)",
        "default axis": "-1",
        "zero vector": "stays zero",
    },
    docs="https://keras.io/api/ops/nn/",
)
