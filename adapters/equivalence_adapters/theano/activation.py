"""Activations of Theano."""

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

nnet = Lazy("theano.tensor.nnet")
tensor = Lazy("theano.tensor")

relu = binding(
    # Computed as (x + |x|) / 2, whose gradient at exactly 0 is one half.
    nnet.relu,
    x="...",
    output="...",
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/nnet.html#theano.tensor.nnet.relu",
)


def _softmax(x: Any, *, axis: int) -> Any:
    # Theano's own softmax is for matrices, and over their last axis only.
    powers = tensor.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


softmax = binding(
    _softmax,
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/nnet.html#theano.tensor.nnet.softmax",
)
