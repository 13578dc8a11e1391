"""Theano's sums, averages and extremes."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tensor = Lazy("theano.tensor")

_TENSOR = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html"


def _variance(x: Any, *, axis: Any, keepdims: bool, correction: int) -> Any:
    return tensor.var(x, axis=axis, ddof=correction, keepdims=keepdims)


def _cumsum(x: Any, *, axis: int, exclusive: bool, reverse: bool) -> Any:
    place = axis % x.ndim

    def cut(values: Any, part: slice) -> Any:
        return values[tuple(part if a == place else slice(None) for a in range(x.ndim))]

    turned = slice(None, None, -1)
    total = tensor.cumsum(cut(x, turned) if reverse else x, axis=place)
    if exclusive:
        none = tensor.zeros_like(cut(total, slice(0, 1)))
        total = tensor.concatenate([none, cut(total, slice(0, -1))], axis=place)
    return cut(total, turned) if reverse else total


reduce_sum = binding(
    tensor.sum,
    docs=f"{_TENSOR}#theano.tensor.sum",
    x="...",
    rename={"axes": "axis"},
    conventions={"default axis": "None: all", "axis kept": "keepdims=False", "sum of whole numbers": "int64"},
)
reduce_mean = binding(
    tensor.mean,
    docs=f"{_TENSOR}#theano.tensor.mean",
    x="...",
    rename={"axes": "axis"},
    conventions={"default axis": "None: all", "axis kept": "keepdims=False", "mean of whole numbers": "float64"},
)
reduce_max = binding(
    tensor.max,
    docs=f"{_TENSOR}#theano.tensor.max",
    x="...",
    rename={"axes": "axis"},
    conventions={
        "default axis": "None: all",
        "axis kept": "keepdims=False",
        "gradient of ties": "all to each of them",
        "what comes back": "the values",
    },
)
reduce_variance = binding(
    _variance,
    docs=f"{_TENSOR}#theano.tensor.var",
    x="...",
    rename={"axes": "axis"},
    conventions={
        "default correction": "0, biased (ddof)",
        "default axis": "None: all",
        "axis kept": "keepdims=False",
    },
)
cumsum = binding(
    _cumsum,
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/extra_ops.html#theano.tensor.extra_ops.cumsum",
    x="...",
    conventions={
        "default axis": "None: flattens first",
        "exclusive, reverse": "no such arguments: turn round, and leave out the last",
    },
)
