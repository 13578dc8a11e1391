"""Theano's rearranging of tensors."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy

tensor = Lazy("theano.tensor")

_EXTRA = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/extra_ops.html"
_TENSOR = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html"


def _permute(x: Any, *, pattern: tuple[int, ...]) -> Any:
    return x.dimshuffle(*pattern)


def _squeeze(x: Any, *, axes: tuple[int, ...]) -> Any:
    # squeeze drops the axes that the graph knows to be of size one, which addbroadcast tells it.
    return tensor.squeeze(tensor.addbroadcast(x, *axes))


def _axes_of_size_one(context: Context) -> tuple[int, ...]:
    sizes = [context.sizes[letter] for letter in "tuv"]
    axes = context.parameters["axes"]
    return tuple(k for k, size in enumerate(sizes) if size == 1) if axes is None else tuple(k % 3 for k in axes)


def _reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    return x.reshape(tuple(shape))


def _flatten(x: Any) -> Any:
    # As Lasagne's FlattenLayer does it.
    return x.flatten(2)


def _repeat(x: Any, *, repeats: int, axis: int) -> Any:
    # A negative axis is not understood.
    return tensor.repeat(x, repeats, axis=axis % x.ndim)


def _concatenate(*parts: Any) -> Any:
    return tensor.concatenate(parts, axis=1)


permute_dimensions = binding(
    _permute,
    docs=f"{_TENSOR}#theano.tensor._tensor_py_operators.dimshuffle",
    x="...",
    rename={"axes": "pattern"},
    conventions={
        "meaning of the permutation": "pattern[k] is the input's axis that becomes axis k",
        "left out": "dimshuffle: error; transpose: all axes are reversed",
    },
)
expand_dims = binding(
    tensor.shape_padaxis,
    docs=f"{_TENSOR}#theano.tensor.shape_padaxis",
    x="...",
    conventions={"negative axis": "counts the output's axes: -1 puts the new one last", "default axis": "none"},
)
squeeze = binding(
    _squeeze,
    docs=f"{_EXTRA}#theano.tensor.extra_ops.squeeze",
    x="t u v",
    recode={"axes": _axes_of_size_one},
    conventions={
        "an axis of another size": "error",
        "left out": "all axes that the graph knows to be of size one",
        "where sizes are unknown": "an axis that is not marked broadcastable is kept, whatever its size",
    },
)
reshape = binding(
    _reshape,
    docs=f"{_TENSOR}#theano.tensor.reshape",
    x="t u v",
    conventions={"order": "C, the last axis fastest", "size 0 in the shape": "an empty axis"},
)
flatten = binding(
    _flatten,
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/shape.html#lasagne.layers.FlattenLayer",
    x="n c ...",
    rename={"channels": None},
    only={"channels": ["first"]},
    conventions={
        "order on the framework's layout": "c h w: the channel slowest",
        "axes kept": "tensor.flatten: none; FlattenLayer: the batch's",
    },
)
flatten_channels_last = binding(
    _flatten,
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/shape.html#lasagne.layers.FlattenLayer",
    operation="flatten",
    variant="channels_last",
    x="n ... c",
    rename={"channels": None},
    only={"channels": ["last"]},
    conventions={
        "order on the framework's layout": "h w c, after dimshuffle(0, 2, 3, 1)",
        "axes kept": "tensor.flatten: none; FlattenLayer: the batch's",
    },
)
concatenate = binding(
    _concatenate,
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/merge.html#lasagne.layers.ConcatLayer",
    x="n c ...",
    y="n d ...",
    z="n e ...",
    output="n o ...",
    conventions={
        "axis of the channels": "1",
        "default axis": "tensor.concatenate: 0, the batch; ConcatLayer: 1",
    },
)
repeat = binding(
    _repeat,
    docs=f"{_EXTRA}#theano.tensor.extra_ops.repeat",
    x="...",
    conventions={"order": "a a b b", "default axis": "None: flattens first"},
)
tile = binding(
    tensor.tile,
    docs=f"{_TENSOR}#theano.tensor.tile",
    x="...",
    rename={"multiples": "reps"},
    conventions={"order": "a b a b", "fewer numbers than axes": "1 is put before them"},
)
