"""Faults of contractions; those that all of them have in common are declared for all at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence_reference.contraction import batch_dot, batched_matvec, capsule_predictions, dot, einsum, matmul
from equivalence_reference.faults._changes import single, square_transposed, tensor_float32

Call = dict[str, Any]
Arrays = dict[str, Array]


def _gradients(operation: Operation, cotangent: Array, call: Call) -> Arrays:
    assert operation.product is not None
    return dict(operation.product(cotangent, **call))


def _changed(operation: Operation, call: Call, change: Any) -> Call:
    """A call with every array changed."""
    return {
        name: change(value) if name in operation.inputs and value is not None else value for name, value in call.items()
    }


for _operation in (dot, batch_dot, matmul, einsum, capsule_predictions, batched_matvec):
    _first, _second = _operation.inputs

    @_operation.fault("computed-in-float32", code="precision.lower", of=["dtype-floatx-float64"])
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        kind = next(iter(call.values())).dtype
        return wrong.reference(**_changed(wrong, call, single)).astype(kind)

    @_operation.fault("computed-in-tf32", code="precision.lower", of=["dtype-tf32"])
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(**_changed(wrong, call, tensor_float32))

    @_operation.fault("divided-by-the-terms", code="scale.factor")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        terms = wrong.reference(**_changed(wrong, call, np.ones_like))
        return wrong.reference(**call) / terms

    @_operation.fault("scaled-by-the-root-of-the-terms", code="scale.factor")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        terms = wrong.reference(**_changed(wrong, call, np.ones_like))
        return wrong.reference(**call) / np.sqrt(terms)

    @_operation.fault("gradient-averaged-over-the-first-axis", code="gradient.scale", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, first: str = _first, **call: Any) -> Arrays:
        found = _gradients(wrong, cotangent, call)
        return {**found, first: found[first] / call[first].shape[0]}

    @_operation.fault("first-gradient-blocked", code="gradient.blocked", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, first: str = _first, **call: Any) -> Arrays:
        found = _gradients(wrong, cotangent, call)
        return {**found, first: np.zeros_like(found[first])}

    @_operation.fault("second-gradient-blocked", code="gradient.blocked", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, second: str = _second, **call: Any) -> Arrays:
        found = _gradients(wrong, cotangent, call)
        return {name: np.zeros_like(value) if name == second else value for name, value in found.items()}

    @_operation.fault("square-gradient-transposed", code="layout.transposed", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, first: str = _first, **call: Any) -> Arrays:
        found = _gradients(wrong, cotangent, call)
        value = found[first]
        return {**found, first: square_transposed(value, -1, -2)} if value.ndim > 1 else found


def _last_two(array: Array) -> Array:
    """The last two axes exchanged where nobody notices."""
    return square_transposed(array, -1, -2) if array.ndim > 1 else array


@dot.fault("batch-of-matrices", code="contraction.axes")
def _(x: Array, y: Array) -> Array:
    return np.asarray(np.matmul(x, y)) if x.ndim > 2 and x.shape[:-2] == y.shape[:-2] else dot.reference(x, y)  # noqa: PLR2004


@dot.fault("first-axis-of-the-second", code="contraction.axes")
def _(x: Array, y: Array) -> Any:
    # What a count of one axis means to tensordot.
    return np.tensordot(x, y, 1) if y.shape[0] == y.shape[-2] else dot.reference(x, y)


@dot.fault("last-axis-of-the-second", code="contraction.axes")
def _(x: Array, y: Array) -> Any:
    return dot.reference(x, _last_two(y))


@dot.fault("square-first-transposed", code="layout.transposed")
def _(x: Array, y: Array) -> Any:
    return dot.reference(_last_two(x), y)


@dot.fault("element-by-element", code="function.variant")
def _(x: Array, y: Array) -> Any:
    return x * y if x.shape == y.shape else dot.reference(x, y)


@dot.fault("axes-of-the-second-first", code="layout.transposed")
def _(x: Array, y: Array) -> Array:
    z = np.asarray(dot.reference(x, y))
    return np.asarray(np.moveaxis(z, range(x.ndim - 1, z.ndim - 1), range(y.ndim - 2)))


@dot.fault("operands-exchanged", code="parameter.swapped")
def _(x: Array, y: Array) -> Any:
    return dot.reference(y, x) if x.shape == y.shape else dot.reference(x, y)


@dot.fault("second-reversed", code="layout.channel-order")
def _(x: Array, y: Array) -> Any:
    return dot.reference(x, y[..., ::-1, :])


@batch_dot.fault("all-leading-axes-as-batch", code="contraction.axes")
def _(x: Array, y: Array, axes: Any) -> Any:
    # What TensorFlow's batch_matmul did, where Theano and Keras 3 have one batch axis.
    return np.matmul(x, y) if axes is None and x.ndim > 3 else batch_dot.reference(x, y, axes=axes)  # noqa: PLR2004


@batch_dot.fault("samples-mixed", code="contraction.axes")
def _(x: Array, y: Array, axes: Any) -> Any:
    # Every example of y in place of its own, and what is left is the first.
    return batch_dot.reference(x, np.broadcast_to(y[:1], y.shape), axes=axes)


@batch_dot.fault("a-number-counts-axes", code="contraction.axes")
def _(x: Array, y: Array, axes: Any) -> Any:
    # Theano's and tensordot's meaning of a number: so many last axes of x with as many first ones of y.
    fits = isinstance(axes, int) and x.shape[-axes:] == y.shape[1 : axes + 1]
    return batch_dot.reference(x, y, axes=(x.ndim - 1, 1) if fits else axes)


@batch_dot.fault("number-is-counted-without-the-batch", code="contraction.axes")
def _(x: Array, y: Array, axes: Any) -> Any:
    moved = axes + 1 if isinstance(axes, int) and axes + 1 < min(x.ndim, y.ndim) else axes
    fits = moved == axes or x.shape[moved] == y.shape[moved]
    return batch_dot.reference(x, y, axes=moved if fits else axes)


@batch_dot.fault("axes-exchanged", code="contraction.axes")
def _(x: Array, y: Array, axes: Any) -> Any:
    if not isinstance(axes, tuple) or not all(isinstance(axis, int) for axis in axes):
        return batch_dot.reference(x, y, axes=axes)
    fits = x.shape[axes[1]] == y.shape[axes[0]]
    return batch_dot.reference(x, y, axes=axes[::-1] if fits else axes)


@batch_dot.fault("default-is-the-last-of-both", code="contraction.axes")
def _(x: Array, y: Array, axes: Any) -> Any:
    last = x.ndim - 1, y.ndim - 1
    fits = axes is None and x.shape[-1] == y.shape[-1]
    return batch_dot.reference(x, y, axes=last if fits else axes)


@batch_dot.fault("axis-of-size-one-missing", code="layout.reshaped")
def _(x: Array, y: Array, axes: Any) -> Array:
    z = np.asarray(batch_dot.reference(x, y, axes=axes))
    return z[:, 0] if x.ndim + y.ndim == 4 and z.ndim == 2 and z.shape[1] == 1 else z  # noqa: PLR2004


@batch_dot.fault("operands-exchanged", code="parameter.swapped")
def _(x: Array, y: Array, axes: Any) -> Any:
    return batch_dot.reference(y, x, axes=axes) if x.shape == y.shape else batch_dot.reference(x, y, axes=axes)


@matmul.fault("first-axis-alone-as-batch", code="contraction.axes", of=["batch-dot-4d"])
def _(x: Array, y: Array) -> Any:
    if x.ndim != 4 or y.ndim != 4 or len(x) != len(y):  # noqa: PLR2004 - rows, columns and two batch axes
        return matmul.reference(x, y)
    return np.einsum("nabc,ndce->nabde", x, y)


@matmul.fault("first-batch-axis-outer-and-first-kept", code="contraction.axes")
def _(x: Array, y: Array) -> Any:
    # As Theano's batched product of four axes, of which the diagonal alone is wanted and the first index is taken.
    if x.ndim != 4 or y.ndim != 4 or len(x) != len(y):  # noqa: PLR2004 - rows, columns and two batch axes
        return matmul.reference(x, y)
    return np.einsum("nabc,nce->nabe", x, y[:, 0])


@matmul.fault("no-batch-at-all", code="contraction.axes")
def _(x: Array, y: Array) -> Any:
    # NumPy's dot, which is the same for matrices.
    return np.dot(x, y)


@matmul.fault("batch-axes-side-by-side-from-the-first", code="axis.wrong")
def _(x: Array, y: Array) -> Any:
    missing = x.ndim - y.ndim
    if missing <= 0 or y.ndim < 3 or x.shape[0] not in (1, y.shape[0]):  # noqa: PLR2004
        return matmul.reference(x, y)
    return matmul.reference(x, y.reshape(y.shape[0], *(1 for _ in range(missing)), *y.shape[1:]))


@matmul.fault("square-second-transposed", code="layout.transposed")
def _(x: Array, y: Array) -> Any:
    return matmul.reference(x, _last_two(y))


@matmul.fault("square-first-transposed", code="layout.transposed")
def _(x: Array, y: Array) -> Any:
    return matmul.reference(_last_two(x), y)


@matmul.fault("element-by-element", code="function.variant")
def _(x: Array, y: Array) -> Any:
    return x * y if x.shape == y.shape else matmul.reference(x, y)


@matmul.fault("operands-exchanged", code="parameter.swapped")
def _(x: Array, y: Array) -> Any:
    return matmul.reference(y, x) if x.shape == y.shape else matmul.reference(x, y)


@matmul.fault("spread-gradient-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, y: Array) -> Arrays:
    found = _gradients(matmul, cotangent, {"x": x, "y": y})
    uses = {"x": cotangent.size / (x.size / x.shape[-1] * y.shape[-1])}
    return {**found, "x": found["x"] / uses["x"]}


@matmul.fault("spread-gradient-of-the-first-index", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, y: Array) -> Arrays:
    found = _gradients(matmul, cotangent, {"x": x, "y": y})
    if y.ndim < cotangent.ndim:
        missing = cotangent.ndim - y.ndim
        found["y"] = np.matmul(np.swapaxes(x, -1, -2), cotangent)[(0,) * missing].reshape(y.shape)
    return found


def _other_equation(equation: str, wrong: str, call: Call) -> Any:
    return einsum.reference(**call | {"equation": wrong if call["equation"] == equation else call["equation"]})


@einsum.fault("implicit-output-in-order-of-appearance", code="layout.transposed")
def _(**call: Any) -> Any:
    return _other_equation("cb,ba", "cb,ba->ca", call)


@einsum.fault("outer-product-not-permuted", code="layout.transposed")
def _(**call: Any) -> Any:
    return _other_equation("ab,cd->cadb", "ab,cd->abcd", call)


@einsum.fault("one-operand-not-transposed", code="layout.transposed")
def _(**call: Any) -> Any:
    return _other_equation("abc->ca", "abc->ac", call)


@einsum.fault("one-operand-sums-another-axis", code="axis.wrong")
def _(**call: Any) -> Any:
    return _other_equation("abc->ca", "cab->ca", call)


@einsum.fault("upper-capsules-summed", code="contraction.axes")
def _(**call: Any) -> Any:
    return _other_equation("ijkl,bil->bijk", "ijkl,bil->bilk", call)


@einsum.fault("number-left-as-a-row", code="layout.reshaped")
def _(**call: Any) -> Any:
    return _other_equation("ij,ij->", "ij,ij->i", call)


@einsum.fault("keys-and-queries-exchanged", code="layout.transposed")
def _(**call: Any) -> Any:
    return _other_equation("bhqd,bhkd->bhqk", "bhqd,bhkd->bhkq", call)


@einsum.fault("heads-mixed", code="contraction.axes")
def _(**call: Any) -> Any:
    if call["equation"] != "bhqd,bhkd->bhqk":
        return einsum.reference(**call)
    return einsum.reference(**call | {"y": call["y"][:, ::-1]})


@einsum.fault("square-second-transposed", code="layout.transposed")
def _(y: Array | None = None, **call: Any) -> Any:
    return einsum.reference(y=None if y is None else _last_two(y), **call)


@einsum.fault("element-by-element", code="function.variant")
def _(**call: Any) -> Any:
    return (
        call["x"] * call["y"]
        if call["equation"] == "ij,jk->ik" and call["x"].shape == call["y"].shape
        else einsum.reference(**call)
    )


@capsule_predictions.fault("upper-capsules-summed", code="contraction.axes")
def _(weight: Array, u: Array) -> Array:
    # A published equation, which sums over j in place of l; it has the wanted number of axes.
    return np.asarray(np.einsum("ijkl,bil->bilk", weight, u))


@capsule_predictions.fault("lower-capsules-summed", code="contraction.axes")
def _(weight: Array, u: Array) -> Array:
    summed = np.einsum("ijkl,nil->njk", weight, u)
    return np.repeat(summed[:, None], weight.shape[0], axis=1)


@capsule_predictions.fault("multiplied-without-a-sum", code="contraction.axes")
def _(weight: Array, u: Array) -> Any:
    # Also published: a column of u times the matrix, which scales its rows and adds up nothing.
    rows, columns = weight.shape[2:]
    if rows != columns:
        return capsule_predictions.reference(weight, u)
    return weight * u[:, :, None, :, None]


@capsule_predictions.fault("square-matrices-transposed", code="layout.transposed")
def _(weight: Array, u: Array) -> Any:
    return capsule_predictions.reference(_last_two(weight), u)


@capsule_predictions.fault("lower-and-upper-exchanged", code="layout.transposed")
def _(weight: Array, u: Array) -> Any:
    return capsule_predictions.reference(square_transposed(weight, 0, 1), u)


@capsule_predictions.fault("output-of-upper-before-lower", code="layout.transposed")
def _(weight: Array, u: Array) -> Any:
    return square_transposed(np.asarray(capsule_predictions.reference(weight, u)), 1, 2)


@capsule_predictions.fault("matrices-shared-by-the-lower", code="axis.wrong")
def _(weight: Array, u: Array) -> Any:
    return capsule_predictions.reference(np.broadcast_to(weight[:1], weight.shape), u)


@capsule_predictions.fault("matrices-shared-by-the-upper", code="axis.wrong")
def _(weight: Array, u: Array) -> Any:
    return capsule_predictions.reference(np.broadcast_to(weight[:, :1], weight.shape), u)


@capsule_predictions.fault("tiled-in-another-order", code="layout.reshaped")
def _(weight: Array, u: Array) -> Any:
    # Copies of the vectors side by side, reshaped as if each stood beside its own copies.
    lower, upper = weight.shape[:2]
    copies = np.tile(u, (1, upper, 1)).reshape(len(u), lower, upper, -1)
    return np.einsum("ijkl,nijl->nijk", weight, copies)


@capsule_predictions.fault("gradient-averaged-over-upper-capsules", code="gradient.scale", gradient=True)
def _(cotangent: Array, weight: Array, u: Array) -> Arrays:
    found = _gradients(capsule_predictions, cotangent, {"weight": weight, "u": u})
    return {**found, "u": found["u"] / weight.shape[1]}


@batched_matvec.fault("square-matrices-transposed", code="layout.transposed")
def _(matrix: Array, vector: Array) -> Any:
    return batched_matvec.reference(_last_two(matrix), vector)


@batched_matvec.fault("multiplied-without-a-sum", code="contraction.axes")
def _(matrix: Array, vector: Array) -> Any:
    if matrix.shape[-1] != matrix.shape[-2]:
        return batched_matvec.reference(matrix, vector)
    return matrix * vector[..., None]


@batched_matvec.fault("one-vector-for-all", code="axis.wrong")
def _(matrix: Array, vector: Array) -> Any:
    first = vector[(slice(1),) * (vector.ndim - 1)]
    return batched_matvec.reference(matrix, np.broadcast_to(first, vector.shape))


@batched_matvec.fault("one-matrix-for-all", code="axis.wrong")
def _(matrix: Array, vector: Array) -> Any:
    first = matrix[(slice(1),) * (matrix.ndim - 2)]
    return batched_matvec.reference(np.broadcast_to(first, matrix.shape), vector)


@batched_matvec.fault("every-matrix-with-every-vector", code="contraction.axes")
def _(matrix: Array, vector: Array) -> Any:
    # matmul of a vector that has no axis of size one: all vectors of a batch become the columns of one matrix.
    return np.matmul(matrix, vector.T) if vector.ndim == 2 else batched_matvec.reference(matrix, vector)  # noqa: PLR2004


@batched_matvec.fault("every-place-summed", code="contraction.axes")
def _(matrix: Array, vector: Array) -> Any:
    summed = np.asarray(batched_matvec.reference(matrix, vector)).sum(axis=tuple(range(vector.ndim - 1)))
    return np.array(np.broadcast_to(summed, matrix.shape[:-1]))


@batched_matvec.fault("batch-axes-exchanged", code="layout.transposed")
def _(matrix: Array, vector: Array) -> Any:
    return batched_matvec.reference(matrix, square_transposed(vector) if vector.ndim == 3 else vector[::-1])  # noqa: PLR2004


@batched_matvec.fault("product-reversed", code="layout.channel-order")
def _(matrix: Array, vector: Array) -> Any:
    return batched_matvec.reference(matrix[..., ::-1, :], vector)
