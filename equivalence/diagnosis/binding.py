"""Every way in which the arguments of a port can be an operation's: which is which, and which axis is which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, permutations

import numpy as np

from equivalence import axes as _axes
from equivalence.inputs import Array, Input, Integers, Lengths, Mask
from equivalence.operation import Operation
from equivalence.port import Port

WAYS = 200
"""Ways that are tried for one operation."""

Order = tuple[str, ...]

_SAME: Mapping[str, str] = {
    "b": "bias",
    "beta": "shift",
    "gamma": "scale",
    "k": "key",
    "kernel": "weight",
    "moving_mean": "mean",
    "moving_variance": "variance",
    "q": "query",
    "recurrent_kernel": "recurrent_weight",
    "running_mean": "mean",
    "running_var": "variance",
    "v": "value",
    "w": "weight",
}
"""What frameworks call an argument of the catalogue's operations: tried first, not taken for granted."""


@dataclass(frozen=True)
class Way:
    """One correspondence between a port's arguments and an operation's.

    Attributes:
        arguments: the operation's argument by the port's.
        orders: by the port's argument, the places of its axes in the operation's order.
        packed: by the port's argument, the sizes that its axis at a place is split into, before it is moved.
        single: a letter of the operation that the port has no axis for, because it has one of it: a single head.
    """

    arguments: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    packed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    single: str = ""

    def to_operation(self, arrays: Mapping[str, Array], operation: Operation) -> dict[str, Array]:
        """The arguments by the operation's names, in its order of axes."""
        moved = {}
        for name, argument in self.arguments.items():
            array = arrays[name]
            if name in self.packed:
                place, blocks = self.packed[name]
                array = array.reshape(*array.shape[:place], blocks, -1, *array.shape[place + 1 :])
            if len(self.orders[name]) > array.ndim:
                array = array[..., np.newaxis]
            moved[argument] = np.asarray(array.transpose(self.orders[name]), order="C")
        return {name: moved[name] for name in operation.inputs if name in moved}

    def from_operation(self, found: Mapping[str, Array], like: Mapping[str, Array]) -> dict[str, Array]:
        """Arrays by the operation's argument, by the port's names and in its axes."""
        return {
            name: np.asarray(found[argument]).transpose(np.argsort(self.orders[name])).reshape(like[name].shape)
            for name, argument in self.arguments.items()
            if argument in found
        }


def ways(port: Port, operation: Operation, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[Way]:
    """The correspondences that kinds, numbers of axes and letters allow; those that keep names and order come first."""
    for single in ("", *_singles(operation)):
        found = list(_ways(port, operation, shapes, single))
        if found or not single:
            yield from found
        if found:
            return


def _singles(operation: Operation) -> list[str]:
    """The letters an operation has cases of size one of, which stand in several of its arguments."""
    ones = {letter for case in operation.cases for letter, size in case.sizes.items() if size == 1}
    shared = [letter for letter in ones if sum(letter in _axes.names(k.axes) for k in operation.inputs.values()) > 1]
    return sorted(
        letter
        for letter in shared
        if letter != "n" and all(letter in _axes.names(a) for a in operation.outputs.values())
    )


def _ways(port: Port, operation: Operation, shapes: Mapping[str, tuple[int, ...]], single: str) -> Iterator[Way]:
    kinds = dict(port.arguments)
    wanted = {name: port.bind.get(name, name) for name in kinds}
    if set(port.bind.values()) | set(wanted.values()) <= set(operation.inputs):
        choices = [wanted]
    else:
        choices = list(islice(_assignments(kinds, operation), WAYS))
    found = list(
        islice((way for chosen in choices for way in _lettered(port, operation, chosen, shapes, single)), WAYS)
    )
    same = [way for way in found if _keeps_names(port, operation, way, shapes)]
    yield from same or found


def _keeps_names(port: Port, operation: Operation, way: Way, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether all axes keep their letters; those of ``...`` have none, and keep their order."""
    if way.packed or way.single:
        return False
    for name, order in way.orders.items():
        own = _names(port.arguments[name].axes, len(shapes[name]))
        wanted = _names(operation.inputs[way.arguments[name]].axes, len(own))
        plain = [(axis, own[place]) for axis, place in zip(wanted, order, strict=True) if not axis.startswith("...")]
        rest = [place for axis, place in zip(wanted, order, strict=True) if axis.startswith("...")]
        if any(axis.partition("/")[0] != letter for axis, letter in plain) or rest != sorted(rest):
            return False
    return True


def _assignments(kinds: Mapping[str, Input], operation: Operation) -> Iterator[dict[str, str]]:
    """Which argument is which: all of the port's, and all that the operation needs."""
    needed = set(operation.inputs) - operation.optional
    if not len(needed) <= len(kinds) <= len(operation.inputs):
        return

    def extend(chosen: dict[str, str], left: Sequence[str]) -> Iterator[dict[str, str]]:
        if not left:
            if needed <= set(chosen.values()):
                yield chosen
            return
        name, *rest = left
        free = [argument for argument in operation.inputs if argument not in chosen.values()]
        free.sort(key=lambda argument: argument not in (name, _SAME.get(name)))
        for argument in free:
            if _alike(kinds[name], operation.inputs[argument]):
                yield from extend({**chosen, name: argument}, rest)

    yield from extend({}, list(kinds))


def _alike(own: Input, theirs: Input) -> bool:
    whole = (Integers, Lengths, Mask)
    if isinstance(own, whole) or isinstance(theirs, whole):
        return isinstance(own, type(theirs)) or isinstance(theirs, type(own))
    return True


def _lettered(
    port: Port,
    operation: Operation,
    arguments: Mapping[str, str],
    shapes: Mapping[str, tuple[int, ...]],
    single: str,
) -> Iterator[Way]:
    by_argument = {argument: name for name, argument in arguments.items()}
    order = [argument for argument in operation.inputs if argument in by_argument]

    def extend(way: Way, letters: Mapping[str, str], left: Sequence[str]) -> Iterator[Way]:
        if not left:
            yield way
            return
        argument, *rest = left
        name = by_argument[argument]
        for own, packed in _own_axes(port, operation, name, argument, shapes[name], single):
            wanted = _names(operation.inputs[argument].axes, len(own))
            for order in _orders(own, wanted, letters):
                known = {**letters, **dict(zip(wanted, (own[k] for k in order), strict=True))}
                added = Way(
                    {**way.arguments, name: argument},
                    {**way.orders, name: order},
                    {**way.packed, **({name: packed} if packed else {})},
                    single,
                )
                yield from extend(added, known, rest)

    yield from extend(Way(single=single), {single: single} if single else {}, order)


def _own_axes(
    port: Port, operation: Operation, name: str, argument: str, shape: tuple[int, ...], single: str
) -> Iterator[tuple[list[str], tuple[int, int] | None]]:
    """The port's axes by name; and with each axis that may hold the operation's blocks split in two."""
    own = _names(port.arguments[name].axes, len(shape))
    theirs = operation.inputs[argument].axes
    fixed = len(_axes.names(theirs))
    if single and single in _axes.names(theirs):
        if len(own) == fixed - 1 and "..." not in theirs:
            yield [*own, single], None
        return
    variadic = "..." in theirs
    if len(own) == fixed or (variadic and len(own) >= fixed - 1):
        yield own, None
    if len(own) == fixed - 1 and not variadic:
        for letter, count in _blocks(operation).items():
            if letter not in _axes.names(theirs):
                continue
            for place, size in enumerate(shape):
                if size % count == 0:
                    split = [*own[:place], f"{own[place]}#blocks", f"{own[place]}#within", *own[place + 1 :]]
                    yield split, (place, count)


def _blocks(operation: Operation) -> dict[str, int]:
    """The letters of axes that hold blocks of a number the operation fixes, such as a cell's gates."""
    sizes: dict[str, set[int]] = {}
    for case in operation.cases:
        for letter, size in case.sizes.items():
            sizes.setdefault(letter, set()).add(size)
    return {
        letter: next(iter(found))
        for letter, found in sizes.items()
        if len(found) == 1 and len(operation.cases) > 1 and isinstance(next(iter(found)), int)
    }


def _names(axes: str, count: int) -> list[str]:
    """One name per axis; an axis that is divided by a parameter is another than the whole one."""
    parsed = _axes.parse(axes)
    found: list[str] = []
    for axis in parsed:
        if axis.variadic:
            found += [f"{axis.name}{k}" for k in range(count - len(parsed) + 1)]
        else:
            found.append(f"{axis.name}/{axis.divisor}" if axis.divisor else axis.name)
    return found


def _orders(own: Sequence[str], wanted: Sequence[str], letters: Mapping[str, str]) -> Iterator[tuple[int, ...]]:
    """The orders of own axes that keep what earlier arguments have fixed; the given order first."""
    if len(own) != len(wanted):
        return
    for order in sorted(permutations(range(len(own))), key=lambda order: -_kept(order, own, wanted)):
        pairs = [(name, own[place]) for name, place in zip(wanted, order, strict=True)]
        if all(_fits(letters.get(name), axis) for name, axis in pairs):
            yield order


def _kept(order: Sequence[int], own: Sequence[str], wanted: Sequence[str]) -> float:
    names = sum(own[place] == name for name, place in zip(wanted, order, strict=True))
    return names + sum(place == k for k, place in enumerate(order)) / (2 * len(order) + 1)


def _fits(known: str | None, axis: str) -> bool:
    if "#" in axis or (known and "#" in known):
        return True
    return known is None or axis == known
