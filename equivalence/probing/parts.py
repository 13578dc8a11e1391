"""Which arguments of a port are data and which parameters, and what the letters of its axes stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from equivalence import axes as _axes
from equivalence.inputs import Input, Integers, Lengths, Mask
from equivalence.port import Port

Role = Literal["data", "parameter"]

_CHANNELS = "c"
"""What this letter stands for by custom, if other letters are left for places."""


@dataclass(frozen=True)
class Letters:
    """The letters of a port's arguments, each in one part, in the order in which they first occur.

    Attributes:
        batch: the letter that numbers the examples, if any argument has axes.
        spatial: letters of places: the kernel slides over them, or the layer walks along them.
        kernel: letters that only one parameter has.
        other: channels and whatever else there is.
        variadic: ``...`` and ``...'``.
        together: for each letter, those it meets in an argument.
    """

    batch: tuple[str, ...]
    spatial: tuple[str, ...]
    kernel: tuple[str, ...]
    other: tuple[str, ...]
    variadic: tuple[str, ...]
    together: Mapping[str, frozenset[str]]

    @property
    def all(self) -> tuple[str, ...]:
        """Every letter."""
        return (*self.batch, *self.spatial, *self.kernel, *self.other, *self.variadic)


def roles(port: Port) -> dict[str, Role]:
    """Whether an argument is data or a parameter, by name.

    What either layer declares as a parameter is one. Of the other inputs, those are data that have the letter of the
    batch: the first letter of the first input if an output has it too or no output has axes, else the first letter of
    the outputs that an input has.
    """
    batch, called = set(_batch(port)), _called(port)
    return {
        name: "data" if name in called and (not batch or batch & _letters(kind)) else "parameter"
        for name, kind in port.arguments.items()
    }


def letters(port: Port) -> Letters:
    """The part that each letter of the arguments plays."""
    arguments, role = port.arguments, roles(port)
    order = list(dict.fromkeys(axis.letter for kind in arguments.values() for axis in _axes.parse(kind.axes)))
    named = [letter for letter in order if not _variadic(letter)]
    batch = tuple(letter for letter in _batch(port) if letter in named)
    data = _union(kind for name, kind in arguments.items() if role[name] == "data")
    held = [_letters(kind) for name, kind in arguments.items() if role[name] == "parameter"]
    shared = set().union(*held)
    outputs = set().union(*(_axes.letters(axes) for axes in port.original.results.values()))
    inputs = [_letters(kind) for name, kind in arguments.items() if role[name] == "data"]

    def place(letter: str) -> bool:
        contracted = letter not in outputs and sum(letter in one for one in inputs) > 1
        return letter in data and letter not in shared and letter not in batch and not contracted

    walked = _walked(arguments)
    spatial = tuple(letter for letter in named if place(letter) or letter in walked)
    counted = _counted(arguments)
    kernel = tuple(
        letter
        for letter in named
        if spatial and letter not in data | outputs | counted and sum(letter in one for one in held) == 1
    )
    spatial = tuple(letter for letter in spatial if letter not in batch)
    if len(spatial) > 1:
        spatial = tuple(letter for letter in spatial if letter != _CHANNELS)
    other = tuple(letter for letter in named if letter not in {*batch, *spatial, *kernel})
    together = {
        letter: frozenset().union(*(_letters(kind) for kind in arguments.values() if letter in _letters(kind)))
        - {letter}
        for letter in order
    }
    return Letters(batch, spatial, kernel, other, tuple(x for x in order if _variadic(x)), together)


def _batch(port: Port) -> tuple[str, ...]:
    kinds = list(_called(port).values())
    leading = [_axes.parse(kind.axes)[0].letter for kind in kinds if kind.axes.split()]
    returned = [axis.letter for axes in port.original.results.values() for axis in _axes.parse(axes)]
    if not leading:
        return ()
    if leading[0] in returned:
        return (leading[0],)
    given = _union(kinds)
    return tuple(letter for letter in returned if letter in given)[:1] or (leading[0],)


def _called(port: Port) -> dict[str, Input]:
    """What both layers are called with; everything, if one holds as a parameter whatever the other is called with."""
    held = {name for name in port.arguments if port.own_name("ported", name) in port.ported.parameters}
    held |= set(port.original.parameters)
    return {name: kind for name, kind in port.arguments.items() if name not in held} or port.arguments


def _walked(arguments: Mapping[str, Input]) -> set[str]:
    """Letters along which lengths or masks leave something out."""
    masks = [_axes.parse(kind.axes) for kind in arguments.values() if isinstance(kind, Mask)]
    lengths = {kind.of for kind in arguments.values() if isinstance(kind, Lengths)}
    return lengths | {mask[-1].letter for mask in masks if mask}


def _counted(arguments: Mapping[str, Input]) -> set[str]:
    """Letters that limit whole numbers, such as the size of a vocabulary."""
    limits = [str(kind.below) for kind in arguments.values() if isinstance(kind, Integers)]
    return {name for limit in limits for name in re.findall(r"[a-z]+", limit)}


def _letters(kind: Input) -> frozenset[str]:
    return frozenset(_axes.letters(kind.axes))


def _union(kinds: Iterable[Input]) -> set[str]:
    return set().union(*(_letters(kind) for kind in kinds))


def _variadic(letter: str) -> bool:
    return letter.startswith(_axes.ELLIPSIS)
