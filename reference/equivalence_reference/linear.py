r"""Linear operations: every output is a weighted sum of inputs, plus a bias.

Every reference of this package is laid out like the two below, so this is the file to read first.

1. **The declaration**, ``@operation(...)``, says the axes of every argument, one letter an axis: ``x="n c ..."`` is a
   batch of ``n`` examples with ``c`` channels and any number of further axes. The same letter has the same size
   everywhere: because ``weight="o c"`` has a ``c`` too, each of its ``o`` rows has one number for every channel.
   ``cases`` are the settings in which the frameworks are compared, and ``parameters`` the values that the cases reach.
2. **The reference**, the function itself, computes the equation in its docstring with NumPy, in the dtype it is given.
   It is einsum wherever there is a sum: ``einsum("nc...,oc->no...", x, weight)`` multiplies what has the same letters
   and sums over the letters that the output lacks, here ``c``.
3. **The vector-Jacobian product**, ``@nin.vjp``, is the reference's gradient. Training changes the layer so as to
   lower a loss :math:`L`, one number computed from the output :math:`y`. Suppose somebody has worked out how the loss
   depends on the output: the *cotangent* :math:`\bar y = \partial L / \partial y`, an array with the shape of
   :math:`y`. The chain rule gives the gradient of each argument from it:

   .. math:: \bar x_k = \frac{\partial L}{\partial x_k} = \sum_l \bar y_l \frac{\partial y_l}{\partial x_k}

   For a weighted sum :math:`y_o = \sum_c w_{oc} x_c` the derivative :math:`\partial y_o / \partial x_c` is the weight,
   so :math:`\bar x_c = \sum_o \bar y_o w_{oc}`: the same weights, summed over the other letter. By the same rule
   :math:`\bar w_{oc} = \bar y_o x_c`, and a bias, which is added as it is, gets :math:`\bar b_o = \bar y_o`. Where
   one weight works at many places (examples, pixels), its gradient is the sum over the places.
4. **The witnesses** are evidence that the reference is right, and share no code with it: a slow loop that follows the
   words of the definition, and values worked out by hand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import case, operation
from equivalence_reference._arguments import known, measured

ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "linear": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda y: (y > 0).astype(y.dtype)),
    "tanh": (np.tanh, lambda y: 1 - y**2),
}
"""Activations by name: the function, and its derivative written in terms of the function's own value."""


@operation(
    inputs={"x": "n c ...", "weight": "o c", "bias": "o"},
    output="n o ...",
    parameters={"activation": ("linear", "relu", "tanh")},
    cases=[
        case("two_axes-distinct_sizes", {"n": 2, "c": 3, "o": 4, "...": (5, 6)}),
        case("two_axes-equal_sizes", {"n": 3, "c": 3, "o": 3, "...": (3, 3)}),
        case("no_axes", {"n": 4, "c": 3, "o": 5, "...": ()}),
        case("one_axis", {"n": 2, "c": 5, "o": 3, "...": (4,)}),
        case("three_axes", {"n": 2, "c": 4, "o": 3, "...": (3, 2, 5)}),
        case("one_example-one_channel-one_unit", {"n": 1, "c": 1, "o": 1, "...": (4, 3)}),
        case("without_bias", {"n": 3, "c": 2, "o": 5, "...": (4, 3)}, without=["bias"]),
        case("relu", {"n": 2, "c": 3, "o": 4, "...": (5, 3)}, activation="relu"),
        case("tanh-one_axis", {"n": 3, "c": 2, "o": 4, "...": (5,)}, activation="tanh"),
        case("relu-beyond_6", {"n": 3, "c": 20, "o": 4, "...": (5,)}, activation="relu"),
        case("relu-without_bias", {"n": 2, "c": 4, "o": 3, "...": (2, 5)}, without=["bias"], activation="relu"),
    ],
)
def nin(x: Array, weight: Array, bias: Array | None = None, *, activation: str = "linear") -> Array:
    r"""Apply one dense layer at every pixel: a network in the network, or 1x1 convolution.

    .. math:: y_{no\ldots} = f\Big(b_o + \sum_c w_{oc}\, x_{nc\ldots}\Big)

    The channels :math:`c` of one pixel are weighted and summed into each unit :math:`o`. Pixels never mix, so whatever
    axes ``...`` the pixels have (none, time, rows and columns, ...) pass through unchanged.

    Args:
        x: :math:`x`, a batch of examples, ``n c ...``.
        weight: :math:`w`, a row for each unit, ``o c``. Lasagne keeps it transposed, ``c o``.
        bias: :math:`b`, ``o``; zero if left out.
        activation: :math:`f`, applied last: ``linear`` (nothing), ``relu`` (:math:`\max(z, 0)`) or ``tanh``.

    Returns:
        ``n o ...``.

    Raises:
        ShapeError: if ``c`` is not the same in ``x`` and ``weight``, or ``o`` in ``weight`` and ``bias``.
        ParameterError: if the activation has another name.

    Source: Lin, Chen and Yan, Network in network (2013), section 3.1, equation 2. Lasagne's ``NINLayer``.
    """
    sizes = measured(nin, x=x, weight=weight, bias=bias)
    function, _ = ACTIVATIONS[known("activation of nin", activation, ACTIVATIONS)]
    weighted = np.einsum("nc...,oc->no...", x, weight, optimize=True)
    if bias is not None:
        # The bias stands on axis o of "n o ...": an axis of size 1 for each axis behind it spreads it over the pixels.
        weighted = weighted + bias.reshape(-1, *(1 for _ in sizes["..."]))
    return function(weighted)


@nin.vjp
def nin_vjp(
    cotangent: Array, x: Array, weight: Array, bias: Array | None = None, *, activation: str = "linear"
) -> dict[str, Array]:
    r"""Go back through the equation from its end: first the activation, then the sum.

    With :math:`z` what the activation is applied to, :math:`\bar z = \bar y f'(z)`. The rest is the module's rule.
    """
    _, derivative = ACTIVATIONS[activation]
    before = cotangent * derivative(nin.reference(x, weight, bias, activation=activation))
    gradients = {
        "x": np.einsum("no...,oc->nc...", before, weight, optimize=True),
        # einsum cannot sum over "..."; one long pixel axis can be named.
        "weight": np.einsum("nop,ncp->oc", _one_pixel_axis(before), _one_pixel_axis(x), optimize=True),
    }
    if bias is not None:
        gradients["bias"] = _one_pixel_axis(before).sum(axis=(0, 2))
    return gradients


def _one_pixel_axis(array: Array) -> Array:
    """From ``n c ...`` to ``n c p``."""
    return array.reshape(*array.shape[:2], int(np.prod(array.shape[2:])))


@nin.witness("the definition, unit by unit at each pixel")
def nin_by_pixels(x: Array, weight: Array, bias: Array | None = None, *, activation: str = "linear") -> Array:
    """Sum over the channels with a loop."""
    result = np.zeros((x.shape[0], weight.shape[0], *x.shape[2:]))
    for n, o, *pixel in np.ndindex(result.shape):
        total = 0.0 if bias is None else float(bias[o])
        for c in range(x.shape[1]):
            total += float(weight[o, c]) * float(x[(n, c, *pixel)])
        result[(n, o, *pixel)] = {"linear": total, "relu": max(total, 0.0), "tanh": float(np.tanh(total))}[activation]
    return result


# Weights are written as channels x units, as Lasagne keeps them, hence the transpose into "o c".
nin.values(
    "a published run of Lasagne's NINLayer, also 0.1 (1 + 2), 0.1 (2 + 2) and 0.1 (3 + 2) by hand",
    x=np.full((1, 2, 5, 5), 0.1),
    weight=np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]]).T,
    expected=np.stack([np.full((5, 5), plane) for plane in (0.3, 0.4, 0.5)])[None],
)
nin.values(
    "worked by hand: unit 1 is 1 - 10 + 2, unit 2 is 0 + 20 - 1, and relu keeps the second",
    x=[[1.0, 10.0]],
    weight=[[1.0, -1.0], [0.0, 2.0]],
    bias=[2.0, -1.0],
    activation="relu",
    expected=[[0.0, 19.0]],
)


@operation(
    inputs={"x": "n ... c", "weight": "o c", "bias": "o"},
    output="n ... o",
    parameters={"activation": ("linear", "relu", "tanh")},
    cases=[
        case("matrix-distinct_sizes", {"n": 2, "...": (), "c": 3, "o": 4}),
        case("matrix-equal_sizes", {"n": 3, "...": (), "c": 3, "o": 3}),
        case("three_axes-distinct_sizes", {"n": 2, "...": (5,), "c": 3, "o": 4}),
        case("three_axes-equal_sizes", {"n": 3, "...": (3,), "c": 3, "o": 3}),
        case("four_axes", {"n": 2, "...": (3, 5), "c": 4, "o": 3}),
        case("one_example-one_channel-one_unit", {"n": 1, "...": (), "c": 1, "o": 1}),
        case("without_bias", {"n": 5, "...": (), "c": 4, "o": 2}, without=["bias"]),
        case("relu", {"n": 6, "...": (), "c": 3, "o": 4}, activation="relu"),
        case("relu-beyond_6", {"n": 6, "...": (), "c": 20, "o": 4}, activation="relu"),
        case("tanh-three_axes", {"n": 2, "...": (4,), "c": 5, "o": 3}, activation="tanh"),
    ],
)
def dense(x: Array, weight: Array, bias: Array | None = None, *, activation: str = "linear") -> Array:
    r"""Apply a matrix and a bias to the last axis.

    .. math:: y_{n\ldots o} = f\Big(b_o + \sum_c w_{oc}\, x_{n\ldots c}\Big)

    It differs from :func:`nin` in where the channels stand, and from Lasagne's ``DenseLayer`` in that it never flattens
    the axes ``...`` into the channels.

    Args:
        x: :math:`x`, a batch of examples, ``n ... c``.
        weight: :math:`w`, a row for each unit, ``o c``. TensorFlow, Keras and Lasagne keep it transposed, ``c o``.
        bias: :math:`b`, ``o``; zero if left out.
        activation: :math:`f`, applied last: ``linear`` (nothing), ``relu`` (:math:`\max(z, 0)`) or ``tanh``.

    Returns:
        ``n ... o``.

    Raises:
        ShapeError: if ``c`` is not the same in ``x`` and ``weight``, or ``o`` in ``weight`` and ``bias``.
        ParameterError: if the activation has another name.

    Source: Goodfellow, Bengio and Courville, Deep learning (2016), section 6.1, whose matrix is transposed, ``c o``.
    """
    measured(dense, x=x, weight=weight, bias=bias)
    function, _ = ACTIVATIONS[known("activation of dense", activation, ACTIVATIONS)]
    weighted = np.einsum("n...c,oc->n...o", x, weight, optimize=True)
    return function(weighted if bias is None else weighted + bias)


@dense.vjp
def dense_vjp(
    cotangent: Array, x: Array, weight: Array, bias: Array | None = None, *, activation: str = "linear"
) -> dict[str, Array]:
    """Go back as :func:`nin_vjp` does; the places to sum over are all axes but the last."""
    _, derivative = ACTIVATIONS[activation]
    before = cotangent * derivative(dense.reference(x, weight, bias, activation=activation))
    rows = before.reshape(-1, before.shape[-1])
    gradients = {"x": before @ weight, "weight": rows.T @ x.reshape(-1, x.shape[-1])}
    if bias is not None:
        gradients["bias"] = rows.sum(axis=0)
    return gradients


@dense.witness("the definition, unit by unit")
def dense_by_units(x: Array, weight: Array, bias: Array | None = None, *, activation: str = "linear") -> Array:
    """Sum over the channels with a loop."""
    result = np.zeros((*x.shape[:-1], weight.shape[0]))
    for *place, o in np.ndindex(result.shape):
        total = 0.0 if bias is None else float(bias[o])
        for c in range(x.shape[-1]):
            total += float(weight[o, c]) * float(x[(*place, c)])
        result[(*place, o)] = {"linear": total, "relu": max(total, 0.0), "tanh": float(np.tanh(total))}[activation]
    return result


dense.values(
    "worked by hand: 1*1 + 2*0 + 3*(-1) + 0.5, and 1*2 + 2*1 + 3*0 - 10",
    x=[[1.0, 2.0, 3.0]],
    weight=[[1.0, 0.0, -1.0], [2.0, 1.0, 0.0]],
    bias=[0.5, -10.0],
    expected=[[-1.5, -6.0]],
)
dense.values(
    "worked by hand: tanh(0) = 0 and tanh(ln 2) = (2 - 1/2) / (2 + 1/2) = 3/5",
    x=[[np.log(2.0)]],
    weight=[[0.0], [1.0]],
    activation="tanh",
    expected=[[0.0, 0.6]],
)
