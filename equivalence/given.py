"""The inputs of a probe as named arrays, as a file holds them, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.errors import ShapeError, UsageError
from equivalence.inputs import Array, Input, Integers, Lengths, Mask
from equivalence.port import Port
from equivalence.probes import Setting
from equivalence.probing.sizes import choices
from equivalence.sides import Inputs

NAME = "the given input"
"""What a probe of the user's own inputs is called."""

ONLY_GIVEN = "Nothing but the given input is tried."
"""What that leaves out."""

_COTANGENT = "cotangent of {}"
_EARLIER = "earlier batch {}: {}"
_RESULTS = ("original/", "ported/")
"""What begins the names of arrays that a file holds beside the inputs: what came out of them."""


def flat(inputs: Inputs) -> dict[str, Array]:
    """The arguments by name, then those of earlier batches that are others, and the cotangents."""
    earlier = {
        _EARLIER.format(k, name): array
        for k, batch in enumerate(inputs.earlier, 1)
        for name, array in _others(batch, inputs.arrays).items()
    }
    return {**inputs.arrays, **earlier, **{_COTANGENT.format(x): array for x, array in inputs.cotangents.items()}}


def _others(batch: Mapping[str, Array], now: Mapping[str, Array]) -> Mapping[str, Array]:
    return {name: array for name, array in batch.items() if not np.array_equal(array, now[name])} or batch


def given_inputs(port: Port, arrays: Mapping[str, Array]) -> Iterator[Inputs]:
    """The inputs that :func:`flat` made arrays of, or a user did; for each choice of the port's parameters.

    Args:
        port: the two layers.
        arrays: by the original's names and in its layout.

    Raises:
        UsageError: if an array is missing, is none of the port's, or does not fit.
    """
    found = _read(port, arrays)
    chosen = {repr(choice.parameters): choice.parameters for choice in choices(port)[0]}
    for parameters in chosen.values():
        varied = [f"{name}={value}" for name, value in parameters.items() if isinstance(port.parameters[name], list)]
        name = ", ".join([NAME, *varied])
        yield replace(found, setting=replace(found.setting, name=name, parameters=parameters))


def _read(port: Port, arrays: Mapping[str, Array]) -> Inputs:
    left = {name: array for name, array in arrays.items() if not name.startswith(_RESULTS)}
    if any(name not in left for name in port.arguments):
        raise UsageError(port.say("the given input"), expected=f"arrays {', '.join(port.arguments)}", got=sorted(left))
    sizes: dict[str, Any] = {letter: size for letter, size in port.sizes.items() if isinstance(size, int)}
    now = {name: _array(port, name, left.pop(name), sizes) for name in port.arguments}
    earlier: list[Mapping[str, Array]] = []
    while batch := {x: left.pop(key) for x in now if (key := _EARLIER.format(len(earlier) + 1, x)) in left}:
        earlier.append({**now, **{name: _array(port, name, array, sizes) for name, array in batch.items()}})
    wanted = {x: left.pop(key) for x in port.original.results if (key := _COTANGENT.format(x)) in left}
    if left:
        raise UsageError(port.say("the given input"), expected=f"arrays {', '.join(port.arguments)}", got=sorted(left))
    return Inputs(Setting(NAME, sizes, earlier=len(earlier), effects=True), now, tuple(earlier), wanted)


def _array(port: Port, name: str, array: Array, sizes: dict[str, Any]) -> Array:
    kind = port.arguments[name]
    try:
        _axes.measure(kind.axes, array.shape, sizes, what=name)
    except ShapeError as error:
        raise UsageError(port.say("the given input"), fix=str(error)) from error
    return array.astype(_dtype(kind))


def _dtype(kind: Input) -> type:
    if isinstance(kind, Mask):
        return np.bool_
    return np.int64 if isinstance(kind, (Integers, Lengths)) else np.float64
