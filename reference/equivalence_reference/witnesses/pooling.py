"""Slow, literal poolings over any number of spatial axes: witnesses that share no line with the references.

One pixel at a time, in plain Python numbers. Padding is never made: a pixel outside the image is left out, and counted
where it has to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from equivalence_reference.witnesses.windows import before_and_after, windows_that_fit

Array = np.ndarray[Any, np.dtype[Any]]
Interval = tuple[int, int, int]
"""Of a window along one axis: its first pixel on the image, the one after its last, and how many pixels it has if those
of the padding count."""


def _along(size: int, axis: int, window: int, step: int, padding: Any, rounding: str) -> list[Interval]:
    """The windows along one axis, moved on until the next would not begin before the end of the image."""
    before, after = before_and_after(padding, axis, size, window, step)
    count = windows_that_fit(size, before, after, window, step)
    reached = (count - 1) * step + window
    # One more if pixels, or padding, are left over after the last window and the next begins on the image.
    if rounding == "ceil" and reached < before + size + after and count * step < before + size:
        count += 1
    found = []
    for start in range(-before, count * step - before, step):
        pixels = range(start, start + window)
        real = [pixel for pixel in pixels if 0 <= pixel < size]
        found.append((real[0], real[-1] + 1, sum(-before <= pixel < size + after for pixel in pixels)))
    return found


def _each_window(
    x: Array, window: Any, stride: Any, padding: Any, rounding: str
) -> tuple[tuple[int, ...], Iterator[tuple[tuple[int, ...], list[float], int]]]:
    """The output's shape; and for each place in it, the window's real pixels and the number that counts padding."""
    steps = window if stride is None else stride
    axes = [_along(size, axis, window[axis], steps[axis], padding, rounding) for axis, size in enumerate(x.shape[2:])]
    shape = (*x.shape[:2], *map(len, axes))

    def walk() -> Iterator[tuple[tuple[int, ...], list[float], int]]:
        for place in np.ndindex(*shape):
            intervals = [along[index] for along, index in zip(axes, place[2:], strict=True)]
            pixels = product(*(range(first, last) for first, last, _ in intervals))
            number = 1
            for _, _, counted in intervals:
                number *= counted
            yield place, [float(x[(*place[:2], *pixel)]) for pixel in pixels], number

    return shape, walk()


def max_pool(
    x: Array, *, window: Any = None, stride: Any = None, padding: Any = "valid", rounding: str = "floor"
) -> Array:
    """The largest of the pixels that each window sees."""
    window = window or (2,) * (x.ndim - 2)
    shape, windows = _each_window(x, window, stride, padding, rounding)
    y = np.zeros(shape)
    for place, pixels, _ in windows:
        y[place] = max(pixels)
    return y


def avg_pool(
    x: Array,
    *,
    window: Any = None,
    stride: Any = None,
    padding: Any = "valid",
    rounding: str = "floor",
    count_include_pad: bool = False,
) -> Array:
    """The pixels that each window sees, added up and divided by their number, or by one that counts padding."""
    window = window or (2,) * (x.ndim - 2)
    shape, windows = _each_window(x, window, stride, padding, rounding)
    y = np.zeros(shape)
    for place, pixels, number in windows:
        y[place] = sum(pixels) / (number if count_include_pad else len(pixels))
    return y


def sum_pool(
    x: Array, *, window: Any = None, stride: Any = None, padding: Any = "valid", rounding: str = "floor"
) -> Array:
    """The pixels that each window sees, added up."""
    window = window or (2,) * (x.ndim - 2)
    shape, windows = _each_window(x, window, stride, padding, rounding)
    y = np.zeros(shape)
    for place, pixels, _ in windows:
        y[place] = sum(pixels)
    return y


def lp_pool(x: Array, *, norm: int = 2, window: Any = (2, 2), stride: Any = None, rounding: str = "floor") -> Array:
    """The magnitudes that each window sees, multiplied with themselves, added up, and the root of the sum."""
    shape, windows = _each_window(x, window, stride, "valid", rounding)
    y = np.zeros(shape)
    for place, pixels, _ in windows:
        total = 0.0
        for pixel in pixels:
            power = 1.0
            for _ in range(norm):
                power *= abs(pixel)
            total += power
        y[place] = total ** (1.0 / norm)
    return y


def _parts(size: int, count: int) -> list[list[int]]:
    """For each part the pixels that it overlaps, when the axis is cut into equal parts: in whole numbers."""
    return [
        [pixel for pixel in range(size) if (pixel + 1) * count > part * size and pixel * count < (part + 1) * size]
        for part in range(count)
    ]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def adaptive_avg_pool(x: Array, *, size: Any = None) -> Array:
    """Average the pixels that lie, wholly or in part, in each of as many equal parts as are asked for."""
    size = size or (1,) * (x.ndim - 2)
    axes = [_parts(pixels, count) for pixels, count in zip(x.shape[2:], size, strict=True)]
    y = np.zeros((*x.shape[:2], *size))
    for place in np.ndindex(*y.shape):
        pixels = product(*(along[index] for along, index in zip(axes, place[2:], strict=True)))
        y[place] = _mean([float(x[(*place[:2], *pixel)]) for pixel in pixels])
    return y


def spatial_pyramid_pool(x: Array, *, levels: Any = (4, 2, 1), mode: str = "max") -> Array:
    """The regions of each level row by row, each looked at pixel by pixel."""
    one: Callable[[list[float]], float] = max if mode == "max" else _mean
    columns = []
    for level in levels:
        for rows, cells in product(_parts(x.shape[2], level), _parts(x.shape[3], level)):
            region = np.zeros(x.shape[:2])
            for n, c in np.ndindex(*x.shape[:2]):
                region[n, c] = one([float(x[n, c, row, cell]) for row, cell in product(rows, cells)])
            columns.append(region)
    return np.stack(columns, axis=2)


def feature_pool(x: Array, *, pool_size: int = 2, function: str = "max") -> Array:
    """Walk over the channels; each adds itself to its group, or takes its place if it is larger."""
    y = np.full((x.shape[0], x.shape[1] // pool_size, *x.shape[2:]), -np.inf if function == "max" else 0.0)
    for n, c, *rest in np.ndindex(*x.shape):
        place, value = (n, c // pool_size, *rest), float(x[(n, c, *rest)])
        if function == "max":
            y[place] = max(y[place], value)
        else:
            y[place] += value / (pool_size if function == "mean" else 1)
    return y


def maxout(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """The largest of the pieces of each unit, each a sum over the features."""
    y = np.zeros((x.shape[0], weight.shape[0]))
    for n, o in np.ndindex(*y.shape):
        pieces = []
        for k in range(weight.shape[1]):
            total = 0.0 if bias is None else float(bias[o, k])
            for c in range(x.shape[1]):
                total += float(x[n, c]) * float(weight[o, k, c])
            pieces.append(total)
        y[n, o] = max(pieces)
    return y
