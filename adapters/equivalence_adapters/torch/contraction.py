"""PyTorch's contractions."""

from __future__ import annotations

from functools import partial
from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters.contraction import Axes, batch_dot_axes

torch = Lazy("torch")

_EINSUM = "https://docs.pytorch.org/docs/stable/generated/torch.einsum.html"
_TENSORDOT = "https://docs.pytorch.org/docs/stable/generated/torch.tensordot.html"
_MATMUL = "https://docs.pytorch.org/docs/stable/generated/torch.matmul.html"


def _dot(x: Any, y: Any) -> Any:
    return torch.tensordot(x, y, dims=([-1], [-2]))


# torch.dot is for two vectors, and torch.matmul reads the axes before the last two as a batch.
dot = binding(
    _dot,
    docs=_TENSORDOT,
    conventions={
        "more than two axes": "torch.dot refuses them, torch.matmul takes them as a batch; tensordot keeps them all",
        "axes that meet": "named; a number counts axes: last of x, first of y",
    },
)


def _batch_dot(x: Any, y: Any, *, axes: Axes) -> Any:
    # Without the batch, which vmap takes away, every axis is one to the left.
    dims = [[axis - 1 for axis in entry] for entry in axes]
    output = torch.vmap(partial(torch.tensordot, dims=dims))(x, y)
    return output if output.ndim > 1 else output.unsqueeze(1)


batch_dot = binding(
    _batch_dot,
    docs=_TENSORDOT,
    recode={"axes": batch_dot_axes},
    conventions={
        "batch axes": "vmap: the first; torch.bmm: the first of three; torch.matmul: all but the last two",
        "axes as a number": "counts them: the last of x, the first of y",
        "default axes": "2, a count",
        "nothing left but the batch": "n",
    },
)

matmul = binding(
    torch.matmul,
    docs=_MATMUL,
    conventions={
        "batch axes": "all but the last two, broadcast; torch.bmm: one, never broadcast",
        "transposed operands": "x.mT",
        "vectors": "get an axis of size one, which the result lacks",
    },
)


def _einsum(x: Any, y: Any = None, *, equation: str) -> Any:
    return torch.einsum(equation, x) if y is None else torch.einsum(equation, x, y)


einsum = binding(
    _einsum,
    docs=_EINSUM,
    conventions={
        "without an arrow": "labels that stand once, in alphabetical order",
        "a label twice in an operand": "its diagonal",
        "order of summation": "left to right, or opt_einsum's where that is installed",
    },
)


def _capsule_predictions(weight: Any, u: Any) -> Any:
    return torch.einsum("ijkl,nil->nijk", weight, u)


capsule_predictions = binding(
    _capsule_predictions,
    docs=_EINSUM,
    conventions={"weights": "one matrix for each pair, no sum over i"},
)

# A vector is a matrix of one column.
batched_matvec = binding(
    torch.matmul,
    docs=_MATMUL,
    vector="... c 1",
    output="... o 1",
    conventions={
        "vectors": "with an axis of size one, unless there is no batch",
        "batch axes": "all but the last two of the matrices, broadcast",
    },
)
