"""Border arithmetic for frameworks that cannot say an operation's padding in one word.

Every function takes the :class:`~equivalence.binding.Context` of a case, so that a binding can name it in ``recode``,
and returns whole numbers for the two spatial axes. It shares no code with the references on purpose: if either is
wrong, the matrix shows it.

Sources: ONNX Conv and MaxPool, attributes ``auto_pad`` and ``ceil_mode``
(https://onnx.ai/onnx/operators/onnx__Conv.html, https://onnx.ai/onnx/operators/onnx__MaxPool.html), and ConvTranspose
for the size of a transposed convolution (https://onnx.ai/onnx/operators/onnx__ConvTranspose.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from equivalence.binding import Context
from equivalence.errors import ParameterError

Pair = tuple[int, int]
Border = tuple[Pair, Pair]
"""((top, bottom), (left, right))."""


def convolution_border(context: Context) -> Border:
    """What ``conv2d`` adds around its image ``h w`` before a kernel ``p q`` walks over it."""
    return _border(context.parameters, _sizes(context, "h w"), _extents(context))


def transposed_size(context: Context) -> Pair:
    """The size ``i j`` of a transposed convolution's output.

    ``output_shape`` if it is given; else, with "same" padding, ``h * stride``, and otherwise the smallest image that
    the convolution maps to ``h``; both plus ``output_padding``.
    """
    parameters, image, extents = context.parameters, _sizes(context, "h w"), _extents(context)
    if parameters["output_shape"] is not None:
        height, width = parameters["output_shape"]
        return height, width
    extra, stride = parameters["output_padding"], parameters["stride"]
    if str(parameters["padding"]).startswith("same"):
        return image[0] * stride[0] + extra[0], image[1] * stride[1] + extra[1]
    border = _border(parameters, image, extents)
    smallest = [(image[k] - 1) * stride[k] + extents[k] - sum(border[k]) for k in range(2)]
    return smallest[0] + extra[0], smallest[1] + extra[1]


def transposed_border(context: Context) -> Border:
    """What the convolution, whose gradient a transposed convolution is, adds around the image ``i j``."""
    return _border(context.parameters, transposed_size(context), _extents(context))


def transposed_excess(context: Context) -> Pair:
    """Rows and columns at the end of the padded image that the convolution's last window leaves out.

    Frameworks call this number ``output_padding``, once the border is taken off.
    """
    stride, size, border = context.parameters["stride"], transposed_size(context), transposed_border(context)
    image, extents = _sizes(context, "h w"), _extents(context)
    excess = [size[k] + sum(border[k]) - (image[k] - 1) * stride[k] - extents[k] for k in range(2)]
    return excess[0], excess[1]


def pooling_border(context: Context) -> Border:
    """What a pooling adds around its image ``h w``, before rounding."""
    window = context.parameters["window"]
    return _border({**context.parameters, "stride": pooling_stride(context)}, _sizes(context, "h w"), window)


def rounded_pooling_border(context: Context) -> Border:
    """The border with which rounding down gives as many windows as the case's ``rounding`` does."""
    border, image = pooling_border(context), _sizes(context, "h w")
    if context.parameters["rounding"] == "floor":
        return border
    window, stride = context.parameters["window"], pooling_stride(context)
    top, left = (_rounded_up(image[k], window[k], stride[k], border[k]) for k in range(2))
    return top, left


def pooling_stride(context: Context) -> Pair:
    """The stride of a pooling: its window, unless it is given."""
    height, width = context.parameters["stride"] or context.parameters["window"]
    return height, width


def _rounded_up(size: int, window: int, stride: int, border: Pair) -> Pair:
    before, after = border
    count = -(-(size + before + after - window) // stride) + 1
    if (count - 1) * stride >= size + before:
        # A window that would see nothing but the border at the end is no window.
        count -= 1
    return before, max(after, (count - 1) * stride + window - size - before)


def _border(parameters: Any, image: Pair, extents: Sequence[int]) -> Border:
    padding, stride = parameters["padding"], parameters["stride"]
    if not isinstance(padding, str):
        (top, bottom), (left, right) = padding
        return (top, bottom), (left, right)
    high, wide = (_along(padding, image[k], extents[k], stride[k]) for k in range(2))
    return high, wide


def _along(padding: str, size: int, extent: int, stride: int) -> Pair:
    if padding == "valid":
        return 0, 0
    if padding == "full":
        return extent - 1, extent - 1
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    half = total // 2
    match padding:
        case "same_upper":
            return half, total - half
        case "same_lower":
            return total - half, half
    raise ParameterError(
        "padding",
        expected="valid, full, same_upper, same_lower or ((top, bottom), (left, right))",
        got=repr(padding),
    )


def _sizes(context: Context, letters: str) -> Pair:
    first, second = (context.sizes[letter] for letter in letters.split())
    return first, second


def _extents(context: Context) -> Pair:
    kernel, dilation = _sizes(context, "p q"), context.parameters["dilation"]
    return dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1
