"""Windows that slide over an image: where they lie, what they see, and the way back.

Convolution, transposed convolution and pooling look at an image through windows. An image has one spatial axis, two or
three; here "pixels" are the elements of any of them. Along every axis alike, output pixel ``i`` belongs to the window
that starts ``i * stride`` pixels from the beginning of the padded image, and whose pixels are ``dilation`` apart.
:meth:`Windows.gather` lists what each window sees; :meth:`Windows.scatter` is its adjoint: it adds what each window
holds to the pixels it came from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array
from equivalence_reference._arguments import Pair, per_axis

Sizes = tuple[int, ...]
"""One number for each spatial axis."""

Padding = str | tuple[Pair, ...]
"""A name of :data:`NAMES`, or ``(before, after)`` for each spatial axis, such as ``((top, bottom), (left, right))``."""

NAMES = ("valid", "same_upper", "same_lower", "full")


@dataclass(frozen=True)
class Windows:
    """Windows over images of one size; every field has one entry for each spatial axis.

    Args:
        image: the size of the image, without padding.
        kernel: pixels in a window.
        stride: pixels from one window to the next.
        dilation: pixels from one pixel of a window to the next.
        padding: pixels added before and after.
        output: the number of windows.
    """

    image: Sizes
    kernel: Sizes
    stride: Sizes
    dilation: Sizes
    padding: tuple[Pair, ...]
    output: Sizes

    def gather(self, images: Array, *, fill: float = 0.0) -> Array:
        """What each window sees, ``n c i j p q`` from images ``n c h w``; padding is ``fill``."""
        padded = np.pad(images, ((0, 0), (0, 0), *self.padding), constant_values=fill)
        reach = tuple(map(extent, self.kernel, self.dilation))
        everywhere = sliding_window_view(padded, reach, axis=tuple(range(2, images.ndim)))
        windows = [slice(0, step * (count - 1) + 1, step) for step, count in zip(self.stride, self.output, strict=True)]
        taps = [slice(None, None, step) for step in self.dilation]
        return np.asarray(everywhere[_at(*windows, *taps)])

    def scatter(self, contributions: Array) -> Array:
        """Images ``n c h w`` in which every pixel is the sum of what the windows ``n c i j p q`` hold for it."""
        padded_size = [size + sum(sides) for size, sides in zip(self.image, self.padding, strict=True)]
        padded = np.zeros_like(contributions, shape=(*contributions.shape[:2], *padded_size))
        for tap in np.ndindex(*self.kernel):
            padded[_at(*self._seen(tap))] += contributions[_at(*tap)]
        inside = [slice(before, before + size) for size, (before, _) in zip(self.image, self.padding, strict=True)]
        return np.asarray(padded[_at(*inside)])

    def _seen(self, tap: Sizes) -> list[slice]:
        """Which pixels of the padded image are pixel ``tap`` of the windows."""
        along = zip(tap, self.dilation, self.stride, self.output, strict=True)
        return [slice(at * apart, at * apart + step * (count - 1) + 1, step) for at, apart, step, count in along]


def _at(*index: int | slice) -> tuple[Any, ...]:
    """An index into the last axes."""
    return (..., *index)


def slide(
    operation: str,
    image: Sizes,
    kernel: Sizes,
    *,
    stride: int | Sizes = 1,
    padding: Padding = "valid",
    dilation: int | Sizes = 1,
    rounding: str = "floor",
) -> Windows:
    """Lay windows over an image: as many as fit, or with rounding ``ceil`` as many as begin on it.

    Raises:
        ParameterError: for a stride, a dilation or a padding that is none.
        ShapeError: if not even one window fits.
    """
    windows = _lay(operation, image, kernel, stride, padding, dilation, rounding)
    if min(windows.output) < 1:
        raise ShapeError(
            f"x of {operation}",
            expected=f"an image that a window of {by(map(extent, kernel, windows.dilation))} pixels fits on",
            got=f"{by(image)} with padding {windows.padding}",
            fix="Use a larger image, more padding, or a smaller kernel or dilation.",
        )
    return windows


def slide_onto(
    operation: str,
    size: Sizes,
    kernel: Sizes,
    *,
    stride: int | Sizes = 1,
    padding: Padding = "valid",
    dilation: int | Sizes = 1,
    output_padding: int | Sizes = 0,
    output_shape: Sizes | None = None,
) -> Windows:
    """Lay windows over the result of a transposed convolution, so that there are ``size`` of them.

    Raises:
        ParameterError: for a parameter that is none, or if the result's size is given twice.
        ShapeError: if so many do not lie on a result of that size, or more would.
    """
    strides = per_axis(f"stride of {operation}", stride, len(size), least=1)
    dilations = per_axis(f"dilation of {operation}", dilation, len(size), least=1)
    extra = per_axis(f"output_padding of {operation}", output_padding, len(size), least=0)
    if output_shape is None:
        image = _result_size(operation, size, kernel, strides, padding, dilations, extra)
    elif not any(extra):
        image = per_axis(f"output_shape of {operation}", output_shape, len(size), least=1)
    else:
        raise ParameterError(
            f"output_shape and output_padding of {operation}",
            expected="one of the two",
            got=f"{output_shape} and {output_padding}",
            fix="Leave out output_padding: output_shape says the size.",
        )
    windows = _lay(operation, image, kernel, strides, padding, dilations, "floor")
    if min(image) < 1 or windows.output != tuple(size):
        raise ShapeError(
            f"output of {operation}",
            expected=f"a size that conv{len(size)}d with the same parameters takes to {by(size)}",
            got=f"{by(image)}, on which {by(windows.output)} windows fit",
            fix="Give an output_padding below the stride, or a fitting output_shape.",
        )
    return windows


def amounts(
    operation: str, padding: Padding, image: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[Pair, ...]:
    """How many pixels a padding adds before and after, for each axis.

    Raises:
        ParameterError: for a padding that is none.
    """
    if isinstance(padding, str) and padding in NAMES:
        return tuple(_named(padding, *axis) for axis in zip(image, kernel, stride, dilation, strict=True))
    if isinstance(padding, Sequence) and not isinstance(padding, str) and len(padding) == len(image):
        return tuple(_explicit(operation, sides, padding, len(image)) for sides in padding)
    raise _unknown(operation, padding, len(image))


def extent(kernel: int, dilation: int) -> int:
    """How many pixels a dilated window spans."""
    return dilation * (kernel - 1) + 1


def by(sizes: Sequence[int] | map[int]) -> str:
    """Sizes as they are read out, ``3 x 4``."""
    return " x ".join(map(str, sizes))


def _lay(
    operation: str,
    image: Sizes,
    kernel: Sizes,
    stride: int | Sizes,
    padding: Padding,
    dilation: int | Sizes,
    rounding: str,
) -> Windows:
    """Windows of which there may be none."""
    strides = per_axis(f"stride of {operation}", stride, len(image), least=1)
    dilations = per_axis(f"dilation of {operation}", dilation, len(image), least=1)
    pads = amounts(operation, padding, image, kernel, strides, dilations)
    along = list(zip(image, kernel, strides, dilations, pads, strict=True))
    output = tuple(_count(*axis, rounding) for axis in along)
    enough = tuple(_long_enough(count, *axis) for count, axis in zip(output, along, strict=True))
    return Windows(tuple(image), tuple(kernel), strides, dilations, enough, output)


def _long_enough(count: int, size: int, kernel: int, stride: int, dilation: int, pads: Pair) -> Pair:
    """Rounding up asks for pixels that neither the image nor its padding has: more padding at the end."""
    before, after = pads
    return before, max(after, (count - 1) * stride + extent(kernel, dilation) - size - before)


def _result_size(
    operation: str, size: Sizes, kernel: Sizes, stride: Sizes, padding: Padding, dilation: Sizes, extra: Sizes
) -> Sizes:
    if padding in ("same_upper", "same_lower"):
        return tuple(count * step + more for count, step, more in zip(size, stride, extra, strict=True))
    # The size of the image does not matter to the paddings that are left.
    pads = amounts(operation, padding, size, kernel, stride, dilation)
    along = zip(size, kernel, stride, dilation, pads, extra, strict=True)
    return tuple(
        (count - 1) * step + extent(taps, apart) - sum(sides) + more for count, taps, step, apart, sides, more in along
    )


def _named(padding: str, size: int, kernel: int, stride: int, dilation: int) -> Pair:
    if padding == "valid":
        return 0, 0
    if padding == "full":
        return extent(kernel, dilation) - 1, extent(kernel, dilation) - 1
    windows = math.ceil(size / stride)
    total = max((windows - 1) * stride + extent(kernel, dilation) - size, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if padding == "same_upper" else (more, less)


def _explicit(operation: str, sides: object, padding: object, axes: int) -> Pair:
    # An int for both sides would be read as PyTorch's (rows, columns) by one reader and as one side by another.
    if isinstance(sides, int):
        raise _unknown(operation, padding, axes)
    before, after = per_axis(f"padding of {operation}", sides, 2, least=0)
    return before, after


_EXPLICIT = {
    1: "((before, after),)",
    2: "((top, bottom), (left, right))",
    3: "((front, back), (top, bottom), (left, right))",
}


def _unknown(operation: str, padding: object, axes: int) -> ParameterError:
    return ParameterError(
        f"padding of {operation}",
        expected=f"one of {', '.join(NAMES)}, or {_EXPLICIT[axes]}",
        got=repr(padding),
        fix=f"Write PyTorch's padding=1 as {((1, 1),) * axes}.",
    )


def _count(size: int, kernel: int, stride: int, dilation: int, pads: Pair, rounding: str) -> int:
    beyond_first = size + sum(pads) - extent(kernel, dilation)
    if rounding == "floor":
        return beyond_first // stride + 1
    count = math.ceil(beyond_first / stride) + 1
    # A last window that would see nothing but the padding at the end is left out.
    return count - 1 if (count - 1) * stride >= size + pads[0] else count
