"""TensorFlow's pooling: channels last."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from equivalence.binding import HALF_TOO, Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import pooling_stride, rounded_pooling_border
from equivalence_adapters.pooling import adaptive_weights, divisors, pyramid, unpadded
from equivalence_adapters.tensorflow.convolution import NHWC, tensorflow_border

tf = Lazy("tensorflow")


_DOCS = "https://www.tensorflow.org/api_docs/python/tf/"

NWC, NDHWC = "n w c", "n d h w c"
"""TensorFlow's order of the axes of sequences and of volumes."""


def _named(context: Context) -> str | None:
    """What TensorFlow itself calls the padding."""
    padding = context.parameters["padding"]
    if padding == "same_upper":
        # Rounding does not matter here: TensorFlow's "SAME" has ceil(h / stride) windows either way.
        return "SAME"
    return "VALID" if padding == "valid" and context.parameters["rounding"] == "floor" else None


def _padding(context: Context) -> Any:
    # TensorFlow rounds down; a border that is longer at the end makes room for the last window.
    return _named(context) or tensorflow_border(rounded_pooling_border(context))


_GEOMETRY: dict[str, Any] = {
    "rename": {"window": "ksize", "stride": "strides", "rounding": None},
    "recode": {"strides": pooling_stride, "padding": _padding},
}
_POOLING = {
    "default stride": "none: it has to be given (Keras: the window)",
    "rounding of the output's size": "down for VALID, up for SAME",
    "padding": "SAME puts an odd pixel at the end",
}
_MAXIMUM = {**_POOLING, "value of padding": "minus infinity", "gradient of equal maxima": "the first of a window"}

# Padding never wins: TensorFlow compares what lies inside the image only, as if the border were minus infinity.
max_pool2d = binding(
    tf.nn.max_pool2d,
    docs=_DOCS + "nn/max_pool2d",
    x=NHWC,
    output="n i j c",
    **_GEOMETRY,
    dtypes=HALF_TOO,
)
max_pool1d = binding(
    tf.nn.max_pool1d, docs=_DOCS + "nn/max_pool1d", x=NWC, output="n j c", conventions=_MAXIMUM, **_GEOMETRY
)


def _planes_then_depth(
    pool: Callable[..., Any], x: Any, ksize: tuple[int, ...], strides: tuple[int, ...], padding: Any
) -> Any:
    """A pooling of volumes by two of images, because TensorFlow pools volumes on a CPU in float32 only."""
    n, d, h, w, c = x.shape
    outside, along, *beside, channels = padding if not isinstance(padding, str) else [padding] * 5
    planes = padding if isinstance(padding, str) else (outside, *beside, channels)
    depth = padding if isinstance(padding, str) else (outside, along, (0, 0), channels)
    flat = pool(tf.reshape(x, (n * d, h, w, c)), ksize[1:], strides[1:], planes)
    _, i, j, _ = flat.shape
    deep = pool(tf.reshape(flat, (n, d, i * j, c)), (ksize[0], 1), (strides[0], 1), depth)
    return tf.reshape(deep, (n, -1, i, j, c))


def _max_pool3d(x: Any, *, ksize: tuple[int, ...], strides: tuple[int, ...], padding: Any) -> Any:
    return _planes_then_depth(tf.nn.max_pool2d, x, ksize, strides, padding)


# The first of the largest in the first plane that has one is also the first of all of them.
max_pool3d = binding(
    _max_pool3d, docs=_DOCS + "nn/max_pool2d", x=NDHWC, output="n k i j c", conventions=_MAXIMUM, **_GEOMETRY
)


def _native_max_pool3d(x: Any, *, ksize: tuple[int, ...], strides: tuple[int, ...], padding: Any) -> Any:
    if not isinstance(padding, str):
        x, padding = tf.pad(x, padding, constant_values=-math.inf), "VALID"
    return tf.nn.max_pool3d(x, ksize, strides, padding)


native_max_pool3d = binding(
    _native_max_pool3d,
    docs=_DOCS + "nn/max_pool3d",
    operation="max_pool3d",
    variant="native",
    dtypes=("float32",),
    x=NDHWC,
    output="n k i j c",
    conventions={**_MAXIMUM, "gradient of equal maxima": "every one gets all of it"},
    **_GEOMETRY,
)


def _average_padding(context: Context) -> Any:
    # TensorFlow's own padding does not count; what counts is added before.
    counted = context.parameters["count_include_pad"] and context.parameters["padding"] != "valid"
    return None if counted else _named(context)


def _avg_pool(pool: Any) -> Callable[..., Any]:
    def call(
        x: Any, *, ksize: Any, strides: Any, padding: str | None, border: Any, divisors: tuple[tuple[int, ...], ...]
    ) -> Any:
        if padding:
            return pool(x, ksize, strides, padding)
        averages = pool(tf.pad(x, border), ksize, strides, "VALID")
        number = functools.reduce(
            lambda one, other: one[..., None] * tf.constant(other, x.dtype), divisors, tf.ones((), x.dtype)
        )
        return averages * math.prod(ksize) / number[..., None]

    return call


def _avg_pool3d(x: Any, ksize: tuple[int, ...], strides: tuple[int, ...], padding: str) -> Any:
    return _planes_then_depth(tf.nn.avg_pool2d, x, ksize, strides, padding)


_AVERAGE: dict[str, Any] = {
    "rename": {"window": "ksize", "stride": "strides", "rounding": None, "count_include_pad": None},
    "recode": {
        "strides": pooling_stride,
        "padding": _average_padding,
        "border": lambda context: tensorflow_border(rounded_pooling_border(context)),
        "divisors": divisors,
    },
    "conventions": {
        **_POOLING,
        "padding counts": "no",
        "what rounding up adds counts": "no: SAME counts pixels of the image only",
    },
}

avg_pool1d = binding(_avg_pool(tf.nn.avg_pool1d), docs=_DOCS + "nn/avg_pool1d", x=NWC, output="n j c", **_AVERAGE)
avg_pool2d = binding(_avg_pool(tf.nn.avg_pool2d), docs=_DOCS + "nn/avg_pool2d", x=NHWC, output="n i j c", **_AVERAGE)
avg_pool3d = binding(_avg_pool(_avg_pool3d), docs=_DOCS + "nn/avg_pool2d", x=NDHWC, output="n k i j c", **_AVERAGE)
native_avg_pool3d = binding(
    _avg_pool(tf.nn.avg_pool3d),
    docs=_DOCS + "nn/avg_pool3d",
    operation="avg_pool3d",
    variant="native",
    dtypes=("float32",),
    x=NDHWC,
    output="n k i j c",
    **_AVERAGE,
)


def _sum_pool(pool: Any) -> Callable[..., Any]:
    def call(x: Any, *, ksize: tuple[int, ...], strides: tuple[int, ...], border: Any) -> Any:
        return pool(tf.pad(x, border), ksize, strides, "VALID") * math.prod(ksize)

    return call


_SUM: dict[str, Any] = {
    "rename": {"window": "ksize", "stride": "strides", "padding": None, "rounding": None},
    "recode": {
        "strides": pooling_stride,
        "border": lambda context: tensorflow_border(rounded_pooling_border(context)),
    },
}

sum_pool1d = binding(
    _sum_pool(tf.nn.avg_pool1d),
    docs=_DOCS + "nn/avg_pool1d",
    conventions={**_POOLING, "as": "an average of a padded sequence, times the window's pixels"},
    x=NWC,
    output="n j c",
    **_SUM,
)
_sums_of_images = _sum_pool(tf.nn.avg_pool2d)
sum_pool2d = binding(
    _sums_of_images,
    docs=_DOCS + "nn/avg_pool2d",
    conventions={**_POOLING, "as": "an average of a padded image, times the window's pixels"},
    x=NHWC,
    output="n i j c",
    **_SUM,
)
sum_pool3d = binding(
    _sum_pool(_avg_pool3d),
    docs=_DOCS + "nn/avg_pool2d",
    conventions={**_POOLING, "as": "an average of a padded volume, times the window's pixels"},
    x=NDHWC,
    output="n k i j c",
    **_SUM,
)


def _lp_pool2d(x: Any, *, norm: int, border: Any, **keywords: Any) -> Any:
    return tf.pow(_sums_of_images(tf.abs(x) ** norm, border=border, **keywords), 1 / norm)


lp_pool2d = binding(
    _lp_pool2d,
    docs=_DOCS + "nn/avg_pool2d",
    conventions={
        "default stride": "none: there is no such pooling",
        "padding": "none",
        "magnitudes": "composed: tf.abs, and the power of a sum",
        "last window of rounding up": "the norm of what it has: zeros are added before",
        "gradient of a window of zeros": "NaN",
    },
    x=NHWC,
    output="n i j c",
    rename={"window": "ksize", "stride": "strides", "rounding": None},
    recode={
        "strides": lambda context: pooling_stride(unpadded(context)),
        "border": lambda context: tensorflow_border(rounded_pooling_border(unpadded(context))),
    },
)


def _global_avg_pool(x: Any) -> Any:
    return tf.reduce_mean(x, axis=list(range(1, len(x.shape) - 1)))


global_avg_pool = binding(
    _global_avg_pool,
    docs="https://www.tensorflow.org/api_docs/python/tf/math/reduce_mean",
    x="n ... c",
    dtypes=HALF_TOO,
)


def _global_max_pool(x: Any) -> Any:
    return tf.reduce_max(x, axis=list(range(1, len(x.shape) - 1)))


global_max_pool = binding(
    _global_max_pool,
    docs=_DOCS + "math/reduce_max",
    x="n ... c",
    conventions={
        "gradient of equal maxima": "shared",
        "axes": "GlobalMaxPooling drops them; with keepdims=True they stay with size 1",
    },
)

_REGIONS = {
    "regions": "composed: a matrix of averages for each axis",
    "layer": "none in tf; keras.layers.AdaptiveAveragePooling",
}


def _adaptive_avg_pool1d(x: Any, *, weights: Any) -> Any:
    return tf.einsum("jw,nwc->njc", tf.constant(weights[0], x.dtype), x)


adaptive_avg_pool1d = binding(
    _adaptive_avg_pool1d,
    docs=_DOCS + "einsum",
    rename={"size": None},
    recode={"weights": adaptive_weights},
    x=NWC,
    output="n j c",
    conventions=_REGIONS,
)


def _adaptive_avg_pool2d(x: Any, *, weights: Any) -> Any:
    rows, columns = (tf.constant(matrix, x.dtype) for matrix in weights)
    return tf.einsum("ih,jw,nhwc->nijc", rows, columns, x)


adaptive_avg_pool2d = binding(
    _adaptive_avg_pool2d,
    docs=_DOCS + "einsum",
    rename={"size": None},
    recode={"weights": adaptive_weights},
    x=NHWC,
    output="n i j c",
    conventions=_REGIONS,
)


def _feature_pool(x: Any, *, pool_size: int, function: str) -> Any:
    groups = tf.reshape(x, (*x.shape[:-1], x.shape[-1] // pool_size, pool_size))
    return getattr(tf, f"reduce_{function}")(groups, axis=-1)


feature_pool = binding(
    _feature_pool,
    docs=_DOCS + "math/reduce_max",
    x="n ... c",
    output="n ... o",
    conventions={
        "layer": "none in tf.nn; TensorFlow Addons' Maxout is the same",
        "a group's channels": "follow each other",
        "gradient of equal maxima": "shared",
    },
)


def _maxout(x: Any, weight: Any, bias: Any = None) -> Any:
    pieces = tf.tensordot(x, weight, 1)
    return tf.reduce_max(pieces if bias is None else pieces + bias, axis=2)


maxout = binding(
    _maxout,
    docs=_DOCS + "tensordot",
    weight="c o k",
    conventions={
        "layer": "none in tf.nn; TensorFlow Addons' Maxout after a dense layer",
        "a unit's pieces": "follow each other among the dense layer's units",
        "gradient of equal maxima": "shared",
    },
)


def _spatial_pyramid_pool(x: Any, *, mode: str, regions: Any) -> Any:
    pool = tf.reduce_max if mode == "max" else tf.reduce_mean
    return tf.stack([pool(x[:, a:b, c:d], axis=[1, 2]) for (a, b), (c, d) in regions], axis=1)


spatial_pyramid_pool = binding(
    _spatial_pyramid_pool,
    docs=_DOCS + "math/reduce_max",
    rename={"levels": None},
    recode={"regions": pyramid},
    x=NHWC,
    output="n s c",
    conventions={
        "layer": "none; a reduction for each region",
        "regions": "as the composition cuts them",
        "order": "level after level, row by row; regions before channels",
    },
)
