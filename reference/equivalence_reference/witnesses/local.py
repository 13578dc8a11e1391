"""Slow, literal loops for layers that see an image through windows: one product after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence_reference.witnesses.linear import layer
from equivalence_reference.witnesses.windows import before_and_after, windows_that_fit

Array = np.ndarray[Any, np.dtype[Any]]


def mlpconv(
    x: Array,
    kernel: Array,
    hidden: Array,
    weight: Array,
    kernel_bias: Array | None = None,
    hidden_bias: Array | None = None,
    bias: Array | None = None,
    *,
    stride: Any,
    padding: Any,
    activation: str,
) -> Array:
    """Cut out a patch at a time, and put it through a network of three layers."""
    (_, channels, *image), (_, _, *window) = x.shape, kernel.shape
    borders = [before_and_after(padding, k, image[k], window[k], stride[k]) for k in range(2)]
    counts = [windows_that_fit(image[k], *borders[k], window[k], stride[k]) for k in range(2)]
    result = np.zeros((len(x), len(weight), *counts))
    for n, i, j in np.ndindex(len(x), *counts):
        patch = []
        for c, p, q in np.ndindex(channels, *window):
            row, column = i * stride[0] + p - borders[0][0], j * stride[1] + q - borders[1][0]
            inside = 0 <= row < image[0] and 0 <= column < image[1]
            patch.append(float(x[n, c, row, column]) if inside else 0.0)
        values = patch
        for matrix, added in ((kernel.reshape(len(kernel), -1), kernel_bias), (hidden, hidden_bias), (weight, bias)):
            values = layer(matrix, added, values, activation)
        result[n, :, i, j] = values
    return result


def locally_connected(x: Array, weight: Array, bias: Array | None = None, *, stride: Any) -> Array:
    """Weight each window with the filter of its own place, along one spatial axis or two."""
    axes = (x.ndim - 2) * (stride if isinstance(stride, tuple) else (stride,))
    kernel, places = weight.shape[2 : x.ndim], weight.shape[x.ndim :]
    result = np.zeros((len(x), len(weight), *places))
    for n, o, *place in np.ndindex(result.shape):
        total = 0.0 if bias is None else float(bias[(o, *place)])
        for c, *tap in np.ndindex(x.shape[1], *kernel):
            pixel = [at * step + inside for at, step, inside in zip(place, axes, tap, strict=False)]
            total += float(weight[(o, c, *tap, *place)]) * float(x[(n, c, *pixel)])
        result[(n, o, *place)] = total
    return result
