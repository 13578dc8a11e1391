"""TensorFlow's activations."""

from __future__ import annotations

from equivalence.binding import HALF_TOO, binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")

relu = binding(tf.nn.relu, docs="https://www.tensorflow.org/api_docs/python/tf/nn/relu", dtypes=HALF_TOO)
softmax = binding(tf.nn.softmax, docs="https://www.tensorflow.org/api_docs/python/tf/nn/softmax", dtypes=HALF_TOO)
