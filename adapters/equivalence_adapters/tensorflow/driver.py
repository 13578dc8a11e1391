"""The TensorFlow driver: eager tensors on the CPU, gradients by ``tf.GradientTape``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equivalence.driver import Call, Result
from equivalence.inputs import Array


class TensorflowDriver:
    """Performs functions of TensorFlow's tensors. Threads and devices are set by the adapter's environment."""

    def versions(self) -> dict[str, str]:
        """TensorFlow's version, Keras's and NumPy's."""
        return {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}

    def run(self, call: Call) -> Result:
        """Evaluate a function of tensors and its vector-Jacobian product."""
        tensors = {name: _as_tensor(array, call.dtype) for name, array in call.arrays.items()}
        with tf.GradientTape() as tape:
            for name in call.wrt:
                tape.watch(tensors[name])
            outputs = {name: tf.convert_to_tensor(value) for name, value in call.invoke(tensors).items()}
        arrays = {name: _as_array(tensor) for name, tensor in outputs.items()}
        if not call.cotangents or any(arrays[name].shape != t.shape for name, t in call.cotangents.items()):
            return Result(arrays, {})
        return Result(arrays, _gradients(call, tape, tensors, outputs))


def _gradients(call: Call, tape: Any, tensors: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Array]:
    # The tape differentiates real outputs only, and says so about others in a log that nobody reads.
    real = [name for name in call.cotangents if outputs[name].dtype.is_floating]
    found = tape.gradient(
        [outputs[name] for name in real],
        [tensors[name] for name in call.wrt],
        output_gradients=[tf.cast(call.cotangents[name], outputs[name].dtype) for name in real],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    # The gradient of a gather is tf.IndexedSlices: rows and where they belong, to be added up into a tensor.
    return {name: _as_array(tf.convert_to_tensor(gradient)) for name, gradient in zip(call.wrt, found, strict=True)}


def _as_tensor(array: Array, dtype: str) -> Any:
    tensor = tf.constant(array)
    return tf.cast(tensor, tf.bfloat16) if dtype == "bfloat16" and tensor.dtype.is_floating else tensor


def _as_array(tensor: Any) -> Array:
    if tensor.dtype == tf.bfloat16:
        # NumPy has no bfloat16 of its own; float32 holds each of its values.
        tensor = tf.cast(tensor, tf.float32)
    return np.array(tensor.numpy())
