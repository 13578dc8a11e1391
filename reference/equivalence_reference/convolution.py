"""Convolution: filters that slide over images, and the transposed operation, which paints filters onto an image.

A convolution weights and sums what each window sees, :func:`~equivalence_reference._correlation.correlate`. The
transposed operation goes the other way, :func:`~equivalence_reference._correlation.paint`, and either is the gradient
of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from equivalence.inputs import Array
from equivalence.operation import Case, case, operation
from equivalence_reference._arguments import Pair, divisible, measured
from equivalence_reference._correlation import correlate, match, oriented, paint
from equivalence_reference._windows import Padding, slide, slide_onto
from equivalence_reference.witnesses import windows as windows_by_loops


def _case(
    name: str,
    image: Pair,
    kernel: Pair,
    *,
    channels: Pair = (3, 4),
    examples: int = 2,
    without: Sequence[str] = (),
    **parameters: Any,
) -> Case:
    """A case by the size of its images and filters; ``channels`` are those read and those written."""
    (h, w), (p, q), (c, o) = image, kernel, channels
    return case(name, {"n": examples, "c": c, "h": h, "w": w, "o": o, "p": p, "q": q}, without=without, **parameters)


UPPER: dict[str, Any] = {"padding": "same_upper"}
LOWER: dict[str, Any] = {"padding": "same_lower"}
FULL: dict[str, Any] = {"padding": "full"}
TWICE: dict[str, Any] = {"stride": (2, 2)}
THRICE: dict[str, Any] = {"stride": (3, 3)}

# Even kernels and odd sums of padding are where the sides differ; remainders are where the last pixels do.
CONV2D_CASES = [
    _case("valid-distinct_sizes", (9, 11), (3, 2), channels=(4, 6), examples=5),
    _case("same_upper-equal_sizes", (3, 3), (3, 3), channels=(3, 3), examples=3, **UPPER),
    _case("valid-without_bias", (6, 5), (2, 3), without=["bias"]),
    _case("valid-1x1_kernel-one_example", (5, 4), (1, 1), channels=(3, 2), examples=1),
    _case("valid-stride2", (9, 7), (3, 3), **TWICE),
    _case("valid-stride3-remainder", (10, 11), (3, 3), **THRICE),
    _case("valid-unequal_strides", (7, 8), (3, 2), stride=(2, 1)),
    _case("same_upper-even_kernel", (6, 5), (4, 2), **UPPER),
    _case("same_upper-stride2-even_kernel", (7, 9), (4, 2), **UPPER, **TWICE),
    _case("same_upper-stride2-odd_kernel-even_size", (8, 6), (3, 5), **UPPER, **TWICE),
    _case("same_upper-stride2-odd_kernel-odd_size", (7, 9), (3, 5), **UPPER, **TWICE),
    _case("same_upper-stride3-small_kernel", (7, 8), (2, 1), **UPPER, **THRICE),
    _case("same_lower-even_kernel", (6, 5), (4, 2), **LOWER),
    _case("same_lower-stride2-odd_kernel-even_size", (8, 6), (3, 5), **LOWER, **TWICE),
    _case("full", (5, 4), (3, 2), **FULL),
    _case("full-stride2", (5, 6), (2, 3), **FULL, **TWICE),
    _case("explicit", (5, 6), (3, 3), padding=((1, 1), (2, 2))),
    _case("explicit-asymmetric", (5, 6), (3, 3), padding=((0, 1), (2, 1))),
    _case("valid-dilation2", (8, 7), (3, 2), dilation=(2, 2)),
    _case("same_upper-dilation2", (7, 6), (3, 4), dilation=(2, 2), **UPPER),
    _case(
        "explicit-asymmetric-stride2-unequal_dilations",
        (8, 9),
        (3, 2),
        padding=((2, 1), (0, 1)),
        dilation=(2, 3),
        **TWICE,
    ),
    _case("valid-groups2", (5, 6), (3, 2), channels=(4, 6), groups=2),
    _case("valid-depthwise", (6, 5), (2, 3), channels=(3, 3), groups=3),
    _case("same_upper-stride2-depthwise-multiplier2", (6, 8), (3, 3), channels=(3, 6), groups=3, **UPPER, **TWICE),
    _case("valid-flip", (6, 5), (3, 2), flip_kernel=True),
    _case(
        "same_upper-stride2-even_kernel-groups2-flip",
        (7, 9),
        (4, 2),
        channels=(4, 2),
        groups=2,
        flip_kernel=True,
        **UPPER,
        **TWICE,
    ),
]


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
    cases=CONV2D_CASES,
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
    measured(conv2d, groups=groups, x=x, weight=weight, bias=bias)
    divisible("conv2d", groups, "o", weight.shape[0])
    windows = slide("conv2d", x.shape[2:], weight.shape[2:], stride=stride, padding=padding, dilation=dilation)
    y = correlate(windows, x, oriented(weight, flip_kernel), groups)
    return y if bias is None else y + bias[:, None, None]


@conv2d.vjp
def conv2d_vjp(
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
    windows = slide("conv2d", x.shape[2:], weight.shape[2:], **geometry)
    gradients = {
        "x": paint(windows, cotangent, oriented(weight, flip_kernel), groups),
        "weight": oriented(match(windows, x, cotangent, groups), flip_kernel),
    }
    if bias is not None:
        gradients["bias"] = cotangent.sum(axis=(0, 2, 3))
    return gradients


conv2d.witness("the definition, one product after the other")(windows_by_loops.conv2d)
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


CONV_TRANSPOSE2D_CASES = [
    _case("valid-distinct_sizes", (7, 10), (3, 2), channels=(4, 6), examples=5),
    _case("valid-equal_sizes", (3, 3), (3, 3), channels=(3, 3), examples=3),
    _case("same_upper-equal_sizes", (3, 3), (3, 3), channels=(3, 3), examples=3, **UPPER),
    _case("valid-without_bias", (4, 5), (2, 3), without=["bias"]),
    _case("valid-stride2", (4, 3), (3, 4), **TWICE),
    _case("valid-stride3-gaps", (3, 4), (2, 1), **THRICE),
    _case("valid-unequal_strides", (4, 5), (3, 2), stride=(2, 1)),
    _case("valid-stride3-output_padding", (3, 4), (4, 3), output_padding=(2, 1), **THRICE),
    _case("valid-stride2-output_shape", (4, 4), (3, 3), channels=(3, 2), output_shape=(10, 9), **TWICE),
    _case("same_upper-even_kernel", (5, 6), (4, 2), **UPPER),
    _case("same_upper-stride2-odd_kernel", (4, 3), (3, 5), **UPPER, **TWICE),
    _case("same_upper-stride2-even_kernel", (3, 4), (4, 2), **UPPER, **TWICE),
    _case(
        "same_upper-stride2-odd_output_shape", (4, 3), (3, 4), channels=(3, 2), output_shape=(7, 5), **UPPER, **TWICE
    ),
    _case("same_upper-stride3-small_kernel", (3, 2), (2, 1), **UPPER, **THRICE),
    _case("same_lower-stride2-odd_kernel", (4, 3), (3, 5), **LOWER, **TWICE),
    _case("full-stride2", (5, 4), (3, 2), **FULL, **TWICE),
    _case("explicit-stride2-output_padding", (4, 3), (3, 3), padding=((1, 1), (1, 1)), output_padding=(1, 1), **TWICE),
    _case("explicit-asymmetric", (5, 4), (3, 4), padding=((0, 1), (2, 1))),
    _case("same_upper-dilation2", (5, 6), (3, 2), dilation=(2, 2), **UPPER),
    _case(
        "explicit-asymmetric-stride2-unequal_dilations-output_padding",
        (4, 5),
        (3, 2),
        padding=((2, 1), (0, 1)),
        dilation=(2, 3),
        output_padding=(1, 0),
        **TWICE,
    ),
    _case("valid-stride2-groups2", (3, 4), (3, 2), channels=(4, 6), groups=2, **TWICE),
    _case("same_upper-stride2-depthwise-multiplier2", (4, 3), (3, 3), channels=(3, 6), groups=3, **UPPER, **TWICE),
    _case("valid-flip", (4, 5), (3, 2), flip_kernel=True),
]


@operation(
    inputs={"x": "n c h w", "weight": "c o/groups p q", "bias": "o"},
    output="n o i j",
    parameters={
        "stride": ((1, 1), (2, 2), (3, 3), (2, 1)),
        "padding": ("valid", "same_upper", "same_lower", "full", ((1, 1), (1, 1)), ((0, 1), (2, 1)), ((2, 1), (0, 1))),
        "dilation": ((1, 1), (2, 2), (2, 3)),
        "groups": (1, 2, 3),
        "output_padding": ((0, 0), (1, 1), (2, 1), (1, 0)),
        "output_shape": (None, (10, 9), (7, 5)),
        "flip_kernel": (False, True),
    },
    cases=CONV_TRANSPOSE2D_CASES,
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
    r"""Paint filters onto an image: the vector-Jacobian product of :func:`conv2d` with respect to its image.

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
            :func:`conv2d`; ``same`` is computed from the size of the result.
        dilation: :math:`d_h, d_w`, pixels from one painted tap to the next.
        groups: the number of groups, as in :func:`conv2d`.
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
    measured(conv_transpose2d, groups=groups, x=x, weight=weight, bias=bias)
    divisible("conv_transpose2d", groups, "c", x.shape[1])
    windows = slide_onto(
        "conv_transpose2d",
        x.shape[2:],
        weight.shape[2:],
        stride=stride,
        padding=padding,
        dilation=dilation,
        output_padding=output_padding,
        output_shape=output_shape,
    )
    y = paint(windows, x, oriented(weight, flip_kernel), groups)
    return y if bias is None else y + bias[:, None, None]


@conv_transpose2d.vjp
def conv_transpose2d_vjp(
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
    windows = slide_onto("conv_transpose2d", x.shape[2:], weight.shape[2:], **geometry)
    gradients = {
        "x": correlate(windows, cotangent, oriented(weight, flip_kernel), groups),
        "weight": oriented(match(windows, cotangent, x, groups), flip_kernel),
    }
    if bias is not None:
        gradients["bias"] = cotangent.sum(axis=(0, 2, 3))
    return gradients


conv_transpose2d.witness("the definition, one painted tap after the other")(windows_by_loops.conv_transpose2d)
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
