"""Declaring a graph: operations of the catalogue, one after the other, as data.

A whole network, or one way to write a function, is a graph. Arrays go from step to step in canonical axes, so that each
framework's layouts, flips and block orders stay the affair of its bindings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from equivalence import axes as _axes
from equivalence.errors import DeclarationError
from equivalence.inputs import Array, Input, as_input
from equivalence.operation import OUTPUT, Case, Operation, generator


@dataclass(frozen=True)
class Size:
    """A parameter's value, or a part of it, that follows from the sizes of the graph: ``Size("h*w")``."""

    expression: str


@dataclass(frozen=True, init=False)
class Step:
    """One operation of the catalogue.

    Args:
        name: unique in the graph.
        operation: the operation's name.
        arguments: what each of its arguments is: an input or a parameter of the graph, the name of an earlier step, or
            ``step.output`` where that step has several outputs.
        parameters: of the operation; a :class:`Size` in it, or in a tuple, becomes a number.
    """

    name: str
    operation: str
    arguments: Mapping[str, str]
    parameters: Mapping[str, Any]

    def __init__(self, name: str, operation: str, arguments: Mapping[str, str], **parameters: Any) -> None:
        for field_, value in (
            ("name", name),
            ("operation", operation),
            ("arguments", {argument: plain(reference) for argument, reference in arguments.items()}),
            ("parameters", parameters),
        ):
            object.__setattr__(self, field_, value)

    @property
    def references(self) -> list[str]:
        """What it takes."""
        return list(self.arguments.values())


@dataclass(frozen=True, init=False)
class Arrange:
    """The same numbers on other axes, as the suite itself moves them: how weights map.

    Args:
        name: unique in the graph.
        of: what is arranged.
        pattern: as einops has it: ``"o c p q -> (c p q) o"``. Nothing is summed, repeated or left out.
        flip: axes of the left side that are turned around first.
        sizes: lengths of axes that the left side packs: numbers, or expressions over the graph's letters. Letters of
            the graph are known already.
    """

    name: str
    of: str
    pattern: str
    flip: str
    sizes: Mapping[str, int | str]

    def __init__(self, name: str, of: str, pattern: str, flip: str = "", **sizes: int | str) -> None:
        for field_, value in (("name", name), ("of", plain(of)), ("pattern", pattern), ("flip", flip)):
            object.__setattr__(self, field_, value)
        object.__setattr__(self, "sizes", sizes)
        left = self.left
        if pattern.count("->") != 1 or sorted(left) != sorted(_bare(pattern.partition("->")[2])):
            raise DeclarationError(f"arrangement {name}", expected="the same axes on both sides of ->", got=pattern)
        if unknown := set(flip.split()) - set(left):
            raise DeclarationError(f"arrangement {name}, flip", expected=f"axes of {left}", got=sorted(unknown))

    @property
    def left(self) -> list[str]:
        """The axes of the left side, in order."""
        return _bare(self.pattern.partition("->")[0])

    @property
    def references(self) -> list[str]:
        """What it takes."""
        return [self.of]


@dataclass(frozen=True)
class Constant:
    """Numbers of the graph itself, such as the places that are gathered; no gradient is compared for them."""

    name: str
    values: Any

    @property
    def references(self) -> list[str]:
        """What it takes: nothing."""
        return []


Node = Step | Arrange | Constant


@dataclass(frozen=True)
class Training:
    """Steps of gradient descent along a loss.

    Args:
        loss: the output of the graph, a scalar, that is to become small.
        rates: the learning rate of each step.
        parameters: of the operation ``sgd``, such as ``{"momentum": 0.9}``.
    """

    loss: str
    rates: tuple[float, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def step(self) -> Step:
        """What every step of the descent is."""
        return Step("(sgd)", "sgd", {"w": "w", "g": "g", "rate": "rate"}, **self.parameters)


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Operations of the catalogue, one after the other.

    Args:
        name: unique among the graphs of its kind.
        title: one sentence that says what it computes.
        source: the paper or the document it is from.
        inputs: axes, or a kind of input, by name.
        parameters: the same of what is trained.
        steps: in an order in which each takes what is there already.
        outputs: references by name.
        cases: sizes and kinds of data, see :func:`equivalence.operation.case`.
        sizes: sizes that follow from others, as expressions.
        training: how it is trained, if it is.

    Raises:
        DeclarationError: where a name is taken twice, or a reference leads nowhere.
    """

    name: str
    inputs: Mapping[str, str | Input]
    steps: Sequence[Node]
    outputs: Mapping[str, str]
    cases: Sequence[Case]
    parameters: Mapping[str, str | Input] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    training: Training | None = None
    title: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        outputs = {name: plain(reference) for name, reference in self.outputs.items()}
        for name, value in (("outputs", outputs), ("steps", tuple(self.steps)), ("cases", tuple(self.cases))):
            object.__setattr__(self, name, value)
        known: set[str] = set()
        for name in (*self.inputs, *self.parameters):
            self._name(name, known)
        for node in self.steps:
            for reference in node.references:
                self._refer(node.name, reference, known)
            self._name(node.name, known)
        for name, reference in outputs.items():
            self._refer(f"output {name}", reference, known)
        _require(bool(self.outputs and self.cases), f"graph {self.name}", "outputs and cases", "none")
        if self.training is not None:
            _require(self.training.loss in outputs, f"graph {self.name}, loss", sorted(outputs), self.training.loss)
        for case in self.cases:
            surplus = [*case.parameters, *case.without]
            _require(not surplus, f"graph {self.name}, case {case.id}", "sizes and data alone", surplus)

    def _name(self, name: str, known: set[str]) -> None:
        free = name.isidentifier() and name not in known
        _require(free, f"name in graph {self.name}", "an identifier no other has", name)
        known.add(name)

    def _refer(self, what: str, reference: str, known: Iterable[str]) -> None:
        fine = reference.partition(".")[0] in known
        _require(fine, f"{what} of graph {self.name}", f"one of {sorted(known)}", repr(reference))

    @property
    def arguments(self) -> dict[str, Input]:
        """Inputs and parameters with their kinds."""
        return {name: as_input(kind) for name, kind in (*self.inputs.items(), *self.parameters.items())}

    @property
    def differentiable(self) -> list[str]:
        """The inputs and parameters whose gradients are compared."""
        return [name for name, kind in self.arguments.items() if kind.differentiable]

    @property
    def operations(self) -> list[Step]:
        """The steps that are operations."""
        return [node for node in self.steps if isinstance(node, Step)]

    @property
    def performed(self) -> list[Step]:
        """All that a participant performs: the operations, and the step of the training."""
        return [*self.operations, *([self.training.step] if self.training else [])]

    def case(self, id: str) -> Case:  # noqa: A002 - as everywhere
        """The case of that id."""
        found = next((case for case in self.cases if case.id == id), None)
        if found is None:
            raise DeclarationError(f"case of graph {self.name}", expected=[case.id for case in self.cases], got=id)
        return found

    def case_sizes(self, case: Case) -> dict[str, Any]:
        """All sizes of a case, derived ones included."""
        return self._derived(dict(case.sizes))

    def measure(self, arrays: Mapping[str, Array]) -> dict[str, Any]:
        """All sizes, from the arrays that are given for inputs and parameters.

        Raises:
            ShapeError: if one does not fit its axes, or two do not fit each other.
        """
        sizes: dict[str, Any] = {}
        for name, kind in self.arguments.items():
            _axes.measure(kind.axes, arrays[name].shape, sizes, what=f"{name} of graph {self.name}")
        return self._derived(sizes)

    def _derived(self, sizes: dict[str, Any]) -> dict[str, Any]:
        for letter, expression in self.sizes.items():
            sizes[letter] = _axes.evaluate(expression, sizes)
        return sizes

    def draw(self, case: Case, seed: int = 0) -> dict[str, Array]:
        """Canonical values for a case: float64, int64 or bool, the same for the same seed."""
        sizes = self.case_sizes(case)
        return {
            name: kind.draw(generator(seed, self.name, case.id, name), _axes.shape(kind.axes, sizes), sizes, case.data)
            for name, kind in self.arguments.items()
        }

    def check(self, operations: Mapping[str, Operation]) -> None:
        """See that each step fits its operation.

        Raises:
            DeclarationError: for an operation, an argument, a parameter or an output that does not exist, and for an
                argument that is missing.
        """
        keys = {*self.inputs, *self.parameters}
        for node in self.steps:
            what = f"step {node.name} of graph {self.name}"
            for reference in node.references:
                _require(reference in keys, what, f"one of {sorted(keys)}", repr(reference))
            if not isinstance(node, Step):
                keys.add(node.name)
                continue
            _require(node.operation in operations, what, "an operation of the catalogue", node.operation)
            operation = operations[node.operation]
            given, wanted = set(node.arguments), set(operation.inputs)
            _require(
                wanted - operation.optional <= given <= wanted, f"{what}: arguments", sorted(wanted), sorted(given)
            )
            unknown = set(node.parameters) - set(operation.defaults)
            _require(not unknown, f"{what}: parameters", sorted(operation.defaults), sorted(unknown))
            keys |= {key(node.name, output) for output in operation.outputs}
        for name, reference in self.outputs.items():
            _require(reference in keys, f"output {name} of graph {self.name}", f"one of {sorted(keys)}", reference)


def key(step: str, output: str) -> str:
    """The reference of a step's output: the step's name alone where it has one output."""
    return step if output == OUTPUT else f"{step}.{output}"


def plain(reference: str) -> str:
    """The one way to write a reference: ``dense.output`` is ``dense``."""
    return reference.removesuffix(f".{OUTPUT}")


def _bare(pattern: str) -> list[str]:
    return [axis for axis in pattern.replace("(", " ").replace(")", " ").split() if axis != "1"]


def _require(fine: bool, what: str, expected: object, got: object) -> None:  # noqa: FBT001
    if not fine:
        raise DeclarationError(what, expected=expected, got=got)
