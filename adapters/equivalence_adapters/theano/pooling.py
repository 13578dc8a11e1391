"""Pooling of Theano, with Lasagne's global pooling."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters import padding
from equivalence_adapters.pooling import adaptive_weights, divisors, pyramid, unpadded

tensor = Lazy("theano.tensor")
pool = Lazy("theano.tensor.signal.pool")

_INFINITY = float("inf")
_DOCS = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/signal/pool.html"
_LASAGNE = "https://lasagne.readthedocs.io/en/latest/modules/layers/pool.html#lasagne.layers."


def _pool(x: Any, ws: tuple[int, ...], stride: tuple[int, ...] | None, pad: padding.Border, mode: str) -> Any:
    """Pool sequences, images or volumes, with the same value beyond all borders."""
    if len(ws) == 1:
        # As Lasagne's Pool1DLayer does it: a sequence is an image of one column.
        column = _pool(tensor.shape_padright(x), (*ws, 1), stride and (*stride, 1), (*pad, (0, 0)), mode)
        return column[:, :, :, 0]
    pools = {2: pool.pool_2d, 3: pool.pool_3d}[len(ws)]
    if all(before == after for before, after in pad):
        return pools(x, ws, ignore_border=True, stride=stride, pad=tuple(before for before, _ in pad), mode=mode)
    return pools(
        _padded(x, pad, -_INFINITY if mode == "max" else 0.0), ws, ignore_border=True, stride=stride, mode=mode
    )


def _padded(x: Any, pad: padding.Border, value: float) -> Any:
    # Theano pads both sides alike, so another padding is made of an image of one value.
    sizes = [x.shape[2 + axis] for axis in range(len(pad))]
    larger = [size + before + after for size, (before, after) in zip(sizes, pad, strict=True)]
    inside = [slice(before, before + size) for size, (before, _) in zip(sizes, pad, strict=True)]
    image = tensor.alloc(tensor.constant(value, dtype=x.dtype), x.shape[0], x.shape[1], *larger)
    return tensor.set_subtensor(image[(slice(None), slice(None), *inside)], x)


def _max_pool(x: Any, *, ws: tuple[int, ...], stride: tuple[int, ...] | None, pad: padding.Border) -> Any:
    return _pool(x, ws, stride, pad, "max")


# The windows that rounding up adds are in the padding.
_GEOMETRY: dict[str, Any] = {
    "rename": {"window": "ws", "padding": "pad", "rounding": None},
    "recode": {"pad": padding.rounded_pooling_border},
    "docs": _DOCS,
}
_POOLING = {
    "default stride": "the window",
    "rounding of the output's size": "down with ignore_border=True, up without, which is Theano's default",
    "padding": "numbers, alike on both sides, with ignore_border=True only; no same",
}
_MAXIMUM = {**_POOLING, "value of padding": "minus infinity", "gradient of equal maxima": "every one gets all of it"}


def _global_avg_pool(x: Any) -> Any:
    # As Lasagne's GlobalPoolLayer does it.
    return x.flatten(3).mean(axis=2)


max_pool1d = binding(_max_pool, x="n c w", output="n c j", conventions=_MAXIMUM, **_GEOMETRY)
max_pool2d = binding(_max_pool, x="n c h w", output="n c i j", **_GEOMETRY)
max_pool3d = binding(_max_pool, x="n c d h w", output="n c k i j", conventions=_MAXIMUM, **_GEOMETRY)


def _counted(context: Context) -> tuple[tuple[int, ...], ...] | None:
    """The divisors, unless they are all the window's pixels."""
    counts, window = divisors(context), context.parameters["window"]
    return None if all({size} == set(along) for size, along in zip(window, counts, strict=True)) else counts


def _avg_pool(
    x: Any, *, ws: tuple[int, ...], stride: tuple[int, ...] | None, pad: padding.Border, divisors: Any
) -> Any:
    if divisors is None:
        return _pool(x, ws, stride, pad, "average_inc_pad")
    # The gradient of average_exc_pad with padding raises NotImplementedError: sums, and the numbers that count.
    number = functools.reduce(lambda one, other: one[..., None] * np.array(other), divisors, np.ones(()))
    return _pool(x, ws, stride, pad, "sum") / tensor.constant(number.astype(x.dtype))


_AVERAGE: dict[str, Any] = {
    "rename": {**_GEOMETRY["rename"], "count_include_pad": None},
    "recode": {**_GEOMETRY["recode"], "divisors": _counted},
    "docs": _DOCS,
    "conventions": {
        **_POOLING,
        "padding counts": "average_inc_pad: yes; average_exc_pad: no, but padding has no gradient then",
        "what rounding up adds counts": "no",
    },
}

avg_pool1d = binding(_avg_pool, x="n c w", output="n c j", **_AVERAGE)
avg_pool2d = binding(_avg_pool, x="n c h w", output="n c i j", **_AVERAGE)
avg_pool3d = binding(_avg_pool, x="n c d h w", output="n c k i j", **_AVERAGE)


def _sum_pool(x: Any, *, ws: tuple[int, ...], stride: tuple[int, ...] | None, pad: padding.Border) -> Any:
    return _pool(x, ws, stride, pad, "sum")


_SUM = {**_POOLING, "as": "mode sum"}

sum_pool1d = binding(_sum_pool, x="n c w", output="n c j", conventions=_SUM, **_GEOMETRY)
sum_pool2d = binding(_sum_pool, x="n c h w", output="n c i j", conventions=_SUM, **_GEOMETRY)
sum_pool3d = binding(_sum_pool, x="n c d h w", output="n c k i j", conventions=_SUM, **_GEOMETRY)


def _lp_pool2d(x: Any, *, norm: int, pad: padding.Border, **geometry: Any) -> Any:
    return _sum_pool(abs(x) ** norm, pad=pad, **geometry) ** (1 / norm)


lp_pool2d = binding(
    _lp_pool2d,
    x="n c h w",
    output="n c i j",
    rename={"window": "ws", "rounding": None},
    recode={"pad": lambda context: padding.rounded_pooling_border(unpadded(context))},
    docs=_DOCS,
    conventions={
        "default stride": "the window",
        "padding": "none",
        "magnitudes": "composed: abs, and the power of a sum",
        "last window of rounding up": "the norm of what it has",
        "gradient of a window of zeros": "NaN",
    },
)

global_avg_pool = binding(
    _global_avg_pool,
    x="n c ...",
    output="n c",
    docs=_LASAGNE + "GlobalPoolLayer",
)


def _global_max_pool(x: Any) -> Any:
    # As Lasagne's GlobalPoolLayer does it.
    return x.flatten(3).max(axis=2)


global_max_pool = binding(
    _global_max_pool,
    x="n c ...",
    output="n c",
    docs=_LASAGNE + "GlobalPoolLayer",
    conventions={
        "gradient of equal maxima": "every one gets all of it",
        "axes": "GlobalPoolLayer drops them",
    },
)

_REGIONS = {"regions": "composed: a matrix of averages for each axis", "layer": "none in Lasagne"}


def _adaptive_avg_pool(x: Any, *, weights: Any) -> Any:
    # The product takes the first spatial axis away and puts its regions last: the next one is first then.
    for matrix in weights:
        x = tensor.tensordot(x, tensor.constant(np.array(matrix, x.dtype)), axes=[[2], [1]])
    return x


adaptive_avg_pool1d = binding(
    _adaptive_avg_pool,
    x="n c w",
    output="n c j",
    rename={"size": None},
    recode={"weights": adaptive_weights},
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html#theano.tensor.tensordot",
    conventions=_REGIONS,
)

adaptive_avg_pool2d = binding(
    _adaptive_avg_pool,
    x="n c h w",
    output="n c i j",
    rename={"size": None},
    recode={"weights": adaptive_weights},
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html#theano.tensor.tensordot",
    conventions=_REGIONS,
)


def _feature_pool(x: Any, *, pool_size: int, function: str) -> Any:
    # As Lasagne's FeaturePoolLayer does it.
    trailing = [x.shape[axis] for axis in range(2, x.ndim)]
    groups = x.reshape([x.shape[0], x.shape[1] // pool_size, pool_size, *trailing], ndim=x.ndim + 1)
    return getattr(tensor, function)(groups, axis=2)


feature_pool = binding(
    _feature_pool,
    x="n c ...",
    output="n o ...",
    docs=_LASAGNE + "FeaturePoolLayer",
    conventions={
        "layer": "FeaturePoolLayer",
        "a group's channels": "follow each other",
        "gradient of equal maxima": "every one gets all of it",
    },
)


def _maxout(x: Any, weight: Any, bias: Any = None) -> Any:
    units = tensor.dot(x, weight.reshape([weight.shape[0], weight.shape[1] * weight.shape[2]]))
    pieces = units.reshape([x.shape[0], weight.shape[1], weight.shape[2]])
    return (pieces if bias is None else pieces + bias).max(axis=2)


maxout = binding(
    _maxout,
    x="n c",
    weight="c o k",
    output="n o",
    docs=_LASAGNE + "FeaturePoolLayer",
    conventions={
        "layer": "none; FeaturePoolLayer after a DenseLayer",
        "a unit's pieces": "follow each other among the dense layer's units",
        "gradient of equal maxima": "every one gets all of it",
    },
)


def _spatial_pyramid_pool(x: Any, *, mode: str, regions: Any) -> Any:
    # As Lasagne's SpatialPyramidPoolingLayer with implementation="kaiming".
    parts = [x[:, :, a:b, c:d].flatten(3) for (a, b), (c, d) in regions]
    pooled = [part.max(axis=2) if mode == "max" else part.mean(axis=2) for part in parts]
    return tensor.stack(pooled, axis=2)


spatial_pyramid_pool = binding(
    _spatial_pyramid_pool,
    x="n c h w",
    output="n c s",
    rename={"levels": None},
    recode={"regions": pyramid},
    docs=_LASAGNE + "SpatialPyramidPoolingLayer",
    conventions={
        "layer": "SpatialPyramidPoolingLayer, levels (4, 2, 1) by default",
        "regions": "kaiming: from the rounded down to the rounded up edge; fast, the default: windows rounded up, "
        "strides rounded down",
        "order": "level after level, row by row; channels before regions",
    },
)
