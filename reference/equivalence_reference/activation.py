"""Activations: functions that are applied to each element by itself."""

from __future__ import annotations

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import case, operation


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
        case("zeros", {"...": (4, 6)}, data="zeros"),
    ],
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
