"""Windows that slide over an image: where they lie, what they see, and the way back.

Convolution, transposed convolution and pooling look at an image through windows of ``p`` x ``q`` pixels. Output pixel
``(i, j)`` belongs to the window that starts ``i * stride`` rows and ``j * stride`` columns from the corner of the
padded image, and whose pixels are ``dilation`` apart. :meth:`Windows.gather` lists what each window sees;
:meth:`Windows.scatter` is its adjoint: it adds what each window holds to the pixels it came from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array
from equivalence_reference._arguments import Pair, pair

Padding = str | tuple[Pair, Pair]
"""A name of :data:`NAMES`, or ``((top, bottom), (left, right))``."""

NAMES = ("valid", "same_upper", "same_lower", "full")


@dataclass(frozen=True)
class Windows:
    """Windows over images of one size; every pair is (rows, columns).

    Args:
        image: the size of the image, without padding.
        kernel: pixels in a window.
        stride: pixels from one window to the next.
        dilation: pixels from one pixel of a window to the next.
        padding: pixels added before and after, for the rows and for the columns.
        output: the number of windows.
    """

    image: Pair
    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: tuple[Pair, Pair]
    output: Pair

    def gather(self, images: Array, *, fill: float = 0.0) -> Array:
        """What each window sees, ``n c i j p q``; padding is ``fill``."""
        padded = np.pad(images, ((0, 0), (0, 0), *self.padding), constant_values=fill)
        reach = extent(self.kernel[0], self.dilation[0]), extent(self.kernel[1], self.dilation[1])
        (i, j), (s, t), (d, e) = self.output, self.stride, self.dilation
        everywhere = sliding_window_view(padded, reach, axis=(2, 3))
        seen: Array = everywhere[:, :, ::s, ::t, ::d, ::e][:, :, :i, :j]
        return seen

    def scatter(self, contributions: Array) -> Array:
        """Images ``n c h w`` in which every pixel is the sum of what the windows ``n c i j p q`` hold for it."""
        (top, bottom), (left, right) = self.padding
        (h, w), (i, j) = self.image, self.output
        padded = np.zeros((*contributions.shape[:2], top + h + bottom, left + w + right), contributions.dtype)
        for p in range(self.kernel[0]):
            for q in range(self.kernel[1]):
                rows, columns = self._seen(0, p, i), self._seen(1, q, j)
                padded[:, :, rows, columns] += contributions[..., p, q]
        return padded[:, :, top : top + h, left : left + w]

    def _seen(self, axis: int, tap: int, count: int) -> slice:
        """Which pixels of the padded image are pixel ``tap`` of the ``count`` windows."""
        first = tap * self.dilation[axis]
        return slice(first, first + self.stride[axis] * (count - 1) + 1, self.stride[axis])


def slide(
    operation: str,
    image: Pair,
    kernel: Pair,
    *,
    stride: int | Pair = (1, 1),
    padding: Padding = "valid",
    dilation: int | Pair = (1, 1),
    rounding: str = "floor",
) -> Windows:
    """Lay windows over an image: as many as fit, or with rounding ``ceil`` as many as begin on it.

    Raises:
        ParameterError: for a stride, a dilation or a padding that is none.
        ShapeError: if not even one window fits.
    """
    windows = _lay(operation, image, kernel, stride, padding, dilation, rounding)
    if min(windows.output) < 1:
        spans = (extent(size, apart) for size, apart in zip(kernel, windows.dilation, strict=True))
        raise ShapeError(
            f"x of {operation}",
            expected="an image that a window of {} x {} pixels fits on".format(*spans),
            got=f"{image[0]} x {image[1]} with padding {windows.padding}",
            fix="Use a larger image, more padding, or a smaller kernel or dilation.",
        )
    return windows


def slide_onto(
    operation: str,
    size: Pair,
    kernel: Pair,
    *,
    stride: int | Pair = (1, 1),
    padding: Padding = "valid",
    dilation: int | Pair = (1, 1),
    output_padding: int | Pair = (0, 0),
    output_shape: Pair | None = None,
) -> Windows:
    """Lay windows over the result of a transposed convolution, so that there are ``size`` of them.

    Raises:
        ParameterError: for a parameter that is none, or if the result's size is given twice.
        ShapeError: if so many do not lie on a result of that size, or more would.
    """
    strides = pair(f"stride of {operation}", stride, least=1)
    dilations = pair(f"dilation of {operation}", dilation, least=1)
    extra = pair(f"output_padding of {operation}", output_padding, least=0)
    if output_shape is None:
        image = _result_size(operation, size, kernel, strides, padding, dilations, extra)
    elif extra == (0, 0):
        image = pair(f"output_shape of {operation}", output_shape, least=1)
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
            expected=f"a size that conv2d with the same parameters takes to {size[0]} x {size[1]}",
            got=f"{image[0]} x {image[1]}, on which {windows.output[0]} x {windows.output[1]} windows fit",
            fix="Give an output_padding below the stride, or a fitting output_shape.",
        )
    return windows


def amounts(
    operation: str, padding: Padding, image: Pair, kernel: Pair, stride: Pair, dilation: Pair
) -> tuple[Pair, Pair]:
    """How many pixels a padding adds: ((top, bottom), (left, right)).

    Raises:
        ParameterError: for a padding that is none.
    """
    if isinstance(padding, str) and padding in NAMES:
        rows, columns = (_named(padding, *axis) for axis in zip(image, kernel, stride, dilation, strict=True))
        return rows, columns
    if isinstance(padding, Sequence) and not isinstance(padding, str) and len(padding) == 2:  # noqa: PLR2004
        rows, columns = (_explicit(operation, axis) for axis in padding)
        return rows, columns
    raise _unknown(operation, padding)


def extent(kernel: int, dilation: int) -> int:
    """How many pixels a dilated window spans."""
    return dilation * (kernel - 1) + 1


def _lay(
    operation: str,
    image: Pair,
    kernel: Pair,
    stride: int | Pair,
    padding: Padding,
    dilation: int | Pair,
    rounding: str,
) -> Windows:
    """Windows of which there may be none."""
    strides = pair(f"stride of {operation}", stride, least=1)
    dilations = pair(f"dilation of {operation}", dilation, least=1)
    pads = amounts(operation, padding, image, kernel, strides, dilations)
    count = [_count(*axis, rounding) for axis in zip(image, kernel, strides, dilations, pads, strict=True)]
    # Rounding up asks for pixels that neither the image nor its padding has: more padding at the end.
    rows, columns = (
        (
            before,
            max(
                after, (count[axis] - 1) * strides[axis] + extent(kernel[axis], dilations[axis]) - image[axis] - before
            ),
        )
        for axis, (before, after) in enumerate(pads)
    )
    return Windows(image, kernel, strides, dilations, (rows, columns), (count[0], count[1]))


def _result_size(
    operation: str, size: Pair, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair, extra: Pair
) -> Pair:
    if padding in ("same_upper", "same_lower"):
        return size[0] * stride[0] + extra[0], size[1] * stride[1] + extra[1]
    # The size of the image does not matter to the paddings that are left.
    pads = amounts(operation, padding, size, kernel, stride, dilation)
    rows, columns = (
        (size[axis] - 1) * stride[axis] + extent(kernel[axis], dilation[axis]) - sum(pads[axis]) + extra[axis]
        for axis in range(2)
    )
    return rows, columns


def _named(padding: str, size: int, kernel: int, stride: int, dilation: int) -> Pair:
    if padding == "valid":
        return 0, 0
    if padding == "full":
        return extent(kernel, dilation) - 1, extent(kernel, dilation) - 1
    windows = math.ceil(size / stride)
    total = max((windows - 1) * stride + extent(kernel, dilation) - size, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if padding == "same_upper" else (more, less)


def _explicit(operation: str, amount: object) -> Pair:
    # An int for both sides would be read as PyTorch's (rows, columns) by one reader and as one side by another.
    if isinstance(amount, int):
        raise _unknown(operation, amount)
    return pair(f"padding of {operation}", amount, least=0)


def _unknown(operation: str, padding: object) -> ParameterError:
    return ParameterError(
        f"padding of {operation}",
        expected=f"one of {', '.join(NAMES)}, or ((top, bottom), (left, right))",
        got=repr(padding),
        fix="Write PyTorch's padding=1 as ((1, 1), (1, 1)).",
    )


def _count(size: int, kernel: int, stride: int, dilation: int, pads: Pair, rounding: str) -> int:
    beyond_first = size + sum(pads) - extent(kernel, dilation)
    if rounding == "floor":
        return beyond_first // stride + 1
    count = math.ceil(beyond_first / stride) + 1
    # A last window that would see nothing but the padding at the end is left out.
    return count - 1 if (count - 1) * stride >= size + pads[0] else count
