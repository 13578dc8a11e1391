"""Theano, element by element."""

from __future__ import annotations

import functools
from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tensor = Lazy("theano.tensor")

_TENSOR = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html"
_MERGE = "https://lasagne.readthedocs.io/en/latest/modules/layers/merge.html"


def _sum(*parts: Any) -> Any:
    return functools.reduce(tensor.add, parts)


def _mul(*parts: Any) -> Any:
    return functools.reduce(tensor.mul, parts)


def _max(*parts: Any) -> Any:
    return functools.reduce(tensor.maximum, parts)


def _mean(*parts: Any) -> Any:
    # As Lasagne's ElemwiseSumLayer does it with coefficients.
    return functools.reduce(tensor.add, parts) / len(parts)


def _divide_integers(x: Any, y: Any, *, rounding: str) -> Any:
    if rounding == "nearest":
        # Told nothing, round takes halves away from zero.
        return tensor.cast(tensor.round(x / y, mode="half_to_even"), x.dtype)
    if rounding == "truncate":
        return tensor.cast(tensor.trunc(x / y), x.dtype)
    return tensor.int_div(x, y)


def _normalize_image(x: Any, mean: Any, *, reverse: bool, scale: float) -> Any:
    ordered = x[:, ::-1] if reverse else x
    return tensor.cast(ordered, mean.dtype) * scale - mean.dimshuffle("x", 0, "x", "x")


merge_sum = binding(
    _sum,
    docs=f"{_MERGE}#lasagne.layers.ElemwiseSumLayer",
    x="...",
    y="...",
    conventions={"shapes": "broadcast only on axes that the graph knows to be of size one"},
)
merge_mul = binding(
    _mul,
    docs=f"{_MERGE}#lasagne.layers.ElemwiseMergeLayer",
    x="...",
    y="...",
    conventions={"shapes": "broadcast only on axes that the graph knows to be of size one"},
)
merge_max = binding(
    _max,
    docs=f"{_TENSOR}#theano.tensor.maximum",
    x="...",
    y="...",
    conventions={"gradient of ties": "all to the first", "NaN in one": "NaN"},
)
merge_mean = binding(
    _mean,
    docs=f"{_MERGE}#lasagne.layers.ElemwiseSumLayer",
    x="...",
    y="...",
    conventions={"own function": "ElemwiseSumLayer with coeffs of 1/N"},
)
absolute = binding(
    tensor.abs_,
    docs=f"{_TENSOR}#theano.tensor.abs_",
    x="...",
    conventions={"gradient at 0": "0"},
)
cast = binding(
    tensor.cast,
    docs=f"{_TENSOR}#theano.tensor.cast",
    x="...",
    conventions={"real to whole": "drops what is behind the point", "out of range": "depends on the machine"},
)
cast_integers = binding(
    tensor.cast,
    docs=f"{_TENSOR}#theano.tensor.cast",
    x="...",
    conventions={"out of range": "wraps around", "int64 with float32": "float64"},
)
divide_integers = binding(
    _divide_integers,
    docs=f"{_TENSOR}#theano.tensor.int_div",
    x="...",
    y="...",
    conventions={
        "a // b": "down",
        "a / b of whole numbers": "config.int_division: int, raise or floatX; float64 by default",
        "round of halves": "away from zero; mode='half_to_even': to the even number",
    },
)
normalize_image = binding(
    _normalize_image,
    docs="https://github.com/Lasagne/Recipes/blob/master/modelzoo/vgg19.py",
    x="n c h w",
    output="n c h w",
    conventions={
        "preprocess_input": "none; Lasagne's models: blue first, as Caffe's they were made from",
        "its argument": "stays",
    },
)
