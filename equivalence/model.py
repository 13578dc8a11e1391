"""Declaring whole models: the original, the port, and which of their layers correspond."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from equivalence import axes as _axes
from equivalence.errors import EquivalenceError, PortError
from equivalence.inputs import Input, as_input
from equivalence.port import Layer, caller, said

Named = Sequence[tuple[str, Any]]
"""Layers by name, in the order in which they are called: each takes what the one before it gave."""


@dataclass(frozen=True)
class Model:
    """A model with the weights it has.

    Args:
        framework: the adapter's name: ``numpy``, ``torch``, ``keras``, ``tensorflow``, ...
        function: a ``torch.nn.Module``, a ``keras.Model``, or a list of named layers ``[("conv", conv), ...]``, each a
            function of the framework's tensors or one of its objects; or a function without arguments that makes one of
            these, so that the port file need not import the framework. It may accept ``sizes``. ``"file.py:name"``
            names any of these in a file that only its own stack can import, relative to the port file.
        inputs: axes, or a kind of input, by argument.
        stack: the stack it runs in, if not the framework's own.
        python: an interpreter to run it in, in place of a stack.
    """

    framework: str
    function: Callable[..., Any] | Named | str
    inputs: Mapping[str, str | Input]
    stack: str | None = None
    python: str | None = None
    where: tuple[str, int] = field(default_factory=caller, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.inputs:
            raise PortError(said(self.where, "Model"), expected="at least one input", got="none")
        try:
            for kind in self.inputs.values():
                _axes.parse(as_input(kind).axes)
        except EquivalenceError as error:
            raise PortError(said(self.where, "Model"), fix=str(error)) from error


@dataclass(frozen=True)
class ModelPort:
    """A model and its port, to be checked layer by layer.

    Args:
        original: the model that is right by definition.
        ported: the model to be checked. It takes the same inputs, in its own layout.
        layers: pairs of names, the original's and the ported model's, in order: after these layers both hold the same.
            What stands between two pairs is compared with the second of them. A layer of a ``torch.nn.Module`` has the
            name of the submodule, such as ``"features.0"``; one of a ``keras.Model`` its own. If not given, the layers
            that hold parameters are paired by name, or else by order.
        axes: by layer of the original, the axes of its output and those of the ported layer's. If not given, an output
            with as many axes as an input has them in the order of that input, and others have the same on both sides.
        sizes: by letter of the inputs, a number.
        name: the variable's name unless given.
    """

    original: Model | Layer
    ported: Model | Layer
    layers: Sequence[tuple[str, str]] | None = None
    axes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    name: str | None = None
    where: tuple[str, int] = field(default_factory=caller, compare=False, repr=False)

    def __post_init__(self) -> None:
        for side in (self.original, self.ported):
            if not isinstance(side, (Model, Layer)):
                raise PortError(self.say("ModelPort"), expected="a Model on both sides", got=type(side).__name__)
        if len(self.original.inputs) != len(self.ported.inputs):
            raise PortError(
                self.say("inputs"),
                expected=f"as many as the original has: {', '.join(self.original.inputs)}",
                got=", ".join(self.ported.inputs),
            )
        for letter, size in self.sizes.items():
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise PortError(self.say(f"sizes, {letter}"), expected="a whole number of at least 1", got=repr(size))
        for pair in [*(self.layers or ()), *self.axes.values()]:
            if isinstance(pair, str) or len(pair) != 2 or not all(isinstance(one, str) for one in pair):  # noqa: PLR2004
                raise PortError(self.say("ModelPort"), expected="pairs: the original's, the ported model's", got=pair)

    @property
    def match(self) -> dict[str, str]:
        """The ported model's name of each input of the original."""
        return dict(zip(self.original.inputs, self.ported.inputs, strict=True))

    def say(self, what: str) -> str:
        """What, with the file and line of the model port before it."""
        return said(self.where, what)


@dataclass(frozen=True, kw_only=True)
class Segment(Layer):
    """A part of a model, as a layer: from the output of one of its layers to that of another.

    Args:
        whole: the models it is taken from.
        part: what the worker takes: ``after`` and ``upto``, names of layers, empty for the model's inputs and output;
            or ``only``, the name of a layer; with ``inputs``, ``sizes`` and ``shapes`` of the model, and ``batch``, the
            place of the batch axis in each input.
    """

    whole: ModelPort
    part: Mapping[str, Any]
