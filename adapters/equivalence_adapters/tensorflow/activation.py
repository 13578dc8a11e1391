"""TensorFlow's activations, and those it lacks from its own functions."""

from __future__ import annotations

import math
from typing import Any

from equivalence.binding import HALF_TOO, binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")

_DOCS = "https://www.tensorflow.org/api_docs/python/tf/"
_AT_ZERO, _AT_KINKS = "gradient at exactly 0", "gradient at the kinks"

relu = binding(
    tf.nn.relu,
    conventions={_AT_ZERO: "0"},
    docs=_DOCS + "nn/relu",
    dtypes=HALF_TOO,
)
softmax = binding(
    tf.nn.softmax,
    conventions={"default axis": "-1", "axes of the input": "any number"},
    docs=_DOCS + "nn/softmax",
    dtypes=HALF_TOO,
)
log_softmax = binding(
    tf.nn.log_softmax,
    conventions={"default axis": "-1", "axes of the input": "any number"},
    docs=_DOCS + "nn/log_softmax",
)


def _leaky_relu(x: Any, *, alpha: float) -> Any:
    # The kernel holds the slope in float32, whatever the tensor is.
    return tf.where(x > 0, x, alpha * x) if x.dtype == tf.float64 else tf.nn.leaky_relu(x, alpha)


leaky_relu = binding(
    _leaky_relu,
    conventions={"default slope": "0.2", "slope in float64": "rounded to float32", _AT_ZERO: "the slope"},
    docs=_DOCS + "nn/leaky_relu",
)


def _prelu(x: Any, weight: Any) -> Any:
    return tf.where(x > 0, x, weight * x)


prelu = binding(
    _prelu,
    x="n ... c",
    output="n ... c",
    conventions={
        "default slopes": "no function of its own",
        "axes of a slope": "what broadcasts: the last, the channels",
        _AT_ZERO: "the slope",
    },
    docs=_DOCS + "where",
)
relu6 = binding(tf.nn.relu6, conventions={_AT_KINKS: "0"}, docs=_DOCS + "nn/relu6")


def _thresholded_relu(x: Any, *, theta: float) -> Any:
    return tf.where(x > theta, x, tf.zeros_like(x))


thresholded_relu = binding(
    _thresholded_relu,
    conventions={"default threshold": "no function of its own", "at the threshold": "0", "value below": "0"},
    docs=_DOCS + "where",
)


def _elu(x: Any, *, alpha: float) -> Any:
    unscaled = tf.nn.elu(x)
    return unscaled if alpha == 1 else tf.where(x > 0, unscaled, alpha * unscaled)


elu = binding(_elu, conventions={"default alpha": "1, fixed", _AT_ZERO: "1"}, docs=_DOCS + "nn/elu")
selu = binding(tf.nn.selu, conventions={"alpha, scale": "1.6733, 1.0507", _AT_ZERO: "scale"}, docs=_DOCS + "nn/selu")


def _gelu(x: Any, *, approximate: bool) -> Any:
    if x.dtype != tf.float64:
        return tf.nn.gelu(x, approximate)
    # TensorFlow's own rounds its constants to float32 first.
    if approximate:
        return 0.5 * x * (1 + tf.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + tf.math.erf(x / math.sqrt(2)))


gelu = binding(
    _gelu,
    recode={"approximate": {"none": False, "tanh": True}},
    conventions={
        "default": "erf",
        "approximation": "approximate=True",
        "constants in float64": "rounded to float32",
    },
    docs=_DOCS + "nn/gelu",
)
sigmoid = binding(tf.nn.sigmoid, conventions={"saturates to": "0 and 1"}, docs=_DOCS + "math/sigmoid")


def _hard_sigmoid(x: Any, *, slope: float) -> Any:
    return tf.clip_by_value(slope * x + 0.5, 0, 1)


hard_sigmoid = binding(
    _hard_sigmoid,
    conventions={"slope": "no function of its own", "line ends at": "-0.5 / slope and 0.5 / slope", _AT_KINKS: "slope"},
    docs=_DOCS + "clip_by_value",
)
tanh = binding(tf.nn.tanh, docs=_DOCS + "math/tanh")


def _softplus(x: Any, *, beta: float, threshold: float | None) -> Any:
    bent = tf.nn.softplus(beta * x) / beta
    return bent if threshold is None else tf.where(beta * x > threshold, x, bent)


softplus = binding(
    _softplus,
    conventions={
        "default threshold": "about 14 in float32, 34 in float64: where exp(-x) is lost beside 1",
        "default beta": "1, fixed",
        "far below 0": "exp(x)",
    },
    docs=_DOCS + "math/softplus",
)
softsign = binding(tf.nn.softsign, docs=_DOCS + "nn/softsign")
silu = binding(
    tf.nn.silu,
    conventions={"names": "silu, swish", "factor in the sigmoid": "beta, default 1"},
    docs=_DOCS + "nn/silu",
)


def _hard_swish(x: Any) -> Any:
    return x * tf.nn.relu6(x + 3) / 6


hard_swish = binding(
    _hard_swish,
    conventions={"names": "none: x * relu6(x + 3) / 6", "slope of its sigmoid": "1/6"},
    docs=_DOCS + "nn/relu6",
)


def _mish(x: Any) -> Any:
    return x * tf.nn.tanh(tf.nn.softplus(x))


mish = binding(_mish, docs=_DOCS + "math/softplus")


def _dropout_with_mask(x: Any, mask: Any, *, rate: float, inverted: bool, training: bool) -> Any:
    if not training:
        return tf.identity(x) if inverted else x * (1 - rate)
    # As tf.nn.dropout does it with the mask it draws.
    scaled = x * (1 / (1 - rate)) if inverted else x
    return tf.where(mask, scaled, tf.zeros_like(x))


dropout_with_mask = binding(
    _dropout_with_mask,
    conventions={
        "probability": "rate, of dropping; keep_prob in TensorFlow 1",
        "default probability": "none",
        "scale": "1/(1-rate); there is no phase",
        "NaN that is dropped": "0",
        "mask": "cannot be given",
    },
    docs=_DOCS + "nn/dropout",
)
