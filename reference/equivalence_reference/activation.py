"""Activations: functions that are applied to each element by itself."""

from __future__ import annotations

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import case, operation
from equivalence.rounding import selection


@operation(
    inputs={"x": "..."},
    output="...",
    cases=[
        case("matrix-distinct_sizes", {"...": (3, 5)}),
        case("three_axes-equal_sizes", {"...": (3, 3, 3)}),
        case("no_axes", {"...": ()}),
        case("five_axes", {"...": (2, 1, 3, 2, 4)}),
        case("large", {"...": (4, 6)}, data="large"),
        case("tiny", {"...": (4, 6)}, data="tiny"),
        case("zeros", {"...": (4, 6)}, data="zeros", kink=True),
    ],
    rounding=selection,
)
def relu(x: Array) -> Array:
    r"""Keep what is positive and put zero in place of the rest.

    .. math:: y = \max(x, 0)

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``. NaN stays NaN.

    The gradient at exactly ``x = 0``, where there is none, is 0; a subgradient could be anything from 0 to 1.

    Source: Glorot, Bordes and Bengio, Deep sparse rectifier neural networks (2011), section 3.1. That the choice at 0
    matters: Bertoin, Bolte, Gerchinovitz and Pauwels, Numerical influence of ReLU'(0) on backpropagation (2021).
    """
    return np.asarray(np.maximum(x, np.zeros((), x.dtype)))


@relu.vjp
def relu_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """Let the cotangent through where ``x`` was positive."""
    return {"x": np.asarray(cotangent * (x > 0))}


@relu.witness("an if for each element")
def relu_by_elements(x: Array) -> Array:
    """Compare the elements with zero one by one."""
    result = np.array(x)
    for index in np.ndindex(x.shape):
        if x[index] < 0:
            result[index] = 0
    return result


relu.values("worked by hand from max(x, 0)", x=[-2.0, -0.5, 0.0, 0.5, 2.0], expected=[0.0, 0.0, 0.0, 0.5, 2.0])


@operation(
    inputs={"x": "..."},
    output="...",
    parameters={"axis": (-1, 0, 1)},
    cases=[
        case("matrix-distinct_sizes", {"...": (3, 5)}),
        case("channels_first-distinct_sizes", {"...": (2, 5, 3, 4)}, axis=1),
        case("three_axes-equal_sizes", {"...": (3, 3, 3)}, axis=1),
        case("three_axes-last_axis", {"...": (4, 2, 3)}),
        case("matrix-first_axis", {"...": (4, 3)}, axis=0),
        case("vector-axis0", {"...": (6,)}, axis=0),
        case("one_class", {"...": (4, 1)}),
        case("ties", {"...": (4, 5)}, data="ties"),
        case("beyond_the_range_of_exp", {"...": (3, 4)}, data="large"),
    ],
)
def softmax(x: Array, *, axis: int = -1) -> Array:
    r"""Turn logits into positive numbers that sum to 1 along an axis.

    .. math:: y_k = \frac{e^{x_k - m}}{\sum_l e^{x_l - m}}, \qquad m = \max_l x_l

    The shift by :math:`m` cancels in exact arithmetic; without it :math:`e^x` overflows from about 709 on (88 in
    float32).

    Args:
        x: :math:`x`, logits, any number of axes, ``...``.
        axis: the axis of :math:`k` and :math:`l`, the classes; negative values count from the last.

    Returns:
        ``...``.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), equations 6.29 and 6.33.
    """
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


@softmax.vjp
def softmax_vjp(cotangent: Array, x: Array, *, axis: int = -1) -> dict[str, Array]:
    r"""Go back through the quotient.

    .. math:: \frac{\partial y_k}{\partial x_l} = y_k (\delta_{kl} - y_l), \qquad
        \bar x_l = y_l \Big(\bar y_l - \sum_k \bar y_k y_k\Big)
    """
    y = softmax.reference(x, axis=axis)
    return {"x": y * (cotangent - (cotangent * y).sum(axis=axis, keepdims=True))}


@softmax.witness("one over the sum of exponentials of differences, class by class, which needs no shift")
def softmax_by_differences(x: Array, *, axis: int = -1) -> Array:
    """Add up exp(x_l - x_k) for each class k."""
    classes = np.moveaxis(x, axis, -1)
    result = np.zeros(classes.shape)
    for index in np.ndindex(classes.shape):
        with np.errstate(over="ignore"):
            result[index] = 1 / sum(np.exp(other - classes[index]) for other in classes[index[:-1]])
    return np.moveaxis(result, -1, axis)


softmax.values(
    "worked by hand: exponentials of logarithms are the numbers themselves, 1, 2 and 5 of 8",
    x=np.log([[1.0, 2.0, 5.0]]),
    expected=[[0.125, 0.25, 0.625]],
)
