"""Contractions of Theano, which has no einsum and no matmul that broadcasts: products of spread operands, summed.

So is ``batch_dot``, although ``batched_tensordot`` is Theano's own: its C code calls the library BLAS directly, and the
stack has none.
"""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.contraction import batch_dot_equation, matmul_repeats

tensor = Lazy("theano.tensor")

_BASIC = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html"

dot = binding(
    tensor.dot,
    docs=f"{_BASIC}#theano.tensor.dot",
    conventions={
        "more than two axes": "kept, those of x first",
        "axes that meet": "the last of x, the last but one of y",
    },
)


def _explicit(context: Context) -> str:
    equation = context.parameters["equation"]
    alone = sorted(label for label in equation if label.isalpha() and equation.count(label) == 1)
    return equation if "->" in equation else f"{equation}->{''.join(alone)}"


def _einsum(x: Any, y: Any = None, *, equation: str) -> Any:
    left, _, output = equation.partition("->")
    labels = sorted(set(left) - {","})
    product: Any = 1
    for word, operand in zip(left.split(","), [x] if y is None else [x, y], strict=True):
        product *= operand.dimshuffle(*(word.index(label) if label in word else "x" for label in labels))
    kept = [label for label in labels if label in output]
    summed = product.sum(axis=[place for place, label in enumerate(labels) if label not in output])
    return summed.dimshuffle(*(kept.index(label) for label in output))


def _batch_dot(x: Any, y: Any, *, equation: str) -> Any:
    # Keras 1 added the axis of size one to what batched_tensordot gave.
    output = _einsum(x, y, equation=equation)
    return output if output.ndim > 1 else output.dimshuffle(0, "x")


batch_dot = binding(
    _batch_dot,
    docs=f"{_BASIC}#theano.tensor.batched_tensordot",
    rename={"axes": None},
    recode={"equation": batch_dot_equation},
    conventions={
        "batch axes": "the first",
        "axes as a number": "counts them: the last of x, the first of y behind the batch",
        "default axes": "2, a count",
        "nothing left but the batch": "n",
    },
)


def _matmul(x: Any, y: Any, *, repeats: tuple[tuple[bool, ...], tuple[bool, ...]]) -> Any:
    batch = max(x.ndim, y.ndim) - 2
    x, y = (
        # An axis is spread only if it is known to have size one when the graph is built.
        tensor.patternbroadcast(operand, (*ones, False, False)).dimshuffle(
            *"x" * (batch + 2 - operand.ndim), *range(operand.ndim)
        )
        for operand, ones in zip((x, y), repeats, strict=True)
    )
    own = range(batch)
    return (x.dimshuffle(*own, batch, batch + 1, "x") * y.dimshuffle(*own, "x", batch, batch + 1)).sum(axis=-2)


matmul = binding(
    _matmul,
    docs=f"{_BASIC}#theano.tensor.dot",
    recode={"repeats": matmul_repeats},
    conventions={
        "batch axes": "none for dot, the first for batched_dot; an axis is broadcast if its type says so",
        "transposed operands": "x.dimshuffle",
        "vectors": "dot: as in NumPy; batched_dot: one for each example",
    },
)


einsum = binding(
    _einsum,
    docs=f"{_BASIC}#theano.tensor.tensordot",
    recode={"equation": _explicit},
    conventions={
        "without an arrow": "no einsum",
        "a label twice in an operand": "no einsum",
        "order of summation": "no einsum: all products first",
    },
)


def _capsule_predictions(weight: Any, u: Any) -> Any:
    return (weight.dimshuffle("x", 0, 1, 2, 3) * u.dimshuffle(0, 1, "x", "x", 2)).sum(axis=-1)


capsule_predictions = binding(
    _capsule_predictions,
    docs=f"{_BASIC}#theano.tensor.batched_dot",
    conventions={"weights": "one matrix for each pair, no sum over i"},
)


def _batched_matvec(matrix: Any, vector: Any) -> Any:
    batch = range(vector.ndim - 1)
    return (matrix * vector.dimshuffle(*batch, "x", vector.ndim - 1)).sum(axis=-1)


batched_matvec = binding(
    _batched_matvec,
    docs=f"{_BASIC}#theano.tensor.batched_dot",
    conventions={
        "vectors": "without an axis of size one",
        "batch axes": "the first, never broadcast",
    },
)
