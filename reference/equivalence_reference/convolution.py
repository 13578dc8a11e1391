"""Convolution: filters that slide over images.

A convolution weights and sums what each window sees, :func:`~equivalence_reference._correlation.correlate`. Its image
has one, two or three spatial axes, and none of them is special: the operations below differ in their number alone.
:mod:`equivalence_reference.transposed_convolution` goes the other way, and either is the gradient of the other;
:mod:`equivalence_reference.grouped_convolution` has filters for each channel and for each example.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import Operation, operation
from equivalence_reference._arguments import Pair, Triple, divisible, measured
from equivalence_reference._correlation import correlate, match, oriented, paint, with_bias
from equivalence_reference._windows import Padding, slide
from equivalence_reference.cases import convolution as cases
from equivalence_reference.witnesses import windows as windows_by_loops


def _convolve(
    declared: Operation,
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    groups: int,
    flip_kernel: bool,
    **geometry: Any,
) -> Array:
    """A convolution with as many spatial axes as were declared."""
    measured(declared, groups=groups, x=x, weight=weight, bias=bias)
    divisible(declared.name, groups, "o", weight.shape[0])
    windows = slide(declared.name, x.shape[2:], weight.shape[2:], **geometry)
    return with_bias(correlate(windows, x, oriented(weight, flip_kernel), groups), bias)


def convolution_vjp(
    cotangent: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    groups: int = 1,
    flip_kernel: bool = False,
    **geometry: Any,
) -> dict[str, Array]:
    """Carry each output pixel's cotangent back to the pixels and the taps it was made from."""
    windows = slide(f"conv{x.ndim - 2}d", x.shape[2:], weight.shape[2:], **geometry)
    gradients = {
        "x": paint(windows, cotangent, oriented(weight, flip_kernel), groups),
        "weight": oriented(match(windows, x, cotangent, groups), flip_kernel),
    }
    if bias is not None:
        gradients["bias"] = cotangent.sum(axis=(0, *range(2, x.ndim)))
    return gradients


@operation(
    inputs={"x": "n c w", "weight": "o c/groups q", "bias": "o"},
    output="n o j",
    parameters={
        "stride": ((1,), (2,), (3,)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((1, 1),), ((4, 0),)),
        "dilation": ((1,), (2,)),
        "groups": (1, 2),
        "flip_kernel": (False, True),
    },
    cases=cases.CONV1D,
)
def conv1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | tuple[int] = (1,),
    padding: Padding = "valid",
    dilation: int | tuple[int] = (1,),
    groups: int = 1,
    flip_kernel: bool = False,
) -> Array:
    r"""Cross-correlate a batch of sequences with a bank of filters: :func:`conv2d` along one axis.

    .. math:: y_{noj} = b_o + \sum_{cq} w_{ocq}\, x_{n,\,c,\;j s + q d - l}

    Args:
        x: :math:`x`, sequences, ``n c w``; what lies before and after them is zero.
        weight: :math:`w`, filters, ``o c/groups q``.
        bias: :math:`b`, ``o``; zero if left out.
        stride: :math:`s`, steps from one window to the next.
        padding: :math:`l` steps before, and as many as needed after: a word of :func:`conv2d`, or explicit,
            ``((before, after),)``. With ``((d * (q - 1), 0),)`` no output sees what comes later: a causal convolution.
        dilation: :math:`d`, steps from one tap of the filter to the next.
        groups: the number of groups, as in :func:`conv2d`.
        flip_kernel: walk the filters backwards.

    Returns:
        ``n o j`` with :math:`j = \lfloor (w + \text{padding} - d (q - 1) - 1) / s \rfloor + 1`.

    Raises:
        ShapeError: if channels and groups do not fit, or the filter does not fit on the padded sequence.
        ParameterError: if a parameter has a value it cannot have.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), relationship 6; van den Oord
    et al., WaveNet (2016), section 2.1 for causal convolutions.
    """
    return _convolve(
        conv1d,
        x,
        weight,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        flip_kernel=flip_kernel,
    )


@operation(
    inputs={"x": "n c h w", "weight": "o c/groups p q", "bias": "o"},
    output="n o i j",
    parameters={
        "stride": ((1, 1), (2, 2), (3, 3), (2, 1)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((1, 1), (2, 2)), ((0, 1), (2, 1)), ((2, 1), (0, 1))),
        "dilation": ((1, 1), (2, 2), (2, 3)),
        "groups": (1, 2, 3),
        "flip_kernel": (False, True),
    },
    cases=cases.CONV2D,
)
def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | Pair = (1, 1),
    padding: Padding = "valid",
    dilation: int | Pair = (1, 1),
    groups: int = 1,
    flip_kernel: bool = False,
) -> Array:
    r"""Cross-correlate a batch of images with a bank of filters.

    .. math::
        y_{noij} = b_o + \sum_{cpq} w_{ocpq}\, x_{n,\,c,\;i s_h + p d_h - t,\;j s_w + q d_w - l}

    Pixels outside the image are zero. With groups, filter :math:`o` reads only the channels of its own group: the
    channels, and the filters, are cut into ``groups`` consecutive blocks of equal size, and block meets block.

    Args:
        x: :math:`x`, images, ``n c h w``.
        weight: :math:`w`, filters, ``o c/groups p q``. With ``groups = c`` and ``o = m c`` it is a depth-wise
            convolution of multiplier :math:`m`, and filters ``m c`` to ``m c + m - 1`` read channel ``c``.
        bias: :math:`b`, ``o``; zero if left out.
        stride: :math:`s_h, s_w`, pixels from one window to the next.
        padding: :math:`t` rows above (and as many as needed below), :math:`l` columns to the left. ``valid`` is none;
            ``full`` is :math:`d_h (p - 1)` on both sides, so that every overlap counts; ``same_upper`` is as much as
            makes :math:`i = \lceil h / s_h \rceil`, the odd pixel at the end (TensorFlow's SAME); ``same_lower`` has
            the odd pixel at the beginning; or explicit, ``((top, bottom), (left, right))``.
        dilation: :math:`d_h, d_w`, pixels of the image from one tap of the filter to the next.
        groups: the number of groups.
        flip_kernel: walk the filters backwards along ``p`` and ``q``, which is a true convolution (Theano's way).

    Returns:
        ``n o i j`` with :math:`i = \lfloor (h + \text{padding} - d_h (p - 1) - 1) / s_h \rfloor + 1`; so are the
        columns.

    Raises:
        ShapeError: if ``c`` is not ``groups`` times the filters' second axis, ``groups`` does not divide ``o``, or the
            filter does not fit on the padded image.
        ParameterError: if a parameter has a value it cannot have.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), relationships 6 and 15;
    https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2.
    """
    return _convolve(
        conv2d,
        x,
        weight,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        flip_kernel=flip_kernel,
    )


@operation(
    inputs={"x": "n c d h w", "weight": "o c/groups r p q", "bias": "o"},
    output="n o k i j",
    parameters={
        "stride": ((1, 1, 1), (2, 2, 2), (1, 2, 3)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((1, 0), (0, 2), (2, 1))),
        "dilation": ((1, 1, 1), (1, 3, 2)),
        "groups": (1, 2),
        "flip_kernel": (False, True),
    },
    cases=cases.CONV3D,
)
def conv3d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | Triple = (1, 1, 1),
    padding: Padding = "valid",
    dilation: int | Triple = (1, 1, 1),
    groups: int = 1,
    flip_kernel: bool = False,
) -> Array:
    r"""Cross-correlate a batch of volumes with a bank of filters: :func:`conv2d` along three axes.

    .. math::
        y_{nokij} = b_o + \sum_{crpq} w_{ocrpq}\,
            x_{n,\,c,\;k s_d + r d_d - f,\;i s_h + p d_h - t,\;j s_w + q d_w - l}

    Args:
        x: :math:`x`, volumes, ``n c d h w``, the depth first; what lies outside is zero.
        weight: :math:`w`, filters, ``o c/groups r p q``.
        bias: :math:`b`, ``o``; zero if left out.
        stride: :math:`s_d, s_h, s_w`, pixels from one window to the next.
        padding: :math:`f` slices in front, :math:`t` rows above, :math:`l` columns to the left, and as many as needed
            on the other sides: a word of :func:`conv2d`, or ``((front, back), (top, bottom), (left, right))``.
        dilation: :math:`d_d, d_h, d_w`, pixels from one tap of the filter to the next.
        groups: the number of groups, as in :func:`conv2d`.
        flip_kernel: walk the filters backwards along all three axes.

    Returns:
        ``n o k i j``; each size follows as in :func:`conv2d`.

    Raises:
        ShapeError: if channels and groups do not fit, or the filter does not fit on the padded volume.
        ParameterError: if a parameter has a value it cannot have.

    Source: Tran et al., Learning spatiotemporal features with 3D convolutional networks (2015), section 3.1;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html.
    """
    return _convolve(
        conv3d,
        x,
        weight,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        flip_kernel=flip_kernel,
    )


for _declared in (conv1d, conv2d, conv3d):
    _declared.vjp(convolution_vjp)
    _declared.witness("the definition, one product after the other")(windows_by_loops.convolution)
conv1d.values(
    "worked by hand: taps 1, 10, 100 see 1 2 3 and then 2 3 4, plus 0.5",
    x=[[[1.0, 2.0, 3.0, 4.0]]],
    weight=[[[1.0, 10.0, 100.0]]],
    bias=[0.5],
    expected=[[[321.5, 432.5]]],
)
conv1d.values(
    "worked by hand: a causal convolution, in which each output adds a step and the one two steps before",
    x=[[[1.0, 2.0, 3.0, 4.0]]],
    weight=[[[1.0, 1.0]]],
    padding=((2, 0),),
    dilation=(2,),
    expected=[[[1.0, 2.0, 4.0, 6.0]]],
)
conv2d.values(
    "worked by hand: each window [[a, b], [c, d]] gives a + 2 b + 3 c + 4 d, plus 100",
    x=[[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]],
    weight=[[[[1.0, 2.0], [3.0, 4.0]]]],
    bias=[100.0],
    expected=[[[[137.0, 147.0], [167.0, 177.0]]]],
)
conv2d.values(
    "worked by hand: a true convolution, so the image of one bright pixel is the kernel itself",
    x=[[[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]],
    weight=[[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]],
    padding=((1, 1), (1, 1)),
    flip_kernel=True,
    expected=[[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]],
)
conv2d.values(
    "worked by hand: SAME, size 4, kernel 3, stride 2 pads 0 before and 1 after: 1+2+3 and 3+4+0",
    x=[[[[1.0, 2.0, 3.0, 4.0]]]],
    weight=[[[[1.0, 1.0, 1.0]]]],
    padding="same_upper",
    stride=(1, 2),
    expected=[[[[6.0, 7.0]]]],
)
conv3d.values(
    "worked by hand: 1 to 8 in a cube of side 2, weighted with 1, 10 along the depth: 1 + 50, 2 + 60, 3 + 70, 4 + 80",
    x=[[[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]]],
    weight=[[[[[1.0]], [[10.0]]]]],
    expected=[[[[[51.0, 62.0], [73.0, 84.0]]]]],
)


@operation(
    inputs={"x": "n c h w", "weight": "o c p q", "bias": "o"},
    output="n o i j",
    parameters={},
    cases=cases.LOCAL_FC_AS_CONV,
)
def local_fc_as_conv(x: Array, weight: Array, bias: Array | None = None) -> Array:
    r"""Apply one fully connected layer to every block of an image: a convolution whose stride is its kernel.

    .. math::
        y_{noij} = b_o + \sum_f W_{of}\, \operatorname{flat}(x_{n,\,:,\;iP : iP + P,\;jQ : jQ + Q})_f
                 = b_o + \sum_{cpq} w_{ocpq}\, x_{n,\,c,\;iP + p,\;jQ + q}

    The two are one function if row :math:`o` of the layer's matrix :math:`W` is filter :math:`o` flattened as the layer
    flattens its block. Here it is computed as the dense layer of blocks; the bindings are strided convolutions, and
    their variants ``dense`` such layers with the matrix in each framework's own order.

    Args:
        x: :math:`x`, images, ``n c h w``.
        weight: :math:`w`, filters of :math:`P \times Q` pixels, ``o c p q``.
        bias: :math:`b`, ``o``; zero if left out.

    Returns:
        ``n o i j``, a pixel for each whole block: :math:`i = \lfloor h / P \rfloor, j = \lfloor w / Q \rfloor`.

    Raises:
        ShapeError: if the channels differ, or a block does not fit on the image.

    Source: Long, Shelhamer and Darrell, Fully convolutional networks for semantic segmentation (2015), section 3.1.
    """
    measured(local_fc_as_conv, x=x, weight=weight, bias=bias)
    return with_bias(np.einsum("ncipjq,ocpq->noij", _blocks(x, weight), weight, optimize=True), bias)


@local_fc_as_conv.vjp
def local_fc_as_conv_vjp(cotangent: Array, x: Array, weight: Array, bias: Array | None = None) -> dict[str, Array]:
    """A dense layer's, summed over the blocks; what is left of the image beside them has no gradient."""
    seen = _blocks(x, weight)
    (_, _, i, p, j, q), gradient = seen.shape, np.zeros_like(x)
    shares = np.einsum("noij,ocpq->ncipjq", cotangent, weight, optimize=True)
    gradient[:, :, : i * p, : j * q] = shares.reshape(*x.shape[:2], i * p, j * q)
    gradients = {"x": gradient, "weight": np.einsum("noij,ncipjq->ocpq", cotangent, seen, optimize=True)}
    if bias is not None:
        gradients["bias"] = cotangent.sum(axis=(0, 2, 3))
    return gradients


def _blocks(x: Array, weight: Array) -> Array:
    """The image cut into blocks of the kernel's size: from ``n c h w`` to ``n c i p j q``."""
    size = weight.shape[2:]
    (i, j), (p, q) = slide("local_fc_as_conv", x.shape[2:], size, stride=size).output, size
    return x[:, :, : i * p, : j * q].reshape(*x.shape[:2], i, p, j, q)


local_fc_as_conv.witness("a flattened block and a dense layer, one product after the other")(
    windows_by_loops.local_dense
)
local_fc_as_conv.values(
    "worked by hand: blocks 1 2 5 6 and 3 4 7 8 with the row 1, 10, 100, 1000, plus 0.5",
    x=[[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]],
    weight=[[[[1.0, 10.0], [100.0, 1000.0]]]],
    bias=[0.5],
    expected=[[[[6521.5, 8743.5]]]],
)
