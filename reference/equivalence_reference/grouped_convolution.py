"""Convolutions whose groups have a meaning: filters for each channel, or for each example.

In a depthwise convolution every channel is a group of its own: its filters see no other channel. A separable
convolution mixes the maps afterwards, pixel by pixel. In a dynamic convolution every example is a group.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import operation
from equivalence_reference._arguments import Pair, divisible, measured
from equivalence_reference._correlation import correlate, match, oriented, paint, with_bias
from equivalence_reference._windows import Padding, Windows, slide
from equivalence_reference.cases import convolution as cases
from equivalence_reference.witnesses import windows as windows_by_loops


@operation(
    inputs={"x": "n c h w", "weight": "c m p q", "bias": "c m"},
    output="n c m i j",
    parameters={
        "stride": ((1, 1), (2, 2), (3, 3)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((0, 1), (2, 1))),
        "dilation": ((1, 1), (2, 2)),
        "flip_kernel": (False, True),
    },
    cases=cases.DEPTHWISE_CONV2D,
)
def depthwise_conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | Pair = (1, 1),
    padding: Padding = "valid",
    dilation: int | Pair = (1, 1),
    flip_kernel: bool = False,
) -> Array:
    r"""Cross-correlate each channel with filters of its own.

    .. math::
        y_{ncmij} = b_{cm} + \sum_{pq} w_{cmpq}\, x_{n,\,c,\;i s_h + p d_h - t,\;j s_w + q d_w - l}

    Args:
        x: :math:`x`, images, ``n c h w``.
        weight: :math:`w`, filters, ``c m p q``; the size of ``m`` is the depth multiplier.
        bias: :math:`b`, ``c m``; zero if left out.
        stride: :math:`s_h, s_w`, pixels from one window to the next.
        padding: :math:`t` rows above, :math:`l` columns to the left; as in
            :func:`~equivalence_reference.convolution.conv2d`.
        dilation: :math:`d_h, d_w`, pixels of the image from one tap of the filter to the next.
        flip_kernel: walk the filters backwards along ``p`` and ``q``.

    Returns:
        ``n c m i j``. Frameworks return the maps behind each other on one axis, ``(c m)``: those of the first channel
        come first. Their layouts here say so.

    Raises:
        ShapeError: if channels do not fit, or the filter does not fit on the padded image.
        ParameterError: if a parameter has a value it cannot have.

    Source: Chollet, Xception: deep learning with depthwise separable convolutions (2017), section 2;
    https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d.
    """
    measured(depthwise_conv2d, x=x, weight=weight, bias=bias)
    windows = slide(
        "depthwise_conv2d", x.shape[2:], weight.shape[2:], stride=stride, padding=padding, dilation=dilation
    )
    y = _apart(windows, x, weight, flip_kernel)
    return y if bias is None else y + bias[:, :, None, None]


@depthwise_conv2d.vjp
def depthwise_conv2d_vjp(
    cotangent: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    flip_kernel: bool = False,
    **geometry: Any,
) -> dict[str, Array]:
    """A convolution's of as many groups as channels."""
    windows = slide("depthwise_conv2d", x.shape[2:], weight.shape[2:], **geometry)
    back_to_x, back_to_weight = _apart_back(windows, cotangent, x, weight, flip_kernel)
    gradients = {"x": back_to_x, "weight": back_to_weight}
    if bias is not None:
        gradients["bias"] = cotangent.sum(axis=(0, 3, 4))
    return gradients


def _apart(windows: Windows, x: Array, weight: Array, flip_kernel: bool) -> Array:  # noqa: FBT001
    """Every channel alone: from images ``n c h w`` to maps ``n c m i j``."""
    maps = correlate(windows, x, oriented(_filters(weight), flip_kernel), groups=x.shape[1])
    return maps.reshape(len(x), *weight.shape[:2], *windows.output)


def _apart_back(
    windows: Windows,
    maps: Array,
    x: Array,
    weight: Array,
    flip_kernel: bool,  # noqa: FBT001
) -> tuple[Array, Array]:
    """The adjoints of :func:`_apart` in the images and in the filters."""
    filters, channels = oriented(_filters(weight), flip_kernel), x.shape[1]
    together = maps.reshape(len(x), -1, *windows.output)
    back = oriented(match(windows, x, together, channels), flip_kernel)
    return paint(windows, together, filters, channels), back.reshape(weight.shape)


def _filters(weight: Array) -> Array:
    """Filters of one channel each: from ``c m p q`` to ``(c m) 1 p q``."""
    return weight.reshape(-1, 1, *weight.shape[2:])


depthwise_conv2d.witness("each channel alone, one product after the other")(windows_by_loops.depthwise_convolution)
depthwise_conv2d.values(
    "worked by hand: channel 1 2 3 with [1, 10] and [0, 1], channel 4 5 6 with [100, 0] and [1, 1]",
    x=[[[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]],
    weight=[[[[1.0, 10.0]], [[0.0, 1.0]]], [[[100.0, 0.0]], [[1.0, 1.0]]]],
    bias=[[0.0, 0.5], [0.0, 0.0]],
    expected=[[[[[21.0, 32.0]], [[2.5, 3.5]]], [[[400.0, 500.0]], [[9.0, 11.0]]]]],
)


@operation(
    inputs={"x": "n c h w", "depthwise": "c m p q", "pointwise": "o c m", "bias": "o"},
    output="n o i j",
    parameters={
        "stride": ((1, 1), (2, 2), (3, 3)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((0, 1), (2, 1))),
        "dilation": ((1, 1), (2, 2)),
        "flip_kernel": (False, True),
    },
    cases=cases.SEPARABLE_CONV2D,
)
def separable_conv2d(
    x: Array,
    depthwise: Array,
    pointwise: Array,
    bias: Array | None = None,
    *,
    stride: int | Pair = (1, 1),
    padding: Padding = "valid",
    dilation: int | Pair = (1, 1),
    flip_kernel: bool = False,
) -> Array:
    r"""Cross-correlate each channel with filters of its own, then mix all maps at each pixel.

    .. math::
        z_{ncmij} &= \sum_{pq} v_{cmpq}\, x_{n,\,c,\;i s_h + p d_h - t,\;j s_w + q d_w - l} \\
        y_{noij} &= b_o + \sum_{cm} w_{ocm}\, z_{ncmij}

    There is neither bias nor activation between the two.

    Args:
        x: :math:`x`, images, ``n c h w``.
        depthwise: :math:`v`, the filters of each channel, ``c m p q``; the size of ``m`` is the depth multiplier.
        pointwise: :math:`w`, the weights of a 1x1 convolution of all maps, ``o c m``.
        bias: :math:`b`, ``o``; zero if left out.
        stride: :math:`s_h, s_w`, of the depthwise convolution.
        padding: :math:`t, l`, of the depthwise convolution; as in :func:`~equivalence_reference.convolution.conv2d`.
        dilation: :math:`d_h, d_w`, of the depthwise convolution.
        flip_kernel: walk the depthwise filters backwards along ``p`` and ``q``.

    Returns:
        ``n o i j``.

    Raises:
        ShapeError: if channels do not fit, or the filter does not fit on the padded image.
        ParameterError: if a parameter has a value it cannot have.

    Source: Chollet, Xception: deep learning with depthwise separable convolutions (2017), section 2;
    https://www.tensorflow.org/api_docs/python/tf/nn/separable_conv2d.
    """
    measured(separable_conv2d, x=x, depthwise=depthwise, pointwise=pointwise, bias=bias)
    windows = slide(
        "separable_conv2d", x.shape[2:], depthwise.shape[2:], stride=stride, padding=padding, dilation=dilation
    )
    maps = _apart(windows, x, depthwise, flip_kernel)
    return with_bias(np.einsum("ocm,ncmij->noij", pointwise, maps, optimize=True), bias)


@separable_conv2d.vjp
def separable_conv2d_vjp(
    cotangent: Array,
    x: Array,
    depthwise: Array,
    pointwise: Array,
    bias: Array | None = None,
    *,
    flip_kernel: bool = False,
    **geometry: Any,
) -> dict[str, Array]:
    """First back through the mixing of the maps, then through the channels' filters."""
    windows = slide("separable_conv2d", x.shape[2:], depthwise.shape[2:], **geometry)
    maps = _apart(windows, x, depthwise, flip_kernel)
    back = np.einsum("ocm,noij->ncmij", pointwise, cotangent, optimize=True)
    back_to_x, back_to_depthwise = _apart_back(windows, back, x, depthwise, flip_kernel)
    gradients = {
        "x": back_to_x,
        "depthwise": back_to_depthwise,
        "pointwise": np.einsum("noij,ncmij->ocm", cotangent, maps, optimize=True),
    }
    if bias is not None:
        gradients["bias"] = cotangent.sum(axis=(0, 2, 3))
    return gradients


separable_conv2d.witness("each channel alone, then each pixel alone")(windows_by_loops.separable_convolution)
separable_conv2d.values(
    "worked by hand: maps 21 32 and 400 500, mixed as map one plus twice map two, plus 0.5",
    x=[[[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]],
    depthwise=[[[[1.0, 10.0]]], [[[100.0, 0.0]]]],
    pointwise=[[[1.0], [2.0]]],
    bias=[0.5],
    expected=[[[[821.5, 1032.5]]]],
)


@operation(
    inputs={"x": "n c h w", "weight": "n o c/groups p q"},
    output="n o i j",
    parameters={
        "stride": ((1, 1), (2, 2), (3, 3)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((0, 1), (2, 1))),
        "dilation": ((1, 1), (2, 2)),
        "groups": (1, 2, 3),
        "flip_kernel": (False, True),
    },
    cases=cases.DYNAMIC_CONV2D,
)
def dynamic_conv2d(
    x: Array,
    weight: Array,
    *,
    stride: int | Pair = (1, 1),
    padding: Padding = "valid",
    dilation: int | Pair = (1, 1),
    groups: int = 1,
    flip_kernel: bool = False,
) -> Array:
    r"""Cross-correlate each image with filters of its own, such as another network has made from it.

    .. math::
        y_{noij} = \sum_{cpq} w_{nocpq}\, x_{n,\,c,\;i s_h + p d_h - t,\;j s_w + q d_w - l}

    The filters are an input like the image: there is one bank for each example, and each has a gradient of its own. A
    convolution's groups do just that to the channels of one image, so the examples are made its groups.

    Args:
        x: :math:`x`, images, ``n c h w``.
        weight: :math:`w`, a bank of filters for each image, ``n o c/groups p q``.
        stride: :math:`s_h, s_w`, as in :func:`~equivalence_reference.convolution.conv2d`.
        padding: :math:`t, l`, as in :func:`~equivalence_reference.convolution.conv2d`.
        dilation: :math:`d_h, d_w`, as in :func:`~equivalence_reference.convolution.conv2d`.
        groups: the number of groups within each image; with ``groups = c = o`` each channel has one filter of its own.
        flip_kernel: walk the filters backwards along ``p`` and ``q``.

    Returns:
        ``n o i j``, of the size :func:`~equivalence_reference.convolution.conv2d` gives.

    Raises:
        ShapeError: if images and banks are not as many, channels do not fit, or the filter does not fit on the image.
        ParameterError: if a parameter has a value it cannot have.

    Source: De Brabandere et al., Dynamic filter networks (2016), section 3.2, the dynamic convolutional layer.
    """
    measured(dynamic_conv2d, groups=groups, x=x, weight=weight)
    divisible("dynamic_conv2d", groups, "o", weight.shape[1])
    windows = slide("dynamic_conv2d", x.shape[2:], weight.shape[3:], stride=stride, padding=padding, dilation=dilation)
    maps = correlate(windows, _joined(x), oriented(_joined(weight)[0], flip_kernel), len(x) * groups)
    return maps.reshape(len(x), -1, *windows.output)


@dynamic_conv2d.vjp
def dynamic_conv2d_vjp(
    cotangent: Array, x: Array, weight: Array, *, groups: int = 1, flip_kernel: bool = False, **geometry: Any
) -> dict[str, Array]:
    """A convolution's, one image and its bank beside the other."""
    windows = slide("dynamic_conv2d", x.shape[2:], weight.shape[3:], **geometry)
    maps, banks = _joined(cotangent), oriented(_joined(weight)[0], flip_kernel)
    back = match(windows, _joined(x), maps, len(x) * groups)
    return {
        "x": paint(windows, maps, banks, len(x) * groups).reshape(x.shape),
        "weight": oriented(back, flip_kernel).reshape(weight.shape),
    }


def _joined(examples: Array) -> Array:
    """All examples as one, their channels behind each other: from ``n c ...`` to ``1 (n c) ...``."""
    return examples.reshape(1, -1, *examples.shape[2:])


dynamic_conv2d.witness("one example after the other, one product after the other")(windows_by_loops.dynamic_convolution)
dynamic_conv2d.values(
    "worked by hand: the same image twice, once with [1, 10] and once with [100, 1000]",
    x=[[[[1.0, 2.0, 3.0]]], [[[1.0, 2.0, 3.0]]]],
    weight=[[[[[1.0, 10.0]]]], [[[[100.0, 1000.0]]]]],
    expected=[[[[21.0, 32.0]]], [[[2100.0, 3200.0]]]],
)
