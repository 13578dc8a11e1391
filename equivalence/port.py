"""Declaring a port: the original layer, the ported layer, and how their axes correspond."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equivalence import axes as _axes
from equivalence.errors import EquivalenceError, PortError
from equivalence.inputs import Input, as_input
from equivalence.operation import OUTPUT

Size = int | str | Sequence[int]


def _caller() -> tuple[str, int]:
    """File and line of the first frame outside this module and the generated constructors."""
    frame = sys._getframe(1)  # noqa: SLF001 - the one way to name the line of the user's file
    while frame.f_back is not None and frame.f_code.co_filename in (__file__, "<string>"):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


@dataclass(frozen=True)
class Layer:
    """A layer: a function of a framework's own tensors, with the axes of what it takes and returns.

    Args:
        framework: the adapter's name: ``numpy``, ``tensorflow``, ``torch``, ``theano``, ...
        function: takes the inputs by name and returns the output (several: a tuple in declared order, or a
            dictionary). If it accepts ``sizes``, it gets the concrete sizes by letter. ``"file.py:function"`` names
            one in a file that only its own stack can import, relative to the port file.
        inputs: axes, or a kind of input, by argument.
        output: the axes of the only output.
        outputs: the axes of several outputs by name.
        stack: the stack it runs in, if not the framework's own.
        python: an interpreter to run it in, in place of a stack.
    """

    framework: str
    function: Callable[..., Any] | str
    inputs: Mapping[str, str | Input]
    output: str | None = None
    outputs: Mapping[str, str] | None = None
    stack: str | None = None
    python: str | None = None
    where: tuple[str, int] = field(default_factory=_caller, compare=False, repr=False)

    def __post_init__(self) -> None:
        if (self.output is None) == (self.outputs is None):
            raise PortError(
                self._say("Layer"), expected="output= or outputs=", got="both" if self.output is not None else "neither"
            )
        if not self.inputs:
            raise PortError(self._say("Layer"), expected="at least one input", got="none")
        try:
            for axes in [*(kind.axes for kind in self.kinds.values()), *self.results.values()]:
                _axes.parse(axes)
        except EquivalenceError as error:
            raise PortError(self._say("Layer"), fix=str(error)) from error

    @property
    def kinds(self) -> dict[str, Input]:
        """The inputs by name."""
        return {name: as_input(kind) for name, kind in self.inputs.items()}

    @property
    def results(self) -> dict[str, str]:
        """The axes of the outputs by name."""
        return dict(self.outputs) if self.outputs is not None else {OUTPUT: self.output or ""}

    def _say(self, what: str) -> str:
        return f"{self.where[0]}:{self.where[1]}: {what}"


@dataclass(frozen=True)
class Port:
    """An original layer and its ported layer, to be checked.

    Args:
        original: the layer that is right by definition.
        ported: the layer to be checked. It takes the same inputs by name, in its own layout.
        operation: an operation of the catalogue that both should be; its reference joins the comparison.
        sizes: by letter: a value, values to choose from, or an expression over other letters.
        parameters: keyword arguments for both functions, as far as they accept them, and for the operation.
        bind: the operation's argument for an argument of another name.
        axes: the operation's letter for a letter of the port, where position does not say it.
        name: the variable's name unless given.
    """

    original: Layer
    ported: Layer
    operation: str | None = None
    sizes: Mapping[str, Size] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bind: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    where: tuple[str, int] = field(default_factory=_caller, compare=False, repr=False)

    def __post_init__(self) -> None:
        for side in (self.original, self.ported):
            if not isinstance(side, Layer):
                raise PortError(self.say("Port"), expected="a Layer on both sides", got=type(side).__name__)
        self._same(
            "inputs",
            {n: k.axes for n, k in self.original.kinds.items()},
            {n: k.axes for n, k in self.ported.kinds.items()},
        )
        self._same("outputs", self.original.results, self.ported.results)
        letters = set().union(*(_axes.letters(kind.axes) for kind in self.original.kinds.values()))
        if unknown := set(self.sizes) - letters:
            raise PortError(
                self.say("sizes"), expected=f"letters of the inputs, {sorted(letters)}", got=sorted(unknown)
            )

    def _same(self, what: str, original: Mapping[str, str], ported: Mapping[str, str]) -> None:
        if set(original) != set(ported):
            raise PortError(
                self.say(what), expected=f"the same names on both sides, {sorted(original)}", got=sorted(ported)
            )
        for name, axes in original.items():
            if sorted(_axes.names(axes)) != sorted(_axes.names(ported[name])):
                raise PortError(
                    self.say(f"{what}, {name}"),
                    expected=f"the axes {axes!r} in some order",
                    got=repr(ported[name]),
                    fix="The same letter means the same axis on both sides.",
                )

    def say(self, what: str) -> str:
        """What, with the file and line of the port before it."""
        return f"{Path(self.where[0]).name}:{self.where[1]}: {what}"
