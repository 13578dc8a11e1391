"""Resizing in Theano: matrices of weights along both axes, and Lasagne's way of looking at an image in any places."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters.resizing import cubic_weights, linear_weights, nearest_pixels

tensor = Lazy("theano.tensor")

_UPSAMPLING = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/conv.html"
_INDEXING = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html#indexing"
_SIZES = {"size or scale": "as composed"}


def _resize_nearest(x: Any, *, pixels: Any) -> Any:
    rows, columns = (np.array(each) for each in pixels)
    return x[:, :, rows][:, :, :, columns]


resize_nearest = binding(
    _resize_nearest,
    x="n c h w",
    output="n c i j",
    rename={"size": None, "scale": None, "coordinates": None, "rounding": None},
    recode={"pixels": nearest_pixels},
    docs=_INDEXING,
    conventions={
        **_SIZES,
        "default coordinates and rounding": "Lasagne's Upscale2DLayer repeats pixels, a whole number of times",
        "others": "composed: index",
    },
)


def _weighed(x: Any, *, weights: Any) -> Any:
    # Each product takes the first axis of the image away and puts the resized one last.
    for matrix in weights:
        x = tensor.tensordot(x, tensor.constant(np.array(matrix, x.dtype)), axes=[[2], [1]])
    return x


_LINEAR = {
    **_SIZES,
    "default coordinates": "nnet.abstract_conv.bilinear_upsampling: half pixel, whole ratios; here by matrices",
    "antialias": "none",
}

resize_bilinear = binding(
    _weighed,
    x="n c h w",
    output="n c i j",
    rename={"size": None, "scale": None, "coordinates": None, "antialias": None},
    recode={"weights": linear_weights},
    docs=_UPSAMPLING,
    conventions=_LINEAR,
)

resize_bicubic = binding(
    _weighed,
    x="n c h w",
    output="n c i j",
    rename={
        "size": None,
        "scale": None,
        "coordinates": None,
        "coefficient": None,
        "exclude_outside": None,
        "antialias": None,
    },
    recode={"weights": cubic_weights},
    docs=_UPSAMPLING,
    conventions={
        **_LINEAR,
        "default coordinates": "no such function; composed by matrices",
        "coefficient": "as composed",
        "outside the image": "as composed",
        "precision of the weights": "that of the image",
    },
)


def _grid_sample(x: Any, grid: Any, *, mode: str, padding: str, align_corners: bool) -> Any:
    n, c, h, w = (x.shape[axis] for axis in range(4))
    high, wide = grid.shape[1], grid.shape[2]
    columns, rows = (
        _weights(grid[..., k].flatten(2), size, mode, padding, align_corners) for k, size in enumerate((w, h))
    )
    # Four gathered pixels would take ten times as long to compile as these products.
    lines = tensor.batched_dot(rows, x.dimshuffle(0, 2, 1, 3).reshape([n, h, c * w]))
    found = (lines.reshape([n, high * wide, c, w]) * columns.dimshuffle(0, 1, "x", 2)).sum(axis=3)
    return found.dimshuffle(0, 2, 1).reshape([n, c, high, wide])


def _weights(grid: Any, size: Any, mode: str, padding: str, align_corners: bool) -> Any:  # noqa: FBT001
    """How much of each pixel of an axis every place takes."""
    pixels = tensor.cast(tensor.arange(size), grid.dtype)
    size = tensor.cast(size, grid.dtype)
    places = (grid + 1) * (size - 1) / 2 if align_corners else ((grid + 1) * size - 1) / 2
    if padding == "border":
        places = tensor.clip(places, 0, size - 1)
    if mode == "nearest":
        nearest = tensor.round(places, mode="half_to_even").dimshuffle(0, 1, "x")
        return tensor.cast(tensor.eq(nearest, pixels), grid.dtype)
    return tensor.maximum(1 - abs(places.dimshuffle(0, 1, "x") - pixels), 0)


grid_sample = binding(
    _grid_sample,
    x="n c h w",
    grid="n i j v",
    output="n c i j",
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/special.html#lasagne.layers.TransformerLayer",
    conventions={
        "default align_corners": "Lasagne's TransformerLayer: always aligned",
        "order of a place": "across, down",
        "outside the image": "TransformerLayer: the edge by default; zeros, or repeated",
    },
)
