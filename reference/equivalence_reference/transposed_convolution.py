"""Transposed convolution: filters that are painted onto an image.

:func:`~equivalence_reference._correlation.paint` is the adjoint of a convolution in its image, so each of the two is
the gradient of the other. As in :mod:`equivalence_reference.convolution`, the operations differ in the number of their
spatial axes alone.
"""

from __future__ import annotations

from typing import Any

from equivalence.inputs import Array
from equivalence.operation import Operation, operation
from equivalence_reference._arguments import Pair, Triple, divisible, measured
from equivalence_reference._correlation import correlate, match, oriented, paint, with_bias
from equivalence_reference._windows import Padding, slide_onto
from equivalence_reference.cases import convolution as cases
from equivalence_reference.witnesses import windows as windows_by_loops


def _transpose(
    declared: Operation,
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    groups: int,
    flip_kernel: bool,
    **geometry: Any,
) -> Array:
    """A transposed convolution with as many spatial axes as were declared."""
    measured(declared, groups=groups, x=x, weight=weight, bias=bias)
    divisible(declared.name, groups, "c", x.shape[1])
    windows = slide_onto(declared.name, x.shape[2:], weight.shape[2:], **geometry)
    return with_bias(paint(windows, x, oriented(weight, flip_kernel), groups), bias)


def transposed_convolution_vjp(
    cotangent: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    groups: int = 1,
    flip_kernel: bool = False,
    **geometry: Any,
) -> dict[str, Array]:
    """The way back of the way back is the convolution itself: its image is the cotangent, its cotangent is ``x``."""
    windows = slide_onto(f"conv_transpose{x.ndim - 2}d", x.shape[2:], weight.shape[2:], **geometry)
    gradients = {
        "x": correlate(windows, cotangent, oriented(weight, flip_kernel), groups),
        "weight": oriented(match(windows, cotangent, x, groups), flip_kernel),
    }
    if bias is not None:
        gradients["bias"] = cotangent.sum(axis=(0, *range(2, x.ndim)))
    return gradients


@operation(
    inputs={"x": "n c w", "weight": "c o/groups q", "bias": "o"},
    output="n o j",
    parameters={
        "stride": ((1,), (2,), (3,)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((2, 1),)),
        "dilation": ((1,), (2,)),
        "groups": (1, 2),
        "output_padding": ((0,), (1,)),
        "output_shape": (None, (7,)),
        "flip_kernel": (False, True),
    },
    cases=cases.CONV_TRANSPOSE1D,
)
def conv_transpose1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | tuple[int] = (1,),
    padding: Padding = "valid",
    dilation: int | tuple[int] = (1,),
    groups: int = 1,
    output_padding: int | tuple[int] = (0,),
    output_shape: tuple[int] | None = None,
    flip_kernel: bool = False,
) -> Array:
    r"""Paint filters onto a sequence: the vector-Jacobian product of a one-dimensional convolution in its input.

    .. math::
        y_{n,\,o,\;j s + q d - l} \mathrel{+}= w_{coq}\, x_{ncj}
        \quad\text{for all } c, q, j, \qquad\text{then}\quad y_{no\ldots} \mathrel{+}= b_o

    :func:`conv_transpose2d` along one axis.

    Args:
        x: :math:`x`, what the convolution would return, ``n c w``.
        weight: :math:`w`, the convolution's filters, ``c o/groups q``.
        bias: :math:`b`, ``o``; zero if left out.
        stride: :math:`s`, steps between the places where two neighbours of ``x`` are painted.
        padding: of the convolution: :math:`l` steps fewer at the beginning of the result; explicit it is
            ``((before, after),)``.
        dilation: :math:`d`, steps from one painted tap to the next.
        groups: the number of groups.
        output_padding: steps more at the end.
        output_shape: the size ``(j,)`` of the result, instead of ``output_padding``.
        flip_kernel: the convolution is one with flipped filters.

    Returns:
        ``n o j``; the size follows as in :func:`conv_transpose2d`.

    Raises:
        ShapeError: if the convolution does not take a sequence of that size to ``w``, or channels do not fit.
        ParameterError: if a parameter has a value it cannot have, or the size is given twice.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), relationship 14;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html.
    """
    return _transpose(
        conv_transpose1d,
        x,
        weight,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        output_padding=output_padding,
        output_shape=output_shape,
        flip_kernel=flip_kernel,
    )


@operation(
    inputs={"x": "n c h w", "weight": "c o/groups p q", "bias": "o"},
    output="n o i j",
    parameters={
        "stride": ((1, 1), (2, 2), (3, 3), (2, 1)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((1, 1), (1, 1)), ((0, 1), (2, 1))),
        "dilation": ((1, 1), (2, 2), (2, 3)),
        "groups": (1, 2, 3),
        "output_padding": ((0, 0), (1, 1), (2, 1)),
        "output_shape": (None, (10, 9), (7, 5)),
        "flip_kernel": (False, True),
    },
    cases=cases.CONV_TRANSPOSE2D,
)
def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | Pair = (1, 1),
    padding: Padding = "valid",
    dilation: int | Pair = (1, 1),
    groups: int = 1,
    output_padding: int | Pair = (0, 0),
    output_shape: Pair | None = None,
    flip_kernel: bool = False,
) -> Array:
    r"""Paint filters onto an image: the vector-Jacobian product of ``conv2d`` with respect to its image.

    .. math::
        y_{n,\,o,\;i s_h + p d_h - t,\;j s_w + q d_w - l} \mathrel{+}= w_{copq}\, x_{ncij}
        \quad\text{for all } c, p, q, i, j, \qquad\text{then}\quad y_{no\ldots} \mathrel{+}= b_o

    It goes from the size of a convolution's output to the size of its image, and is not its inverse. Every symbol is
    the one of the convolution :math:`C` from images ``n o i j`` to ``n c h w`` with these filters; without the bias
    :math:`y = C^\top x`.

    Args:
        x: :math:`x`, what the convolution would return, ``n c h w``.
        weight: :math:`w`, the convolution's filters, ``c o/groups p q``: its output channels are ``c``.
        bias: :math:`b`, ``o``; zero if left out.
        stride: :math:`s_h, s_w`, pixels between the places where two neighbours of ``x`` are painted.
        padding: of the convolution: :math:`t` rows and :math:`l` columns fewer at the beginning of the result. See
            :func:`~equivalence_reference.convolution.conv2d`; ``same`` is computed from the size of the result.
        dilation: :math:`d_h, d_w`, pixels from one painted tap to the next.
        groups: the number of groups, as in :func:`~equivalence_reference.convolution.conv2d`.
        output_padding: rows and columns more at the end, where a stride leaves open how large the image was.
        output_shape: the size ``(i, j)`` of the result, instead of ``output_padding``.
        flip_kernel: the convolution is one with flipped filters.

    Returns:
        ``n o i j``: ``output_shape`` if given; else with ``same`` :math:`i = h s_h`; else
        :math:`i = (h - 1) s_h + d_h (p - 1) + 1 - \text{padding} + \text{output\_padding}`; so are the columns.

    Raises:
        ShapeError: if the convolution does not take an image of that size to ``h`` x ``w``, or channels do not fit.
        ParameterError: if a parameter has a value it cannot have, or the size is given twice.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), section 4.2 and
    relationship 14; https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html.
    """
    return _transpose(
        conv_transpose2d,
        x,
        weight,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        output_padding=output_padding,
        output_shape=output_shape,
        flip_kernel=flip_kernel,
    )


@operation(
    inputs={"x": "n c d h w", "weight": "c o/groups r p q", "bias": "o"},
    output="n o k i j",
    parameters={
        "stride": ((1, 1, 1), (2, 2, 2), (1, 2, 3)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((0, 1), (2, 1), (1, 1))),
        "dilation": ((1, 1, 1), (1, 3, 2)),
        "groups": (1, 2),
        "output_padding": ((0, 0, 0), (1, 0, 0)),
        "output_shape": (None, (3, 5, 3)),
        "flip_kernel": (False, True),
    },
    cases=cases.CONV_TRANSPOSE3D,
)
def conv_transpose3d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | Triple = (1, 1, 1),
    padding: Padding = "valid",
    dilation: int | Triple = (1, 1, 1),
    groups: int = 1,
    output_padding: int | Triple = (0, 0, 0),
    output_shape: Triple | None = None,
    flip_kernel: bool = False,
) -> Array:
    r"""Paint filters onto a volume: the vector-Jacobian product of a three-dimensional convolution in its input.

    .. math::
        y_{n,\,o,\;k s_d + r d_d - f,\;i s_h + p d_h - t,\;j s_w + q d_w - l} \mathrel{+}= w_{corpq}\, x_{nckij}
        \quad\text{for all } c, r, p, q, k, i, j, \qquad\text{then}\quad y_{no\ldots} \mathrel{+}= b_o

    :func:`conv_transpose2d` along three axes.

    Args:
        x: :math:`x`, what the convolution would return, ``n c d h w``, the depth first.
        weight: :math:`w`, the convolution's filters, ``c o/groups r p q``.
        bias: :math:`b`, ``o``; zero if left out.
        stride: :math:`s_d, s_h, s_w`, pixels between the places where two neighbours of ``x`` are painted.
        padding: of the convolution: :math:`f` slices, :math:`t` rows and :math:`l` columns fewer at the beginning of
            the result; explicit it is ``((front, back), (top, bottom), (left, right))``.
        dilation: :math:`d_d, d_h, d_w`, pixels from one painted tap to the next.
        groups: the number of groups.
        output_padding: slices, rows and columns more at the end.
        output_shape: the size ``(k, i, j)`` of the result, instead of ``output_padding``.
        flip_kernel: the convolution is one with flipped filters.

    Returns:
        ``n o k i j``; each size follows as in :func:`conv_transpose2d`.

    Raises:
        ShapeError: if the convolution does not take a volume of that size to ``d`` x ``h`` x ``w``, or channels do not
            fit.
        ParameterError: if a parameter has a value it cannot have, or the size is given twice.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), relationship 14;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html.
    """
    return _transpose(
        conv_transpose3d,
        x,
        weight,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        output_padding=output_padding,
        output_shape=output_shape,
        flip_kernel=flip_kernel,
    )


for _declared in (conv_transpose1d, conv_transpose2d, conv_transpose3d):
    _declared.vjp(transposed_convolution_vjp)
    _declared.witness("the definition, one painted tap after the other")(windows_by_loops.transposed_convolution)
conv_transpose1d.values(
    "worked by hand: 1 and 2 paint [1, 10, 100] two steps apart, one step is cut off before, and one is added behind",
    x=[[[1.0, 2.0]]],
    weight=[[[1.0, 10.0, 100.0]]],
    bias=[0.5],
    stride=(2,),
    padding=((1, 0),),
    output_padding=(1,),
    expected=[[[10.5, 102.5, 20.5, 200.5, 0.5]]],
)
conv_transpose2d.values(
    "worked by hand: 1 and 2 paint [1, 10, 100] two columns apart, so they add up in the middle: 100 + 2",
    x=[[[[1.0, 2.0]]]],
    weight=[[[[1.0, 10.0, 100.0]]]],
    bias=[0.5],
    stride=(1, 2),
    expected=[[[[1.5, 10.5, 102.5, 20.5, 200.5]]]],
)
conv_transpose2d.values(
    "worked by hand: SAME, result 4, kernel 3, stride 2 loses 0 columns before and 1 after",
    x=[[[[1.0, 2.0]]]],
    weight=[[[[1.0, 10.0, 100.0]]]],
    stride=(1, 2),
    padding="same_upper",
    expected=[[[[1.0, 10.0, 102.0, 20.0]]]],
)
conv_transpose2d.values(
    "worked by hand: PyTorch's padding=1, output_padding=1 loses 1 before, and 1 - 1 = 0 after",
    x=[[[[1.0, 2.0]]]],
    weight=[[[[1.0, 10.0, 100.0]]]],
    stride=(1, 2),
    padding=((0, 0), (1, 1)),
    output_padding=(0, 1),
    expected=[[[[10.0, 102.0, 20.0, 200.0]]]],
)
conv_transpose3d.values(
    "worked by hand: two slices paint [1, 10] one slice apart: 1 2, then 10 + 3 and 20 + 4, then 30 40",
    x=[[[[[1.0, 2.0]], [[3.0, 4.0]]]]],
    weight=[[[[[1.0]], [[10.0]]]]],
    expected=[[[[[1.0, 2.0]], [[13.0, 24.0]], [[30.0, 40.0]]]]],
)
