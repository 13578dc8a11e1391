"""Layers that see an image through windows and are more than a convolution.

``mlpconv`` slides a small network over it, and a locally connected layer has a filter of its own at every place.
"""

from __future__ import annotations

import numpy as np

from equivalence.errors import ShapeError
from equivalence.inputs import Array
from equivalence.operation import Operation, operation
from equivalence_reference._arguments import Pair, known, measured
from equivalence_reference._correlation import correlate, match, paint
from equivalence_reference._overflow import overflowing
from equivalence_reference._windows import Padding, Windows, slide
from equivalence_reference.cases import local as cases
from equivalence_reference.linear import ACTIVATIONS, nin, nin_vjp
from equivalence_reference.witnesses import local as by_loops


@operation(
    inputs={
        "x": "n c h w",
        "kernel": "m c p q",
        "hidden": "k m",
        "weight": "o k",
        "kernel_bias": "m",
        "hidden_bias": "k",
        "bias": "o",
    },
    output="n o i j",
    parameters={
        "stride": ((1, 1), (2, 2), (1, 2)),
        "padding": ("valid", "same_upper", ((2, 2), (2, 2))),
        "activation": ("relu", "tanh"),
    },
    cases=cases.MLPCONV,
    rounding=overflowing,
)
def mlpconv(
    x: Array,
    kernel: Array,
    hidden: Array,
    weight: Array,
    kernel_bias: Array | None = None,
    hidden_bias: Array | None = None,
    bias: Array | None = None,
    *,
    stride: int | Pair = (1, 1),
    padding: Padding = "valid",
    activation: str = "relu",
) -> Array:
    r"""Slide a small network over an image: a convolution, then two dense layers at every pixel.

    .. math::
        a_{nmij} = f\Big(b^1_m + \sum_{cpq} w^1_{mcpq}\, x_{n,\,c,\;i s_h + p - t,\;j s_w + q - l}\Big), \qquad
        e_{nkij} = f\Big(b^2_k + \sum_m w^2_{km}\, a_{nmij}\Big), \qquad
        y_{noij} = f\Big(b^3_o + \sum_k w^3_{ok}\, e_{nkij}\Big)

    The filter is not flipped. The activation follows each of the three, the last too.

    Args:
        x: :math:`x`, images, ``n c h w``.
        kernel: :math:`w^1`, filters, ``m c p q``.
        hidden: :math:`w^2`, the first :func:`nin` layer, ``k m``.
        weight: :math:`w^3`, the second, ``o k``.
        kernel_bias: :math:`b^1`, ``m``; zero if left out, as are the others.
        hidden_bias: :math:`b^2`, ``k``.
        bias: :math:`b^3`, ``o``.
        stride: :math:`s_h, s_w`, of the convolution.
        padding: :math:`t` rows above and :math:`l` columns to the left, of the convolution, as in ``conv2d``.
        activation: :math:`f`: ``relu``, ``tanh`` or ``linear``.

    Returns:
        ``n o i j``, as many pixels as the convolution gives.

    Raises:
        ShapeError: if two arguments do not have the same size for a letter, or no filter fits on the image.
        ParameterError: for a stride, a padding or an activation that is none.

    Source: Lin, Chen and Yan, Network in network (2013), section 3.1, equation 2.
    """
    measured(
        mlpconv,
        x=x,
        kernel=kernel,
        hidden=hidden,
        weight=weight,
        kernel_bias=kernel_bias,
        hidden_bias=hidden_bias,
        bias=bias,
    )
    known("activation of mlpconv", activation, ACTIVATIONS)
    windows = slide("mlpconv", x.shape[2:], kernel.shape[2:], stride=stride, padding=padding)
    _, second = _mlpconv_layers(windows, x, kernel, hidden, kernel_bias, hidden_bias, activation)
    return np.asarray(nin.reference(second, weight, bias, activation=activation))


@mlpconv.vjp
def mlpconv_vjp(
    cotangent: Array,
    x: Array,
    kernel: Array,
    hidden: Array,
    weight: Array,
    kernel_bias: Array | None = None,
    hidden_bias: Array | None = None,
    bias: Array | None = None,
    *,
    stride: int | Pair = (1, 1),
    padding: Padding = "valid",
    activation: str = "relu",
) -> dict[str, Array]:
    """Go back through the three layers; what reaches the input of one is the cotangent of the one before."""
    windows = slide("mlpconv", x.shape[2:], kernel.shape[2:], stride=stride, padding=padding)
    first, second = _mlpconv_layers(windows, x, kernel, hidden, kernel_bias, hidden_bias, activation)
    third = nin_vjp(cotangent, second, weight, bias, activation=activation)
    middle = nin_vjp(third["x"], first, hidden, hidden_bias, activation=activation)
    before = middle["x"] * ACTIVATIONS[activation][1](first)
    found = {
        "x": paint(windows, before, kernel, 1),
        "kernel": match(windows, x, before, 1),
        "hidden": middle["weight"],
        "weight": third["weight"],
        "kernel_bias": before.sum(axis=(0, 2, 3)),
        "hidden_bias": middle.get("bias"),
        "bias": third.get("bias"),
    }
    given = {"kernel_bias": kernel_bias, "hidden_bias": hidden_bias, "bias": bias}
    return {name: value for name, value in found.items() if value is not None and given.get(name, x) is not None}


def _mlpconv_layers(
    windows: Windows,
    x: Array,
    kernel: Array,
    hidden: Array,
    kernel_bias: Array | None,
    hidden_bias: Array | None,
    activation: str,
) -> tuple[Array, Array]:
    """The values after the first layer and after the second."""
    convolved = correlate(windows, x, kernel, 1)
    if kernel_bias is not None:
        convolved = convolved + kernel_bias.reshape(-1, 1, 1)
    first = ACTIVATIONS[activation][0](convolved)
    return first, np.asarray(nin.reference(first, hidden, hidden_bias, activation=activation))


mlpconv.witness("a network on every patch")(by_loops.mlpconv)
mlpconv.values(
    "worked by hand: the convolution gives 1 - 4 + 5 = 2 and 2 - 6 + 5 = 1; then 3*2 - 4 and 3*1 - 4, the second of "
    "which relu cuts off; then 1 - 2*2, cut off too, and 1 - 2*0",
    x=[[[[1.0, 2.0, 0.0], [3.0, 4.0, 6.0]]]],
    kernel=[[[[1.0, 0.0], [0.0, -1.0]]]],
    hidden=[[3.0]],
    weight=[[-2.0]],
    kernel_bias=[5.0],
    hidden_bias=[-4.0],
    bias=[1.0],
    expected=[[[[0.0, 1.0]]]],
)


@operation(
    inputs={"x": "n c w", "weight": "o c q j", "bias": "o j"},
    output="n o j",
    parameters={"stride": (1, 2, 3)},
    cases=cases.LOCALLY_CONNECTED1D,
)
def locally_connected1d(x: Array, weight: Array, bias: Array | None = None, *, stride: int = 1) -> Array:
    r"""Slide a window along sequences, with a filter of its own for every place.

    .. math:: y_{noj} = b_{oj} + \sum_{cq} w_{ocqj}\, x_{n,\,c,\;j s + q}

    With the same filter at every place :math:`j` it is a convolution without padding.

    Args:
        x: :math:`x`, sequences, ``n c w``.
        weight: :math:`w`, a filter for each place, ``o c q j``. Keras keeps it as ``j (q c) o``.
        bias: :math:`b`, a number for each filter and place, ``o j``; zero if left out.
        stride: :math:`s`, from one window to the next.

    Returns:
        ``n o j`` with :math:`j = \lfloor (w - q) / s \rfloor + 1`.

    Raises:
        ShapeError: if ``c``, ``o`` or ``j`` is not the same everywhere, or other than ``j`` windows fit.
        ParameterError: for a stride that is none.

    Source: the documentation of ``tf.keras.layers.LocallyConnected1D`` (TensorFlow 2.13).
    """
    measured(locally_connected1d, x=x, weight=weight, bias=bias)
    windows = _places(locally_connected1d, x, weight, stride)
    weighted = np.einsum("ncjq,ocqj->noj", windows.gather(x), weight, optimize=True)
    return np.asarray(weighted if bias is None else weighted + bias)


@locally_connected1d.vjp
def locally_connected1d_vjp(
    cotangent: Array, x: Array, weight: Array, bias: Array | None = None, *, stride: int = 1
) -> dict[str, Array]:
    """As for a dense layer at each place; a pixel that several windows see gets the sum of their gradients."""
    windows = _places(locally_connected1d, x, weight, stride)
    gradients = {
        "x": windows.scatter(np.einsum("noj,ocqj->ncjq", cotangent, weight, optimize=True)),
        "weight": np.einsum("noj,ncjq->ocqj", cotangent, windows.gather(x), optimize=True),
    }
    return gradients if bias is None else {**gradients, "bias": cotangent.sum(axis=0)}


locally_connected1d.witness("place by place")(by_loops.locally_connected)
locally_connected1d.values(
    "worked by hand: 1*1 + 10*2 and 100*2 - 1*3 + 0.5",
    x=[[[1.0, 2.0, 3.0]]],
    weight=[[[[1.0, 100.0], [10.0, -1.0]]]],
    bias=[[0.0, 0.5]],
    expected=[[[21.0, 197.5]]],
)


@operation(
    inputs={"x": "n c h w", "weight": "o c p q i j", "bias": "o i j"},
    output="n o i j",
    parameters={"stride": ((1, 1), (1, 2), (2, 2))},
    cases=cases.LOCALLY_CONNECTED2D,
)
def locally_connected2d(x: Array, weight: Array, bias: Array | None = None, *, stride: int | Pair = (1, 1)) -> Array:
    r"""Slide a window over images, with a filter of its own for every place.

    .. math:: y_{noij} = b_{oij} + \sum_{cpq} w_{ocpqij}\, x_{n,\,c,\;i s_h + p,\;j s_w + q}

    With the same filter at every place :math:`(i, j)` it is a convolution without padding.

    Args:
        x: :math:`x`, images, ``n c h w``.
        weight: :math:`w`, a filter for each place, ``o c p q i j``. Keras keeps it as ``(i j) (p q c) o``; Lasagne
            flips ``p`` and ``q``.
        bias: :math:`b`, a number for each filter and place, ``o i j``; zero if left out.
        stride: :math:`s_h, s_w`, from one window to the next.

    Returns:
        ``n o i j`` with :math:`i = \lfloor (h - p) / s_h \rfloor + 1`; so are the columns.

    Raises:
        ShapeError: if a letter does not have the same size everywhere, or other than ``i j`` windows fit.
        ParameterError: for a stride that is none.

    Source: the documentation of ``tf.keras.layers.LocallyConnected2D`` (TensorFlow 2.13), and Lasagne's
    ``LocallyConnected2DLayer``.
    """
    measured(locally_connected2d, x=x, weight=weight, bias=bias)
    windows = _places(locally_connected2d, x, weight, stride)
    weighted = np.einsum("ncijpq,ocpqij->noij", windows.gather(x), weight, optimize=True)
    return np.asarray(weighted if bias is None else weighted + bias)


@locally_connected2d.vjp
def locally_connected2d_vjp(
    cotangent: Array, x: Array, weight: Array, bias: Array | None = None, *, stride: int | Pair = (1, 1)
) -> dict[str, Array]:
    """As in :func:`locally_connected1d_vjp`, with two axes of places."""
    windows = _places(locally_connected2d, x, weight, stride)
    gradients = {
        "x": windows.scatter(np.einsum("noij,ocpqij->ncijpq", cotangent, weight, optimize=True)),
        "weight": np.einsum("noij,ncijpq->ocpqij", cotangent, windows.gather(x), optimize=True),
    }
    return gradients if bias is None else {**gradients, "bias": cotangent.sum(axis=0)}


def _places(operation: Operation, x: Array, weight: Array, stride: int | Pair) -> Windows:
    """The windows over ``x``, of which the weights must have a filter for each."""
    windows = slide(operation.name, x.shape[2:], weight.shape[2 : x.ndim], stride=stride)
    if windows.output != weight.shape[x.ndim :]:
        raise ShapeError(
            f"weight of {operation.name}",
            expected=f"a filter for each of {windows.output} places on {operation.inputs['weight'].axes!r}",
            got=f"shape {weight.shape}",
            fix="The filters are not shared: there are as many as windows fit on x.",
        )
    return windows


locally_connected2d.witness("place by place")(by_loops.locally_connected)
locally_connected2d.values(
    "worked by hand: the first filter is (1, 10; 100, 1000), the second is -1 at the upper right",
    x=[[[[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]]],
    weight=[[[[[[1.0, 0.0]], [[10.0, -1.0]]], [[[100.0, 0.0]], [[1000.0, 0.0]]]]]],
    bias=[[[0.0, 0.5]]],
    expected=[[[[4321.0, -4.5]]]],
)
