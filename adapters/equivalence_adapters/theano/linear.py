"""Dense layers with Lasagne's conventions: weights are ``input output``."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tensor = Lazy("theano.tensor")
nnet = Lazy("theano.tensor.nnet")

ACTIVATIONS: dict[str, Any] = {"linear": lambda x: x, "relu": nnet.relu, "tanh": tensor.tanh}


def nin_layer(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    """Dense units on the second axis of any array."""
    # As Lasagne's NINLayer does it: the product has the new channels first, the layer itself puts them second.
    product = tensor.tensordot(weight, x, axes=[[0], [1]])
    trailing = range(2, x.ndim)
    output = product.dimshuffle(1, 0, *trailing)
    if bias is not None:
        output = output + bias.dimshuffle("x", 0, *("x" for _ in trailing))
    return ACTIVATIONS[activation](output)


def _dense(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    # Lasagne's DenseLayer with num_leading_axes=-1: the last axis is contracted, no other is flattened.
    output = tensor.dot(x, weight)
    return ACTIVATIONS[activation](output if bias is None else output + bias)


nin = binding(
    nin_layer,
    x="n c ...",
    weight="c o",
    output="n o ...",
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/dense.html#lasagne.layers.NINLayer",
    conventions={
        "layer of its own": "NINLayer, for any number of axes",
        "default activation": "rectify",
        "default bias": "yes, one for each unit; untie_biases=True: one for each unit and pixel",
        "default initialisation": "weight GlorotUniform, bias 0",
    },
)

dense = binding(
    _dense,
    x="n ... c",
    weight="c o",
    output="n ... o",
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/dense.html#lasagne.layers.DenseLayer",
    conventions={
        "more than two axes": "flattened into the channels; kept with num_leading_axes=-1",
        "default activation": "rectify",
        "default bias": "yes",
        "default initialisation": "weight GlorotUniform, bias 0",
    },
)


def _bilinear(x: Any, y: Any, weight: Any, bias: Any = None) -> Any:
    halfway = tensor.tensordot(x, weight, axes=[[x.ndim - 1], [1]])
    leading = range(y.ndim - 1)
    output = (halfway * y.dimshuffle(*leading, "x", y.ndim - 1)).sum(axis=-1)
    return output if bias is None else output + bias


bilinear = binding(
    _bilinear,
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html#theano.tensor.tensordot",
    conventions={"layer of its own": "none", "default bias": "none", "default initialisation": "none"},
)
