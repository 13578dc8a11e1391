"""Declaring a port: the original layer, the ported layer, and how their names and axes correspond."""

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


def caller() -> tuple[str, int]:
    """File and line of the first frame outside this module and the generated constructors."""
    frame = sys._getframe(1)  # noqa: SLF001 - the one way to name the line of the user's file
    while frame.f_back is not None and frame.f_code.co_filename in (__file__, "<string>"):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


@dataclass(frozen=True)
class Layer:
    """A layer: a function of a framework's own tensors, or an object, with the axes of what it takes and returns.

    Args:
        framework: the adapter's name: ``numpy``, ``tensorflow``, ``torch``, ``theano``, ...
        function: takes the inputs by name and returns the output (several: a tuple in declared order, or a
            dictionary). If it accepts ``sizes``, it gets the concrete sizes by letter. In its place, an object that
            holds its parameters: a ``torch.nn.Module``, ``keras.Layer`` or ``keras.Model``; or a function without
            arguments that makes one, so that this file need not import the framework. Such a function may accept
            ``sizes`` and the port's parameters, and makes an object for each. ``"file.py:name"`` names any of these in
            a file that only its own stack can import, relative to the port file.
        inputs: axes, or a kind of input, by argument.
        output: the axes of the only output.
        outputs: the axes of several outputs by name. An object's outputs that its call does not return are those of its
            parameters and buffers, or variables, that have the name, after the call.
        parameters: axes, or a kind of input, of the object's own parameters that are drawn anew, named as the framework
            names them. The others keep their values.
        training: whether the object runs in training mode.
        stack: the stack it runs in, if not the framework's own.
        python: an interpreter to run it in, in place of a stack.
    """

    framework: str
    function: Callable[..., Any] | str
    inputs: Mapping[str, str | Input]
    output: str | None = None
    outputs: Mapping[str, str] | None = None
    parameters: Mapping[str, str | Input] = field(default_factory=dict)
    training: bool = False
    stack: str | None = None
    python: str | None = None
    where: tuple[str, int] = field(default_factory=caller, compare=False, repr=False)

    def __post_init__(self) -> None:
        if (self.output is None) == (self.outputs is None):
            raise PortError(
                self.say("Layer"), expected="output= or outputs=", got="both" if self.output is not None else "neither"
            )
        if not self.inputs:
            raise PortError(self.say("Layer"), expected="at least one input", got="none")
        if twice := sorted(set(self.inputs) & set(self.parameters)):
            raise PortError(
                self.say("Layer"),
                expected="each argument in inputs= or in parameters=",
                got=f"{', '.join(twice)} in both",
                fix="Parameters are what the object itself holds.",
            )
        try:
            for axes in [*(kind.axes for kind in self.kinds.values()), *self.results.values()]:
                _axes.parse(axes)
        except EquivalenceError as error:
            raise PortError(self.say("Layer"), fix=str(error)) from error

    @property
    def kinds(self) -> dict[str, Input]:
        """What is drawn for it by the layer's own names: its inputs, then its parameters."""
        return {name: as_input(kind) for name, kind in [*self.inputs.items(), *self.parameters.items()]}

    @property
    def results(self) -> dict[str, str]:
        """The axes of the outputs by name."""
        return dict(self.outputs) if self.outputs is not None else {OUTPUT: self.output or ""}

    def say(self, what: str) -> str:
        """What, with the file and line of the layer before it."""
        return said(self.where, what)


@dataclass(frozen=True)
class Port:
    """An original layer and its ported layer, to be checked.

    Args:
        original: the layer that is right by definition.
        ported: the layer to be checked. It takes the same arguments, in its own layout.
        operation: an operation of the catalogue that both should be; its reference joins the comparison.
        sizes: by letter: a value, values to choose from, or an expression over other letters.
        parameters: keyword arguments for both functions, as far as they accept them, and for the operation. Each
            value of a list is tried; a tuple is one value.
        match: the ported layer's name for an argument or an output of the original, where it is another.
        bind: the operation's argument for an argument of another name.
        axes: the operation's letter for a letter of the port, where position does not say it.
        name: the variable's name unless given.
    """

    original: Layer
    ported: Layer
    operation: str | None = None
    sizes: Mapping[str, Size] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    match: Mapping[str, str] = field(default_factory=dict)
    bind: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    where: tuple[str, int] = field(default_factory=caller, compare=False, repr=False)

    def __post_init__(self) -> None:
        for side in (self.original, self.ported):
            if not isinstance(side, Layer):
                raise PortError(self.say("Port"), expected="a Layer on both sides", got=type(side).__name__)
        self._matched()
        self._same("arguments", _axes_of(self.original.kinds), _axes_of(self.ported.kinds))
        self._same("outputs", self.original.results, self.ported.results)
        letters = set().union(*(_axes.letters(kind.axes) for kind in self.arguments.values()))
        if unknown := set(self.sizes) - letters:
            raise PortError(
                self.say("sizes"), expected=f"letters of the inputs, {sorted(letters)}", got=sorted(unknown)
            )

    @property
    def arguments(self) -> dict[str, Input]:
        """What is drawn, by canonical name, which is the original's: its inputs, then its parameters."""
        return self.original.kinds

    def own_name(self, side: str, name: str) -> str:
        """A side's own name of an argument or an output.

        Args:
            side: ``original`` or ``ported``.
            name: the canonical name.
        """
        return self.match.get(name, name) if side == "ported" else name

    def _matched(self) -> None:
        for layer, given, what in (
            (self.original, list(self.match), "original"),
            (self.ported, list(self.match.values()), "ported"),
        ):
            known = {*layer.kinds, *layer.results}
            if unknown := sorted(set(given) - known):
                raise PortError(
                    self.say("match"),
                    expected=f"names of the {what} layer's arguments and outputs, {sorted(known)}",
                    got=unknown,
                    fix='The original\'s name stands first: match={"weight": "kernel"}.',
                )

    def _same(self, what: str, original: Mapping[str, str], ported: Mapping[str, str]) -> None:
        own = {name: self.own_name("ported", name) for name in original}
        if sorted(own.values()) != sorted(ported):
            raise PortError(
                self.say(what),
                expected=f"the same names on both sides, {sorted(own.values())}",
                got=sorted(ported),
                fix=_how_to_match(set(own.values()) - set(ported), set(ported) - set(own.values())),
            )
        for name, axes in original.items():
            if sorted(_axes.names(axes)) != sorted(_axes.names(ported[own[name]])):
                raise PortError(
                    self.say(f"{what}, {name}"),
                    expected=f"the axes {axes!r} in some order",
                    got=repr(ported[own[name]]),
                    fix="The same letter means the same axis on both sides.",
                )

    def say(self, what: str) -> str:
        """What, with the file and line of the port before it."""
        return said(self.where, what)


def said(where: tuple[str, int], what: str) -> str:
    """What, with a file and a line before it."""
    return f"{Path(where[0]).name}:{where[1]}: {what}"


def _axes_of(kinds: Mapping[str, Input]) -> dict[str, str]:
    return {name: kind.axes for name, kind in kinds.items()}


def _how_to_match(missing: set[str], extra: set[str]) -> str:
    if not (missing and extra):
        return "Give both layers the same arguments and outputs."
    return f"If they are the same under other names, say so: Port(match={{{min(missing)!r}: {min(extra)!r}}})."
