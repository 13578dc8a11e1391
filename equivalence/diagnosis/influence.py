"""How far a layer's outputs move where something in its arguments is changed: at one place, or behind a mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis.evidence import changed
from equivalence.diagnosis.hypothesis import Arrays
from equivalence.diagnosis.spots import Spot, View
from equivalence.inputs import Array, Lengths, Mask

if TYPE_CHECKING:
    from equivalence.sides import Inputs

SIDES = ("original", "ported")
MOVES = 1e-9
"""Outputs that move more, relative to their size, are moved by what was changed."""

STAYS = 1e-12
"""Outputs that move less are not."""

_PUSH = 1.7


def run(view: View, side: str, inputs: Inputs) -> Arrays | None:
    """A side's outputs; none if it raises."""
    return view.evidence.original(inputs) if side == "original" else view.evidence.ported(inputs)


def moved_by(
    view: View, side: str, inputs: Inputs, other: Inputs, kept: Callable[[Spot, Array], Array] | None = None
) -> float | None:
    """How far outputs move, relative to their size, if the inputs are others; none if a layer raises."""
    before, after = run(view, side, inputs), run(view, side, other)
    if before is None or after is None:
        return None
    worst = 0.0
    for spot in view.outputs:
        pair = [np.asarray(found[spot.name], np.float64) for found in (before, after)]
        if any(array.ndim != len(spot.axes) for array in pair):
            return None
        size = float(np.max(np.abs(pair[0]), initial=0.0)) or 1.0
        one, two = (kept(spot, array) if kept is not None else array for array in pair)
        if one.shape != two.shape:
            return None
        apart = np.abs(one - two)
        if not np.isfinite(apart).all():
            return None
        worst = max(worst, float(np.max(apart, initial=0.0)) / size)
    return worst


def alone(moved: Mapping[str, float | None]) -> str | None:
    """The side whose outputs move clearly while the other's stay."""
    for side, other in (SIDES, SIDES[::-1]):
        one, two = moved[side], moved[other]
        if one is not None and two is not None and one > MOVES and two < STAYS:
            return side
    return None


def pushed(inputs: Inputs, spots: Sequence[Spot], axis: str, at: int, by: float | None = None) -> Inputs:
    """Other numbers at a place of an axis in all of these arguments; those next to them if it is said by how much."""
    arrays = {}
    for spot in spots:
        array = inputs.arrays[spot.name].copy()
        where = tuple(at if one == axis else slice(None) for one in spot.axes)
        array[where] = -array[where] + _PUSH if by is None else array[where] + by
        arrays[spot.name] = array
    return changed(inputs, **arrays)


def real(view: View, inputs: Inputs, axis: str) -> list[Spot]:
    """The data that hold real numbers and have an axis."""
    return [
        spot
        for spot in view.data
        if spot.real and axis in spot.axes and inputs.arrays[spot.name].ndim == len(spot.axes)
    ]


def without(axis: str, at: int) -> Callable[[Spot, Array], Array]:
    """Outputs but for one place of an axis."""
    return lambda spot, array: np.delete(array, at, spot.axes.index(axis)) if axis in spot.axes else array


def hidden(view: View, inputs: Inputs) -> Iterator[tuple[Spot, str, Inputs, Inputs]]:
    """By mask or lengths: its axis, the inputs with the last place masked, and with none."""
    for spot in view.arguments:
        array = inputs.arrays[spot.name]
        if isinstance(spot.kind, Mask) and spot.axes:
            whole = np.ones_like(array)
            ended = whole.copy()
            ended[..., -1] = False
            if array.shape[-1] > 1:
                yield spot, spot.axes[-1], changed(inputs, **{spot.name: ended}), changed(inputs, **{spot.name: whole})
        elif isinstance(spot.kind, Lengths):
            size = inputs.setting.sizes.get(spot.kind.of)
            if isinstance(size, int) and size > 1:
                full = np.full_like(array, size)
                yield (
                    spot,
                    spot.kind.of,
                    changed(inputs, **{spot.name: full - 1}),
                    changed(inputs, **{spot.name: full}),
                )


def longer(array: Array, place: int) -> Array:
    """An array with one more place along an axis, of zeros."""
    shape = (*array.shape[:place], 1, *array.shape[place + 1 :])
    return np.concatenate([array, np.zeros(shape, array.dtype)], place)


def shortened(axis: str, size: int) -> Callable[[Spot, Array], Array]:
    """Outputs up to a place of an axis."""
    return lambda spot, array: array.take(np.arange(size), spot.axes.index(axis)) if axis in spot.axes else array


def opened(view: View, inputs: Inputs) -> dict[str, Array]:
    """Masks that let everything through, and full lengths."""
    found: dict[str, Array] = {}
    for spot in view.arguments:
        array = inputs.arrays[spot.name]
        if isinstance(spot.kind, Mask):
            found[spot.name] = np.ones_like(array)
        elif isinstance(spot.kind, Lengths):
            found[spot.name] = np.full_like(array, inputs.setting.sizes[spot.kind.of])
    return found
