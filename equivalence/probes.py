"""Probes: the sizes and values on which two layers are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from equivalence import axes as _axes
from equivalence.axes import ELLIPSIS
from equivalence.errors import AxesError, PortError
from equivalence.inputs import Array
from equivalence.operation import generator
from equivalence.port import Port

_DISTINCT = (2, 3, 5, 7, 4, 6, 8, 9, 10, 11, 12, 13)
_EQUAL = 4
_CHOICES = 4


@dataclass(frozen=True)
class Setting:
    """What a probe tries, and the sizes it tries it at."""

    name: str
    sizes: Mapping[str, Any]


def settings(port: Port) -> list[Setting]:
    """The sizes to try: pairwise distinct, all equal, the first axis of size one; then each choice of the user's.

    Raises:
        PortError: if an expression cannot be computed.
    """
    letters = list(
        dict.fromkeys(axis.letter for kind in port.original.kinds.values() for axis in _axes.parse(kind.axes))
    )
    free = [letter for letter in letters if letter not in port.sizes]
    chosen = {letter: size for letter, size in port.sizes.items() if not isinstance(size, str)}
    choices = {letter: [size] if isinstance(size, int) else list(size) for letter, size in chosen.items()}
    plans = [("distinct sizes", dict(zip(free, _spread(len(free)), strict=True)))]
    if free:
        plans.append(("equal sizes", dict.fromkeys(free, _EQUAL)))
    if letters and letters[0] in free:
        plans.append((f"{letters[0]} of size 1", plans[0][1] | {letters[0]: 1}))
    found = []
    for name, sizes in plans:
        for fixed in _combinations(choices):
            said = ", ".join(f"{letter}={size}" for letter, size in fixed.items() if len(choices[letter]) > 1)
            complete = _complete(port, {**_variadic(sizes), **fixed})
            found.append(Setting(f"{name}, {said}" if said else name, complete))
    unique = {repr(sorted(setting.sizes.items())): setting for setting in reversed(found)}
    return list(reversed(unique.values()))


def _spread(count: int) -> Iterator[int]:
    return (_DISTINCT[k] if k < len(_DISTINCT) else k + 2 for k in range(count))


def _variadic(sizes: Mapping[str, int]) -> dict[str, Any]:
    return {letter: (size, size + 1) if letter == ELLIPSIS else size for letter, size in sizes.items()}


def _combinations(choices: Mapping[str, Sequence[int]]) -> Iterator[dict[str, int]]:
    combined = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    return (sizes for _, sizes in zip(range(_CHOICES), combined, strict=False))


def _complete(port: Port, sizes: dict[str, Any]) -> dict[str, Any]:
    waiting = {letter: size for letter, size in port.sizes.items() if isinstance(size, str)}
    while waiting:
        ready = {}
        for letter, expression in waiting.items():
            try:
                ready[letter] = _axes.evaluate(expression, sizes)
            except AxesError as error:
                problem = error
        if not ready:
            raise PortError(port.say("sizes"), fix=str(problem)) from problem
        sizes |= ready
        waiting = {letter: size for letter, size in waiting.items() if letter not in ready}
    return sizes


def draw(port: Port, setting: Setting, seed: int) -> dict[str, Array]:
    """Values for the inputs in the original's layout, the same for the same seed."""
    drawn = {}
    for name, kind in port.original.kinds.items():
        shape = _axes.shape(kind.axes, setting.sizes)
        drawn[name] = kind.draw(generator(seed, setting.name, name), shape, setting.sizes, "normal")
    return drawn
