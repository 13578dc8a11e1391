"""Hypotheses about blocks along an axis, such as a cell's gates: their order, and what is done to one of them alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import wording
from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.spots import Move, Spot, View, moving

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

_COUNTS = (4, 3, 2)
_FACTOR = re.compile(r"^\s*(\d+)\s*\*|\*\s*(\d+)\s*$")


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """For every axis that may hold blocks: their order, in all parameters that have it, and in outputs."""
    for axis, count in counted(view):
        held = [spot for spot in view.parameters if axis in spot.axes]
        for group in (held, *([spot] for spot in (*view.data, *view.outputs) if axis in spot.axes)):
            if group:
                yield from _orders(view, group, axis, count)
        if held and view.recurrent:
            yield from _alone(held, axis, count)


def counted(view: View) -> Iterator[tuple[str, int]]:
    """Axes with a number of blocks: those the user's sizes say, then those that the sizes on every probe allow."""
    declared = dict(_declared(view))
    yield from declared.items()
    batch, spatial = view.letters.batch, view.letters.spatial
    axes = dict.fromkeys(axis for spot in view.spots for axis in spot.axes)
    for axis in axes:
        if axis in declared or axis in {*batch, *spatial} or "'" in axis:
            continue
        sizes = [size for spot in view.spots if axis in spot.axes for size in view.size_of(spot, axis)]
        for count in _COUNTS:
            if sizes and all(size % count == 0 for size in sizes) and max(sizes) > 1:
                yield axis, count
                break


def _declared(view: View) -> Iterator[tuple[str, int]]:
    for axis, size in view.evidence.port.sizes.items():
        if isinstance(size, int) and size in _COUNTS and axis not in view.letters.batch:
            yield axis, size
        elif isinstance(size, str) and (found := _FACTOR.search(size)):
            count = int(found[1] or found[2])
            if count in _COUNTS:
                yield axis, count


def _orders(view: View, group: Sequence[Spot], axis: str, count: int) -> Iterator[Hypothesis]:
    gates = view.recurrent and group[0].part == "parameter"
    names = wording.listed([spot.said for spot in group])
    for order in sorted(permutations(range(count)), key=lambda order: sum(k != o for k, o in enumerate(order))):
        if list(order) == list(range(count)):
            continue
        backwards = [int(k) for k in np.argsort(order)]
        yield moving(
            [(spot, reordering(spot, axis, order)) for spot in group],
            code="gate.order" if gates else "layout.channel-order",
            message=f"The {count} {'gates' if gates else 'blocks'} of {names} along {axis} are taken in another order: "
            f"the ported layer has the original's {_counted(order)}."
            if group[0].part != "output"
            else f"The {count} blocks of {names} along {axis} come in another order: the original's {_counted(order)}.",
            fix="; ".join(_fix(view, spot, axis, backwards) for spot in group),
            # Backwards is what a flip says better.
            prior=0.97 if gates else 0.85 if backwards == list(range(count))[::-1] else 0.94,
            common=group[0].part == "parameter",
        )


def _counted(order: Sequence[int]) -> str:
    return ", ".join(str(k + 1) for k in order)


def _fix(view: View, spot: Spot, axis: str, order: Sequence[int]) -> str:
    place = spot.native.index(axis)
    size = set(view.size_of(spot, axis))
    written = wording.taken if size == {len(order)} else wording.blocks
    return written(view.framework, spot.said, place, order)


def reordering(spot: Spot, axis: str, order: Sequence[int]) -> Move:
    """The array with its blocks along an axis in another order."""
    place, count = spot.axes.index(axis), len(order)

    def move(array: Array, _: Inputs) -> Array | None:
        if array.ndim != len(spot.axes) or array.shape[place] % count:
            return None
        parts = np.split(array, count, place)
        return np.concatenate([parts[k] for k in order], place)

    return move


def _changing(spot: Spot, axis: str, count: int, block: int, factor: float, added: float) -> Move:
    """The array with one of its blocks multiplied, or with a number added to it."""
    place = spot.axes.index(axis)

    def move(array: Array, _: Inputs) -> Array | None:
        if array.ndim != len(spot.axes) or array.shape[place] % count:
            return None
        parts = np.split(array, count, place)
        parts[block] = parts[block] * factor + added
        return np.concatenate(parts, place)

    return move


def _alone(held: Sequence[Spot], axis: str, count: int) -> Iterator[Hypothesis]:
    for block in range(count):
        gate = f"gate {block + 1} of {count}"
        yield moving(
            [(spot, _changing(spot, axis, count, block, -1.0, 0.0)) for spot in held],
            code="gate.polarity",
            message=f"In the ported layer {gate} means the opposite: it is one minus the original's.",
            fix=f"negate block {block + 1} along {axis} of {wording.listed([spot.said for spot in held])}",
            prior=0.95,
            common=True,
        )
        for spot in (spot for spot in held if spot.bias_like):
            for added, has, lacks in ((-1.0, "original", "ported layer"), (1.0, "ported layer", "original")):
                yield moving(
                    [(spot, _changing(spot, axis, count, block, 1.0, added))],
                    code="constant.value",
                    message=f"The {has} adds 1 to the bias of {gate}, as a forget bias; the {lacks} does not.",
                    fix=f"add {-added:+g} to block {block + 1} of {spot.said} along {axis}",
                    prior=0.95,
                    common=added < 0,
                )
