"""Running graphs: each participant performs every step through its own binding, in its own worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equivalence.binding import DTYPES, Adapter, Binding
from equivalence.engine import canonical, launch, request_for
from equivalence.errors import UsageError
from equivalence.graph import Graph, Step
from equivalence.graph_walking import Perform, StepCall, Traced, Trained, Values, Walked, train, walk
from equivalence.inputs import Array
from equivalence.judging import Problem, cast, exact
from equivalence.matrix import Cell, gradient_quantity, output_quantity
from equivalence.pool import Launch, Pool
from equivalence.propagation import bounded, carrying, computing, shadow
from equivalence.registry import Participant, Registry, suggest
from equivalence.rounding import PRECISIONS

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Performer:
    """Who performs a graph: an adapter, and whose binding it takes for each step.

    An adapter that computes with another's library borrows the other's bindings where it has none of its own.

    Attributes:
        name: the adapter's.
        adapter: the adapter.
        steps: by step, the participant of its operation.
    """

    name: str
    adapter: Adapter
    steps: Mapping[str, Participant]

    @property
    def reference(self) -> bool:
        """Whether it is the reference."""
        return not self.adapter.bindings


class GraphRunner:
    """Runs graphs on a pool of workers; the references in this process, in float64.

    Args:
        registry: what is declared.
        pool: the workers, as :func:`equivalence.session.graph_runner` makes them.
    """

    def __init__(self, registry: Registry, pool: Pool) -> None:
        self.registry, self.pool = registry, pool
        self._shapes: dict[Any, dict[str, tuple[int, ...]]] = {}
        self._launches: dict[str, Launch] = {}

    def performers(self, graph: Graph) -> list[Performer]:
        """Who can perform every step, the reference first."""
        return [found for adapter in self.registry.adapters.values() if (found := self._performer(graph, adapter))]

    def missing(self, graph: Graph) -> dict[str, list[str]]:
        """By adapter, the operations that keep it from performing a graph; of those with bindings of their own."""
        performing = {performer.name for performer in self.performers(graph)}
        return {
            name: list(dict.fromkeys(s.operation for s in graph.performed if self._participant(s, adapter) is None))
            for name, adapter in self.registry.adapters.items()
            if name not in performing and not adapter.library
        }

    def performer(self, graph: Graph, name: str) -> Performer:
        """The one of that name.

        Raises:
            UsageError: if it does not perform the graph.
        """
        found = {performer.name: performer for performer in self.performers(graph)}
        if name not in found:
            raise suggest(f"framework that performs {graph.name}", name, found)
        return found[name]

    def run(
        self,
        graph: Graph,
        arrays: Arrays,
        participant: str | Performer,
        dtype: str = "float64",
        cotangents: Arrays | None = None,
    ) -> Walked:
        """Outputs, gradients and the trace of every step, in canonical axes.

        Args:
            graph: what is computed.
            arrays: inputs and parameters in canonical axes; real numbers are rounded to ``dtype`` first.
            participant: who performs it.
            dtype: what it computes in; the reference always in float64.
            cotangents: by output; none if no gradient is wanted.

        Raises:
            StepError: if a step gives no result.
            UsageError: for a participant that does not perform the graph.
        """
        who = self._who(graph, participant)
        given, turned = _ready(who, arrays, dtype), _ready(who, cotangents or {}, dtype)
        return walk(graph, self.registry.operations, self._perform(who, dtype), given, turned)

    def train(
        self,
        graph: Graph,
        arrays: Arrays,
        participant: str | Performer,
        dtype: str = "float64",
        batches: Iterable[Arrays] = (),
    ) -> Trained:
        """Train as the graph says: losses and parameters after each step.

        Args:
            graph: a graph with a training.
            arrays: inputs and the first parameters.
            participant: who performs it.
            dtype: what it computes in.
            batches: for each step, inputs that take the place of those in ``arrays``.

        Raises:
            StepError: if a step gives no result.
            UsageError: for a graph without a training.
        """
        _trainable(graph)
        who = self._who(graph, participant)
        turns = (_ready(who, batch, dtype) for batch in batches)
        return train(graph, self.registry.operations, self._perform(who, dtype), _ready(who, arrays, dtype), turns)

    def walk_bounds(self, graph: Graph, arrays: Arrays, cotangents: Arrays, dtype: str) -> Walked:
        """As :meth:`run` gives it, with a rounding bound (:class:`equivalence.rounding.Bound`) for each array.

        Running error analysis, step after step: each reference is run on arrays that carry their errors.
        """
        precision = PRECISIONS[dtype]
        with computing(precision):
            given = [carrying(exact(_rounded(found, dtype)), precision) for found in (arrays, cotangents)]
            walked = walk(graph, self.registry.operations, _with_errors, *given)
            return Walked(
                bounded(walked.outputs, precision),
                bounded(walked.gradients, precision),
                {
                    name: Traced(bounded(traced.outputs, precision), bounded(traced.gradients, precision))
                    for name, traced in walked.trace.items()
                },
            )

    def _who(self, graph: Graph, participant: str | Performer) -> Performer:
        return self.performer(graph, participant) if isinstance(participant, str) else participant

    def _performer(self, graph: Graph, adapter: Adapter) -> Performer | None:
        found = {step.name: self._participant(step, adapter) for step in graph.performed}
        able = {name: who for name, who in found.items() if who is not None}
        own = not adapter.bindings or any(who.adapter is adapter for who in able.values())
        return Performer(adapter.name, adapter, able) if own and len(able) == len(found) else None

    def _participant(self, step: Step, adapter: Adapter) -> Participant | None:
        """The adapter's binding that can do the step in each dtype; else its library's. One without a variant first."""
        operation = self.registry.operations[step.operation]
        settings = {**operation.defaults, **step.parameters}
        for name in (adapter.name, adapter.library):
            able = [
                who
                for who in self.registry.participants(operation)
                if who.adapter.name == name and (who.binding is None or _able(who.binding, settings))
            ]
            if able:
                return min(able, key=lambda who: "/" in who.name)
        return None

    def _perform(self, who: Performer, dtype: str) -> Perform:
        if who.reference:
            return _by_reference

        def perform(call: StepCall, cotangents: Values) -> tuple[Values, Values]:
            participant = who.steps[call.step.name]
            cell = Cell(call.operation, call.case, dtype, ())
            # A graph's own numbers, and what frameworks make of whole ones, may have come in another precision.
            request = request_for(cell, participant.binding, _rounded(call.arrays, dtype), cotangents)
            reply = self.pool.submit(self._launch(participant.adapter), request).result()
            shapes = {output_quantity(name): shape for name, shape in self._output_shapes(call).items()}
            if cotangents:
                wanted = call.operation.differentiable(call.case)
                shapes |= {gradient_quantity(name): call.arrays[name].shape for name in wanted}
            found = canonical(cell, participant, Problem(call.arrays, cotangents, shapes), reply)
            outputs = {name: found[output_quantity(name)] for name in call.operation.outputs}
            return outputs, {name: found[gradient_quantity(name)] for name in reply.gradients}

        return perform

    def _launch(self, adapter: Adapter) -> Launch:
        """How to start its worker, looked up once: every step of a training asks."""
        if adapter.name not in self._launches:
            self._launches[adapter.name] = launch(adapter)
        return self._launches[adapter.name]

    def _output_shapes(self, call: StepCall) -> dict[str, tuple[int, ...]]:
        """What the reference gives for arguments of these shapes; computed once."""
        known = (
            call.operation.name,
            repr(sorted(call.case.parameters.items())),
            *((name, array.shape) for name, array in call.arrays.items()),
        )
        if known not in self._shapes:
            outputs, _ = _by_reference(call, {})
            self._shapes[known] = {name: np.shape(array) for name, array in outputs.items()}
        return self._shapes[known]


def _able(binding: Binding, settings: Mapping[str, Any]) -> bool:
    # One that computes in float32 alone, whatever it is given, would leave nothing to tell rounding by.
    wide = set(DTYPES) <= set(binding.dtypes)
    return wide and all(settings[name] in values for name, values in binding.only.items())


def _by_reference(call: StepCall, cotangents: Values) -> tuple[Values, Values]:
    settings = call.operation.settings(call.case)
    if cotangents:
        return {}, call.operation.gradients(cotangents, call.arrays, settings)
    return call.operation.forward(call.arrays, settings), {}


def _with_errors(call: StepCall, cotangents: Values) -> tuple[Values, Values]:
    return _by_reference(replace(call, operation=shadow(call.operation)), cotangents)


def _ready(who: Performer, arrays: Arrays, dtype: str) -> dict[str, Array]:
    rounded = _rounded(arrays, dtype)
    return exact(rounded) if who.reference else rounded


def _rounded(arrays: Arrays, dtype: str) -> dict[str, Array]:
    return {name: cast(array, dtype) for name, array in arrays.items()}


def _trainable(graph: Graph) -> None:
    if graph.training is None:
        raise UsageError(f"{graph.name} is not trained", expected="Graph(training=...)", got="none")
