"""Keras's activations, where they are not those of `tf.nn`."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters.keras.stateless import apply

layers, activations, ops = Lazy("keras.layers"), Lazy("keras.activations"), Lazy("keras.ops")

_LAYERS = "https://keras.io/api/layers/activation_layers/"
_FUNCTIONS = "https://keras.io/api/layers/activations/"
_AT_ZERO, _AT_KINKS = "gradient at exactly 0", "gradient at the kinks"


def _leaky_relu(x: Any, *, negative_slope: float) -> Any:
    return layers.LeakyReLU(negative_slope, dtype=x.dtype.name)(x)


leaky_relu = binding(
    _leaky_relu,
    rename={"alpha": "negative_slope"},
    conventions={
        "default slope": "0.3 in the layer, 0.2 in the function",
        "slope in float64": "rounded to float32",
        _AT_ZERO: "the slope",
    },
    dtypes=["float32"],
    docs=_LAYERS + "leaky_relu/",
)


def _prelu(x: Any, weight: Any) -> Any:
    pixels = range(1, len(x.shape) - 1)
    layer = layers.PReLU(shared_axes=list(pixels), dtype=x.dtype.name)
    return apply(layer, [ops.reshape(weight, [*(1 for _ in pixels), -1])], x)


prelu = binding(
    _prelu,
    x="n ... c",
    output="n ... c",
    conventions={
        "default slopes": "one for each element, pixels too, 0; shared_axes=[1, 2] for one per channel",
        "axes of a slope": "all but the examples, 1 where shared",
        _AT_ZERO: "0: relu(x) - slope * relu(-x)",
    },
    docs=_LAYERS + "prelu/",
)


def _thresholded_relu(x: Any, *, threshold: float) -> Any:
    return activations.threshold(x, threshold, 0.0)


thresholded_relu = binding(
    _thresholded_relu,
    rename={"theta": "threshold"},
    conventions={
        "default threshold": "none; Keras 2's layer ThresholdedReLU: 1",
        "at the threshold": "0",
        "value below": "an argument",
    },
    docs=_FUNCTIONS + "#threshold-function",
)
elu = binding(
    activations.elu,
    conventions={"default alpha": "1", _AT_ZERO: "1 where alpha is 1, else alpha"},
    docs=_FUNCTIONS + "#elu-function",
)
hard_sigmoid = binding(
    activations.hard_sigmoid,
    rename={"slope": None},
    only={"slope": [1 / 6]},
    conventions={
        "slope": "1/6, fixed; 0.2 in Keras 2",
        "line ends at": "-3 and 3; -2.5 and 2.5 in Keras 2",
        _AT_KINKS: "0",
    },
    docs=_FUNCTIONS + "#hardsigmoid-function",
)
hard_swish = binding(
    activations.hard_silu,
    conventions={"names": "hard_silu, hard_swish", "slope of its sigmoid": "1/6"},
    docs=_FUNCTIONS + "#hardsilu-function",
)
mish = binding(activations.mish, docs=_FUNCTIONS + "#mish-function")
