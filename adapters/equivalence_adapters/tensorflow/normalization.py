"""TensorFlow's normalizations: channels last."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")

_DOCS = "https://www.tensorflow.org/api_docs/python/tf/"

_BATCH_NORM = {
    "default epsilon": "none: variance_epsilon must be given",
    "epsilon is added to": "the variance",
    "momentum": "none: the caller stores statistics; tf.train.ExponentialMovingAverage has the decay of the old ones",
    "default momentum": "none",
    "variance that divides in training": "biased, from tf.nn.moments",
    "variance that is stored": "whichever the caller stores: biased, from tf.nn.moments",
    "what is stored": "mean and variance",
    "channel axis": "the last, by broadcasting",
    "names": "scale, offset, mean, variance",
    "inference mode": "whichever statistics the caller gives",
}


def _batch_norm(
    x: Any, mean: Any, variance: Any, scale: Any = None, offset: Any = None, *, variance_epsilon: float
) -> Any:
    return tf.nn.batch_normalization(x, mean, variance, offset, scale, variance_epsilon)


batch_norm = binding(
    _batch_norm,
    rename={"shift": "offset", "epsilon": "variance_epsilon"},
    conventions=_BATCH_NORM,
    docs=_DOCS + "nn/batch_normalization",
    x="n ... c",
    output="n ... c",
)


def _batch_norm_training(
    x: Any,
    mean: Any,
    variance: Any,
    scale: Any = None,
    offset: Any = None,
    *,
    variance_epsilon: float,
    decay: float,
    unbiased: bool,
) -> tuple[Any, Any, Any]:
    batch_mean, batch_variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
    y = tf.nn.batch_normalization(x, batch_mean, batch_variance, offset, scale, variance_epsilon)
    terms = tf.cast(tf.size(x) / tf.size(mean), x.dtype)
    stored = batch_variance * terms / (terms - 1) if unbiased else batch_variance
    # What is stored in variables has no gradient.
    new_mean, new_variance = (
        tf.stop_gradient(decay * old + (1 - decay) * new) for old, new in ((mean, batch_mean), (variance, stored))
    )
    return y, new_mean, new_variance


batch_norm_training = binding(
    _batch_norm_training,
    rename={"shift": "offset", "epsilon": "variance_epsilon"},
    conventions=_BATCH_NORM,
    docs=_DOCS + "nn/moments",
    x="n ... c",
    y="n ... c",
)


def _fused(
    x: Any,
    mean: Any,
    variance: Any,
    scale: Any = None,
    *,
    offset: Any = None,
    epsilon: float,
    exponential_avg_factor: float,
) -> tuple[Any, Any, Any]:
    # Images only: all pixels become one row of them.
    images = tf.reshape(x, [x.shape[0], 1, -1, x.shape[-1]])
    y, new_mean, new_variance = tf.compat.v1.nn.fused_batch_norm(
        images,
        tf.ones_like(mean) if scale is None else scale,
        tf.zeros_like(mean) if offset is None else offset,
        mean,
        variance,
        epsilon=epsilon,
        exponential_avg_factor=exponential_avg_factor,
    )
    return tf.reshape(y, x.shape), new_mean, new_variance


fused_batch_norm_training = binding(
    _fused,
    operation="batch_norm_training",
    variant="fused",
    only={"unbiased": [True]},
    dtypes=["float32"],
    rename={"shift": "offset", "unbiased": None, "decay": "exponential_avg_factor"},
    recode={"exponential_avg_factor": lambda context: 1 - context.parameters["decay"]},
    conventions={
        **_BATCH_NORM,
        "default epsilon": "1e-3",
        "momentum": "share of the new statistics, exponential_avg_factor: 1 - decay",
        "default momentum": "1 (a decay of 0): the batch's own statistics come out",
        "variance that divides in training": "biased",
        "variance that is stored": "unbiased",
        "channel axis": "the last, or 1 with data_format NCHW; images of 4 or 5 axes",
        "inference mode": "is_training=False",
    },
    docs=_DOCS + "compat/v1/nn/fused_batch_norm",
    x="n ... c",
    y="n ... c",
)


def _standardize(x: Any, axes: list[int], epsilon: float, scale: Any = None, shift: Any = None) -> Any:
    mean, variance = tf.nn.moments(x, axes, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, epsilon)


def _layer_norm(x: Any, scale: Any = None, shift: Any = None, *, epsilon: float) -> Any:
    return _standardize(x, list(range(2, len(x.shape))), epsilon, scale, shift)


_COMPOSED = {
    "default epsilon": "none: composed of tf.nn.moments and tf.nn.batch_normalization",
    "epsilon is added to": "the variance",
    "variance": "biased, from tf.nn.moments",
    "names": "scale, offset",
}

layer_norm = binding(
    _layer_norm,
    conventions={
        **_COMPOSED,
        "axes": "any; TensorFlow 1's contrib.layers.layer_norm took all but the examples by default",
        "shape of scale and shift": "any that broadcasts; TensorFlow 1's contrib had the last axis alone",
    },
    docs=_DOCS + "nn/moments",
)


def _instance_norm(x: Any, scale: Any = None, shift: Any = None, *, epsilon: float) -> Any:
    return _standardize(x, list(range(1, len(x.shape) - 1)), epsilon, scale, shift)


instance_norm = binding(
    _instance_norm,
    conventions={
        **_COMPOSED,
        "default scale and shift": "none; TensorFlow 1's contrib.layers.instance_norm had both, and epsilon 1e-6",
        "statistics at inference": "the example's own",
        "channel axis": "the last, by broadcasting",
    },
    docs=_DOCS + "nn/moments",
    x="n ... c",
    output="n ... c",
)


def _group_norm(x: Any, scale: Any = None, shift: Any = None, *, groups: int, epsilon: float) -> Any:
    parts = tf.reshape(x, [*x.shape[:-1], groups, x.shape[-1] // groups])
    pixels = list(range(1, len(x.shape) - 1))
    values = tf.reshape(_standardize(parts, [*pixels, len(x.shape)], epsilon), x.shape)
    values = values if scale is None else values * scale
    return values if shift is None else values + shift


group_norm = binding(
    _group_norm,
    conventions={
        **_COMPOSED,
        "default groups": "none; TensorFlow 1's contrib.layers.group_norm had 32",
        "channels of a group": "successive",
        "channel axis": "the last, by broadcasting",
    },
    docs=_DOCS + "nn/moments",
    x="n ... c",
    output="n ... c",
)


def _rms_norm(x: Any, scale: Any = None, *, epsilon: float) -> Any:
    values = x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keepdims=True) + epsilon)
    return values if scale is None else values * scale


rms_norm = binding(
    _rms_norm,
    conventions={
        "default epsilon": "none: composed",
        "epsilon is added to": "the mean of the squares",
        "scale": "the factor itself",
        "axes": "any",
        "names": "none",
    },
    docs=_DOCS + "math/rsqrt",
)


def _l2_normalize(x: Any, *, axis: int, epsilon: float, placement: str) -> Any:
    if placement.startswith("max"):
        return tf.math.l2_normalize(x, axis=axis, epsilon=epsilon)
    if placement == "added_to_sum":
        return x * tf.math.rsqrt(tf.reduce_sum(tf.square(x), axis=axis, keepdims=True) + epsilon)
    return x / (tf.norm(x, axis=axis, keepdims=True) + epsilon)


def _least_square(context: Context) -> float:
    """Epsilon beside a square, where another framework has it beside a length."""
    epsilon: float = context.parameters["epsilon"]
    return epsilon**2 if context.parameters["placement"] == "max_of_norm" else epsilon


l2_normalize = binding(
    _l2_normalize,
    recode={"epsilon": _least_square},
    conventions={
        "default epsilon": "1e-12",
        "epsilon": "least square: sqrt(max(sum, epsilon)), so the least length is 1e-6",
        "default axis": "none: over all axes together",
        "zero vector": "stays zero",
    },
    docs=_DOCS + "math/l2_normalize",
)


def _alpha(context: Context) -> float:
    """TensorFlow does not divide alpha."""
    alpha: float = context.parameters["alpha"]
    return alpha / context.parameters["size"] if context.parameters["divided"] else alpha


_RESPONSE_NORM = {
    "window": "depth_radius, the channels on each side: size is twice as many and one; never even",
    "alpha": "not divided",
    "default window": "depth_radius=5: 11 channels",
    "default alpha, beta, k": "1, 0.5, 1",
    "names": "depth_radius, alpha, beta, bias",
}

local_response_norm = binding(
    tf.nn.local_response_normalization,
    rename={"size": "depth_radius", "k": "bias", "divided": None},
    recode={"depth_radius": lambda context: context.parameters["size"] // 2, "alpha": _alpha},
    only={"size": [3, 5]},
    dtypes=["float32"],
    conventions=_RESPONSE_NORM,
    docs=_DOCS + "nn/local_response_normalization",
    x="n h w c",
    output="n h w c",
)


def _by_slices(x: Any, *, size: int, alpha: float, beta: float, k: float) -> Any:
    before = size // 2
    squares = tf.pad(tf.square(x), [[0, 0], [0, 0], [0, 0], [before, size - 1 - before]])
    channels = x.shape[-1]
    total = tf.add_n([squares[..., first : first + channels] for first in range(size)])
    return x / (k + alpha * total) ** beta


# The kernel does neither float64 nor an even window.
sliced_local_response_norm = binding(
    _by_slices,
    operation="local_response_norm",
    variant="slices",
    rename={"divided": None},
    recode={"alpha": _alpha},
    conventions=_RESPONSE_NORM,
    docs=_DOCS + "nn/local_response_normalization",
    x="n h w c",
    output="n h w c",
)
