"""Measuring the constant of a normalization inside a layer, from what it gives for larger and smaller numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis.evidence import changed
from equivalence.diagnosis.hypothesis import Arrays
from equivalence.diagnosis.spots import Spot, View
from equivalence.inputs import Array

if TYPE_CHECKING:
    from equivalence.sides import Inputs

Run = Callable[["Inputs"], "Arrays | None"]

LARGE = 1e6
"""So much larger than the constant are the numbers beside which it vanishes."""

SCALES = tuple(10.0**-k for k in range(8))
_FAR = 1e5
_LEAST = 0.03
_VARIANTS = 3
_SPREAD = 1e-3


@dataclass(frozen=True)
class Measured:
    """A constant as it was measured: its size, whether it stands inside the root, and what the statistics are.

    Attributes:
        axes: what the statistics are taken over.
        centred: whether a mean is subtracted first.
        summed: whether squares are summed rather than averaged.
        count: over how many numbers.
    """

    value: float
    inside: bool
    axes: tuple[int, ...]
    centred: bool
    count: int
    summed: bool = False

    @property
    def said(self) -> str:
        """The size, to as many digits as people write, and the place."""
        return f"{self.value:.3g} {'inside' if self.inside else 'outside'} the root"

    def sums(self) -> Measured:
        """The same constant beside a sum of squares."""
        return replace(self, summed=True, value=self.value * (self.count if self.inside else self.count**0.5))


def flat(found: Arrays | None) -> Array | None:
    """All outputs in one row; none if one is not finite."""
    if found is None:
        return None
    array = np.concatenate([np.ravel(np.asarray(one, np.float64)) for one in found.values()])
    return array if np.isfinite(array).all() else None


def scaled(inputs: Inputs, group: Sequence[Spot], by: float) -> Inputs:
    """The same inputs with some arguments multiplied."""
    return changed(inputs, **{spot.name: by * inputs.arrays[spot.name] for spot in group})


def linear(run: Run, inputs: Inputs, group: Sequence[Spot]) -> Arrays:
    """What grows with arguments without end, as the path beside a residual block does; nothing if there is none."""
    largest = max(float(np.max(np.abs(inputs.arrays[spot.name]), initial=0.0)) for spot in group)
    if not largest or not np.isfinite(largest):
        return {}
    by = _FAR / largest
    one, two = (run(scaled(inputs, group, many * by)) for many in (1, 2))
    if one is None or two is None:
        return {}
    slope = {name: (two[name] - array) / by for name, array in one.items()}
    return slope if any(np.max(np.abs(array), initial=0.0) > 1e-9 for array in slope.values()) else {}  # noqa: PLR2004


def bare(run: Run, group: Sequence[Spot]) -> Run:
    """A layer without what grows with arguments without end."""

    def rest(inputs: Inputs) -> Arrays | None:
        found = run(inputs)
        slope = linear(run, inputs, group)
        return found if found is None else {name: array - slope.get(name, 0.0) for name, array in found.items()}

    return rest


def ends(run: Run, inputs: Inputs, spot: Spot) -> tuple[Array | None, Array | None]:
    """A layer's output where an argument is so large that no constant matters, and where it is nothing."""
    array = inputs.arrays[spot.name]
    largest = float(np.max(np.abs(array), initial=0.0))
    if not largest or not np.isfinite(largest):
        return None, None
    found = [run(changed(inputs, **{spot.name: array * by})) for by in (LARGE / largest, 0.0)]
    far, nothing = (None if one is None else next(iter(one.values())) for one in found)
    return far, nothing


def spread(array: Array, axes: tuple[int, ...], *, centred: bool) -> Array:
    """The root of the mean square over some axes, about the mean if ``centred``."""
    middle = array.mean(axes, keepdims=True) if centred else 0.0
    return np.asarray(np.sqrt(np.mean((array - middle) ** 2, axes, keepdims=True)))


def beside_output(array: Array, spot: Spot, output: Spot) -> Array | None:
    """An array with an argument's axes, laid along the output's; none if the output lacks one that counts."""
    if array.ndim != len(spot.axes):
        return None
    if any(size > 1 and axis not in output.axes for axis, size in zip(spot.axes, array.shape, strict=True)):
        return None
    kept = [k for k, axis in enumerate(spot.axes) if axis in output.axes]
    bare = array.reshape([array.shape[k] for k in kept])
    order = [kept.index(spot.axes.index(axis)) for axis in output.axes if axis in spot.axes]
    sizes = iter(bare.transpose(order).shape)
    return bare.transpose(order).reshape([next(sizes) if axis in spot.axes else 1 for axis in output.axes])


def measure(view: View, inputs: Inputs, spot: Spot, side: str) -> Measured | None:
    """The constant of a normalization of an argument, if one size, place and choice of axes explains all outputs.

    Of axes that the output lacks only the first entries are not zero, so that nothing is summed. A bias is normalized
    where the data are nothing, the rows of a weight where they are one.
    """
    return view.evidence.remembered(("epsilon", spot.name, side), lambda: _measure(view, inputs, spot, side))


def _measure(view: View, inputs: Inputs, spot: Spot, side: str) -> Measured | None:
    evidence, [output] = view.evidence, view.outputs
    if spot.part == "parameter":
        neutral = 0.0 if len(spot.axes) == 1 else 1.0
        others = [other.name for other in view.data if other.real and other is not spot]
        inputs = changed(inputs, **{name: np.full_like(inputs.arrays[name], neutral) for name in others})
    run: Run = evidence.original if side == "original" else evidence.ported
    if linear(run, inputs, [spot]):
        run = bare(run, [spot])
    own = inputs.arrays[spot.name]
    largest = float(np.max(np.abs(own), initial=0.0))
    if own.ndim != len(spot.axes) or not largest:
        return None
    first = tuple(slice(None) if axis in output.axes else slice(0, 1) for axis in spot.axes)
    alone = np.zeros_like(own)
    alone[first] = own[first]
    weight = spot.part == "parameter" and len(spot.axes) > 1
    gone = tuple(k for k, axis in enumerate(spot.axes) if axis not in output.axes)
    whole: list[tuple[Array, tuple[int, ...]]] = [] if weight else [(own, ())]
    for source, without in [*whole, *([(alone, gone)] if gone else [])]:
        other = [source, source + 0.7 * largest * (source != 0), source * np.abs(source) / largest]
        told = [s for one in other for s in _shares(run, changed(inputs, **{spot.name: one}), spot, output)]
        best = _explaining(told, spot, output, without) if len(told) >= _VARIANTS else None
        if best is not None:
            return best
    return None


Share = tuple[Array, Array, Array]


def _shares(run: Run, inputs: Inputs, spot: Spot, output: Spot) -> list[Share]:
    """At scales where the constant matters: the argument, what is left of the output, and where that can be told."""
    far, nothing = ends(run, inputs, spot)
    if far is None or nothing is None or far.ndim != len(output.axes) or far.shape != nothing.shape:
        return []
    clear = np.abs(far - nothing) > 0.1 * np.max(np.abs(far - nothing))
    told = []
    for scale in SCALES:
        found = run(scaled(inputs, [spot], scale))
        if found is None or not clear.any():
            return []
        with np.errstate(all="ignore"):
            share = (found[output.name] - nothing) / (far - nothing)
        middle = float(np.median(share[clear]))
        if not middle > _LEAST:
            break
        if middle < 1 - _LEAST:
            told.append((inputs.arrays[spot.name] * scale, share, clear))
    return told


def _explaining(told: Sequence[Share], spot: Spot, output: Spot, without: Sequence[int]) -> Measured | None:
    best: tuple[float, Measured] | None = None
    places = [k for k in range(len(spot.axes)) if k not in without]
    choices = [axes for k in range(1, len(places) + 1) for axes in combinations(places, k)]
    for axes, centred, inside in product(choices, (True, False), (True, False)):
        values = []
        for array, share, clear in told:
            kept = tuple(slice(0, 1) if k in without else slice(None) for k in range(len(spot.axes)))
            deviation = beside_output(spread(array[kept], axes, centred=centred), spot, output)
            if deviation is None:
                break
            with np.errstate(all="ignore"):
                own = deviation**2 * (share**-2.0 - 1) if inside else deviation * (1 / share - 1)
            values.append(np.broadcast_to(own, share.shape)[clear])
        if len(values) < len(told):
            continue
        every = np.concatenate(values)
        value = float(np.median(every))
        apart = float(np.ptp(every)) / value if value > 0 else np.inf
        if apart <= _SPREAD and (best is None or apart < best[0]):
            numbers = int(np.prod([told[0][0].shape[k] for k in axes]))
            best = apart, Measured(value, inside, axes, centred, numbers)
    return None if best is None else best[1]
