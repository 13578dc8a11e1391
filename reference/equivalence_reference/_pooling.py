"""What the poolings have in common, whatever the number of spatial axes.

Letters of one axis stand for all of them: an image is ``n c w``, what its windows see ``n c j q``.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array
from equivalence_reference._arguments import Pair, known, per_axis
from equivalence_reference._windows import Padding, Sizes, Windows, amounts, slide

ROUNDINGS = ("floor", "ceil")


def pooling_windows(
    operation: str,
    image: Sizes,
    *,
    window: int | Sizes,
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
) -> Windows:
    """Lay the windows of a pooling; they follow each other without a gap unless a stride is given.

    Raises:
        ParameterError: for a parameter that is none, or a window that could see nothing but padding.
        ShapeError: if no window fits.
    """
    known(f"rounding of {operation}", rounding, ROUNDINGS)
    pixels = per_axis(f"window of {operation}", window, len(image), least=1)
    step = pixels if stride is None else stride
    windows = slide(operation, image, pixels, stride=step, padding=padding, rounding=rounding)
    for size, sides in zip(pixels, windows.padding, strict=True):
        if max(sides) >= size:
            raise ParameterError(
                f"padding of {operation}",
                expected=f"less than the window's {size} pixels on each side",
                got=sides,
                fix="A window that sees nothing but padding has no largest pixel.",
            )
    return windows


def largest(x: Array, windows: Windows) -> Array:
    """The largest pixel of each window."""
    return np.asarray(windows.gather(x, fill=-np.inf).max(axis=_taps(windows)))


def to_the_first_largest(cotangent: Array, x: Array, windows: Windows) -> Array:
    """Send each output's cotangent to the first pixel of its window that has the window's value."""
    seen = windows.gather(x, fill=-np.inf)
    top = seen.max(axis=_taps(windows), keepdims=True)
    # A pixel that is minus infinity itself is as large as the padding beside it, but the gradient is the pixel's.
    real = windows.gather(np.ones_like(x))
    candidates = ((seen == top) | (np.isnan(seen) & np.isnan(top))) & (real > 0)
    pixels_in_a_row = candidates.reshape(*cotangent.shape, -1)
    first = np.zeros(pixels_in_a_row.shape, cotangent.dtype)
    np.put_along_axis(first, pixels_in_a_row.argmax(axis=-1, keepdims=True), cotangent[..., None], axis=-1)
    return windows.scatter(first.reshape(seen.shape))


def total(x: Array, windows: Windows) -> Array:
    """The sum of the pixels of each window; padding is 0."""
    return np.asarray(windows.gather(x).sum(axis=_taps(windows)))


def to_the_whole_window(cotangent: Array, windows: Windows) -> Array:
    """Send each output's cotangent to every pixel of its window."""
    spread = cotangent.reshape(*cotangent.shape, *(1 for _ in windows.kernel))
    return windows.scatter(np.broadcast_to(spread, (*cotangent.shape, *windows.kernel)))


def divisors(operation: str, windows: Windows, padding: Padding, *, count_include_pad: bool) -> Array:
    """What the sum of each window is divided by: how many of its pixels count, one number for each window.

    Those of the image count, and with ``count_include_pad`` those of the padding that was asked for; what rounding up
    adds behind that never counts.
    """
    image, kernel, stride = windows.image, windows.kernel, windows.stride
    sides = amounts(operation, padding, image, kernel, stride, windows.dilation)
    along = [
        _counted(*axis, count_include_pad=count_include_pad)
        for axis in zip(image, kernel, stride, sides, windows.output, strict=True)
    ]
    return reduce(np.multiply.outer, along)


def share_of_the_largest(x: Array, axis: int | tuple[int, ...]) -> Array:
    """For each element its share of the gradient of the maximum: equal parts for all that are as large."""
    top = x.max(axis=axis, keepdims=True)
    winners = (x == top).astype(x.dtype)
    with np.errstate(invalid="ignore"):
        # NaN is as large as nothing, itself neither: beside one, all shares are NaN, as the frameworks have them.
        return np.asarray(winners / winners.sum(axis=axis, keepdims=True))


def regions(size: int, count: int) -> list[slice]:
    """Cut an axis into parts as equal as can be: from the rounded down to the rounded up edge of each."""
    return [slice(part * size // count, -(-(part + 1) * size // count)) for part in range(count)]


def counts(operation: str, parameter: str, value: object, axes: int) -> Sizes:
    """How many regions there are along each axis.

    Raises:
        ParameterError: for anything but positive whole numbers.
    """
    return per_axis(f"{parameter} of {operation}", value, axes, least=1)


def number(operation: str, parameter: str, value: object) -> int:
    """A number of things.

    Raises:
        ParameterError: for anything but a positive whole number.
    """
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise ParameterError(
            f"{parameter} of {operation}", expected="a positive whole number", got=repr(value), fix="Use 1 or more."
        )
    return int(value)


def require_pixels(operation: str, sizes: Sizes) -> None:
    """Check that there is something to pool.

    Raises:
        ShapeError: if there is no axis after ``c``, or no pixel.
    """
    if not math.prod(sizes) or not sizes:
        raise ShapeError(
            f"x of {operation}",
            expected="n c and at least one more axis, with at least one pixel",
            got=f"axes {tuple(sizes)} after n and c",
            fix="Put the axes to pool over behind n and c.",
        )


def _counted(size: int, kernel: int, stride: int, sides: Pair, count: int, *, count_include_pad: bool) -> Array:
    before, after = sides if count_include_pad else (0, 0)
    starts = np.arange(count) * stride - sides[0]
    ends = np.minimum(starts + kernel, size + after)
    return np.asarray(ends - np.maximum(starts, -before))


def _taps(windows: Windows) -> Any:
    return tuple(range(-len(windows.kernel), 0))
