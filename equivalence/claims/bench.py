"""One framework as a claim sees it: the catalogue's operations through its bindings, in its worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.binding import Adapter
from equivalence.claim import Own
from equivalence.engine import Engine, launch, layout_of, random_cotangents, request_for
from equivalence.errors import EquivalenceError, WorkerError
from equivalence.graph import Graph
from equivalence.graph_running import GraphRunner
from equivalence.inputs import Array
from equivalence.judging import cast
from equivalence.matrix import Cell
from equivalence.operation import OUTPUT, Case, Operation
from equivalence.pool import Request
from equivalence.registry import Participant


class UnableError(EquivalenceError):
    """A framework has no binding of what a claim needs."""


class Bench:
    """Performs operations in one framework; see :class:`equivalence.claim.Framework`."""

    def __init__(self, engine: Engine, adapter: Adapter) -> None:
        self.name, self._engine, self._adapter = adapter.name, engine, adapter

    @property
    def reference(self) -> Bench:
        """The references in this one's place."""
        return Bench(self._engine, self._engine.registry.reference)

    def __call__(
        self, operation: str, /, *arrays: Any, own: Mapping[str, Own] | None = None, **parameters: Any
    ) -> Array:
        """The first output of an operation."""
        if own and self.name in own and not self._engine.registry.bindings.get((self.name, operation)):
            path, keywords = own[self.name]
            return self.call(path, *arrays, **keywords)
        outputs, _ = self._perform(operation, arrays, {}, parameters)
        return next(iter(outputs.values()))

    def gradients(self, operation: str, cotangent: Any, /, *arrays: Any, **parameters: Any) -> dict[str, Array]:
        """The vector-Jacobian product for each real argument, by name."""
        name = next(iter(self._engine.registry.operation(operation).outputs))
        _, gradients = self._perform(operation, arrays, {name: np.asarray(cotangent)}, parameters)
        return gradients

    def call(self, path: str, /, *arrays: Any, **parameters: Any) -> Array:
        """A function of the framework's own, on arrays as they are."""
        named = {f"argument{place}": _array(array) for place, array in enumerate(arrays)}
        real = next((array.dtype.name for array in named.values() if array.dtype.kind == "f"), "float64")
        request = Request({"object": path}, named, [OUTPUT], parameters=parameters, dtype=real)
        return self._engine.pool.submit(launch(self._adapter), request).result().outputs[OUTPUT]

    def graph(self, graph: Graph, arrays: Mapping[str, Array], /) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Outputs and gradients of a graph, by name."""
        runner = GraphRunner(self._engine.registry, self._engine.pool)
        who = next((performer for performer in runner.performers(graph) if performer.name == self.name), None)
        if who is None:
            raise UnableError(f"{self.name} does not perform every step of {graph.name}")
        outputs = runner.run(graph, arrays, self._engine.registry.reference.name).outputs
        walked = runner.run(graph, arrays, who, cotangents=random_cotangents(outputs, "float64", 0, graph.name))
        return walked.outputs, walked.gradients

    def fails(self, call: Callable[[], object], /) -> bool:
        """Whether a call of this framework raises an exception."""
        try:
            call()
        except UnableError:
            raise
        except WorkerError as error:
            if error.kind != "raised":
                raise
            return True
        return False

    def _perform(
        self, name: str, arrays: Sequence[Any], cotangents: Mapping[str, Array], parameters: dict[str, Any]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        operation = self._engine.registry.operation(name)
        dtype, variant = parameters.pop("dtype", "float64"), parameters.pop("variant", None)
        pairs = list(zip(operation.inputs, arrays, strict=False))
        given = {argument: cast(_array(array), dtype) for argument, array in pairs if array is not None}
        case = Case("claim", _sizes(operation, given), parameters, tuple(set(operation.inputs) - set(given)))
        participant = self._participant(operation, case, dtype, variant)
        cell = Cell(operation, case, dtype, (participant,))
        turned = {output: cast(_array(array), dtype) for output, array in cotangents.items()}
        request = request_for(cell, participant.binding, given, turned)
        reply = self._engine.pool.submit(launch(self._adapter), request).result()
        sizes, settings = operation.case_sizes(case), operation.settings(case)

        def canonical(found: Mapping[str, Array]) -> dict[str, Array]:
            layouts = {key: layout_of(operation, participant.binding, key, settings) for key in found}
            return {key: layouts[key].to_canonical(array, sizes) for key, array in found.items()}

        return canonical(reply.outputs), canonical(reply.gradients)

    def _participant(self, operation: Operation, case: Case, dtype: str, variant: str | None) -> Participant:
        """The framework's first binding that can do it.

        Raises:
            UnableError: if there is none.
        """
        settings = operation.settings(case)
        for participant in self._engine.registry.participants(operation):
            binding = participant.binding
            if participant.adapter.name != self.name:
                continue
            if binding is None:
                return participant
            able = dtype in binding.dtypes and all(settings[key] in values for key, values in binding.only.items())
            if able and (variant is None or binding.variant == variant):
                return participant
        raise UnableError(f"{self.name} has no binding of {operation.name} that can do this")


def _array(given: Any) -> Array:
    """Numbers as the operations take them: real ones in float64, whole ones in int64 if they are given so."""
    array = np.asarray(given)
    return array.astype(np.int64) if array.dtype.kind in "iu" else array


def _sizes(operation: Operation, arrays: Mapping[str, Array]) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for name, array in arrays.items():
        _axes.measure(operation.inputs[name].axes, array.shape, sizes, what=f"{name} of {operation.name}")
    return sizes
