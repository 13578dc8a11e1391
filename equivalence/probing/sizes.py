"""Sizes for the letters of a port: revealing ones where they are free, the user's where they are not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from equivalence import axes as _axes
from equivalence.errors import AxesError, PortError
from equivalence.port import Port
from equivalence.probing.parts import Letters

NUMBERS = 1000
"""How many numbers the arguments of a probe hold together where the sizes can be chosen so."""

_GLOBAL = 7
"""Up to so many letters, all sizes differ; beyond, the sizes of letters that meet in an argument."""

_COMBINATIONS = 6

_EQUAL = (4, 3, 2, 5, 6)
"""Sizes that all letters may have, the best first."""

_PLANE = 2
"""Kernels with more axes get smaller sizes."""


@dataclass(frozen=True)
class Pools:
    """Sizes by the part of a letter, the first that is free taken first; three choices of sizes of places."""

    batch: Sequence[int]
    kernel: Sequence[int]
    kernels: Sequence[int]
    """The sizes of kernels with three axes or more."""
    other: Sequence[int]
    spatial: Sequence[Sequence[int]]
    distinct: Literal["all", "met", ""]
    """Which sizes differ: all, those of letters that meet in an argument, or just as they come."""
    numbers: int = NUMBERS
    data: int = 0
    """How many numbers the largest input should hold at least, if the number of examples can be chosen."""


DISTINCT = Pools((2, 3), (3, 5, 2, 4), (2, 4, 5), (4, 6, 8, 10), ((8, 9, 10, 7), (6, 5, 8, 7), (4, 5, 6, 3)), "all")
EXCHANGED = Pools((2, 3), (2, 4, 3, 5), (3, 4, 2), (3, 5, 7, 9), ((9, 8, 7, 10), (5, 6, 7, 8), (5, 4, 3, 6)), "met")
SMALL = Pools((2,), (3,), (3, 2), (4, 2), ((6, 5), (5, 4), (4, 3)), "", numbers=400, data=32)


@dataclass(frozen=True)
class Choice:
    """One of the values that the user lets vary: sizes and parameters, and words for those that do vary."""

    sizes: Mapping[str, Any]
    parameters: Mapping[str, Any]
    said: str = ""


@dataclass(frozen=True)
class Fitting:
    """Puts sizes together for a port.

    Attributes:
        letters: the parts of its letters.
        derived: expressions and sizes that the operation gives for letters of the port.
    """

    port: Port
    letters: Letters
    derived: Mapping[str, int | str]

    @property
    def free(self) -> list[str]:
        """Letters whose sizes the suite may choose."""
        return [letter for letter in self.letters.all if letter not in {**self.derived, **self.port.sizes}]

    def spread(self, pools: Pools, choice: Choice) -> dict[str, Any]:
        """Sizes from the pools, from the roomiest of them that keeps the arguments small."""
        tried = []
        for spatial, other in product(pools.spatial, (pools.other, range(2, 9))):
            sizes = self.complete(self._assign(replace(pools, other=other), spatial, choice), choice)
            tried.append((numbers(self.port, sizes, choice.parameters), sizes))
            if tried[-1][0] <= pools.numbers:
                break
        _, sizes = min(tried, key=lambda one: (max(one[0], pools.numbers), tried.index(one)))
        return self._enough(sizes, pools.data, choice)

    def _enough(self, sizes: dict[str, Any], least: int, choice: Choice) -> dict[str, Any]:
        """The same with more examples, if the largest input would hold but a few numbers."""
        count = max(math.prod(shape(self.port, x, sizes, choice.parameters)) for x in self.port.original.inputs)
        free = {letter: size for letter, size in sizes.items() if letter in self.free}
        more = {x: self._multiple(x, free[x] * -(-least // count), choice) for x in self.letters.batch if x in free}
        return self.complete({**free, **more}, choice) if count < least else sizes

    def equal(self, choice: Choice) -> dict[str, Any]:
        """The same size for all letters, that of a letter the user fixes if it is small; places cover the kernel."""
        fixed = [size for size in choice.sizes.values() if size in _EQUAL]
        for size in [*fixed[:1], *_EQUAL]:
            same: dict[str, Any] = {letter: self._multiple(letter, size, choice) for letter in self.free}
            same |= {x: max(same[x], self._floor(choice)) for x in self.letters.spatial if x in same}
            same |= {x: (size, size) for x in self.letters.variadic if x in same}
            sizes = self.complete(same, choice)
            if numbers(self.port, sizes, choice.parameters) <= NUMBERS:
                break
        return sizes

    def complete(self, free: Mapping[str, Any], choice: Choice) -> dict[str, Any]:
        """All sizes: the free ones, the user's, and expressions over these and over whole-number parameters.

        Raises:
            PortError: if an expression cannot be computed, or gives less than 1.
        """
        sizes: dict[str, Any] = {**free, **choice.sizes}
        own = {letter: size for letter, size in self.port.sizes.items() if isinstance(size, str)}
        waiting = {letter: size for letter, size in {**self.derived, **own}.items() if letter not in sizes}
        known = {name: value for name, value in choice.parameters.items() if _whole(value)}
        while waiting:
            ready, problem = {}, AxesError("sizes")
            for letter, expression in waiting.items():
                try:
                    ready[letter] = _axes.evaluate(expression, {**known, **sizes})
                except AxesError as error:
                    problem = error
                    continue
                if ready[letter] < 1:
                    got = f"{letter} = {expression} = {ready[letter]}, where {sizes}"
                    raise PortError(self.port.say("sizes"), expected="sizes of at least 1", got=got)
            if not ready:
                raise PortError(self.port.say("sizes"), fix=str(problem)) from problem
            sizes |= ready
            waiting = {letter: size for letter, size in waiting.items() if letter not in ready}
        return {letter: sizes[letter] for letter in self.letters.all}

    def _assign(self, pools: Pools, spatial: Sequence[int], choice: Choice) -> dict[str, Any]:
        parts = self.letters
        kernel = pools.kernels if len(parts.kernel) > _PLANE else pools.kernel
        found: dict[str, Any] = dict(choice.sizes)
        lowest = self._floor(choice)
        spatial = [size + max(0, lowest - size + 1) // 2 * 2 for size in spatial]
        everywhere = pools.distinct == "all" and len(self.letters.all) <= _GLOBAL
        for names, pool in (
            (parts.kernel, kernel),
            (parts.spatial, spatial),
            (parts.batch, pools.batch),
            (parts.other, pools.other),
            (parts.variadic, spatial),
        ):
            for k, letter in enumerate(name for name in names if name in self.free):
                if letter in parts.variadic:
                    found[letter] = tuple(_fresh(pool, self._taken(found, letter, everywhere=everywhere), 2))
                elif pools.distinct:
                    fresh = _fresh(pool, self._taken(found, letter, everywhere=everywhere), 1)[0]
                    found[letter] = self._multiple(letter, fresh, choice)
                else:
                    found[letter] = self._multiple(letter, pool[k % len(pool)], choice)
        return {letter: size for letter, size in found.items() if letter not in choice.sizes}

    def _taken(self, found: Mapping[str, Any], letter: str, *, everywhere: bool) -> set[int]:
        near = set(found) if everywhere else self.letters.together[letter]
        sizes = [found[other] for other in near if other in found]
        return {one for size in sizes for one in (size if isinstance(size, tuple) else (size,))}

    def _floor(self, choice: Choice) -> int:
        """The size of the largest kernel that the user fixes."""
        return max((choice.sizes.get(letter, 1) for letter in self.letters.kernel), default=1)

    def _multiple(self, letter: str, size: int, choice: Choice) -> int:
        """The next size that every divisor of the letter's axes divides, such as ``groups`` in ``c/groups``."""
        parsed = [axis for kind in self.port.arguments.values() for axis in _axes.parse(kind.axes)]
        names = {axis.divisor for axis in parsed if axis.letter == letter and axis.divisor}
        divisor = math.lcm(*(int(choice.parameters.get(name, 1)) for name in names))
        return -(-size // divisor) * divisor


def numbers(port: Port, sizes: Mapping[str, Any], parameters: Mapping[str, Any]) -> int:
    """How many numbers the arguments hold together.

    Raises:
        PortError: if a size does not fit the axes.
    """
    return sum(math.prod(shape(port, name, sizes, parameters)) for name in port.arguments)


def shape(port: Port, name: str, sizes: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape of an argument.

    Raises:
        PortError: if a size does not fit the axes.
    """
    try:
        return _axes.shape(port.arguments[name].axes, sizes, parameters)
    except AxesError as error:
        raise PortError(port.say(f"the sizes of {name}"), fix=str(error)) from error


def choices(port: Port) -> tuple[list[Choice], str]:
    """The user's sizes and parameters, one choice for each combination; and a sentence if they are too many.

    Then each value is in one choice at least.

    Raises:
        PortError: for a size that is none, or a list without values.
    """
    sizes = {x: _sizes(port, x, size) for x, size in port.sizes.items() if not isinstance(size, str)}
    listed = {name: value if isinstance(value, list) else [value] for name, value in port.parameters.items()}
    for name, values in listed.items():
        if not values:
            raise PortError(port.say(f"parameters, {name}"), expected="one value at least", got="an empty list")
    axes: list[tuple[str, str, Sequence[Any]]] = [("sizes", x, values) for x, values in sizes.items()]
    axes += [("parameters", name, values) for name, values in listed.items()]
    count = math.prod(len(values) for *_, values in axes)
    rows: Iterable[tuple[Any, ...]] = product(*(values for *_, values in axes))
    left_out = ""
    if count > _COMBINATIONS:
        longest = max(len(values) for *_, values in axes)
        rows = (tuple(values[k % len(values)] for *_, values in axes) for k in range(longest))
        names = ", ".join(name for _, name, values in axes if len(values) > 1)
        left_out = f"Of the {count} combinations of {names}, {longest} are tried, with each value once at least."
    return [_choice(axes, row) for row in rows], left_out


def _choice(axes: Sequence[tuple[str, str, Sequence[Any]]], row: Sequence[Any]) -> Choice:
    found: dict[str, dict[str, Any]] = {"sizes": {}, "parameters": {}}
    said = []
    for (where, name, values), value in zip(axes, row, strict=True):
        found[where][name] = value
        if len(values) > 1:
            said.append(f"{name}={value}")
    return Choice(found["sizes"], found["parameters"], ", ".join(said))


def _sizes(port: Port, letter: str, given: Any) -> list[Any]:
    """The sizes a letter may have; of ``...``, the shapes."""
    variadic = letter.startswith(_axes.ELLIPSIS)
    one = _whole(given) or (variadic and isinstance(given, (tuple, list)) and all(map(_whole, given)))
    try:
        values = [given] if one else list(given)
    except TypeError:
        values = [given]
    if variadic:
        values = [tuple(value) if isinstance(value, (tuple, list)) else (value,) for value in values]
    flat = [size for value in values for size in (value if isinstance(value, tuple) else (value,))]
    if not values or not all(_whole(size) and size >= 1 for size in flat):
        expected = "a whole number of at least 1, several of them, or an expression such as '4*m'"
        raise PortError(port.say(f"sizes, {letter}"), expected=expected, got=repr(given))
    return values


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _fresh(pool: Sequence[int], taken: set[int], count: int) -> list[int]:
    def candidates() -> Iterator[int]:
        yield from pool
        yield from range(2, 100)

    found = list(dict.fromkeys(size for size in candidates() if size not in taken))
    return found[:count]
