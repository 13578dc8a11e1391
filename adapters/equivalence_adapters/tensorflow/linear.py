"""TensorFlow's linear layers: features last, weights (input, output)."""

from __future__ import annotations

from typing import Any

from equivalence.binding import HALF_TOO, binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")


def finish(output: Any, bias: Any, activation: str) -> Any:
    """Add the bias, if there is one, and apply the activation."""
    output = output if bias is None else output + bias
    return output if activation == "linear" else getattr(tf.nn, activation)(output)


def _dense(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    return finish(tf.linalg.matmul(x, weight), bias, activation)


def nin_layer(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    """Dense units on the last axis of any array."""
    return finish(tf.tensordot(x, weight, axes=1), bias, activation)


# matmul takes the last two axes of x as a matrix and repeats the weight over those before.
dense = binding(
    _dense,
    docs="https://www.tensorflow.org/api_docs/python/tf/linalg/matmul",
    weight="c o",
    conventions={
        "more than two axes": "kept: the last is contracted",
        "default activation": "none",
        "default bias": "none",
        "default initialisation": "none: an operation without parameters of its own",
    },
    dtypes=HALF_TOO,
)

# TensorFlow's networks have the channels last; tensordot sums over the last axis of x and the first of the weight.
nin = binding(
    nin_layer,
    docs="https://www.tensorflow.org/api_docs/python/tf/tensordot",
    x="n ... c",
    weight="c o",
    output="n ... o",
    conventions={
        "layer of its own": "none: tf.nn.conv2d with a kernel 1 1 c o, for two axes",
        "default activation": "none",
        "default bias": "none",
        "default initialisation": "none: an operation without parameters of its own",
    },
    dtypes=HALF_TOO,
)


def _bilinear(x: Any, y: Any, weight: Any, bias: Any = None) -> Any:
    return finish(tf.einsum("...c,ocd,...d->...o", x, weight, y), bias, "linear")


bilinear = binding(
    _bilinear,
    docs="https://www.tensorflow.org/api_docs/python/tf/einsum",
    conventions={"layer of its own": "none", "default bias": "none", "default initialisation": "none"},
)
