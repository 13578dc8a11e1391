"""Hypotheses that an array was reshaped where its axes, or the parts of one axis, had to be exchanged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, pairwise, permutations
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import wording
from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.spots import Spot, View, moving

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

Order = tuple[int, ...]

_ALL_ORDERS = 4
_FEW = 400
"""So many at most, for a port with many arguments."""


@dataclass(frozen=True)
class Part:
    """A part of an axis: how its size is written, and what it is; the axis's rest if that is not known."""

    said: str
    size: Callable[[Inputs], int | None] | None = None


@dataclass(frozen=True)
class Regrouping:
    """An array cut into the parts of its axes, transposed, and read as other axes.

    Attributes:
        spot: whose array.
        parts: by axis of the original, in the order in which they vary, the slowest first.
        order: the order into which the parts are brought.
        read: the axes as which the numbers are then read; the array's own if None.
    """

    spot: Spot
    parts: tuple[tuple[Part, ...], ...]
    order: Order
    read: Order | None = None

    def __call__(self, array: Array, inputs: Inputs) -> Array | None:
        """The array regrouped; none where its sizes cannot be cut so."""
        sizes = self._sizes(array, inputs)
        if sizes is None:
            return None
        read = self.read or tuple(range(array.ndim))
        flat = array.reshape(sizes).transpose(self.order)
        return flat.reshape([array.shape[k] for k in read]).transpose(np.argsort(read))

    def _sizes(self, array: Array, inputs: Inputs) -> list[int] | None:
        if array.ndim != len(self.parts) or array.size == 0:
            return None
        found: list[int] = []
        for size, parts in zip(array.shape, self.parts, strict=True):
            known = [part.size(inputs) if part.size else 1 for part in parts]
            if not all(known):
                return None
            whole = prod(k for k in known if k)
            rest = size // whole
            if size % whole or (rest > 1 and all(part.size for part in parts)):
                return None
            found += [(k or 1) if part.size else rest for k, part in zip(known, parts, strict=True)]
        return found

    def undone(self, framework: str) -> str:
        """How it is undone, in the ported layer's order of axes."""
        spot, count = self.spot, len(self.parts)
        flat = [part.said for parts in self.parts for part in parts]
        if self._inside():
            return wording.chained(framework, spot.said, self._own_steps(flat))
        read, native = self.read or tuple(range(count)), spot.to_native
        steps: list[wording.Step] = [("transpose", tuple(int(k) for k in np.argsort(native))), ("transpose", read)]
        steps += [
            ("reshape", tuple(flat[k] for k in self.order)),
            ("transpose", tuple(int(k) for k in np.argsort(self.order))),
        ]
        if len(flat) > count:
            steps.append(("reshape", tuple(_letter(axis) for axis in spot.axes)))
        return wording.chained(framework, spot.said, [*steps, ("transpose", native)])

    def _starts(self) -> list[int]:
        """The place of the first part of each axis."""
        return [sum(len(parts) for parts in self.parts[:k]) for k in range(len(self.parts))]

    def _inside(self) -> bool:
        """Whether the parts of each axis stay within it."""
        ranges = [range(start, start + len(parts)) for start, parts in zip(self._starts(), self.parts, strict=True)]
        return self.read is None and all({self.order[k] for k in places} == {*places} for places in ranges)

    def _own_steps(self, flat: Sequence[str]) -> list[wording.Step]:
        """The same in the ported layer's order of axes, which need not be left for it."""
        starts, native = self._starts(), self.spot.to_native
        places = [start + k for axis in native for start in [starts[axis]] for k in range(len(self.parts[axis]))]
        held = [self.order[place] for place in places]
        return [
            ("reshape", tuple(flat[k] for k in held)),
            ("transpose", tuple(held.index(place) for place in places)),
            ("reshape", tuple(_letter(axis) for axis in self.spot.native)),
        ]


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """Parts of one axis exchanged, several axes mixed."""
    yield from islice(_all(view), _FEW)


def _all(view: View) -> Iterator[Hypothesis]:
    for spot in view.spots:
        for axis in spot.axes:
            for parts, code in _cuts(view, spot, axis):
                yield from _within(view, spot, axis, parts, code)
    for spot in view.spots:
        yield from _whole(view, spot)
    for spot in view.spots:
        for axis in spot.axes:
            if len(spot.axes) <= _ALL_ORDERS:
                for parts, _ in _cuts(view, spot, axis):
                    if len(parts) == 2:  # noqa: PLR2004 - a part and the rest
                        yield from _mixed(view, spot, axis, parts)


def _within(view: View, spot: Spot, axis: str, parts: Sequence[Part], code: str) -> Iterator[Hypothesis]:
    """The parts of one axis in another order."""
    place = spot.axes.index(axis)
    start, count = place, len(parts)
    for cut in dict.fromkeys(permutations(parts)):
        for order in permutations(range(count)):
            if list(order) == list(range(count)) or _redundant(parts, cut, order):
                continue
            cuts = _cut(spot, place, cut)
            moved = (*range(start), *(start + k for k in order), *range(start + count, len(spot.axes) + count - 1))
            written = " x ".join(part.said for part in cut)
            becomes = " x ".join(cut[k].said for k in order)
            regrouping = Regrouping(spot, cuts, moved)
            yield moving(
                [(spot, regrouping)],
                code=code,
                message=f"The axis {axis} of {spot.said} holds {written}, and the ported layer takes it as {becomes}."
                if spot.part != "output"
                else f"The axis {axis} of {spot.said} is {becomes} where the original's is {written}.",
                fix=regrouping.undone(view.framework),
                prior=0.95 if code == "layout.flatten-order" else 0.92,
                common=code == "layout.flatten-order",
            )


def _redundant(parts: Sequence[Part], cut: Sequence[Part], order: Sequence[int]) -> bool:
    """Whether two parts stay together, so that their own order does not matter, and are not in the first such order."""
    kept = [k for k, after in pairwise(order) if after == k + 1]
    return any(parts.index(cut[k]) > parts.index(cut[k + 1]) for k in kept)


def _cut(spot: Spot, place: int, parts: Sequence[Part]) -> tuple[tuple[Part, ...], ...]:
    return tuple(tuple(parts) if k == place else (Part(_letter(axis)),) for k, axis in enumerate(spot.axes))


def _letter(axis: str) -> str:
    return axis.rstrip("'").replace("/", "_over_").replace("...", "shape")


def _whole(view: View, spot: Spot) -> Iterator[Hypothesis]:
    """Whole axes: the numbers, in one order of the axes, are read as if they were in another."""
    count = len(spot.axes)
    fixed = 1 if spot.part != "parameter" and spot.axes and spot.axes[0] in view.letters.batch else 0
    own = tuple(range(count))
    sources = dict.fromkeys([own, spot.to_native])
    targets = (
        [own, spot.to_native, *permutations(own)] if count <= _ALL_ORDERS else [own, spot.to_native, *_turns(count)]
    )
    for source in sources:
        for target in dict.fromkeys(targets):
            if source != target and source[:fixed] == target[:fixed] == own[:fixed]:
                regrouping = Regrouping(spot, tuple((Part(_letter(axis)),) for axis in spot.axes), source, target)
                sizes = ", ".join(_letter(spot.axes[k]) for k in target)
                yield moving(
                    [(spot, regrouping)],
                    code="layout.reshaped",
                    message=f"{spot.said} is reshaped to ({sizes}) where its axes have to be transposed.",
                    fix=regrouping.undone(view.framework),
                    prior=0.94,
                    common=source == spot.to_native and spot.part == "parameter" and target[::-1] in sources,
                )


def _turns(count: int) -> Iterator[Order]:
    """Orders of many axes that frameworks use: one axis moved to another place, and all reversed."""
    own = list(range(count))
    for axis in own:
        for place in own:
            left = [k for k in own if k != axis]
            yield (*left[:place], axis, *left[place:])
    yield tuple(reversed(own))


def _mixed(view: View, spot: Spot, axis: str, parts: Sequence[Part]) -> Iterator[Hypothesis]:
    """An axis's parts mixed with the other axes, as heads merged without a transpose."""
    place = spot.axes.index(axis)
    fixed = 1 if spot.part != "parameter" and spot.axes[0] in view.letters.batch and place else 0
    count = len(spot.axes) + 1
    for cut in dict.fromkeys(permutations(parts)):
        for order in permutations(range(fixed, count)):
            moved = (*range(fixed), *order)
            others = [k for k in moved if k not in (place, place + 1)]
            together = moved.index(place + 1) == moved.index(place) + 1
            within = all(moved[k] == k for k in range(count) if k not in (place, place + 1))
            if together or within or (others != sorted(others) and count > _ALL_ORDERS):
                continue
            regrouping = Regrouping(spot, _cut(spot, place, cut), moved)
            names = [part.said for parts in regrouping.parts for part in parts]
            yield moving(
                [(spot, regrouping)],
                code="layout.reshaped",
                message=f"{spot.said}, whose axis {axis} is {' x '.join(part.said for part in cut)}, is reshaped from "
                f"({', '.join(names[k] for k in moved)}) without being transposed first.",
                fix=regrouping.undone(view.framework),
                prior=0.93,
            )


def _cuts(view: View, spot: Spot, axis: str) -> Iterator[tuple[tuple[Part, ...], str]]:
    """The ways to cut an axis: as the user's sizes say, as the product of axes of the data, by small numbers."""
    if axis in view.letters.batch or not spot.real:
        return
    declared = _declared(view, axis)
    if declared:
        flat = all(_is_axis(view, part.said, spot) for part in declared)
        yield declared, "layout.flatten-order" if flat else "layout.channel-order"
        return
    flattened = list(_flattened(view, spot, axis))
    yield from ((parts, "layout.flatten-order") for parts in flattened)
    if axis in view.letters.spatial or flattened:
        return
    sizes = view.size_of(spot, axis)
    for count in _counts(view):
        if any(size // count > 1 for size in sizes) and all(size % count == 0 for size in sizes):
            yield (_number(count), Part(_divided(axis, count))), "layout.channel-order"
    for count in (2, 3):
        square = count * count
        if all(size % square == 0 for size in sizes) and any(size > square for size in sizes):
            yield (_number(count), _number(count), Part(_divided(axis, square))), "layout.channel-order"


def _divided(axis: str, count: int) -> str:
    return f"{_letter(axis)}//{count}"


def _number(count: int) -> Part:
    return Part(str(count), lambda _: count)


def _of_letter(name: str) -> Part:
    def size(inputs: Inputs) -> int | None:
        found = inputs.setting.sizes.get(name)
        return found if isinstance(found, int) else None

    return Part(name, size)


def _declared(view: View, axis: str) -> tuple[Part, ...]:
    expression = view.evidence.port.sizes.get(axis.rstrip("'"))
    tokens = re.split(r"\s*\*\s*", expression.strip()) if isinstance(expression, str) else []
    if not 2 <= len(tokens) <= 3 or not all(re.fullmatch(r"\d+|[a-z]", token) for token in tokens):  # noqa: PLR2004
        return ()
    return tuple(_number(int(token)) if token.isdigit() else _of_letter(token) for token in tokens)


def _is_axis(view: View, said: str, spot: Spot) -> bool:
    """Whether a part is an axis that some other argument of data has, so that it was flattened."""
    return any(said in other.axes for other in view.data if other is not spot)


def _flattened(view: View, spot: Spot, axis: str) -> Iterator[tuple[Part, ...]]:
    """Axes of the data whose sizes multiply to the axis's on every probe."""
    if spot.part == "data":
        return
    place, seen = spot.axes.index(axis), set()
    for other in view.data:
        names = [name for name in other.axes if name not in view.letters.batch and name.isalpha()]
        for count in (3, 2):
            for chosen in combinations(names, count):
                if axis not in chosen and set(chosen).isdisjoint(spot.axes) and frozenset(chosen) not in seen:
                    seen.add(frozenset(chosen))
                    parts = tuple(_of_letter(name) for name in chosen)
                    if _multiply(view, spot, place, parts):
                        yield parts


def _multiply(view: View, spot: Spot, place: int, parts: Sequence[Part]) -> bool:
    for item in view.evidence.complete:
        arrays = item.original.outputs if spot.part == "output" else item.inputs.arrays
        sizes = [part.size(item.inputs) if part.size else None for part in parts]
        if arrays[spot.name].ndim != len(spot.axes):
            return False
        if not all(sizes) or prod(k for k in sizes if k) != arrays[spot.name].shape[place]:
            return False
    return True


def _counts(view: View) -> list[int]:
    """Numbers of groups or heads: the port's own parameters, then small ones."""
    given = [value for value in view.evidence.port.parameters.values() if isinstance(value, int)]
    listed = [n for value in view.evidence.port.parameters.values() if isinstance(value, list) for n in value]
    whole = [n for n in (*given, *listed) if isinstance(n, int) and not isinstance(n, bool) and 1 < n <= 16]  # noqa: PLR2004
    return list(dict.fromkeys([*whole, 2, 3, 4]))
