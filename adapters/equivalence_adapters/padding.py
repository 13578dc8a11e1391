"""Border arithmetic for frameworks that cannot say an operation's padding in one word.

Every function takes the :class:`~equivalence.binding.Context` of a case, so that a binding can name it in ``recode``,
and returns whole numbers for each spatial axis: ``w``, ``h w`` or ``d h w``, of which the kernel's are ``q``, ``p q``
or ``r p q``. It shares no code with the references on purpose: if either is wrong, the matrix shows it.

Sources: ONNX Conv and MaxPool, attributes ``auto_pad`` and ``ceil_mode``
(https://onnx.ai/onnx/operators/onnx__Conv.html, https://onnx.ai/onnx/operators/onnx__MaxPool.html), and ConvTranspose
for the size of a transposed convolution (https://onnx.ai/onnx/operators/onnx__ConvTranspose.html).
"""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context
from equivalence.errors import ParameterError

Pair = tuple[int, int]
Sizes = tuple[int, ...]
"""One number for each spatial axis."""
Border = tuple[Pair, ...]
"""(before, after) for each spatial axis, such as ((top, bottom), (left, right))."""


def convolution_border(context: Context) -> Border:
    """What a convolution adds around its image before the kernel walks over it."""
    return _border(context.parameters, _image(context), _extents(context))


def transposed_size(context: Context) -> Sizes:
    """The size of a transposed convolution's output.

    ``output_shape`` if it is given; else, with "same" padding, ``h * stride``, and otherwise the smallest image that
    the convolution maps to ``h``; both plus ``output_padding``.
    """
    parameters, image, extents = context.parameters, _image(context), _extents(context)
    if parameters["output_shape"] is not None:
        return tuple(parameters["output_shape"])
    extra, stride = parameters["output_padding"], parameters["stride"]
    if str(parameters["padding"]).startswith("same"):
        return tuple(image[k] * stride[k] + extra[k] for k in range(len(image)))
    border = _border(parameters, image, extents)
    smallest = [(image[k] - 1) * stride[k] + extents[k] - sum(border[k]) for k in range(len(image))]
    return tuple(smallest[k] + extra[k] for k in range(len(image)))


def transposed_border(context: Context) -> Border:
    """What the convolution, whose gradient a transposed convolution is, adds around the image that comes out."""
    return _border(context.parameters, transposed_size(context), _extents(context))


def transposed_excess(context: Context) -> Sizes:
    """Pixels at the end of the padded image, along each axis, that the convolution's last window leaves out.

    Frameworks call this number ``output_padding``, once the border is taken off.
    """
    stride, size, border = context.parameters["stride"], transposed_size(context), transposed_border(context)
    image, extents = _image(context), _extents(context)
    return tuple(size[k] + sum(border[k]) - (image[k] - 1) * stride[k] - extents[k] for k in range(len(image)))


def pooling_border(context: Context) -> Border:
    """What a pooling adds around its image, before rounding."""
    window = context.parameters["window"]
    return _border({**context.parameters, "stride": pooling_stride(context)}, _image(context), window)


def rounded_pooling_border(context: Context) -> Border:
    """The border with which rounding down gives as many windows as the case's ``rounding`` does."""
    border, image = pooling_border(context), _image(context)
    if context.parameters["rounding"] == "floor":
        return border
    window, stride = context.parameters["window"], pooling_stride(context)
    return tuple(_rounded_up(image[k], window[k], stride[k], border[k]) for k in range(len(image)))


def pooling_stride(context: Context) -> Sizes:
    """The stride of a pooling: its window, unless it is given."""
    return tuple(context.parameters["stride"] or context.parameters["window"])


def _rounded_up(size: int, window: int, stride: int, border: Pair) -> Pair:
    before, after = border
    count = -(-(size + before + after - window) // stride) + 1
    if (count - 1) * stride >= size + before:
        # A window that would see nothing but the border at the end is no window.
        count -= 1
    return before, max(after, (count - 1) * stride + window - size - before)


def _border(parameters: Any, image: Sizes, extents: Sizes) -> Border:
    padding, stride = parameters["padding"], parameters["stride"]
    if isinstance(padding, str):
        return tuple(_along(padding, image[k], extents[k], stride[k]) for k in range(len(image)))
    return tuple((before, after) for before, after in padding)


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
        expected="valid, full, same_upper, same_lower or (before, after) for each axis",
        got=repr(padding),
    )


def _image(context: Context) -> Sizes:
    return tuple(context.sizes[letter] for letter in "dhw" if letter in context.sizes)


def _extents(context: Context) -> Sizes:
    kernel = [context.sizes[letter] for letter in "rpq" if letter in context.sizes]
    return tuple(d * (size - 1) + 1 for size, d in zip(kernel, context.parameters["dilation"], strict=True))
