"""TensorFlow's linear layers: features last, weights (input, output)."""

from __future__ import annotations

from typing import Any

from equivalence.binding import HALF_TOO, binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")


def _finish(output: Any, bias: Any, activation: str) -> Any:
    output = output if bias is None else output + bias
    return output if activation == "linear" else getattr(tf.nn, activation)(output)


def _dense(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    return _finish(tf.linalg.matmul(x, weight), bias, activation)


def _nin(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    return _finish(tf.tensordot(x, weight, axes=1), bias, activation)


# matmul takes the last two axes of x as a matrix and repeats the weight over those before.
dense = binding(
    _dense, docs="https://www.tensorflow.org/api_docs/python/tf/linalg/matmul", weight="c o", dtypes=HALF_TOO
)

# TensorFlow's networks have the channels last; tensordot sums over the last axis of x and the first of the weight.
nin = binding(
    _nin,
    docs="https://www.tensorflow.org/api_docs/python/tf/tensordot",
    x="n ... c",
    weight="c o",
    output="n ... o",
    dtypes=HALF_TOO,
)
