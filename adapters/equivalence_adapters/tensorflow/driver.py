"""The TensorFlow driver: eager tensors on the CPU, gradients by ``tf.GradientTape``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equivalence.driver import Call, Performed, Result
from equivalence.inputs import Array
from equivalence_adapters.keras.models import Models
from equivalence_adapters.keras.objects import Objects, in_dtype


class TensorflowDriver:
    """Performs functions of TensorFlow's tensors, and Keras's layers and models.

    Threads and devices are set by the adapter's environment.
    """

    objects: Mapping[type, str] = MappingProxyType({keras.Layer: "call"})

    def __init__(self) -> None:
        # What layers draw when they are made is the same in every run.
        keras.utils.set_random_seed(0)
        self._objects = Objects()
        self._models = Models()

    def versions(self) -> dict[str, str]:
        """TensorFlow's version, Keras's and NumPy's."""
        return {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}

    def run(self, call: Call) -> Result:
        """Evaluate a function of tensors, a layer or a model, and its vector-Jacobian product."""
        tensors = {name: _as_tensor(array, call.dtype) for name, array in call.arrays.items()}
        with tf.GradientTape() as tape:
            for name in call.wrt:
                tape.watch(tensors[name])
            performed = self._perform(call, tensors)
            outputs = {name: tf.convert_to_tensor(value) for name, value in performed.outputs.items()}
        arrays = {name: _as_array(tensor) for name, tensor in outputs.items()}
        effects: dict[str, Any] = {"dtypes": {name: tensor.dtype.name for name, tensor in outputs.items()}}
        effects["state"] = list(performed.state)
        if call.effects:
            effects["mutated"] = call.written({name: _as_array(tensor) for name, tensor in tensors.items()})
            effects["degenerate"] = list(performed.constants)
        if not call.cotangents or any(arrays[name].shape != t.shape for name, t in call.cotangents.items()):
            return Result(arrays, {}, effects)
        return Result(arrays, _gradients(call, tape, tensors, outputs), effects)

    def anatomy(self, model: Any, part: Mapping[str, Any], inputs: Sequence[Array]) -> dict[str, Any]:
        """The layers of a model, see :func:`equivalence.worker.parts.anatomy`."""
        return self._models.anatomy(model, part, inputs)

    def part(self, model: Any, part: Mapping[str, Any]) -> Any:
        """A part of a model, see :class:`equivalence.model.Segment`."""
        return self._models.part(model, part)

    def weights(self, model: Any, part: Mapping[str, Any]) -> dict[str, Array]:
        """What a layer of a model holds, see :func:`equivalence.worker.parts.weights`."""
        return self._models.weights(model, part)

    def _perform(self, call: Call, tensors: Mapping[str, Any]) -> Performed:
        if isinstance(call.function, keras.Layer):
            earlier = [{name: _as_tensor(array, call.dtype) for name, array in batch.items()} for batch in call.earlier]
            return self._objects.perform(call, tensors, earlier)
        return Performed(in_dtype(call.dtype if call.port else "", lambda: call.invoke(tensors)))


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
