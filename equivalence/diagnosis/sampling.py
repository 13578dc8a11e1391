"""One argument of a layer varied alone: where it works on each number by itself, the function that it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import scalars
from equivalence.diagnosis.evidence import Evidence, changed
from equivalence.diagnosis.scalars import GRID
from equivalence.diagnosis.spots import Spot, View
from equivalence.inputs import Array

if TYPE_CHECKING:
    from equivalence.observation import Observation
    from equivalence.sides import Inputs

CURVES = 2
"""Arguments that are looked at."""

SIDES = ("original", "ported")
_SECONDS = 1.0


@dataclass(frozen=True)
class Sampler:
    """Runs a layer with other numbers in one argument, all else as it is.

    Attributes:
        free: the argument's axes along which the layer does the same at every place.
    """

    evidence: Evidence
    spot: Spot
    output: Spot
    inputs: Inputs
    free: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The argument's."""
        return tuple(map(int, self.inputs.arrays[self.spot.name].shape))

    @property
    def many(self) -> int:
        """How many numbers one call can tell of."""
        return int(np.prod([self.shape[k] for k in self.free], dtype=int))

    def run(self, side: str, array: Array) -> Array | None:
        """The output for an argument; none if the layer raises, or its output has no such axes."""
        given = changed(self.inputs, **{self.spot.name: array})
        found = self.evidence.original(given) if side == "original" else self.evidence.ported(given)
        if found is None or found[self.output.name].ndim != len(self.output.axes):
            return None
        return found[self.output.name]

    def __call__(self, side: str, values: Array) -> Array | None:
        """The output at one place for each of these numbers."""
        parts = []
        for first in range(0, values.size, self.many):
            part = values[first : first + self.many]
            found = self.run(side, self._filled(np.resize(part, self.many)))
            if found is None:
                return None
            kept = {self.spot.axes[k] for k in self.free}
            place = tuple(slice(None) if axis in kept else 0 for axis in self.output.axes)
            order = [axis for axis in self.output.axes if axis in kept]
            turn = [order.index(self.spot.axes[k]) for k in self.free]
            parts.append(found[place].transpose(turn).ravel()[: part.size])
        return np.concatenate(parts)

    def _filled(self, values: Array) -> Array:
        sizes = [size if k in self.free else 1 for k, size in enumerate(self.shape)]
        return np.ascontiguousarray(np.broadcast_to(values.reshape(sizes), self.shape))


@dataclass(frozen=True)
class Curve:
    """Both layers' outputs on the grid."""

    sampler: Sampler
    original: Array
    ported: Array
    item: Observation

    @property
    def said(self) -> str:
        """What is varied."""
        return self.sampler.spot.said


def curves(evidence: Evidence) -> list[Curve]:
    """The curves of the arguments that the layers work on number by number, where the two differ."""
    return evidence.remembered("curves", lambda: list(islice(_curves(evidence), CURVES)))


def _curves(evidence: Evidence) -> Iterator[Curve]:
    view = View(evidence)
    ordinary = [item for item in evidence.telling if not item.inputs.setting.data] or evidence.telling
    if not ordinary or any(spot.real and "/" in "".join(spot.axes) for spot in view.arguments):
        return
    item = max(ordinary[:8], key=lambda item: sum(array.size for array in item.inputs.arrays.values()))
    for spot in sorted((spot for spot in view.arguments if spot.real), key=lambda spot: spot.part != "data"):
        for output in view.outputs:
            if set(spot.axes) <= set(output.axes) and spot.axes and (spot.part == "data" or spot.bias_like):
                yield from _curve(view, item, spot, output)


def hidden(evidence: Evidence) -> list[Curve]:
    """What follows a bias inside a layer, as a function of it, where the two differ.

    Data are nothing and the bias is one number everywhere, so that what comes after, if it is affine, makes a factor
    and a constant of itself; both are taken out by what the original gives far out, where activations are straight.
    """
    return evidence.remembered("hidden", lambda: list(islice(_hidden(evidence), 1)))


def _hidden(evidence: Evidence) -> Iterator[Curve]:
    view = View(evidence)
    ordinary = [item for item in evidence.telling if not item.inputs.setting.data]
    item = next(iter(ordinary or evidence.telling), None)
    if item is None or len(view.outputs) != 1:
        return
    [output] = view.outputs
    zero = {spot.name: np.zeros_like(item.inputs.arrays[spot.name]) for spot in view.data if spot.real}
    for spot in view.parameters:
        if spot.real and spot.bias_like and len(spot.axes) == 1 and spot.axes[0] not in output.axes:
            sampler = Sampler(evidence, spot, output, changed(item.inputs, **zero))
            started = time.monotonic()
            few = [_everywhere(sampler, side, np.array([-50.0, -1.0, 50.0])) for side in SIDES]
            slow = (time.monotonic() - started) / 3 * GRID.size > _SECONDS
            if slow or few[0] is None or few[1] is None or np.allclose(few[0], few[1], rtol=1e-9):
                continue
            place = int(np.argmax(np.abs(few[0][-1] - few[0][0])))
            yield from _straightened(sampler, place, item)


def _straightened(sampler: Sampler, place: int, item: Observation) -> Iterator[Curve]:
    one, two = (_everywhere(sampler, side, GRID) for side in SIDES)
    if one is None or two is None:
        return
    first, second = one[:, place], two[:, place]
    middle, factor = int(np.argmin(np.abs(GRID))), (first[-1] - first[-2]) / (GRID[-1] - GRID[-2])
    if np.isfinite(factor) and abs(factor) > 1e-6 and np.isfinite(first).all() and np.isfinite(second).all():  # noqa: PLR2004
        yield Curve(sampler, (first - first[middle]) / factor, (second - second[middle]) / factor, item)


def _everywhere(sampler: Sampler, side: str, values: Array) -> Array | None:
    """All outputs in a row, for the argument filled with each of these numbers."""
    found = [sampler.run(side, np.full(sampler.shape, value)) for value in values]
    return (
        np.array([np.ravel(one) for one in found if one is not None]) if all(one is not None for one in found) else None
    )


def _curve(view: View, item: Observation, spot: Spot, output: Spot) -> Iterator[Curve]:
    zero = {
        other.name: np.zeros_like(item.inputs.arrays[other.name])
        for other in view.arguments
        if other.real and other is not spot and (other.part == "data" or other.bias_like)
    }
    started = time.monotonic()
    whole = Sampler(view.evidence, spot, output, changed(item.inputs, **zero))
    if whole.inputs.arrays[spot.name].ndim != len(spot.axes) or not _by_itself(whole):
        return
    sampler = replace(whole, free=_free(whole))
    each = (time.monotonic() - started) / _CALLS
    if 2 * each * (1 + GRID.size // sampler.many) > _SECONDS:
        return
    values = [sampler(side, GRID) for side in SIDES]
    one, two = values
    if one is not None and two is not None and not scalars.alike(one, two, 1e-8) and np.ptp(one) and np.ptp(two):
        yield Curve(sampler, one, two, item)


_CALLS = 10
"""Calls before the first curve is drawn, by which the time of one is measured."""


def _by_itself(sampler: Sampler) -> bool:
    """Whether one number of the argument changes the output at its own place alone, in both layers."""
    own = sampler.inputs.arrays[sampler.spot.name]
    place = tuple(size // 2 for size in own.shape)
    elsewhere = tuple(
        slice(place[sampler.spot.axes.index(axis)], place[sampler.spot.axes.index(axis)] + 1)
        if axis in sampler.spot.axes
        else slice(None)
        for axis in sampler.output.axes
    )
    moved = 0
    for side in SIDES:
        before = sampler.run(side, own)
        for value in (3.7, -41.0):
            array = own.copy()
            array[place] = value
            after = sampler.run(side, array)
            if before is None or after is None or before.shape != after.shape or before[elsewhere].size == 0:
                return False
            apart = ~np.isclose(before, after, rtol=1e-12, atol=0, equal_nan=True)
            moved += bool(apart.any())
            apart[elsewhere] = False
            if apart.any():
                return False
    return moved > 1 and own.size > 1


def _free(sampler: Sampler) -> tuple[int, ...]:
    """The axes along which one number everywhere gives one output."""
    found = set(range(len(sampler.spot.axes)))
    for side in SIDES:
        for value in (0.7, -1.3):
            array = sampler.run(side, np.full(sampler.shape, value))
            if array is None:
                return ()
            for k in list(found):
                along = sampler.output.axes.index(sampler.spot.axes[k])
                if not np.allclose(array, array.take([0], along), rtol=1e-12, atol=1e-300, equal_nan=True):
                    found.discard(k)
    return tuple(sorted(found))
