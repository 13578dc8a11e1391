"""Walking a graph forwards, backwards by the chain rule, and along a loss, whoever performs the steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from einops import rearrange

from equivalence import axes as _axes
from equivalence.errors import EquivalenceError
from equivalence.graph import Arrange, Constant, Graph, Node, Size, Step, key
from equivalence.operation import Case, Operation
from equivalence.uncertain import Uncertain, value_of

Values = Mapping[str, Any]
"""Arrays, or arrays that carry their rounding errors, by name."""


@dataclass(frozen=True)
class StepCall:
    """One step at its arguments: the operation, and the case that its sizes and parameters make."""

    step: Step
    operation: Operation
    case: Case
    arrays: Values


Perform = Callable[[StepCall, Values], tuple[Values, Values]]
"""Performs a step: outputs and, where cotangents are given, the gradient of each differentiable argument."""


class StepError(EquivalenceError):
    """A step of a graph gave no result.

    Args:
        log: the end of what the worker wrote.
    """

    def __init__(self, step: str, graph: str, error: Exception) -> None:
        self.step, self.log = step, str(getattr(error, "log", ""))
        super().__init__(f"step {step} of {graph}: {error}")


@dataclass(frozen=True)
class Traced:
    """What one step gave: its outputs, and the gradients that its own vector-Jacobian product gave."""

    outputs: Values
    gradients: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Walked:
    """What a graph gave: outputs and gradients by name, and every step's by step."""

    outputs: Values
    gradients: Values
    trace: Mapping[str, Traced]


@dataclass(frozen=True)
class Trained:
    """What training gave: the loss before each step, and the parameters after each."""

    losses: Sequence[Any]
    parameters: Sequence[Values]


def walk(
    graph: Graph, operations: Mapping[str, Operation], perform: Perform, arrays: Values, cotangents: Values
) -> Walked:
    """Every step in order, then the chain rule backwards over each step's own vector-Jacobian product.

    Args:
        graph: what is computed.
        operations: the catalogue.
        perform: who performs each step.
        arrays: inputs and parameters.
        cotangents: by output of the graph; none if no gradient is wanted.

    Raises:
        StepError: if a step gives no result.
    """
    sizes = graph.measure(arrays)
    values, calls, trace = dict(arrays), dict[str, StepCall](), dict[str, Traced]()
    for node in graph.steps:
        if isinstance(node, Step):
            calls[node.name] = _call(graph, node, operations, values, sizes)
            outputs = _performed(graph, perform, calls[node.name], {})[0]
        else:
            outputs = {"output": _made(node, values, sizes)}
        trace[node.name] = Traced(outputs)
        values |= {key(node.name, name): array for name, array in outputs.items()}
    found = {name: values[reference] for name, reference in graph.outputs.items()}
    if not cotangents:
        return Walked(found, {}, trace)
    reached = _Reached()
    for name, cotangent in cotangents.items():
        reached.add(graph.outputs[name], cotangent)
    for node in reversed(graph.steps):
        mine = reached.at(node, trace[node.name].outputs)
        if mine and isinstance(node, Step):
            gradients = _backwards(graph, perform, calls[node.name], mine)
            trace[node.name] = Traced(trace[node.name].outputs, gradients)
            for argument, gradient in gradients.items():
                reached.add(node.arguments[argument], gradient)
        elif mine and isinstance(node, Arrange):
            reached.add(node.of, _arranged(node, values[node.of], sizes, back=mine["output"]))
    return Walked(found, {name: reached.get(name, arrays[name]) for name in graph.differentiable}, trace)


def train(
    graph: Graph,
    operations: Mapping[str, Operation],
    perform: Perform,
    arrays: Values,
    batches: Iterable[Values] = (),
) -> Trained:
    """Steps of gradient descent as the graph's training says, each along the gradients of the step's own parameters.

    All parameters are one vector for ``sgd``, which starts from the first ones and takes all gradients so far.

    Args:
        graph: a graph with a training.
        operations: the catalogue.
        perform: who performs each step.
        arrays: inputs and the first parameters.
        batches: for each step, inputs that take the place of those in ``arrays``.

    Raises:
        StepError: if a step gives no result.
    """
    assert graph.training is not None
    training, names = graph.training, list(graph.parameters)
    given, turns = dict(arrays), iter(batches)
    start, gradients = _flat(given, names), list[Any]()
    losses, parameters = list[Any](), list[Values]()
    for count in range(1, len(training.rates) + 1):
        given |= next(turns, {})
        walked = walk(graph, operations, perform, given, {training.loss: np.ones((), start.dtype)})
        gradients.append(_flat(walked.gradients, names))
        rates = np.asarray(training.rates[:count], start.dtype)
        moved = _update(graph, operations, perform, (start, np.stack(gradients), rates))
        given |= _unflat(moved, given, names)
        losses.append(walked.outputs[training.loss])
        parameters.append({name: given[name] for name in names})
    return Trained(losses, parameters)


def _update(
    graph: Graph, operations: Mapping[str, Operation], perform: Perform, arguments: tuple[Any, Any, Any]
) -> Any:
    assert graph.training is not None
    given = dict(zip(("w", "g", "rate"), arguments, strict=True))
    call = _call(graph, graph.training.step, operations, given, {})
    return _performed(graph, perform, call, {})[0]["new_w"]


def _flat(arrays: Values, names: Sequence[str]) -> Any:
    return np.concatenate([arrays[name].reshape(-1) for name in names])


def _unflat(vector: Any, shaped: Values, names: Sequence[str]) -> dict[str, Any]:
    ends = np.cumsum([0, *(shaped[name].size for name in names)])
    return {
        name: vector[start:end].reshape(shaped[name].shape)
        for name, start, end in zip(names, ends[:-1], ends[1:], strict=True)
    }


class _Reached:
    """The cotangents that have come back to each reference, added up."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def add(self, reference: str, cotangent: Any) -> None:
        known = self._found.get(reference)
        self._found[reference] = cotangent if known is None else known + cotangent

    def get(self, reference: str, like: Any) -> Any:
        found = self._found.get(reference)
        return _zeros(like) if found is None else found

    def at(self, node: Node, outputs: Values) -> dict[str, Any]:
        """Cotangents of all of a node's real outputs; none if nothing has come back to it."""
        real = [name for name, array in outputs.items() if array.dtype.kind == "f"]
        if not any(key(node.name, name) in self._found for name in real):
            return {}
        return {name: self.get(key(node.name, name), outputs[name]) for name in real}


def _call(
    graph: Graph, step: Step, operations: Mapping[str, Operation], values: Values, sizes: Mapping[str, Any]
) -> StepCall:
    operation = operations[step.operation]
    arrays = {name: _widened(values[step.arguments[name]]) for name in operation.inputs if name in step.arguments}
    found: dict[str, Any] = {}
    try:
        for name, array in arrays.items():
            _axes.measure(operation.inputs[name].axes, array.shape, found, what=f"{name} of {operation.name}")
    except EquivalenceError as error:
        raise StepError(step.name, graph.name, error) from error
    parameters = {name: _resolved(value, sizes) for name, value in step.parameters.items()}
    without = tuple(name for name in operation.inputs if name not in arrays)
    return StepCall(step, operation, Case(step.name, found, parameters, without), arrays)


def _backwards(graph: Graph, perform: Perform, call: StepCall, cotangents: Values) -> Values:
    wanted = call.operation.differentiable(call.case)
    if not wanted:
        return {}
    found = _performed(graph, perform, call, cotangents)[1]
    return {name: found[name] for name in wanted}


def _performed(graph: Graph, perform: Perform, call: StepCall, cotangents: Values) -> tuple[Values, Values]:
    try:
        return perform(call, cotangents)
    except Exception as error:
        raise StepError(call.step.name, graph.name, error) from error


def _resolved(value: Any, sizes: Mapping[str, Any]) -> Any:
    if isinstance(value, Size):
        return _axes.evaluate(value.expression, sizes)
    return tuple(_resolved(item, sizes) for item in value) if isinstance(value, tuple) else value


def _made(node: Arrange | Constant, values: Values, sizes: Mapping[str, Any]) -> Any:
    if isinstance(node, Arrange):
        return _arranged(node, values[node.of], sizes)
    return np.asarray(node.values)


def _arranged(node: Arrange, array: Any, sizes: Mapping[str, Any], back: Any = None) -> Any:
    """The arrangement of an array; with ``back``, the inverse, which is also the vector-Jacobian product, of that."""
    left, right = (side.strip() for side in node.pattern.split("->"))
    apart = " ".join(node.left)
    known = {**sizes, **{axis: _axes.evaluate(size, sizes) for axis, size in node.sizes.items()}}
    shape = rearrange(value_of(array), f"{left} -> {apart}", **_only(known, left)).shape
    lengths = dict(zip(node.left, shape, strict=True))
    flips = tuple(node.left.index(axis) for axis in node.flip.split())
    source, target = (left, right) if back is None else (right, left)

    def arrange(part: Any) -> Any:
        if not flips:
            return rearrange(part, f"{source} -> {target}", **_only(lengths, source))
        turned = np.flip(rearrange(part, f"{source} -> {apart}", **_only(lengths, source)), flips)
        return rearrange(turned, f"{apart} -> {target}")

    given = array if back is None else back
    return given.each(arrange) if isinstance(given, Uncertain) else np.asarray(arrange(given), order="C")


def _only(lengths: Mapping[str, Any], side: str) -> dict[str, Any]:
    """The lengths of axes that a side packs: those of others follow from the array."""
    packed = [axis for group in re.findall(r"\((.*?)\)", side) for axis in group.split()]
    return {axis: length for axis, length in lengths.items() if axis in packed}


def _widened(array: Any) -> Any:
    """Whole numbers in int64, as they are drawn: frameworks give what they have."""
    return array.astype(np.int64) if array.dtype.kind in "iu" else array


def _zeros(like: Any) -> Any:
    return like.each(np.zeros_like) if isinstance(like, Uncertain) else np.zeros_like(like)
