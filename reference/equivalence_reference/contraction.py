r"""Contractions: products of two arrays, summed over the axes that they have in common.

What frameworks disagree about is which axes meet. ``dot`` sums over one axis of each operand and keeps all others;
``matmul`` reads all axes but the last two as a batch; ``batch_dot`` has one batch axis, the first. For matrices the
three are the same, and from three or four axes on they are not.

Each is linear in either operand, so the gradient of one is the cotangent contracted with the other: with
:math:`z_{ik} = \sum_j x_{ij} y_{jk}`, :math:`\bar x_{ij} = \sum_k \bar z_{ik} y_{jk}` and
:math:`\bar y_{jk} = \sum_i \bar z_{ik} x_{ij}`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from equivalence.errors import ShapeError
from equivalence.inputs import Array
from equivalence.operation import operation
from equivalence_reference._arguments import measured
from equivalence_reference._equations import Equation, joined, summed_axes
from equivalence_reference.cases import contraction as cases
from equivalence_reference.witnesses import contraction as by_loops

Axes = int | tuple[int, int] | tuple[tuple[int, ...], tuple[int, ...]] | None
"""Which axes of the first operand are summed with which of the second."""


@operation(
    inputs={"x": "... c", "y": "...' c o"},
    output="...''",
    cases=cases.DOT,
)
def dot(x: Array, y: Array) -> Array:
    r"""Sum over the last axis of one array and the last but one of another.

    .. math:: z_{a\ldots\,b\ldots\,o} = \sum_c x_{a\ldots c}\; y_{b\ldots c o}

    All other axes are kept, those of ``x`` first. Nothing is a batch: each row of ``x`` meets each matrix of ``y``.

    Args:
        x: :math:`x`, ``... c``; one axis or more.
        y: :math:`y`, ``...' c o``; two axes or more.

    Returns:
        The axes ``...`` of ``x``, then the axes ``...'`` of ``y``, then ``o``.

    Raises:
        ShapeError: if ``c`` is not the same in both.

    Source: the documentation of ``numpy.dot``. Keras's ``dot`` and Theano's are the same.
    """
    measured(dot, x=x, y=y)
    return np.asarray(np.tensordot(x, y, axes=(-1, -2)))


@dot.vjp
def dot_vjp(cotangent: Array, x: Array, y: Array) -> dict[str, Array]:
    """Contract the cotangent with the axes that the other operand brought."""
    rows = x.ndim - 1
    summed_first = np.moveaxis(y, -2, 0)
    of_y = np.tensordot(x, cotangent, axes=(range(rows), range(rows)))
    return {
        "x": np.tensordot(cotangent, summed_first, axes=(range(rows, cotangent.ndim), range(1, y.ndim))),
        "y": np.moveaxis(of_y, 0, -2),
    }


dot.witness("every pair of numbers")(by_loops.dot)
dot.values(
    "a published run of Keras's dot, also 1*5 + 2*7, 1*6 + 2*8, 3*5 + 4*7 and 3*6 + 4*8 by hand",
    x=[[1.0, 2.0], [3.0, 4.0]],
    y=[[5.0, 6.0], [7.0, 8.0]],
    expected=[[19.0, 22.0], [43.0, 50.0]],
)
dot.values(
    "a published run of Keras's dot in a Lambda layer, also 0*1 + 1*3 and 0*2 + 1*4 by hand",
    x=[0.0, 1.0],
    y=[[[1.0, 2.0], [3.0, 4.0]]],
    expected=[[3.0, 4.0]],
)


@operation(
    inputs={"x": "n ...", "y": "n ...'"},
    output="n ...''",
    parameters={"axes": (None, 1, (1, 2), (2, 2), ((), ()), ((1, 2), (2, 1)))},
    cases=cases.BATCH_DOT,
)
def batch_dot(x: Array, y: Array, *, axes: Axes = None) -> Array:
    r"""Contract each example of one batch with the same example of another.

    .. math:: z_{n a\ldots\,b\ldots} = \sum_c x_{n a\ldots c}\; y_{n b\ldots c}

    where :math:`c` stands on the axes that ``axes`` names. Only the first axis is a batch; every other axis that is not
    summed is kept, those of ``x`` first. With four axes that is not what :func:`matmul` does, which has two batch axes
    then.

    Args:
        x: :math:`x`, ``n ...``; two axes or more.
        y: :math:`y`, ``n ...'``; two axes or more.
        axes: what is summed over, counted with the batch axis as 0: one axis of each, ``(1, 2)``; a number if it is
            the same in both; several of each, ``((1, 2), (2, 1))``; by default the last of ``x`` with the last but one
            of ``y``, or the last if ``y`` has only two.

    Returns:
        ``n``, then what is kept of ``x``, then what is kept of ``y``; ``n 1`` if nothing is kept.

    Raises:
        ShapeError: if ``n``, or two axes that are summed over, have different sizes, or there is no such axis.
        ParameterError: if an axis is the batch's, or there are more of one operand than of the other.

    Source: the documentation of Keras's ``batch_dot`` (``keras.layers.Dot``), which has one axis of each; several axes
    as in Theano's ``batched_tensordot``.
    """
    return _batch_dot(x, y, *_batch_axes(x, y, axes))


@batch_dot.vjp
def batch_dot_vjp(cotangent: Array, x: Array, y: Array, *, axes: Axes = None) -> dict[str, Array]:
    """Contract the cotangent with the other operand, over the axes that the operand does not have."""
    of_x, of_y, kept = joined(x.ndim, y.ndim, *_batch_axes(x, y, axes))
    back = cotangent.reshape(cotangent.shape[: len(kept)])
    return {
        "x": np.einsum(back, kept, y, of_y, of_x, optimize=True),
        "y": np.einsum(back, kept, x, of_x, of_y, optimize=True),
    }


def _batch_dot(x: Array, y: Array, first: Sequence[int], second: Sequence[int]) -> Array:
    of_x, of_y, kept = joined(x.ndim, y.ndim, first, second)
    result: Array = np.einsum(x, of_x, y, of_y, kept, optimize=True)
    return result if result.ndim > 1 else result[:, None]


def _batch_axes(x: Array, y: Array, axes: Axes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of each operand that are summed over, checked."""
    measured(batch_dot, x=x, y=y)
    first, second = summed_axes("batch_dot", x.ndim, y.ndim, axes)
    for name, array, named in (("x", x, first), ("y", y, second)):
        if not all(0 < axis < array.ndim for axis in named):
            raise ShapeError(
                f"{name} of batch_dot",
                expected=f"the axes {named} that axes={axes!r} names",
                got=f"{array.ndim} axes, shape {array.shape}",
                fix="The batch is axis 0.",
            )
    for of_x, of_y in zip(first, second, strict=True):
        if x.shape[of_x] != y.shape[of_y]:
            raise ShapeError(
                "y of batch_dot",
                expected=f"size {x.shape[of_x]} on axis {of_y}, as x has on axis {of_x}",
                got=f"{y.shape[of_y]}, shape {y.shape}",
                fix="Axes that are summed over together have the same size.",
            )
    return first, second


batch_dot.witness("every pair of numbers of an example")(by_loops.batch_dot)
batch_dot.values(
    "a published run of Keras's batch_dot, also 1*5 + 2*6 and 3*7 + 4*8 by hand",
    x=[[1.0, 2.0], [3.0, 4.0]],
    y=[[5.0, 6.0], [7.0, 8.0]],
    axes=1,
    expected=[[17.0], [53.0]],
)
batch_dot.values(
    "worked by hand: example 1 is (1, 2) (3, 4; 5, 6), example 2 is (0, -1) (1, 0; 0, 2)",
    x=[[[1.0, 2.0]], [[0.0, -1.0]]],
    y=[[[3.0, 4.0], [5.0, 6.0]], [[1.0, 0.0], [0.0, 2.0]]],
    expected=[[[13.0, 16.0]], [[0.0, -2.0]]],
)


@operation(
    inputs={"x": "... a c", "y": "...' c b"},
    output="...''",
    cases=cases.MATMUL,
)
def matmul(x: Array, y: Array) -> Array:
    r"""Multiply matrices; all axes before the last two are a batch.

    .. math:: z_{\ldots a b} = \sum_c x_{\ldots a c}\; y_{\ldots c b}

    The batch axes of the two are set side by side from the last on. Where one of them has size one, or is missing, its
    matrices are used for every index of the other's.

    Args:
        x: :math:`x`, ``... a c``.
        y: :math:`y`, ``...' c b``.

    Returns:
        The batch axes of both, then ``a b``.

    Raises:
        ShapeError: if ``c`` is not the same in both, or two batch axes differ and neither has size one.

    Source: the documentation of ``numpy.matmul``; PEP 465, "Precise semantics of ``@``".
    """
    measured(matmul, x=x, y=y)
    try:
        np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except ValueError as error:
        raise ShapeError(
            "y of matmul",
            expected=f"batch axes that fit {x.shape[:-2]}",
            got=f"{y.shape[:-2]}, shape {y.shape}",
            fix="Counted from the last, two batch axes are equal, or one of them has size 1.",
        ) from error
    return np.asarray(np.matmul(x, y))


@matmul.vjp
def matmul_vjp(cotangent: Array, x: Array, y: Array) -> dict[str, Array]:
    """Multiply with the other's transposed matrices, and add up wherever a matrix was used more than once."""
    return {
        "x": _gathered(np.matmul(cotangent, np.swapaxes(y, -1, -2)), x.shape),
        "y": _gathered(np.matmul(np.swapaxes(x, -1, -2), cotangent), y.shape),
    }


def _gathered(array: Array, shape: tuple[int, ...]) -> Array:
    """The adjoint of broadcasting: from the axes that all have to those of ``shape``."""
    missing = array.ndim - len(shape)
    spread = [missing + axis for axis, size in enumerate(shape) if size == 1]
    return np.asarray(array.sum(axis=(*range(missing), *spread)).reshape(shape))


matmul.witness("number by number")(by_loops.matmul)
matmul.values(
    "worked by hand: (1, 2) with the columns of (3, 4; 5, 6), and twice and thrice the same for both other batches",
    x=[[[1.0, 2.0]], [[2.0, 4.0]], [[3.0, 6.0]]],
    y=[[3.0, 4.0], [5.0, 6.0]],
    expected=[[[13.0, 16.0]], [[26.0, 32.0]], [[39.0, 48.0]]],
)


@operation(
    inputs={"x": "...", "y": "...'"},
    output="...''",
    parameters={
        "equation": (
            cases.OUTER,
            cases.PRODUCT,
            cases.IMPLICIT,
            cases.SCORES,
            cases.CAPSULES,
            cases.SUMMED_CAPSULES,
            cases.FULL,
            cases.ONE_OPERAND,
        )
    },
    cases=cases.EINSUM,
)
def einsum(x: Array, y: Array | None = None, *, equation: str = cases.PRODUCT) -> Array:
    r"""Multiply what has the same labels, and sum over the labels that the output lacks.

    .. math:: z_K = \sum_{I \cup J \setminus K} x_I\; y_J

    :math:`I`, :math:`J` and :math:`K` are the labels of ``x``, of ``y`` and of the output.

    Args:
        x: :math:`x`, any axes: one for each label before the comma.
        y: :math:`y`, any axes: one for each label behind the comma; left out if the equation has no comma.
        equation: the labels of each axis, letters, each at most once in an operand. Without an arrow the output has
            the labels that stand once in all, in alphabetical order: ``"cb,ba"`` is ``"cb,ba->ac"``.

    Returns:
        One axis for each label of the output, in its order.

    Raises:
        ParameterError: if the equation cannot be read, repeats a label or does not fit the number of operands.
        ShapeError: if an operand has not as many axes as labels, or a label has two sizes.

    Source: the documentation of ``numpy.einsum``.
    """
    read = Equation.read(equation)
    sizes: dict[str, int] = {}
    for name, labels, array in read.operands(x, y):
        if array.ndim != len(labels):
            raise ShapeError(
                f"{name} of einsum",
                expected=f"{len(labels)} axes, {labels!r}",
                got=f"{array.ndim}, shape {array.shape}",
                fix="Give one label per axis.",
            )
        for label, size in zip(labels, array.shape, strict=True):
            if sizes.setdefault(label, size) != size:
                raise ShapeError(
                    f"{name} of einsum",
                    expected=f"size {sizes[label]} on axis {label} of {labels!r}",
                    got=f"{size}, shape {array.shape}",
                    fix="The same label means the same size everywhere.",
                )
    # A copy, because an equation that only re-orders axes gives a view.
    return np.array(np.einsum(read.explicit, *(array for _, _, array in read.operands(x, y)), optimize=True))


@einsum.vjp
def einsum_vjp(
    cotangent: Array, x: Array, y: Array | None = None, *, equation: str = cases.PRODUCT
) -> dict[str, Array]:
    """Write the equation for each operand: output and other operand in, its own labels out."""
    read = Equation.read(equation)
    operands = read.operands(x, y)
    return {
        name: read.gradient(cotangent, labels, array, [(word, other) for key, word, other in operands if key != name])
        for name, labels, array in operands
    }


einsum.witness("every value of every label")(by_loops.einsum)
einsum.values(
    "worked by hand: rows (1, 2), (3, 4) times columns (5, 7), (6, 8), transposed, because a comes before c",
    x=[[1.0, 2.0], [3.0, 4.0]],
    y=[[5.0, 6.0], [7.0, 8.0]],
    equation=cases.IMPLICIT,
    expected=[[19.0, 43.0], [22.0, 50.0]],
)
einsum.values(
    "worked by hand: 1*5 + 2*6 + 3*7 + 4*8",
    x=[[1.0, 2.0], [3.0, 4.0]],
    y=[[5.0, 6.0], [7.0, 8.0]],
    equation=cases.FULL,
    expected=70.0,
)


@operation(
    inputs={"weight": "i j k l", "u": "n i l"},
    output="n i j k",
    cases=cases.CAPSULE_PREDICTIONS,
)
def capsule_predictions(weight: Array, u: Array) -> Array:
    r"""Let each lower capsule predict each upper one: a matrix for every pair of the two.

    .. math:: \hat u_{n,\,j \mid i} = W_{ij}\, u_{n i}, \qquad \hat u_{nijk} = \sum_l W_{ijkl}\, u_{nil}

    Each predicted vector comes from one lower capsule alone: neither the capsules ``i`` nor ``j`` are summed over; that
    is left to the routing.

    Args:
        weight: :math:`W`, a matrix for each lower and upper capsule, ``i j k l``.
        u: :math:`u`, the vectors of the lower capsules, ``n i l``.

    Returns:
        ``n i j k``, the predicted vectors of the upper capsules.

    Raises:
        ShapeError: if ``i`` or ``l`` is not the same in both.

    Source: Sabour, Frosst and Hinton, Dynamic routing between capsules (2017), section 2, equation 2.
    """
    measured(capsule_predictions, weight=weight, u=u)
    return np.asarray(np.einsum("ijkl,nil->nijk", weight, u, optimize=True))


@capsule_predictions.vjp
def capsule_predictions_vjp(cotangent: Array, weight: Array, u: Array) -> dict[str, Array]:
    """The weight of a pair works in every example, a vector in every upper capsule and row: their sums."""
    return {
        "weight": np.einsum("nijk,nil->ijkl", cotangent, u, optimize=True),
        "u": np.einsum("nijk,ijkl->nil", cotangent, weight, optimize=True),
    }


capsule_predictions.witness("a matrix and a vector at a time")(by_loops.capsule_predictions)
capsule_predictions.values(
    "worked by hand: (1, 2; 0, 1) and (3, 0; 1, 1) times (1, 10) for the two upper capsules",
    weight=[[[[1.0, 2.0], [0.0, 1.0]], [[3.0, 0.0], [1.0, 1.0]]]],
    u=[[[1.0, 10.0]]],
    expected=[[[[21.0, 10.0], [3.0, 11.0]]]],
)


@operation(
    inputs={"matrix": "... o c", "vector": "... c"},
    output="... o",
    cases=cases.BATCHED_MATVEC,
)
def batched_matvec(matrix: Array, vector: Array) -> Array:
    r"""Multiply many matrices, each with a vector of its own.

    .. math:: y_{\ldots o} = \sum_c M_{\ldots o c}\, v_{\ldots c}

    Args:
        matrix: :math:`M`, ``... o c``.
        vector: :math:`v`, ``... c``.

    Returns:
        ``... o``.

    Raises:
        ShapeError: if ``c`` or one of the axes ``...`` is not the same in both.

    Source: the documentation of TensorFlow's ``tf.linalg.matvec``.
    """
    measured(batched_matvec, matrix=matrix, vector=vector)
    return np.asarray(np.einsum("...oc,...c->...o", matrix, vector, optimize=True))


@batched_matvec.vjp
def batched_matvec_vjp(cotangent: Array, matrix: Array, vector: Array) -> dict[str, Array]:
    """The outer product for the matrix, and the transposed matrix for the vector."""
    return {
        "matrix": cotangent[..., :, None] * vector[..., None, :],
        "vector": np.einsum("...o,...oc->...c", cotangent, matrix, optimize=True),
    }


batched_matvec.witness("row by row")(by_loops.batched_matvec)
batched_matvec.values(
    "worked by hand: (1, 2; 3, 4) times (1, -1), and (0, 1; 1, 0) times (5, 6)",
    matrix=[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [1.0, 0.0]]],
    vector=[[1.0, -1.0], [5.0, 6.0]],
    expected=[[-1.0, -1.0], [6.0, 5.0]],
)
