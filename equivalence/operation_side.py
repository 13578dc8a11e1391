"""The named operation beside a port: binding the port's axes to the operation's and computing the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equivalence import axes as _axes
from equivalence.axes import ELLIPSIS
from equivalence.errors import PortError
from equivalence.inputs import Array
from equivalence.layout import Layout
from equivalence.operation import Operation
from equivalence.port import Port
from equivalence.registry import suggest

Order = tuple[str, ...]


@dataclass(frozen=True)
class Bound:
    """An operation bound to a port.

    Attributes:
        arguments: the operation's argument by the port's input.
        inputs: for each input, the port's axes in the operation's order.
        outputs: for each output, the port's axes in the operation's order, by the port's output.
        names: the operation's output by the port's.
    """

    operation: Operation
    arguments: Mapping[str, str]
    inputs: Mapping[str, Order]
    outputs: Mapping[str, Order]
    names: Mapping[str, str]

    def to_operation(self, port: Port, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The inputs by the operation's names and in its order of axes."""
        moved = {
            self.arguments[name]: _move(array, _axes.names(port.original.kinds[name].axes), self.inputs[name])
            for name, array in arrays.items()
        }
        return {name: moved[name] for name in self.operation.inputs if name in moved}

    def from_operation(self, port: Port, outputs: Mapping[str, Array]) -> dict[str, Array]:
        """The operation's outputs by the port's names and in the original's order of axes."""
        return {
            name: _move(outputs[self.names[name]], self.outputs[name], _axes.names(axes))
            for name, axes in port.original.results.items()
        }

    def settings(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The operation's parameters: its defaults, and the port's where it knows them."""
        known = {name: value for name, value in parameters.items() if name in self.operation.defaults}
        return {**self.operation.defaults, **known}


def _move(array: Array, source: Sequence[str], target: Sequence[str]) -> Array:
    return Layout(" ".join(source), " ".join(target)).to_native(array)


def bind(port: Port, operation: Operation) -> Bound:
    """Bind a port's arguments and axes to an operation's.

    Arguments go by name, or as ``Port(bind=...)`` says. Letters go as ``Port(axes=...)`` says, else as earlier
    arguments have bound them, else by name where an argument has just the operation's letters, else by position.

    Raises:
        UsageError: for an argument the operation does not have, with a suggestion.
        PortError: if an argument is missing, or the axes cannot be bound.
    """
    arguments = {name: port.bind.get(name, name) for name in port.arguments}
    for name in arguments.values():
        if name not in operation.inputs:
            raise suggest(f"argument of {operation.name} ({port.say('operation')})", name, operation.inputs)
    if absent := set(operation.inputs) - operation.optional - set(arguments.values()):
        raise PortError(
            port.say("operation"), expected=f"inputs for {sorted(operation.inputs)}", got=f"none for {sorted(absent)}"
        )
    theirs, ours = list(operation.outputs), list(port.original.results)
    if set(ours) < set(theirs):
        theirs = ours  # some of its outputs, by name
    if len(theirs) != len(ours):
        raise PortError(port.say("operation"), expected=f"the outputs of {operation.name}, {theirs}", got=ours)
    letters: dict[str, str] = dict(port.axes)
    by_argument = {argument: name for name, argument in arguments.items()}
    inputs = {
        by_argument[argument]: _bind(port, port.original.kinds[by_argument[argument]].axes, kind.axes, letters)
        for argument, kind in operation.inputs.items()
        if argument in by_argument
    }
    names = dict(zip(ours, theirs, strict=True))
    outputs = {name: _bind(port, port.original.results[name], operation.outputs[names[name]], letters) for name in ours}
    return Bound(operation, arguments, inputs, outputs, names)


def _bind(port: Port, own: str, theirs: str, letters: dict[str, str]) -> Order:
    """The port's axes in the operation's order; writes new letters into ``letters``."""
    axes, wanted = _axes.names(own), _expanded(theirs, len(_axes.names(own)))
    if _unnamed(theirs) and len(axes) >= len(_axes.names(theirs)) - 1:
        return tuple(axes)
    if len(axes) != len(wanted):
        raise PortError(port.say("operation"), expected=f"{len(wanted)} axes, {theirs!r}", got=repr(own))
    known = {axis: letters[axis] for axis in axes if letters.get(axis) in wanted}
    rest = [name for name in wanted if name not in known.values()]
    left = [axis for axis in axes if axis not in known]
    found = {**known, **dict(zip(left, left if set(left) == set(rest) else rest, strict=True))}
    for axis, name in found.items():
        if letters.setdefault(axis, name) != name:
            raise PortError(
                port.say("operation"),
                expected=f"axis {axis!r} to be {letters[axis]!r} of the operation everywhere",
                got=f"{name!r} in {own!r} for {theirs!r}",
                fix=f"Say which it is: Port(axes={{{axis!r}: ...}}).",
            )
    backwards = {name: axis for axis, name in found.items()}
    return tuple(backwards[name] for name in wanted)


def _unnamed(axes: str) -> bool:
    """Whether some axes are others than those of any input, such as what a reduction leaves: they go by position."""
    return any(axis.variadic and axis.name != ELLIPSIS for axis in _axes.parse(axes))


def _expanded(axes: str, count: int) -> list[str]:
    names = _axes.names(axes)
    if ELLIPSIS not in names:
        return names
    at, extra = names.index(ELLIPSIS), count - len(names) + 1
    return [*names[:at], *(f"...{k}" for k in range(extra)), *names[at + 1 :]]
