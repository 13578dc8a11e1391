"""Theano's indices."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tensor = Lazy("theano.tensor")

_TENSOR = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html"


def _one_hot(indices: Any, *, depth: int, axis: int) -> Any:
    # to_one_hot takes vectors only, and raises for an index that is no class; this is how its result is compared.
    place = axis % (indices.ndim + 1)
    classes = tensor.arange(depth).dimshuffle(*[0 if k == place else "x" for k in range(indices.ndim + 1)])
    return tensor.eq(tensor.shape_padaxis(indices, place), classes).astype("float32")


def _gather(x: Any, indices: Any, *, axis: int, mode: str) -> Any:
    place = axis % x.ndim
    if mode in ("clip", "wrap"):
        return x.take(indices, axis=place, mode=mode)
    size = x.shape[place]
    counted = tensor.switch(indices < 0, indices + size, indices) if mode == "from_end" else indices
    taken = x.take(counted, axis=place, mode="clip")
    inside = tensor.ge(counted, 0) * tensor.lt(counted, size)
    shown = inside.dimshuffle(*["x"] * place, *range(indices.ndim), *["x"] * (x.ndim - place - 1))
    return tensor.switch(shown, taken, tensor.zeros_like(taken))


def _embedding(indices: Any, weight: Any) -> Any:
    # As Lasagne's EmbeddingLayer does it.
    return weight[indices]


def _topk(x: Any, *, k: int) -> tuple[Any, Any]:
    # tensor.topk leaves the largest in whatever order; sorting all is stable if it is told the algorithm.
    places = tensor.argsort(-x, axis=-1, kind="mergesort")[..., :k]
    rows = [
        tensor.arange(x.shape[a]).dimshuffle(*[0 if b == a else "x" for b in range(x.ndim)]) for a in range(x.ndim - 1)
    ]
    return x[(*rows, places)], places


one_hot = binding(
    _one_hot,
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/extra_ops.html#theano.tensor.extra_ops.to_one_hot",
    indices="...",
    conventions={
        "negative index": "to_one_hot: error",
        "index beyond the depth": "to_one_hot: error",
        "default depth": "none",
        "dtype": "floatX; to_one_hot takes vectors only",
    },
)
gather = binding(
    _gather,
    docs=f"{_TENSOR}#theano.tensor._tensor_py_operators.take",
    x="...",
    conventions={
        "negative index": "from the end; mode clip: 0; mode wrap: modulo",
        "index beyond the end": "mode raise, the default: error",
        "default axis": "take: None, flattens first; x[indices]: 0",
    },
)
embedding = binding(
    _embedding,
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/embedding.html",
    indices="n t",
    weight="v d",
    conventions={
        "order of the arguments": "EmbeddingLayer: indices, sizes, weight; indexing: weight, indices",
        "index out of range": "error; a negative one counts from the end",
        "gradient": "dense, added up",
        "padding index": "none",
        "initial weight": "EmbeddingLayer: normal, standard deviation 0.01",
    },
)
argmax = binding(
    tensor.argmax,
    docs=f"{_TENSOR}#theano.tensor.argmax",
    x="...",
    conventions={
        "default axis": "None: counts through all",
        "ties": "the first",
        "dtype": "int64",
        "axis kept": "keepdims=False",
    },
)
topk = binding(
    _topk,
    docs=f"{_TENSOR}#theano.tensor.argsort",
    x="... t",
    conventions={
        "axis": "tensor.topk: the last by default",
        "order": "tensor.topk: none, sorted=True is not implemented",
        "ties": "the lower index first where argsort is stable (kind='mergesort'); topk: any",
        "dtype of the indices": "int64",
    },
)
