"""TensorFlow's contractions."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters.contraction import batch_dot_equation

tf = Lazy("tensorflow")

_EINSUM = "https://www.tensorflow.org/api_docs/python/tf/einsum"
_MATMUL = "https://www.tensorflow.org/api_docs/python/tf/linalg/matmul"


def _dot(x: Any, y: Any) -> Any:
    return tf.tensordot(x, y, axes=[[x.ndim - 1], [y.ndim - 2]])


dot = binding(
    _dot,
    docs="https://www.tensorflow.org/api_docs/python/tf/tensordot",
    conventions={
        "more than two axes": "tf.matmul takes all but the last two as a batch; tensordot keeps them all",
        "axes that meet": "named; a number counts axes: last of x, first of y",
    },
)


def _batch_dot(x: Any, y: Any, *, equation: str) -> Any:
    output = tf.einsum(equation, x, y)
    return output if output.ndim > 1 else tf.expand_dims(output, 1)


# TensorFlow has no tensordot of examples; its matmul reads every axis but the last two as a batch.
batch_dot = binding(
    _batch_dot,
    docs=_EINSUM,
    rename={"axes": None},
    recode={"equation": batch_dot_equation},
    conventions={
        "batch axes": "those the equation names; tf.matmul: all but the last two",
        "axes as a number": "none: an equation",
        "default axes": "none: an equation",
        "nothing left but the batch": "n",
    },
)

_BATCHES = {
    "batch axes": "all but the last two, broadcast",
    "transposed operands": "transpose_a, transpose_b, adjoint_a, adjoint_b",
    "vectors": "refused: two axes or more",
}

matmul = binding(tf.linalg.matmul, docs=_MATMUL, conventions=_BATCHES)


def _matmul_transposed(x: Any, y: Any) -> Any:
    return tf.linalg.matmul(x, y, transpose_a=True)


matmul_transpose_a = binding(
    _matmul_transposed,
    docs=_MATMUL,
    operation="matmul",
    variant="transpose_a",
    x="... c a",
    conventions=_BATCHES,
)


def _einsum(x: Any, y: Any = None, *, equation: str) -> Any:
    return tf.einsum(equation, x) if y is None else tf.einsum(equation, x, y)


einsum = binding(
    _einsum,
    docs=_EINSUM,
    conventions={
        "without an arrow": "labels that stand once, in alphabetical order",
        "a label twice in an operand": "its diagonal",
        "order of summation": "found by opt_einsum, optimize='greedy'",
    },
)

_CAPSULES = {"weights": "one matrix for each pair, no sum over i"}


def _capsule_predictions(weight: Any, u: Any) -> Any:
    return tf.einsum("ijkl,nil->nijk", weight, u)


capsule_predictions = binding(_capsule_predictions, docs=_EINSUM, conventions=_CAPSULES)


def _tiled_capsule_predictions(weight: Any, u: Any) -> Any:
    weights = tf.tile(weight, [u.shape[0], 1, 1, 1, 1])
    vectors = tf.tile(u, [1, 1, weight.shape[2], 1, 1])
    return tf.linalg.matmul(weights, vectors)


# The way of the capsule networks of TensorFlow 1: a copy of every matrix for each example, and columns for vectors.
capsule_predictions_tiled = binding(
    _tiled_capsule_predictions,
    docs=_MATMUL,
    operation="capsule_predictions",
    variant="tiled",
    weight="1 i j k l",
    u="n i 1 l 1",
    output="n i j k 1",
    conventions=_CAPSULES,
)

_MATVEC = "https://www.tensorflow.org/api_docs/python/tf/linalg/matvec"
_VECTORS = {
    "vectors": "without an axis of size one",
    "batch axes": "all but the last two of the matrices, broadcast",
}

batched_matvec = binding(tf.linalg.matvec, docs=_MATVEC, conventions=_VECTORS)


def _transposed_matvec(matrix: Any, vector: Any) -> Any:
    return tf.linalg.matvec(matrix, vector, transpose_a=True)


batched_matvec_transpose_a = binding(
    _transposed_matvec,
    docs=_MATVEC,
    operation="batched_matvec",
    variant="transpose_a",
    matrix="... c o",
    conventions=_VECTORS,
)
