"""Dense layers with Lasagne's conventions: weights are ``input output``."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tensor = Lazy("theano.tensor")
nnet = Lazy("theano.tensor.nnet")

_ACTIVATIONS: dict[str, Any] = {"linear": lambda x: x, "relu": nnet.relu, "tanh": tensor.tanh}


def _nin(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    # As Lasagne's NINLayer does it: the product has the new channels first, the layer itself puts them second.
    product = tensor.tensordot(weight, x, axes=[[0], [1]])
    trailing = range(2, x.ndim)
    output = product.dimshuffle(1, 0, *trailing)
    if bias is not None:
        output = output + bias.dimshuffle("x", 0, *("x" for _ in trailing))
    return _ACTIVATIONS[activation](output)


def _dense(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    # Lasagne's DenseLayer with num_leading_axes=-1: the last axis is contracted, no other is flattened.
    output = tensor.dot(x, weight)
    return _ACTIVATIONS[activation](output if bias is None else output + bias)


nin = binding(
    _nin,
    x="n c ...",
    weight="c o",
    output="n o ...",
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/dense.html#lasagne.layers.NINLayer",
)

dense = binding(
    _dense,
    x="n ... c",
    weight="c o",
    output="n ... o",
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/dense.html#lasagne.layers.DenseLayer",
)
