r"""Linear operations: every output is a weighted sum of inputs, plus a bias.

Every reference of this package is laid out like ``nin`` and ``dense`` below, so this is the file to read first.

1. **The declaration**, ``@operation(...)``, says the axes of every argument, one letter an axis: ``x="n c ..."`` is a
   batch of ``n`` examples with ``c`` channels and any number of further axes. The same letter has the same size
   everywhere: because ``weight="o c"`` has a ``c`` too, each of its ``o`` rows has one number for every channel.
   ``cases`` are the settings in which the frameworks are compared (listed in the package ``cases``), and ``parameters``
   the values that the cases reach.
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
from equivalence.operation import operation
from equivalence_reference._arguments import known, measured
from equivalence_reference.cases import linear as cases
from equivalence_reference.witnesses import linear as by_loops

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
    cases=cases.NIN,
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
    cases=cases.DENSE,
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


dense.witness("the definition, unit by unit")(by_loops.dense)
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


@operation(
    inputs={"x": "n ... c", "y": "n ... d", "weight": "o c d", "bias": "o"},
    output="n ... o",
    cases=cases.BILINEAR,
)
def bilinear(x: Array, y: Array, weight: Array, bias: Array | None = None) -> Array:
    r"""Weigh every product of a channel of one input with a channel of another.

    .. math:: z_{n\ldots o} = b_o + \sum_{cd} x_{n\ldots c}\; w_{ocd}\; y_{n\ldots d} = b_o + x^T W_o\, y

    Args:
        x: :math:`x`, ``n ... c``.
        y: :math:`y`, ``n ... d``.
        weight: :math:`w`, a matrix for each unit, ``o c d``.
        bias: :math:`b`, ``o``; zero if left out.

    Returns:
        ``n ... o``.

    Raises:
        ShapeError: if two arguments do not have the same size for a letter.

    Source: the documentation of PyTorch's ``torch.nn.Bilinear``.
    """
    measured(bilinear, x=x, y=y, weight=weight, bias=bias)
    # First c, then d, so that no product of all four axes is stored.
    halfway = np.einsum("n...c,ocd->n...od", x, weight, optimize=True)
    weighted = np.einsum("n...od,n...d->n...o", halfway, y, optimize=True)
    return np.asarray(weighted if bias is None else weighted + bias)


@bilinear.vjp
def bilinear_vjp(cotangent: Array, x: Array, y: Array, weight: Array, bias: Array | None = None) -> dict[str, Array]:
    """With either input held still it is a dense layer of the other, whose weights the first has made."""
    rows, of_x, of_y = (array.reshape(-1, array.shape[-1]) for array in (cotangent, x, y))
    gradients = {
        "x": np.einsum("ro,ocd,rd->rc", rows, weight, of_y, optimize=True).reshape(x.shape),
        "y": np.einsum("ro,ocd,rc->rd", rows, weight, of_x, optimize=True).reshape(y.shape),
        "weight": np.einsum("ro,rc,rd->ocd", rows, of_x, of_y, optimize=True),
    }
    if bias is not None:
        gradients["bias"] = rows.sum(axis=0)
    return gradients


bilinear.witness("every two channels")(by_loops.bilinear)
bilinear.values(
    "worked by hand: (1, 2) (1, 2; 3, 4) = (7, 10), and 7*5 + 10*6 + 0.5; (1, 2) (0, 1; -1, 0) = (-2, 1), and -10 + 6",
    x=[[1.0, 2.0]],
    y=[[5.0, 6.0]],
    weight=[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [-1.0, 0.0]]],
    bias=[0.5, 0.0],
    expected=[[95.5, -4.0]],
)
