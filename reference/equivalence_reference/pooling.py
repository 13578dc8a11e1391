"""Pooling: one number for the pixels of a window, or for all of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array
from equivalence.operation import case, operation
from equivalence.rounding import selection
from equivalence_reference._arguments import Pair, known, measured, pair
from equivalence_reference._windows import Padding, Windows, slide
from equivalence_reference.witnesses import windows as windows_by_loops

ROUNDINGS = ("floor", "ceil")


def _images(h: int, w: int) -> dict[str, int]:
    return {"n": 2, "c": 3, "h": h, "w": w}


# On data that is all negative, padding with zeros instead of minus infinity shows at every border.
MAX_POOL2D_CASES = [
    case("valid-distinct_sizes", {"n": 2, "c": 3, "h": 9, "w": 8}, window=(3, 2)),
    case("valid-equal_sizes", {"n": 4, "c": 4, "h": 4, "w": 4}),
    case("same_upper-equal_sizes", {"n": 3, "c": 3, "h": 3, "w": 3}, stride=(1, 1), padding="same_upper"),
    case("valid-remainder-floor", _images(7, 8), window=(2, 3)),
    case("valid-remainder-ceil", _images(7, 8), window=(2, 3), rounding="ceil", data="negative"),
    case("valid-overlapping", _images(7, 9), window=(3, 3), stride=(2, 2)),
    case("valid-stride_beyond_window", _images(8, 9), window=(2, 2), stride=(3, 3)),
    case("valid-unequal_strides-ceil", _images(6, 7), window=(3, 2), stride=(2, 1), rounding="ceil"),
    case("explicit-negative", _images(6, 7), window=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1)), data="negative"),
    case("explicit-asymmetric-negative", _images(6, 5), padding=((0, 1), (1, 0)), data="negative"),
    case("explicit-asymmetric-odd_sizes-negative", _images(5, 7), padding=((0, 1), (1, 0)), data="negative"),
    case(
        "explicit-ceil-last_window_dropped", _images(5, 6), padding=((1, 1), (1, 1)), rounding="ceil", data="negative"
    ),
    case("same_upper-stride1-even_window", _images(5, 6), stride=(1, 1), padding="same_upper", data="negative"),
    case(
        "same_upper-stride2-odd_window-even_size",
        _images(6, 8),
        window=(3, 3),
        stride=(2, 2),
        padding="same_upper",
        data="negative",
    ),
    case(
        "same_lower-stride2-odd_window-even_size",
        _images(6, 8),
        window=(3, 3),
        stride=(2, 2),
        padding="same_lower",
        data="negative",
    ),
    case("same_lower-stride1-even_window", _images(5, 6), stride=(1, 1), padding="same_lower", data="negative"),
    case("full", _images(5, 4), window=(3, 2), stride=(2, 2), padding="full", data="negative"),
    case("valid-overlapping-ties", _images(6, 7), window=(3, 3), stride=(1, 1), data="ties", kink=True),
    case("valid-nan", _images(6, 8), data="nan", kink=True),
]


@operation(
    inputs={"x": "n c h w"},
    output="n c i j",
    parameters={
        "window": ((2, 2), (3, 2), (2, 3), (3, 3)),
        "stride": (None, (1, 1), (2, 2), (3, 3), (2, 1)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((1, 1), (1, 1)), ((0, 1), (1, 0))),
        "rounding": ROUNDINGS,
    },
    cases=MAX_POOL2D_CASES,
    rounding=selection,
)
def max_pool2d(
    x: Array,
    *,
    window: int | Pair = (2, 2),
    stride: int | Pair | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
) -> Array:
    r"""Take the largest pixel of each window.

    .. math:: y_{ncij} = \max_{p < p_h,\; q < p_w} x_{n,\,c,\;i s_h + p - t,\;j s_w + q - l}

    Pixels outside the image are :math:`-\infty`: they never win.

    Args:
        x: :math:`x`, images, ``n c h w``.
        window: :math:`p_h, p_w`, rows and columns of a window.
        stride: :math:`s_h, s_w`, pixels from one window to the next; the window's size if left out.
        padding: :math:`t` rows above (and as many as needed below), :math:`l` columns to the left; as in
            :func:`~equivalence_reference.convolution.conv2d`. Less than a window on each side.
        rounding: ``floor`` leaves out a last window that lacks pixels; ``ceil`` keeps it unless it would begin in the
            padding at the end (PyTorch's ``ceil_mode``).

    Returns:
        ``n c i j`` with :math:`i = \lfloor (h + \text{padding} - p_h) / s_h \rfloor + 1`, or rounded up; so are the
        columns. NaN in a window makes its output NaN.

    The gradient goes to one pixel of each window: the first of the largest, row by row.

    Raises:
        ShapeError: if no window fits on the padded image.
        ParameterError: if a parameter has a value it cannot have.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), relationship 7;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html.
    """
    measured(max_pool2d, x=x)
    windows = _pooling_windows(x.shape[2:], window, stride, padding, rounding)
    largest: Array = windows.gather(x, fill=-np.inf).max(axis=(4, 5))
    return largest


@max_pool2d.vjp
def max_pool2d_vjp(cotangent: Array, x: Array, **geometry: Any) -> dict[str, Array]:
    """Send each output's cotangent to the first pixel of its window that has the window's value."""
    windows = _pooling_windows(x.shape[2:], **{"window": (2, 2), **geometry})
    seen = windows.gather(x, fill=-np.inf)
    largest = seen.max(axis=(4, 5), keepdims=True)
    # A pixel that is minus infinity itself is as large as the padding beside it, but the gradient is the pixel's.
    real = windows.gather(np.ones_like(x))
    candidates = ((seen == largest) | (np.isnan(seen) & np.isnan(largest))) & (real > 0)
    rows_of_pixels = candidates.reshape(*candidates.shape[:4], -1)
    first = np.zeros(rows_of_pixels.shape, cotangent.dtype)
    np.put_along_axis(first, rows_of_pixels.argmax(axis=-1, keepdims=True), cotangent[..., None], axis=-1)
    return {"x": windows.scatter(first.reshape(seen.shape))}


max_pool2d.witness("the definition, one window after the other, without any padding")(windows_by_loops.max_pool2d)
max_pool2d.values(
    "worked by hand: the largest of each quarter",
    x=[[[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 8.0, 1.0], [-1.0, -2.0, -7.0, -9.0], [-4.0, -3.0, -6.0, -8.0]]]],
    expected=[[[[5.0, 8.0], [-1.0, -6.0]]]],
)
max_pool2d.values(
    "worked by hand: negative pixels beside padding, and a last window that lacks a pixel",
    x=[[[[-1.0, -2.0, -3.0, -4.0]]]],
    window=(1, 3),
    stride=(1, 2),
    padding=((0, 0), (1, 0)),
    rounding="ceil",
    expected=[[[[-1.0, -2.0]]]],
)
max_pool2d.values(
    "worked by hand: rounding up, windows of 2 on 5 pixels are 3; rounding down they would be 2",
    x=[[[[1.0, 2.0, 3.0, 4.0, 5.0]]]],
    window=(1, 2),
    rounding="ceil",
    expected=[[[[2.0, 4.0, 5.0]]]],
)


def _pooling_windows(
    image: Pair,
    window: int | Pair,
    stride: int | Pair | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
) -> Windows:
    known("rounding of max_pool2d", rounding, ROUNDINGS)
    pixels = pair("window of max_pool2d", window, least=1)
    step = pixels if stride is None else stride
    windows = slide("max_pool2d", image, pixels, stride=step, padding=padding, rounding=rounding)
    for size, sides in zip(pixels, windows.padding, strict=True):
        if max(sides) >= size:
            raise ParameterError(
                "padding of max_pool2d",
                expected=f"less than the window's {size} pixels on each side",
                got=sides,
                fix="A window that sees nothing but padding has no largest pixel.",
            )
    return windows


@operation(
    inputs={"x": "n c ..."},
    output="n c",
    parameters={},
    cases=[
        case("two_axes-distinct_sizes", {"n": 2, "c": 3, "...": (5, 4)}),
        case("two_axes-equal_sizes", {"n": 3, "c": 3, "...": (3, 3)}),
        case("one_axis", {"n": 2, "c": 4, "...": (7,)}),
        case("three_axes", {"n": 3, "c": 2, "...": (2, 5, 3)}),
        case("two_axes-one_pixel", {"n": 2, "c": 3, "...": (1, 1)}),
    ],
)
def global_avg_pool(x: Array) -> Array:
    r"""Average each channel over all its pixels.

    .. math:: y_{nc} = \frac{1}{N} \sum_{\ldots} x_{nc\ldots}

    Args:
        x: :math:`x`, ``n c ...``; :math:`N` is the number of its pixels, the product of the sizes of ``...``.

    Returns:
        ``n c``.

    Raises:
        ShapeError: if there is no axis after ``c``, or no pixel.

    Source: Lin, Chen and Yan, Network in network (2013), section 3.2.
    """
    sizes = measured(global_avg_pool, x=x)
    if not sizes["..."] or 0 in sizes["..."]:
        raise ShapeError(
            "x of global_avg_pool",
            expected="n c and at least one more axis, with at least one pixel",
            got=x.shape,
            fix="Put the axes to average over behind n and c.",
        )
    average: Array = x.mean(axis=tuple(range(2, x.ndim)))
    return average


@global_avg_pool.vjp
def global_avg_pool_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """Every pixel has an equal share, one in :math:`N`, of the cotangent."""
    share = cotangent / math.prod(x.shape[2:])
    return {"x": np.broadcast_to(share.reshape(*share.shape, *(1 for _ in x.shape[2:])), x.shape).copy()}


@global_avg_pool.witness("a running sum over the pixels")
def global_avg_pool_by_pixels(x: Array) -> Array:
    """Add the pixels up one by one and divide by how many there were."""
    result = np.zeros(x.shape[:2])
    for n, c in np.ndindex(result.shape):
        total, count = 0.0, 0
        for pixel in np.ndindex(x.shape[2:]):
            total, count = total + float(x[(n, c, *pixel)]), count + 1
        result[n, c] = total / count
    return result


global_avg_pool.values(
    "a published run on the numbers 0 to 35; by hand the means of 0..8, 9..17, 18..26 and 27..35",
    x=np.arange(36.0).reshape(2, 2, 3, 3),
    expected=[[4.0, 13.0], [22.0, 31.0]],
)
