"""Pooling: one number for the pixels of a window, or for all of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equivalence.errors import ShapeError
from equivalence.inputs import Array
from equivalence.operation import case, operation
from equivalence.rounding import Bound, Bounds, Instance, Precision, selection
from equivalence_reference._arguments import Pair, known, measured
from equivalence_reference._overflow import overflowing
from equivalence_reference._pooling import (
    ROUNDINGS,
    counts,
    divisors,
    largest,
    number,
    pooling_windows,
    regions,
    require_pixels,
    share_of_the_largest,
    to_the_first_largest,
    to_the_whole_window,
    total,
)
from equivalence_reference._windows import Padding, Sizes
from equivalence_reference.cases import pooling as cases
from equivalence_reference.witnesses import pooling as by_loops
from equivalence_reference.witnesses import windows as windows_by_loops


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
    windows = pooling_windows(
        "max_pool2d", x.shape[2:], window=window, stride=stride, padding=padding, rounding=rounding
    )
    return largest(x, windows)


@max_pool2d.vjp
def max_pool2d_vjp(cotangent: Array, x: Array, **geometry: Any) -> dict[str, Array]:
    """Send each output's cotangent to the first pixel of its window that has the window's value."""
    windows = pooling_windows("max_pool2d", x.shape[2:], **{"window": (2, 2), **geometry})
    return {"x": to_the_first_largest(cotangent, x, windows)}


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
    require_pixels("global_avg_pool", measured(global_avg_pool, x=x)["..."])
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


@operation(
    inputs={"x": "n c w"},
    output="n c j",
    parameters={
        "window": ((2,), (3,)),
        "stride": (None, (1,), (2,)),
        "padding": ("valid", "same_upper", "same_lower", ((1, 1),), ((2, 0),)),
        "rounding": ROUNDINGS,
    },
    cases=cases.MAX_POOL1D,
    rounding=selection,
)
def max_pool1d(
    x: Array,
    *,
    window: int | Sizes = (2,),
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
) -> Array:
    r"""Take the largest pixel of each window of a sequence.

    .. math:: y_{ncj} = \max_{q < p_w} x_{n,\,c,\;j s_w + q - l}

    Args:
        x: :math:`x`, sequences, ``n c w``; outside it is :math:`-\infty`.
        window: :math:`p_w`, pixels of a window, as ``(p_w,)``.
        stride: :math:`s_w`, pixels from one window to the next; the window's size if left out.
        padding: :math:`l` pixels before the first; as in :func:`max_pool2d`, with one pair: ``((before, after),)``.
        rounding: as in :func:`max_pool2d`.

    Returns:
        ``n c j``. The gradient goes to the first of the largest pixels of each window.

    Raises:
        ShapeError: if no window fits on the padded sequence.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html.
    """
    measured(max_pool1d, x=x)
    return largest(
        x,
        pooling_windows("max_pool1d", x.shape[2:], window=window, stride=stride, padding=padding, rounding=rounding),
    )


@max_pool1d.vjp
def max_pool1d_vjp(cotangent: Array, x: Array, **geometry: Any) -> dict[str, Array]:
    """Send each output's cotangent to the first of the largest pixels of its window."""
    windows = pooling_windows("max_pool1d", x.shape[2:], **{"window": (2,), **geometry})
    return {"x": to_the_first_largest(cotangent, x, windows)}


max_pool1d.witness("each window's pixels looked at one by one, without any padding")(by_loops.max_pool)
max_pool1d.values(
    "worked by hand: negative numbers beside padding, and a last window that lacks a pixel",
    x=[[[-1.0, -2.0, -3.0, -4.0]]],
    window=(3,),
    stride=(2,),
    padding=((1, 0),),
    rounding="ceil",
    expected=[[[-1.0, -2.0]]],
)


@operation(
    inputs={"x": "n c d h w"},
    output="n c k i j",
    parameters={
        "window": ((2, 2, 2), (2, 3, 1), (3, 2, 2)),
        "stride": (None, (1, 2, 2), (1, 1, 1)),
        "padding": ("valid", "same_upper", "same_lower", ((1, 1), (1, 0), (0, 1))),
        "rounding": ROUNDINGS,
    },
    cases=cases.MAX_POOL3D,
    rounding=selection,
)
def max_pool3d(
    x: Array,
    *,
    window: int | Sizes = (2, 2, 2),
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
) -> Array:
    r"""Take the largest pixel of each window of a volume.

    .. math::

        y_{nckij} = \max_{r < p_d,\; p < p_h,\; q < p_w} x_{n,\,c,\;k s_d + r - f,\;i s_h + p - t,\;j s_w + q - l}

    Args:
        x: :math:`x`, volumes, ``n c d h w``; outside it is :math:`-\infty`.
        window: :math:`p_d, p_h, p_w`, the sides of a window.
        stride: :math:`s_d, s_h, s_w`, from one window to the next; the window's sides if left out.
        padding: :math:`f, t, l` in front, above and to the left; as in :func:`max_pool2d`, with three pairs.
        rounding: as in :func:`max_pool2d`.

    Returns:
        ``n c k i j``. The gradient goes to the first of the largest pixels of each window, plane by plane and row by
        row.

    Raises:
        ShapeError: if no window fits on the padded volume.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html.
    """
    measured(max_pool3d, x=x)
    return largest(
        x,
        pooling_windows("max_pool3d", x.shape[2:], window=window, stride=stride, padding=padding, rounding=rounding),
    )


@max_pool3d.vjp
def max_pool3d_vjp(cotangent: Array, x: Array, **geometry: Any) -> dict[str, Array]:
    """Send each output's cotangent to the first of the largest pixels of its window."""
    windows = pooling_windows("max_pool3d", x.shape[2:], **{"window": (2, 2, 2), **geometry})
    return {"x": to_the_first_largest(cotangent, x, windows)}


max_pool3d.witness("each window's pixels looked at one by one, without any padding")(by_loops.max_pool)
max_pool3d.values(
    "worked by hand: the largest of a cube of eight, beside one that lacks half its pixels",
    x=[[[[[-1.0, -5.0, -4.0], [-2.0, -3.0, -6.0]], [[-9.0, -8.0, -7.0], [-7.0, -0.5, -9.0]]]]],
    rounding="ceil",
    expected=[[[[[-0.5, -4.0]]]]],
)


def _averages(
    operation: str,
    x: Array,
    *,
    padding: Padding,
    count_include_pad: bool,
    **geometry: Any,
) -> Array:
    windows = pooling_windows(operation, x.shape[2:], padding=padding, **geometry)
    counted = divisors(operation, windows, padding, count_include_pad=count_include_pad)
    return np.asarray(total(x, windows) / counted.astype(x.dtype))


def _averages_vjp(
    operation: str,
    cotangent: Array,
    x: Array,
    *,
    padding: Padding,
    count_include_pad: bool,
    **geometry: Any,
) -> dict[str, Array]:
    windows = pooling_windows(operation, x.shape[2:], padding=padding, **geometry)
    counted = divisors(operation, windows, padding, count_include_pad=count_include_pad)
    return {"x": to_the_whole_window(cotangent / counted.astype(cotangent.dtype), windows)}


@operation(
    inputs={"x": "n c w"},
    output="n c j",
    parameters={
        "window": ((2,), (3,)),
        "stride": (None, (1,), (2,)),
        "padding": ("valid", "same_upper", "same_lower", ((1, 1),)),
        "rounding": ROUNDINGS,
        "count_include_pad": (False, True),
    },
    cases=cases.AVG_POOL1D,
)
def avg_pool1d(
    x: Array,
    *,
    window: int | Sizes = (2,),
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
    count_include_pad: bool = False,
) -> Array:
    r"""Average each window of a sequence.

    .. math:: y_{ncj} = \frac{1}{D_j} \sum_{q < p_w} x_{n,\,c,\;j s_w + q - l}

    Args:
        x: :math:`x`, sequences, ``n c w``; outside it is 0.
        window: :math:`p_w`, pixels of a window, as ``(p_w,)``.
        stride: :math:`s_w`, pixels from one window to the next; the window's size if left out.
        padding: :math:`l` pixels before the first; as in :func:`max_pool2d`, with one pair: ``((before, after),)``.
        rounding: as in :func:`max_pool2d`.
        count_include_pad: what :math:`D_j` counts, as in :func:`avg_pool2d`.

    Returns:
        ``n c j``.

    Raises:
        ShapeError: if no window fits on the padded sequence.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html.
    """
    measured(avg_pool1d, x=x)
    geometry: Any = {"window": window, "stride": stride, "padding": padding, "rounding": rounding}
    return _averages("avg_pool1d", x, count_include_pad=count_include_pad, **geometry)


@avg_pool1d.vjp
def avg_pool1d_vjp(cotangent: Array, x: Array, **parameters: Any) -> dict[str, Array]:
    """Every pixel of a window has an equal share, one in :math:`D`, of the window's cotangent."""
    return _averages_vjp("avg_pool1d", cotangent, x, **avg_pool1d.defaults | parameters)


avg_pool1d.witness("each window's pixels added up and counted one by one")(by_loops.avg_pool)
avg_pool1d.values(
    "worked by hand: 1/2, (1 + 2 + 3)/3 and 3/2, for a border that does not count",
    x=[[[1.0, 2.0, 3.0]]],
    window=(3,),
    stride=(1,),
    padding="same_upper",
    expected=[[[1.5, 2.0, 2.5]]],
)


@operation(
    inputs={"x": "n c h w"},
    output="n c i j",
    parameters={
        "window": ((2, 2), (3, 2), (2, 3), (3, 3)),
        "stride": (None, (1, 1), (2, 2), (3, 2)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((1, 1), (1, 1)), ((0, 2), (1, 0))),
        "rounding": ROUNDINGS,
        "count_include_pad": (False, True),
    },
    cases=cases.AVG_POOL2D,
)
def avg_pool2d(
    x: Array,
    *,
    window: int | Sizes = (2, 2),
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
    count_include_pad: bool = False,
) -> Array:
    r"""Average each window of an image.

    .. math:: y_{ncij} = \frac{1}{D_{ij}} \sum_{p < p_h,\; q < p_w} x_{n,\,c,\;i s_h + p - t,\;j s_w + q - l}

    Args:
        x: :math:`x`, images, ``n c h w``; outside they are 0.
        window: :math:`p_h, p_w`, rows and columns of a window.
        stride: :math:`s_h, s_w`, pixels from one window to the next; the window's size if left out.
        padding: :math:`t` rows above, :math:`l` columns to the left; as in :func:`max_pool2d`.
        rounding: as in :func:`max_pool2d`.
        count_include_pad: :math:`D_{ij}` is the number of the window's pixels that lie on the image, or if true on
            the padded image. What rounding up adds behind the padding never counts.

    Returns:
        ``n c i j``, of the sizes of :func:`max_pool2d`.

    Raises:
        ShapeError: if no window fits on the padded image.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html;
    https://onnx.ai/onnx/operators/onnx__AveragePool.html.
    """
    measured(avg_pool2d, x=x)
    geometry: Any = {"window": window, "stride": stride, "padding": padding, "rounding": rounding}
    return _averages("avg_pool2d", x, count_include_pad=count_include_pad, **geometry)


@avg_pool2d.vjp
def avg_pool2d_vjp(cotangent: Array, x: Array, **parameters: Any) -> dict[str, Array]:
    """Every pixel of a window has an equal share, one in :math:`D`, of the window's cotangent."""
    return _averages_vjp("avg_pool2d", cotangent, x, **avg_pool2d.defaults | parameters)


avg_pool2d.witness("each window's pixels added up and counted one by one")(by_loops.avg_pool)
avg_pool2d.values(
    "worked by hand: of nine pixels in the corner four are real, and only they count",
    x=[[[[1.0, 2.0], [3.0, 6.0]]]],
    window=(3, 3),
    padding=((1, 1), (1, 1)),
    expected=[[[[3.0]]]],
)
avg_pool2d.values(
    "worked by hand: the same sum of 12, and all nine pixels count",
    x=[[[[1.0, 2.0], [3.0, 6.0]]]],
    window=(3, 3),
    padding=((1, 1), (1, 1)),
    count_include_pad=True,
    expected=[[[[12 / 9]]]],
)
avg_pool2d.values(
    "worked by hand: rounding up, the last window has one real pixel, one of padding that counts, and one of nothing",
    x=[[[[2.0, 4.0, 6.0, 8.0]]]],
    window=(1, 3),
    stride=(1, 2),
    padding=((0, 0), (1, 1)),
    rounding="ceil",
    count_include_pad=True,
    expected=[[[[2.0, 6.0, 4.0]]]],
)


@operation(
    inputs={"x": "n c d h w"},
    output="n c k i j",
    parameters={
        "window": ((2, 2, 2), (2, 3, 1), (3, 2, 2)),
        "stride": (None, (2, 2, 2), (1, 1, 1)),
        "padding": ("valid", "same_upper", "same_lower", ((1, 1), (0, 0), (1, 1))),
        "rounding": ROUNDINGS,
        "count_include_pad": (False, True),
    },
    cases=cases.AVG_POOL3D,
)
def avg_pool3d(
    x: Array,
    *,
    window: int | Sizes = (2, 2, 2),
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
    count_include_pad: bool = False,
) -> Array:
    r"""Average each window of a volume.

    .. math::

        y_{nckij} = \frac{1}{D_{kij}} \sum_{r < p_d,\; p < p_h,\; q < p_w}
            x_{n,\,c,\;k s_d + r - f,\;i s_h + p - t,\;j s_w + q - l}

    Args:
        x: :math:`x`, volumes, ``n c d h w``; outside they are 0.
        window: :math:`p_d, p_h, p_w`, the sides of a window.
        stride: :math:`s_d, s_h, s_w`, from one window to the next; the window's sides if left out.
        padding: :math:`f, t, l` in front, above and to the left; as in :func:`max_pool2d`, with three pairs.
        rounding: as in :func:`max_pool2d`.
        count_include_pad: what :math:`D_{kij}` counts, as in :func:`avg_pool2d`.

    Returns:
        ``n c k i j``.

    Raises:
        ShapeError: if no window fits on the padded volume.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html.
    """
    measured(avg_pool3d, x=x)
    geometry: Any = {"window": window, "stride": stride, "padding": padding, "rounding": rounding}
    return _averages("avg_pool3d", x, count_include_pad=count_include_pad, **geometry)


@avg_pool3d.vjp
def avg_pool3d_vjp(cotangent: Array, x: Array, **parameters: Any) -> dict[str, Array]:
    """Every pixel of a window has an equal share, one in :math:`D`, of the window's cotangent."""
    return _averages_vjp("avg_pool3d", cotangent, x, **avg_pool3d.defaults | parameters)


avg_pool3d.witness("each window's pixels added up and counted one by one")(by_loops.avg_pool)
avg_pool3d.values(
    "worked by hand: 36 in eight pixels, and 2 + 4 + 6 + 8 in the four that the last window has",
    x=[[[[[1.0, 2.0, 2.0], [3.0, 4.0, 4.0]], [[5.0, 6.0, 6.0], [7.0, 8.0, 8.0]]]]],
    rounding="ceil",
    expected=[[[[[4.5, 5.0]]]]],
)


@operation(
    inputs={"x": "n c w"},
    output="n c j",
    parameters={
        "window": ((2,), (3,)),
        "stride": (None, (1,), (2,)),
        "padding": ("valid", "same_upper", "same_lower", ((2, 0),)),
        "rounding": ROUNDINGS,
    },
    cases=cases.SUM_POOL1D,
)
def sum_pool1d(
    x: Array,
    *,
    window: int | Sizes = (2,),
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
) -> Array:
    r"""Add up each window of a sequence.

    .. math:: y_{ncj} = \sum_{q < p_w} x_{n,\,c,\;j s_w + q - l}

    Args:
        x: :math:`x`, sequences, ``n c w``; outside it is 0.
        window: :math:`p_w`, pixels of a window, as ``(p_w,)``.
        stride: :math:`s_w`, pixels from one window to the next; the window's size if left out.
        padding: :math:`l` pixels before the first; as in :func:`max_pool2d`, with one pair: ``((before, after),)``.
        rounding: as in :func:`max_pool2d`.

    Returns:
        ``n c j``.

    Raises:
        ShapeError: if no window fits on the padded sequence.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://theano-pymc.readthedocs.io/en/latest/library/tensor/signal/pool.html, mode ``sum``.
    """
    measured(sum_pool1d, x=x)
    windows = pooling_windows(
        "sum_pool1d", x.shape[2:], window=window, stride=stride, padding=padding, rounding=rounding
    )
    return total(x, windows)


@sum_pool1d.vjp
def sum_pool1d_vjp(cotangent: Array, x: Array, **geometry: Any) -> dict[str, Array]:
    """Every pixel of a window gets the window's cotangent."""
    windows = pooling_windows("sum_pool1d", x.shape[2:], **{"window": (2,), **geometry})
    return {"x": to_the_whole_window(cotangent, windows)}


sum_pool1d.witness("each window's pixels added up one by one")(by_loops.sum_pool)
sum_pool1d.values(
    "worked by hand: 1 + 2, 2 + 3 + 4 and 4 + 5, for a border that adds nothing",
    x=[[[1.0, 2.0, 3.0, 4.0, 5.0]]],
    window=(3,),
    stride=(2,),
    padding=((1, 1),),
    expected=[[[3.0, 9.0, 9.0]]],
)


@operation(
    inputs={"x": "n c h w"},
    output="n c i j",
    parameters={
        "window": ((2, 2), (3, 2), (2, 3)),
        "stride": (None, (1, 1), (2, 1)),
        "padding": ("valid", "same_upper", "same_lower", ((0, 1), (1, 0))),
        "rounding": ROUNDINGS,
    },
    cases=cases.SUM_POOL2D,
)
def sum_pool2d(
    x: Array,
    *,
    window: int | Sizes = (2, 2),
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
) -> Array:
    r"""Add up each window of an image.

    .. math:: y_{ncij} = \sum_{p < p_h,\; q < p_w} x_{n,\,c,\;i s_h + p - t,\;j s_w + q - l}

    Args:
        x: :math:`x`, images, ``n c h w``; outside they are 0.
        window: :math:`p_h, p_w`, rows and columns of a window.
        stride: :math:`s_h, s_w`, pixels from one window to the next; the window's size if left out.
        padding: :math:`t` rows above, :math:`l` columns to the left; as in :func:`max_pool2d`.
        rounding: as in :func:`max_pool2d`.

    Returns:
        ``n c i j``, of the sizes of :func:`max_pool2d`.

    Raises:
        ShapeError: if no window fits on the padded image.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://theano-pymc.readthedocs.io/en/latest/library/tensor/signal/pool.html, mode ``sum``.
    """
    measured(sum_pool2d, x=x)
    windows = pooling_windows(
        "sum_pool2d", x.shape[2:], window=window, stride=stride, padding=padding, rounding=rounding
    )
    return total(x, windows)


@sum_pool2d.vjp
def sum_pool2d_vjp(cotangent: Array, x: Array, **geometry: Any) -> dict[str, Array]:
    """Every pixel of a window gets the window's cotangent."""
    windows = pooling_windows("sum_pool2d", x.shape[2:], **{"window": (2, 2), **geometry})
    return {"x": to_the_whole_window(cotangent, windows)}


sum_pool2d.witness("each window's pixels added up one by one")(by_loops.sum_pool)
sum_pool2d.values(
    "worked by hand: the sums of two halves",
    x=[[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]],
    expected=[[[[14.0, 22.0]]]],
)


@operation(
    inputs={"x": "n c d h w"},
    output="n c k i j",
    parameters={
        "window": ((2, 2, 2), (2, 3, 1), (3, 2, 2)),
        "stride": (None, (1, 1, 1), (2, 1, 2)),
        "padding": ("valid", "same_upper", "same_lower", ((1, 1), (0, 1), (1, 0))),
        "rounding": ROUNDINGS,
    },
    cases=cases.SUM_POOL3D,
)
def sum_pool3d(
    x: Array,
    *,
    window: int | Sizes = (2, 2, 2),
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    rounding: str = "floor",
) -> Array:
    r"""Add up each window of a volume.

    .. math::

        y_{nckij} = \sum_{r < p_d,\; p < p_h,\; q < p_w} x_{n,\,c,\;k s_d + r - f,\;i s_h + p - t,\;j s_w + q - l}

    Args:
        x: :math:`x`, volumes, ``n c d h w``; outside they are 0.
        window: :math:`p_d, p_h, p_w`, the sides of a window.
        stride: :math:`s_d, s_h, s_w`, from one window to the next; the window's sides if left out.
        padding: :math:`f, t, l` in front, above and to the left; as in :func:`max_pool2d`, with three pairs.
        rounding: as in :func:`max_pool2d`.

    Returns:
        ``n c k i j``.

    Raises:
        ShapeError: if no window fits on the padded volume.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://theano-pymc.readthedocs.io/en/latest/library/tensor/signal/pool.html, mode ``sum``.
    """
    measured(sum_pool3d, x=x)
    windows = pooling_windows(
        "sum_pool3d", x.shape[2:], window=window, stride=stride, padding=padding, rounding=rounding
    )
    return total(x, windows)


@sum_pool3d.vjp
def sum_pool3d_vjp(cotangent: Array, x: Array, **geometry: Any) -> dict[str, Array]:
    """Every pixel of a window gets the window's cotangent."""
    windows = pooling_windows("sum_pool3d", x.shape[2:], **{"window": (2, 2, 2), **geometry})
    return {"x": to_the_whole_window(cotangent, windows)}


sum_pool3d.witness("each window's pixels added up one by one")(by_loops.sum_pool)
sum_pool3d.values(
    "worked by hand: 36 in eight pixels, and 2 + 4 + 6 + 8 in the four that the last window has",
    x=[[[[[1.0, 2.0, 2.0], [3.0, 4.0, 4.0]], [[5.0, 6.0, 6.0], [7.0, 8.0, 8.0]]]]],
    rounding="ceil",
    expected=[[[[[36.0, 20.0]]]]],
)


def _of_powers(instance: Instance, precision: Precision) -> Bounds:
    r"""Bounds of norms as the frameworks compute them: as a power whose exponent :math:`1/P` is rounded too.

    The derivative of :math:`s^e` for :math:`e` is :math:`s^e \ln s`, and :math:`s = y^P`, so an exponent that is off by
    :math:`u` moves the norm by :math:`u P |\ln y|` of itself; and :math:`s^{1/P - 1}` in the gradient as much. Far
    from 1 that is more than all other rounding.
    """
    outputs, gradients = overflowing(instance, precision)
    x, settings = instance.arrays["x"], instance.settings
    power, windows = _lp_windows(x, **settings)
    length = total(np.abs(x) ** power, windows) ** (1 / power)
    usual = (length > 0) & np.isfinite(length)
    moved = 2 * precision.unit * power * np.abs(np.log(np.where(usual, length, 1)))
    outputs = {"output": _widened(outputs["output"], moved * length)}
    if instance.cotangents:
        size = np.abs(instance.cotangents["output"]) * np.where(usual, length, 1) ** (1 - power)
        back = np.abs(x) ** (power - 1) * to_the_whole_window(moved * size, windows)
        gradients = {"x": _widened(gradients["x"], back)}
    return outputs, gradients


def _widened(bound: Bound, more: Array) -> Bound:
    return Bound(bound.error + more, bound.magnitude, bound.peak)


@operation(
    inputs={"x": "n c h w"},
    output="n c i j",
    parameters={
        "norm": (2, 1, 3),
        "window": ((2, 2), (3, 2), (2, 3)),
        "stride": (None, (1, 2)),
        "rounding": ROUNDINGS,
    },
    cases=cases.LP_POOL2D,
    rounding=_of_powers,
)
def lp_pool2d(
    x: Array,
    *,
    norm: int = 2,
    window: int | Sizes = (2, 2),
    stride: int | Sizes | None = None,
    rounding: str = "floor",
) -> Array:
    r"""Take the norm of each window of an image.

    .. math:: y_{ncij} = \Big( \sum_{p < p_h,\; q < p_w} |x_{n,\,c,\;i s_h + p,\;j s_w + q}|^P \Big)^{1/P}

    Args:
        x: :math:`x`, images, ``n c h w``.
        norm: :math:`P`, a positive whole number: 1 adds magnitudes, 2 takes the Euclidean length.
        window: :math:`p_h, p_w`, rows and columns of a window.
        stride: :math:`s_h, s_w`, pixels from one window to the next; the window's size if left out.
        rounding: as in :func:`max_pool2d`; a last window that lacks pixels has the norm of those it has.

    Returns:
        ``n c i j``. The gradient of a window of zeros is 0.

    Raises:
        ShapeError: if no window fits on the image.
        ParameterError: if a parameter has a value it cannot have.

    Source: Sermanet, Chintala and LeCun, Convolutional neural networks applied to house numbers digit classification
    (2012), section 3.2; https://onnx.ai/onnx/operators/onnx__LpPool.html.
    """
    measured(lp_pool2d, x=x)
    power, windows = _lp_windows(x, norm, window=window, stride=stride, rounding=rounding)
    return np.asarray(total(np.abs(x) ** power, windows) ** (1 / power))


@lp_pool2d.vjp
def lp_pool2d_vjp(cotangent: Array, x: Array, *, norm: int = 2, **geometry: Any) -> dict[str, Array]:
    r"""By the chain rule :math:`\partial y / \partial x = \mathrm{sgn}(x) |x|^{P-1} / y^{P-1}`."""
    power, windows = _lp_windows(x, norm, **{"window": (2, 2), **geometry})
    length = total(np.abs(x) ** power, windows) ** (1 / power)
    steepness = np.where(length == 0, 1, length) ** (1 - power)
    return {"x": np.sign(x) * np.abs(x) ** (power - 1) * to_the_whole_window(cotangent * steepness, windows)}


def _lp_windows(x: Array, norm: int, **geometry: Any) -> tuple[int, Any]:
    power = number("lp_pool2d", "norm", norm)
    return power, pooling_windows("lp_pool2d", x.shape[2:], **geometry)


lp_pool2d.witness("each window's powers added up one by one")(by_loops.lp_pool)
lp_pool2d.values(
    "worked by hand: the lengths of (3, 4) and of (-5, 12)",
    x=[[[[3.0, 4.0, -5.0, 12.0]]]],
    window=(1, 2),
    expected=[[[[5.0, 13.0]]]],
)


@operation(inputs={"x": "n c ..."}, output="n c", parameters={}, cases=cases.GLOBAL_MAX_POOL, rounding=selection)
def global_max_pool(x: Array) -> Array:
    r"""Take the largest pixel of each channel.

    .. math:: y_{nc} = \max_{\ldots} x_{nc\ldots}

    Args:
        x: :math:`x`, ``n c ...``.

    Returns:
        ``n c``. Pixels that are equally large share the gradient equally.

    Raises:
        ShapeError: if there is no axis after ``c``, or no pixel.

    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling2d/.
    """
    require_pixels("global_max_pool", measured(global_max_pool, x=x)["..."])
    return np.asarray(x.max(axis=tuple(range(2, x.ndim))))


@global_max_pool.vjp
def global_max_pool_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """The largest pixels share the cotangent."""
    share = share_of_the_largest(x, tuple(range(2, x.ndim)))
    return {"x": share * cotangent.reshape(*cotangent.shape, *(1 for _ in x.shape[2:]))}


@global_max_pool.witness("one pixel after the other, keeping the largest so far")
def global_max_pool_by_pixels(x: Array) -> Array:
    """Look at the pixels one by one."""
    result = np.full(x.shape[:2], -np.inf)
    for n, c, *pixel in np.ndindex(x.shape):
        result[n, c] = max(result[n, c], x[(n, c, *pixel)])
    return result


global_max_pool.values(
    "worked by hand: the largest of two channels",
    x=[[[[1.0, 5.0], [3.0, 4.0]], [[-2.0, -1.0], [-3.0, -8.0]]]],
    expected=[[5.0, -1.0]],
)


def _averages_of_regions(x: Array, size: Sizes) -> Array:
    """Average axis by axis: a region is a product of intervals."""
    for axis, count in enumerate(size, start=2):
        parts = [_along(x, axis, region) for region in regions(x.shape[axis], count)]
        x = np.stack([part.mean(axis=axis) for part in parts], axis=axis)
    return x


def _averages_of_regions_vjp(cotangent: Array, image: Sizes, size: Sizes) -> Array:
    for axis, (pixels, count) in enumerate(zip(image, size, strict=True), start=2):
        shape = (*cotangent.shape[:axis], pixels, *cotangent.shape[axis + 1 :])
        spread = np.zeros_like(cotangent, shape=shape)
        for part, region in enumerate(regions(pixels, count)):
            share = _along(cotangent, axis, slice(part, part + 1)) / (region.stop - region.start)
            spread[(*(slice(None) for _ in range(axis)), region)] += share
        cotangent = spread
    return cotangent


def _along(x: Array, axis: int, part: slice) -> Array:
    """A part of one axis."""
    return np.asarray(x[(*(slice(None) for _ in range(axis)), part)])


@operation(
    inputs={"x": "n c w"},
    output="n c j",
    parameters={"size": ((1,), (3,), (2,), (5,))},
    cases=cases.ADAPTIVE_AVG_POOL1D,
)
def adaptive_avg_pool1d(x: Array, *, size: int | Sizes = (1,)) -> Array:
    r"""Average as many parts of a sequence as are asked for.

    .. math::

        y_{ncj} = \frac{1}{b_j - a_j} \sum_{a_j \le q < b_j} x_{ncq}, \qquad
        a_j = \Big\lfloor \frac{j w}{J} \Big\rfloor, \quad b_j = \Big\lceil \frac{(j + 1) w}{J} \Big\rceil

    Args:
        x: :math:`x`, sequences of :math:`w` pixels, ``n c w``.
        size: :math:`J`, the number of parts, as ``(J,)``. Where :math:`J` does not divide :math:`w`, parts overlap.

    Returns:
        ``n c j``.

    Raises:
        ShapeError: if there is no pixel.
        ParameterError: if the size is no positive whole number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html.
    """
    measured(adaptive_avg_pool1d, x=x)
    require_pixels("adaptive_avg_pool1d", x.shape[2:])
    return _averages_of_regions(x, counts("adaptive_avg_pool1d", "size", size, 1))


@adaptive_avg_pool1d.vjp
def adaptive_avg_pool1d_vjp(cotangent: Array, x: Array, *, size: int | Sizes = (1,)) -> dict[str, Array]:
    """Every pixel of a part has an equal share of the part's cotangent."""
    parts = counts("adaptive_avg_pool1d", "size", size, 1)
    return {"x": _averages_of_regions_vjp(cotangent, x.shape[2:], parts)}


adaptive_avg_pool1d.witness("each part's pixels added up and counted one by one")(by_loops.adaptive_avg_pool)
adaptive_avg_pool1d.values(
    "worked by hand: 5 pixels in 3 parts are the pixels 0-1, 1-3 and 3-4",
    x=[[[1.0, 3.0, 5.0, 7.0, 11.0]]],
    size=(3,),
    expected=[[[2.0, 5.0, 9.0]]],
)


@operation(
    inputs={"x": "n c h w"},
    output="n c i j",
    parameters={"size": ((1, 1), (3, 2), (2, 2), (4, 3))},
    cases=cases.ADAPTIVE_AVG_POOL2D,
)
def adaptive_avg_pool2d(x: Array, *, size: int | Sizes = (1, 1)) -> Array:
    r"""Average as many regions of an image as are asked for.

    .. math::

        y_{ncij} = \frac{1}{(b_i - a_i)(b_j - a_j)} \sum_{a_i \le p < b_i} \sum_{a_j \le q < b_j} x_{ncpq}, \qquad
        a_i = \Big\lfloor \frac{i h}{I} \Big\rfloor, \quad b_i = \Big\lceil \frac{(i + 1) h}{I} \Big\rceil

    Args:
        x: :math:`x`, images of :math:`h` rows and :math:`w` columns, ``n c h w``.
        size: :math:`I, J`, rows and columns of the output. Where they do not divide the image's, regions overlap.

    Returns:
        ``n c i j``.

    Raises:
        ShapeError: if there is no pixel.
        ParameterError: if the size is none.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html.
    """
    measured(adaptive_avg_pool2d, x=x)
    require_pixels("adaptive_avg_pool2d", x.shape[2:])
    return _averages_of_regions(x, counts("adaptive_avg_pool2d", "size", size, 2))


@adaptive_avg_pool2d.vjp
def adaptive_avg_pool2d_vjp(cotangent: Array, x: Array, *, size: int | Sizes = (1, 1)) -> dict[str, Array]:
    """Every pixel of a region has an equal share of the region's cotangent."""
    parts = counts("adaptive_avg_pool2d", "size", size, 2)
    return {"x": _averages_of_regions_vjp(cotangent, x.shape[2:], parts)}


adaptive_avg_pool2d.witness("each region's pixels added up and counted one by one")(by_loops.adaptive_avg_pool)
adaptive_avg_pool2d.values(
    "worked by hand: 3 columns in 2 parts share the one in the middle",
    x=[[[[1.0, 2.0, 6.0], [3.0, 4.0, 8.0]]]],
    size=(1, 2),
    expected=[[[[2.5, 5.0]]]],
)


@operation(
    inputs={"x": "n c ..."},
    output="n o ...",
    parameters={"pool_size": (2, 3, 4), "function": ("max", "mean", "sum")},
    cases=cases.FEATURE_POOL,
)
def feature_pool(x: Array, *, pool_size: int = 2, function: str = "max") -> Array:
    r"""Pool channels that follow each other; with the maximum it is the maxout of what a layer before computed.

    .. math:: y_{no\ldots} = \max_{k < K} x_{n,\,oK + k,\,\ldots}

    Args:
        x: :math:`x`, ``n c ...``.
        pool_size: :math:`K`, channels that are pooled to one; it divides the number of channels.
        function: ``max``, or ``mean`` or ``sum`` in its place.

    Returns:
        ``n o ...`` with :math:`o = c / K`. Channels that are equally large share the gradient of ``max`` equally.

    Raises:
        ShapeError: if ``pool_size`` does not divide the number of channels.
        ParameterError: if a parameter has a value it cannot have.

    Source: Goodfellow et al., Maxout networks (2013), section 2;
    https://lasagne.readthedocs.io/en/latest/modules/layers/pool.html#lasagne.layers.FeaturePoolLayer.
    """
    grouped = _channels_in_groups(x, pool_size)
    match known("function of feature_pool", function, ("max", "mean", "sum")):
        case "max":
            return np.asarray(grouped.max(axis=2))
        case "mean":
            return np.asarray(grouped.mean(axis=2))
        case _:
            return np.asarray(grouped.sum(axis=2))


@feature_pool.vjp
def feature_pool_vjp(cotangent: Array, x: Array, *, pool_size: int = 2, function: str = "max") -> dict[str, Array]:
    """The largest channels of a group share its cotangent; for a sum, each gets it, for a mean an equal share."""
    grouped = _channels_in_groups(x, pool_size)
    if function == "max":
        share = share_of_the_largest(grouped, 2)
    else:
        share = np.ones_like(grouped) / (pool_size if function == "mean" else 1)
    return {"x": (share * cotangent[:, :, None]).reshape(x.shape)}


def _channels_in_groups(x: Array, pool_size: int) -> Array:
    channels = measured(feature_pool, x=x)["c"]
    each = number("feature_pool", "pool_size", pool_size)
    if channels % each:
        raise ShapeError(
            "x of feature_pool",
            expected=f"a number of channels that pool_size={each} divides",
            got=channels,
            fix="Every group has as many channels.",
        )
    return x.reshape(x.shape[0], channels // each, each, *x.shape[2:])


feature_pool.witness("a loop over the channels, each of which knows its group")(by_loops.feature_pool)
feature_pool.values(
    "worked by hand: neighbours are pooled, not channels that are two apart",
    x=[[1.0, 5.0, 4.0, 2.0]],
    expected=[[5.0, 4.0]],
)


@operation(inputs={"x": "n c", "weight": "o k c", "bias": "o k"}, output="n o", parameters={}, cases=cases.MAXOUT)
def maxout(x: Array, weight: Array, bias: Array | None = None) -> Array:
    r"""Take the largest of several linear units.

    .. math:: y_{no} = \max_k \Big( \sum_c w_{okc} x_{nc} + b_{ok} \Big)

    Args:
        x: :math:`x`, ``n c``.
        weight: :math:`w`, the :math:`k` pieces of each unit, ``o k c``.
        bias: :math:`b`, ``o k``; none if left out.

    Returns:
        ``n o``. The gradient goes to the pieces that are the largest, equally.

    Raises:
        ShapeError: if sizes disagree.

    Source: Goodfellow et al., Maxout networks (2013), section 2.
    """
    measured(maxout, x=x, weight=weight, bias=bias)
    return np.asarray(_pieces(x, weight, bias).max(axis=2))


@maxout.vjp
def maxout_vjp(cotangent: Array, x: Array, weight: Array, bias: Array | None = None) -> dict[str, Array]:
    """The cotangent goes to the winning piece, and from there as in a dense layer."""
    pieces = share_of_the_largest(_pieces(x, weight, bias), 2) * cotangent[:, :, None]
    gradients = {"x": np.einsum("nok,okc->nc", pieces, weight), "weight": np.einsum("nok,nc->okc", pieces, x)}
    return gradients if bias is None else {**gradients, "bias": pieces.sum(axis=0)}


def _pieces(x: Array, weight: Array, bias: Array | None) -> Array:
    pieces = np.einsum("nc,okc->nok", x, weight)
    return np.asarray(pieces if bias is None else pieces + bias)


maxout.witness("every piece of every unit, one after the other")(by_loops.maxout)
maxout.values(
    "worked by hand: the magnitude of 3 as the larger of 3 and -3, and 2 * 3 - 1 against 0 + 4",
    x=[[3.0]],
    weight=[[[1.0], [-1.0]], [[2.0], [0.0]]],
    bias=[[0.0, 0.0], [-1.0, 4.0]],
    expected=[[3.0, 5.0]],
)


@operation(
    inputs={"x": "n c h w"},
    output="n c s",
    parameters={"levels": ((4, 2, 1), (1, 3)), "mode": ("max", "average")},
    cases=cases.SPATIAL_PYRAMID_POOL,
)
def spatial_pyramid_pool(x: Array, *, levels: tuple[int, ...] = (4, 2, 1), mode: str = "max") -> Array:
    r"""Pool an image in grids of several sizes, so that images of any size give as many numbers.

    .. math::

        y_{ncs} = \max_{a_i \le p < b_i,\; a_j \le q < b_j} x_{ncpq}, \qquad
        a_i = \Big\lfloor \frac{i h}{L} \Big\rfloor, \quad b_i = \Big\lceil \frac{(i + 1) h}{L} \Big\rceil

    where :math:`s` counts the :math:`L \times L` regions :math:`(i, j)` row by row, level after level.

    Args:
        x: :math:`x`, images, ``n c h w``.
        levels: :math:`L` of each level, in the order of the output.
        mode: ``max``, or ``average`` in its place.

    Returns:
        ``n c s`` with :math:`s = \sum L^2`. The gradient of ``max`` is shared by pixels that are equally large.

    Raises:
        ShapeError: if there is no pixel.
        ParameterError: if a parameter has a value it cannot have.

    Source: He et al., Spatial pyramid pooling in deep convolutional networks for visual recognition (2014), appendix A;
    https://lasagne.readthedocs.io/en/latest/modules/layers/pool.html#lasagne.layers.SpatialPyramidPoolingLayer.
    """
    known("mode of spatial_pyramid_pool", mode, ("max", "average"))
    parts = [x[:, :, rows, columns] for rows, columns in _pyramid(x, levels)]
    pooled = [part.max(axis=(2, 3)) if mode == "max" else part.mean(axis=(2, 3)) for part in parts]
    return np.stack(pooled, axis=2)


@spatial_pyramid_pool.vjp
def spatial_pyramid_pool_vjp(
    cotangent: Array, x: Array, *, levels: tuple[int, ...] = (4, 2, 1), mode: str = "max"
) -> dict[str, Array]:
    """Every region hands its cotangent to its largest pixels, or an equal share to all of them."""
    gradient = np.zeros_like(x)
    for index, (rows, columns) in enumerate(_pyramid(x, levels)):
        part = x[:, :, rows, columns]
        ones = np.ones_like(part)
        share = share_of_the_largest(part, (2, 3)) if mode == "max" else ones / math.prod(part.shape[2:])
        gradient[:, :, rows, columns] += share * cotangent[:, :, index, None, None]
    return {"x": gradient}


def _pyramid(x: Array, levels: tuple[int, ...]) -> list[tuple[slice, slice]]:
    sizes = measured(spatial_pyramid_pool, x=x)
    require_pixels("spatial_pyramid_pool", x.shape[2:])
    return [
        (rows, columns)
        for level in [number("spatial_pyramid_pool", "levels", one) for one in levels]
        for rows in regions(sizes["h"], level)
        for columns in regions(sizes["w"], level)
    ]


spatial_pyramid_pool.witness("the pixels of every region of every level, one by one")(by_loops.spatial_pyramid_pool)
spatial_pyramid_pool.values(
    "worked by hand: the quarters row by row, then the whole image",
    x=[[[[1.0, 5.0], [3.0, 4.0]]]],
    levels=(2, 1),
    expected=[[[1.0, 5.0, 3.0, 4.0, 5.0]]],
)
