"""Walking a sequence: one state that goes from step to step, and the cotangents that go back.

A cell takes one time step and the state, a tuple of ``n h`` arrays of which the first is the output, and returns the
new state with whatever its way back needs. A step that is not valid for an example leaves that example's state as it
was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence_reference._arguments import known

State = tuple[Array, ...]
Cell = Callable[[int, State], tuple[State, Any]]
Back = Callable[[Any, State], tuple[Array, State]]

MASKED_OUTPUTS = ("zero", "repeat")
"""What the output sequence holds at a step that is masked: zeros, or the state that was kept."""


@dataclass(frozen=True)
class Step:
    """One step that was walked: which, for whom it was valid, ``n 1``, the state before it, and the cell's notes."""

    time: int
    keep: Array
    before: State
    notes: Any


@dataclass(frozen=True)
class Walked:
    """A walk over a sequence.

    Attributes:
        sequence: the outputs ``n t h``, each at the time of its input.
        final: the state after the last step that was walked.
        steps: in the order in which they were walked.
    """

    sequence: Array
    final: State
    steps: list[Step]

    def before(self) -> Array:
        """The first state before each step, ``n t h``, at the time of its input."""
        return np.stack([step.before[0] for step in sorted(self.steps, key=lambda step: step.time)], axis=1)


def walk(cell: Cell, state: State, valid: Array, *, backwards: bool, masked_output: str) -> Walked:
    """Walk from the first step to the last, or from the last to the first.

    Args:
        cell: what a step does.
        state: at the start.
        valid: for whom a step is valid, ``n t``.
        backwards: from the last step to the first.
        masked_output: a word of :data:`MASKED_OUTPUTS`.

    Raises:
        ParameterError: for another word.
    """
    known("masked_output", masked_output, MASKED_OUTPUTS)
    times = range(valid.shape[1])
    outputs: dict[int, Array] = {}
    steps: list[Step] = []
    for time in reversed(times) if backwards else times:
        keep, before = valid[:, time, None], state
        made, notes = cell(time, before)
        state = tuple(np.where(keep, new, old) for new, old in zip(made, before, strict=True))
        outputs[time] = state[0]
        steps.append(Step(time, keep, before, notes))
    sequence = np.stack([outputs[time] for time in times], axis=1)
    if masked_output == "zero":
        sequence = np.where(valid[:, :, None], sequence, np.zeros_like(sequence))
    return Walked(sequence, state, steps)


def unwind(back: Back, walked: Walked, sequence: Array, final: State, *, masked_output: str) -> tuple[Array, State]:
    """Go the walk back.

    Args:
        back: from a cell's notes and the cotangents of its new state to those of its sums and of its old state.
        walked: the walk.
        sequence: the cotangent of the output sequence.
        final: the cotangents of the final state.
        masked_output: as it was walked.

    Returns:
        The cotangents of the cell's sums, with the time as second axis, and those of the state at the start.
    """
    sums: dict[int, Array] = {}
    for step in reversed(walked.steps):
        output = sequence[:, step.time]
        if masked_output == "zero":
            output = np.where(step.keep, output, np.zeros_like(output))
        reached = (final[0] + output, *final[1:])
        nothing = np.zeros_like(output)
        sums[step.time], earlier = back(step.notes, tuple(np.where(step.keep, bar, nothing) for bar in reached))
        final = tuple(np.where(step.keep, nothing, bar) + old for bar, old in zip(reached, earlier, strict=True))
    return np.stack([sums[time] for time in sorted(sums)], axis=1), final


def valid_steps(operation: str, x: Array, lengths: Array | None) -> Array:
    """For whom each step is valid, ``n t``: all of them, or as many as a sequence is long.

    Raises:
        ShapeError: for a length beyond the time axis.
    """
    count = x.shape[1]
    if lengths is None:
        return np.ones(x.shape[:2], np.bool_)
    if np.any(lengths > count) or np.any(lengths < 0):
        raise ShapeError(
            f"lengths of {operation}",
            expected=f"from 0 to {count}, the size of the time axis",
            got=lengths,
            fix="Pad x to the longest sequence.",
        )
    return np.asarray(np.arange(count) < lengths[:, None])


def initial(given: Array | None, x: Array, units: int) -> Array:
    """The state at the start: what is given, or zeros."""
    return np.zeros_like(x, shape=(x.shape[0], units)) if given is None else given


def gates_of(operation: str, weight: Array, names: str) -> None:
    """Check that a weight has as many gates as the cell.

    Raises:
        ShapeError: if it has not.
    """
    wanted = len(names.split())
    if weight.shape[0] != wanted:
        raise ShapeError(
            f"weight of {operation}",
            expected=f"{wanted} gates on axis g: {names}",
            got=f"{weight.shape[0]}, shape {weight.shape}",
            fix="Split a packed axis into gates and units.",
        )


def only_given(operation: Operation, gradients: Mapping[str, Array], call: Mapping[str, Any]) -> dict[str, Array]:
    """The gradients, without those of optional arguments that are left out of the call."""
    left_out = {name for name in operation.optional if call.get(name) is None}
    return {name: gradient for name, gradient in gradients.items() if name not in left_out}


def sigmoid(sums: Array) -> Array:
    r""":math:`1 / (1 + e^{-a}) = (1 + \tanh(a/2)) / 2`, which overflows nowhere."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * sums))


def activation_named(operation: str, name: str) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """An activation, and its slope as a function of its result.

    Raises:
        ParameterError: for a name that is none.
    """
    if name == "tanh":
        return np.tanh, lambda y: 1 - y * y
    if name == "relu":
        return lambda a: np.maximum(a, np.zeros_like(a)), lambda y: np.where(y > 0, np.ones_like(y), np.zeros_like(y))
    raise ParameterError(
        f"activation of {operation}", expected="tanh or relu", got=repr(name), fix="Use one of the two."
    )
