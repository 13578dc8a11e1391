"""Faults of sums, averages and extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence_reference.reduction import cumsum, reduce_max, reduce_mean, reduce_sum, reduce_variance

Axes = tuple[int, ...] | None


def _gradient(operation: Operation, cotangent: Array, call: dict[str, Any]) -> Array:
    assert operation.product is not None
    return np.asarray(operation.product(cotangent, **call)["x"])


for _operation in (reduce_sum, reduce_mean, reduce_max, reduce_variance):

    @_operation.fault("over-all-axes", code="axis.wrong")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(**call | {"axes": None})

    @_operation.fault("over-the-last-axis", code="axis.wrong")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(**call | {"axes": (-1,)})

    @_operation.fault("axis-of-the-other-layout", code="axis.wrong", of=["concat-axis-not-remapped"])
    def _(x: Array, axes: Axes, *, wrong: Operation = _operation, **call: Any) -> Any:
        moved = None if axes is None else tuple(x.ndim - 1 - axis % x.ndim for axis in axes)
        return wrong.reference(x, axes=moved, **call)

    @_operation.fault("axes-dropped", code="axis.wrong")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(**call | {"keepdims": False})

    @_operation.fault("gradient-averaged", code="gradient.scale", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, **call: Any) -> dict[str, Array]:
        return {"x": _gradient(wrong, cotangent, call) / call["x"].shape[-1]}


@reduce_sum.fault("averaged", code="reduction.normalizer")
def _(**call: Any) -> Any:
    return reduce_mean.reference(**call)


@reduce_mean.fault("summed", code="reduction.normalizer")
def _(**call: Any) -> Any:
    return reduce_sum.reference(**call)


@reduce_mean.fault("divided-by-the-batch-alone", code="reduction.normalizer")
def _(x: Array, **call: Any) -> Any:
    return reduce_sum.reference(x, **call) / x.shape[0]


@reduce_max.fault("of-the-magnitudes", code="function.variant")
def _(x: Array, **call: Any) -> Any:
    return reduce_max.reference(np.abs(x), **call)


@reduce_max.fault("begun-at-zero", code="function.variant")
def _(x: Array, **call: Any) -> Any:
    return np.maximum(reduce_max.reference(x, **call), 0)


@reduce_max.fault("gradient-to-every-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, axes: Axes, keepdims: bool) -> dict[str, Array]:  # noqa: ARG001, FBT001
    largest = reduce_max.reference(x, axes=axes, keepdims=True)
    return {"x": (x == largest) * cotangent.reshape(largest.shape)}


@reduce_max.fault("gradient-to-the-first-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, axes: Axes, keepdims: bool) -> dict[str, Array]:  # noqa: FBT001
    if axes != (-1,):
        return {"x": _gradient(reduce_max, cotangent, {"x": x, "axes": axes, "keepdims": keepdims})}
    first = np.arange(x.shape[-1]) == x.argmax(axis=-1)[..., None]
    return {"x": first * cotangent.reshape(*x.shape[:-1], 1)}


@reduce_variance.fault("unbiased", code="variance.correction")
def _(**call: Any) -> Any:
    return reduce_variance.reference(**call | {"correction": 1})


@reduce_variance.fault("biased", code="variance.correction")
def _(**call: Any) -> Any:
    return reduce_variance.reference(**call | {"correction": 0})


@reduce_variance.fault("mean-of-squares", code="variance.meaning")
def _(x: Array, correction: int, **call: Any) -> Any:  # noqa: ARG001
    return reduce_mean.reference(x * x, **call)


@reduce_variance.fault("standard-deviation", code="variance.meaning")
def _(**call: Any) -> Any:
    return np.sqrt(reduce_variance.reference(**call))


@reduce_variance.fault("mean-of-squares-less-square-of-mean", code="precision.cancellation")
def _(x: Array, correction: int, **call: Any) -> Any:
    mean = reduce_mean.reference(x, **call)
    biased = reduce_mean.reference(x * x, **call) - mean * mean
    count = x.size // biased.size
    return biased * np.asarray(count / (count - correction), x.dtype)


@reduce_variance.fault("gradient-of-the-biased", code="variance.correction", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return {"x": _gradient(reduce_variance, cotangent, call | {"correction": 0})}


@cumsum.fault("exclusive-ignored", code="index.offset")
def _(**call: Any) -> Any:
    return cumsum.reference(**call | {"exclusive": False})


@cumsum.fault("reverse-ignored", code="sequence.direction")
def _(**call: Any) -> Any:
    return cumsum.reference(**call | {"reverse": False})


@cumsum.fault("last-axis-always", code="axis.wrong")
def _(**call: Any) -> Any:
    return cumsum.reference(**call | {"axis": -1})


@cumsum.fault("first-axis-always", code="axis.wrong")
def _(**call: Any) -> Any:
    return cumsum.reference(**call | {"axis": 0})


@cumsum.fault("result-left-reversed", code="sequence.direction")
def _(**call: Any) -> Any:
    right = cumsum.reference(**call)
    return np.flip(right, call["axis"]) if call["reverse"] else right


@cumsum.fault("flattened-first", code="axis.wrong")
def _(x: Array, **call: Any) -> Any:
    return cumsum.reference(x.ravel(), **call | {"axis": 0}).reshape(x.shape)


@cumsum.fault("gradient-in-the-same-direction", code="sequence.direction", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return {"x": _gradient(cumsum, cotangent, call | {"reverse": not call["reverse"]})}
