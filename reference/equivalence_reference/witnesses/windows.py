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


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Any = (1, 1),
    padding: Any = "valid",
    dilation: Any = (1, 1),
    groups: int = 1,
    flip_kernel: bool = False,
) -> Array:
    """Every term of every sum, one by one."""
    (batch, _, h, w), (units, part, kernel_h, kernel_w) = x.shape, weight.shape
    span_h, span_w = (kernel_h - 1) * dilation[0] + 1, (kernel_w - 1) * dilation[1] + 1
    top, bottom = before_and_after(padding, 0, h, span_h, stride[0])
    left, right = before_and_after(padding, 1, w, span_w, stride[1])
    size_i = windows_that_fit(h, top, bottom, span_h, stride[0])
    size_j = windows_that_fit(w, left, right, span_w, stride[1])
    y = np.zeros((batch, units, size_i, size_j))
    for n, o, i, j in product(range(batch), range(units), range(size_i), range(size_j)):
        total = 0.0 if bias is None else float(bias[o])
        first_channel = (o // (units // groups)) * part
        for c, p, q in product(range(part), range(kernel_h), range(kernel_w)):
            row, column = i * stride[0] + p * dilation[0] - top, j * stride[1] + q * dilation[1] - left
            if 0 <= row < h and 0 <= column < w:
                tap = weight[o, c, kernel_h - 1 - p, kernel_w - 1 - q] if flip_kernel else weight[o, c, p, q]
                total += float(tap) * float(x[n, first_channel + c, row, column])
        y[n, o, i, j] = total
    return y


def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Any = (1, 1),
    padding: Any = "valid",
    dilation: Any = (1, 1),
    groups: int = 1,
    output_padding: Any = (0, 0),
    output_shape: Any = None,
    flip_kernel: bool = False,
) -> Array:
    """Every pixel paints its filter, scaled by the pixel, onto the output; what falls outside is lost."""
    (batch, channels, h, w), (_, part, kernel_h, kernel_w) = x.shape, weight.shape
    spans = (kernel_h - 1) * dilation[0] + 1, (kernel_w - 1) * dilation[1] + 1
    sizes = []
    for axis, size in enumerate((h, w)):
        painted = stride[axis] * size - stride[axis] + spans[axis]
        if output_shape is not None:
            sizes.append(output_shape[axis])
        elif padding in ("same_upper", "same_lower"):
            sizes.append(stride[axis] * size + output_padding[axis])
        else:
            lost = sum(before_and_after(padding, axis, 0, spans[axis], stride[axis]))
            sizes.append(painted - lost + output_padding[axis])
    top, _ = before_and_after(padding, 0, sizes[0], spans[0], stride[0])
    left, _ = before_and_after(padding, 1, sizes[1], spans[1], stride[1])
    y = np.zeros((batch, part * groups, *sizes))
    for n, c, i, j in product(range(batch), range(channels), range(h), range(w)):
        first_unit = (c // (channels // groups)) * part
        for o, p, q in product(range(part), range(kernel_h), range(kernel_w)):
            row, column = i * stride[0] + p * dilation[0] - top, j * stride[1] + q * dilation[1] - left
            if 0 <= row < sizes[0] and 0 <= column < sizes[1]:
                tap = weight[c, o, kernel_h - 1 - p, kernel_w - 1 - q] if flip_kernel else weight[c, o, p, q]
                y[n, first_unit + o, row, column] += float(tap) * float(x[n, c, i, j])
    for o in range(part * groups if bias is not None else 0):
        y[:, o] += float(bias[o])  # type: ignore[index]
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
