"""Slow, literal loops over windows: witnesses that share no line with the references.

One pixel at a time, in plain Python numbers; padding is never made, a pixel outside the image is left out. Nothing of
this package is imported here, and only arrays are taken from NumPy.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def before_and_after(padding: Any, axis: int, size: int, span: int, stride: int) -> tuple[int, int]:
    """Padding of one axis; ``same`` by the rule of TensorFlow's notes on padding, which divides the size itself.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    if padding in ("same_upper", "same_lower"):
        total = max(span - stride, 0) if size % stride == 0 else max(span - size % stride, 0)
        smaller = total // 2
        return (smaller, total - smaller) if padding == "same_upper" else (total - smaller, smaller)
    if isinstance(padding, str):
        return {"valid": (0, 0), "full": (span - 1, span - 1)}[padding]
    before, after = padding[axis]
    return before, after


def windows_that_fit(size: int, before: int, after: int, span: int, stride: int) -> int:
    """Count the windows by moving one along until it no longer fits."""
    count = 0
    while count * stride + span <= before + size + after:
        count += 1
    return count


def convolution(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    flip_kernel: bool,
) -> Array:
    """Every term of every sum, one by one, with any number of spatial axes."""
    (batch, _, *image), (units, part, *kernel) = x.shape, weight.shape
    axes = range(len(image))
    spans = [(kernel[k] - 1) * dilation[k] + 1 for k in axes]
    borders = [before_and_after(padding, k, image[k], spans[k], stride[k]) for k in axes]
    y = np.zeros((batch, units, *(windows_that_fit(image[k], *borders[k], spans[k], stride[k]) for k in axes)))
    for n, o, *window in np.ndindex(y.shape):
        total = 0.0 if bias is None else float(bias[o])
        first_channel = (o // (units // groups)) * part
        for c, *tap in np.ndindex(part, *kernel):
            place = [window[k] * stride[k] + tap[k] * dilation[k] - borders[k][0] for k in axes]
            if all(0 <= place[k] < image[k] for k in axes):
                turned = [kernel[k] - 1 - tap[k] for k in axes] if flip_kernel else tap
                total += float(weight[(o, c, *turned)]) * float(x[(n, first_channel + c, *place)])
        y[(n, o, *window)] = total
    return y


def transposed_convolution(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    output_padding: Any = None,
    output_shape: Any = None,
    flip_kernel: bool,
) -> Array:
    """Every pixel paints its filter, scaled by the pixel, onto the output; what falls outside is lost."""
    (batch, channels, *image), (_, part, *kernel) = x.shape, weight.shape
    axes = range(len(image))
    spans = [(kernel[k] - 1) * dilation[k] + 1 for k in axes]
    sizes = []
    for k in axes:
        if output_shape is not None:
            sizes.append(output_shape[k])
        elif padding in ("same_upper", "same_lower"):
            sizes.append(stride[k] * image[k] + output_padding[k])
        else:
            lost = sum(before_and_after(padding, k, 0, spans[k], stride[k]))
            sizes.append(stride[k] * image[k] - stride[k] + spans[k] - lost + output_padding[k])
    begin = [before_and_after(padding, k, sizes[k], spans[k], stride[k])[0] for k in axes]
    y = np.zeros((batch, part * groups, *sizes))
    for n, c, *pixel in np.ndindex(x.shape):
        first_unit = (c // (channels // groups)) * part
        for o, *tap in np.ndindex(part, *kernel):
            place = [pixel[k] * stride[k] + tap[k] * dilation[k] - begin[k] for k in axes]
            if all(0 <= place[k] < sizes[k] for k in axes):
                turned = [kernel[k] - 1 - tap[k] for k in axes] if flip_kernel else tap
                y[(n, first_unit + o, *place)] += float(weight[(c, o, *turned)]) * float(x[(n, c, *pixel)])
    for o in range(part * groups if bias is not None else 0):
        y[:, o] += float(bias[o])  # type: ignore[index]
    return y


def depthwise_convolution(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Any,
    padding: Any,
    dilation: Any,
    flip_kernel: bool,
) -> Array:
    """Each channel alone, as an image of one channel with filters of its own."""
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": 1, "flip_kernel": flip_kernel}
    channels = []
    for c, filters in enumerate(weight):
        own = None if bias is None else bias[c]
        channels.append(convolution(x[:, c : c + 1], filters[:, None], own, **geometry))
    return np.stack(channels, axis=1)


def separable_convolution(
    x: Array, depthwise: Array, pointwise: Array, bias: Array | None = None, **geometry: Any
) -> Array:
    """The channels alone, then a weighted sum of all maps at every pixel."""
    maps = depthwise_convolution(x, depthwise, **geometry)
    y = np.zeros((x.shape[0], pointwise.shape[0], *maps.shape[3:]))
    for n, o, i, j in np.ndindex(y.shape):
        total = 0.0 if bias is None else float(bias[o])
        for c, m in np.ndindex(maps.shape[1:3]):
            total += float(pointwise[o, c, m]) * float(maps[n, c, m, i, j])
        y[n, o, i, j] = total
    return y


def dynamic_convolution(x: Array, weight: Array, **geometry: Any) -> Array:
    """One example after the other, each with its own filters."""
    return np.concatenate([convolution(x[n : n + 1], weight[n], **geometry) for n in range(len(x))])


def local_dense(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """Cut out one block after the other, flatten it, and hand it to a dense layer."""
    (batch, _, h, w), (units, _, high, wide) = x.shape, weight.shape
    y = np.zeros((batch, units, h // high, w // wide))
    for n, o, i, j in np.ndindex(y.shape):
        block = x[n, :, i * high : (i + 1) * high, j * wide : (j + 1) * wide].flatten()
        total = 0.0 if bias is None else float(bias[o])
        for number, factor in zip(block, weight[o].flatten(), strict=True):
            total += float(number) * float(factor)
        y[n, o, i, j] = total
    return y


def max_pool2d(
    x: Array, *, window: Any = (2, 2), stride: Any = None, padding: Any = "valid", rounding: str = "floor"
) -> Array:
    """The largest of the pixels that each window sees."""
    steps = window if stride is None else stride
    batch, channels, h, w = x.shape
    starts = []
    for axis, size in enumerate((h, w)):
        before, after = before_and_after(padding, axis, size, window[axis], steps[axis])
        count = windows_that_fit(size, before, after, window[axis], steps[axis])
        # One more if pixels, or padding, are left over after the last window and the next begins on the image.
        reached = (count - 1) * steps[axis] + window[axis]
        if rounding == "ceil" and reached < before + size + after and count * steps[axis] < before + size:
            count += 1
        starts.append([index * steps[axis] - before for index in range(count)])
    y = np.zeros((batch, channels, len(starts[0]), len(starts[1])))
    for n, c, i, j in np.ndindex(y.shape):
        top, left = starts[0][i], starts[1][j]
        rows = range(max(top, 0), min(top + window[0], h))
        columns = range(max(left, 0), min(left + window[1], w))
        seen = [float(x[n, c, row, column]) for row, column in product(rows, columns)]
        # Python's max keeps NaN only where it comes first.
        y[n, c, i, j] = math.nan if any(math.isnan(pixel) for pixel in seen) else max(seen)
    return y
