"""Taking a ``keras.Model`` apart: its layers, and what lies between two of them, as a model on the same weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from equivalence.chain import between, pairs
from equivalence.driver import Row
from equivalence.errors import PortError
from equivalence.inputs import Array
from equivalence.lazy import Lazy

keras = Lazy("keras")
tf = Lazy("tensorflow")


class Models:
    """Takes models apart; remembers the tensors between layers, which a layer forgets once it is in two models."""

    def __init__(self) -> None:
        self._tensors: WeakKeyDictionary[Any, dict[str, tuple[Any, Any]]] = WeakKeyDictionary()
        self._listed: dict[int, tuple[Any, Any]] = {}

    def anatomy(self, model: Any, part: Mapping[str, Any], inputs: Sequence[Array]) -> dict[str, Any]:
        """What :func:`equivalence.worker.parts.anatomy` tells.

        Args:
            model: a model, or a list of named layers.
            part: its inputs.
            inputs: what it is called with.
        """
        layers = self._layers(model)
        if not _is_graph(model):
            return _called(layers, inputs)
        try:
            self._between(model, part)
        except Exception as error:  # noqa: BLE001 - whatever a model raises is an outcome
            return {**_called(layers, inputs), "raised": f"{type(error).__name__}: {error}"}
        rows: list[Row] = [
            {
                "name": name,
                "parameters": _held(layer),
                "calls": 1 if name in self._tensors[model] else 2,
                "takes": _shape(self._tensors[model][name][0]) if name in self._tensors[model] else None,
                "gives": _shape(self._tensors[model][name][1]) if name in self._tensors[model] else None,
            }
            for name, layer in layers
        ]
        return {"layers": rows, "chain": isinstance(model, keras.Sequential), "raised": ""}

    def part(self, model: Any, wanted: Mapping[str, Any]) -> Any:
        """A part of a model as a model that holds the same weights, see :class:`equivalence.model.Segment`."""
        layers = self._layers(model)
        if not _is_graph(model):
            if not (wanted["after"] or wanted["upto"] or wanted.get("only")) and isinstance(model, keras.Model):
                return model
            start, stop = between([name for name, _ in layers], wanted)
            return _sequence([layer for _, layer in layers[start:stop]], wanted["takes"])
        tensors = self._between(model, wanted)
        if wanted.get("only"):
            return keras.Model(*tensors[wanted["only"]])
        if not (wanted["after"] or wanted["upto"]):
            return model
        first = tensors[wanted["after"]][1] if wanted["after"] else model.inputs
        if not wanted["upto"]:
            return keras.Model(first, model.outputs[0])
        return keras.Model(first, tensors[wanted["upto"]][0 if wanted.get("into") else 1])

    def weights(self, model: Any, wanted: Mapping[str, Any]) -> dict[str, Array]:
        """What a layer of a model holds, by its own names."""
        layer = dict(self._layers(model))[wanted["weights"]]
        return {weight.name: np.asarray(weight.value, np.float64) for weight in layer.weights}

    def _layers(self, model: Any) -> list[tuple[str, Any]]:
        if isinstance(model, keras.Model):
            found = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
            return [(layer.name, layer) for layer in found]
        if id(model) not in self._listed:
            self._listed[id(model)] = (
                model,
                [(n, one if isinstance(one, keras.Layer) else _function(one)) for n, one in pairs(model)],
            )
        return list(self._listed[id(model)][1])

    def _between(self, model: Any, part: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """The tensors that each layer of a graph takes and gives."""
        if model not in self._tensors:
            if not model.built or not model.inputs:
                model.build((None, *part["shapes"][0][1][1:]))
            layers = [layer for _, layer in self._layers(model) if len(layer._inbound_nodes) == 1]  # noqa: SLF001
            self._tensors[model] = {layer.name: (_one(layer.input), _one(layer.output)) for layer in layers}
        return self._tensors[model]


def _sequence(layers: Sequence[Any], takes: Sequence[tuple[str, Sequence[int]]]) -> Any:
    """Layers one after the other, the first of which may take several inputs, as a model."""
    inputs = [keras.Input(tuple(shape[1:]), dtype="float32" if kind == "f" else "int32") for kind, shape in takes]
    given = layers[0](*inputs)
    for layer in layers[1:]:
        given = layer(_one(given))
    return keras.Model(inputs[0] if len(inputs) == 1 else inputs, given)


def _is_graph(model: Any) -> bool:
    return isinstance(model, (keras.Sequential, keras.src.models.Functional))


def _held(layer: Any) -> dict[str, list[int]]:
    return {weight.name: list(weight.shape) for weight in layer.weights}


def _one(tensors: Any) -> Any:
    return tf.nest.flatten(tensors)[0]


def _shape(tensor: Any) -> list[int]:
    return [int(size) if size is not None else -1 for size in tensor.shape]


def _function(function: Any) -> Any:
    if not callable(function):
        raise PortError("a list of named layers", expected="functions or Keras layers", got=type(function).__name__)
    return keras.layers.Lambda(function)


def _called(layers: Sequence[tuple[str, Any]], inputs: Sequence[Array]) -> dict[str, Any]:
    """The rows of layers that are called one after the other."""
    rows: list[Row] = []
    given = [tf.constant(array) for array in inputs]
    raised = ""
    for name, layer in layers:
        rows.append({"name": name, "parameters": {}, "calls": 1, "takes": list(given[0].shape), "gives": None})
        try:
            given = tf.nest.flatten(layer(*given))[:1]
        except Exception as error:  # noqa: BLE001 - whatever a layer raises is an outcome
            raised = f"{name}: {type(error).__name__}: {error}"
            rows[-1]["parameters"] = _held(layer)
            break
        rows[-1]["parameters"] = _held(layer)
        rows[-1]["gives"] = list(given[0].shape)
    return {"layers": rows, "chain": True, "raised": raised}
