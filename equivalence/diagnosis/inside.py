"""What two layers make of masks, padding, time and the batch, measured where nothing explains all of the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from equivalence.answer import Diagnosis
from equivalence.diagnosis.evidence import Evidence, changed
from equivalence.diagnosis.hypothesis import Arrays
from equivalence.diagnosis.sequences import resized
from equivalence.diagnosis.spots import Spot, View
from equivalence.inputs import Array, Lengths, Mask

if TYPE_CHECKING:
    from equivalence.observation import Observation
    from equivalence.sides import Inputs

_SIDES = ("original", "ported")
_MOVES = 1e-7
_STAYS = 1e-12
_PART = 0.5
_PUSH = 1.7

Told = tuple[str, float, str, str]
"""A code, a confidence, a message and a fix."""


def diagnose(evidence: Evidence) -> list[Diagnosis]:
    """What was measured, the surest first; empty if the layers behave alike."""
    items = [item for item in evidence.telling if not item.inputs.setting.data] or evidence.telling[:1]
    if not items:
        return []
    item = max(items[:6], key=lambda item: sum(array.size for array in item.inputs.arrays.values()))
    view = View(evidence)
    seconds = [other.inputs for other in evidence.fresh(item, 1) if other.complete]
    found: dict[tuple[str, str], Diagnosis] = {}
    for kind in (_masked, _rows, _padded, _causal, _mixed, _drifting):
        for code, confidence, message, fix in kind(view, item.inputs):
            again = [told for inputs in seconds for told in kind(view, inputs)]
            if any(code == other[0] for other in again):
                found.setdefault(
                    (code, kind.__name__),
                    Diagnosis(
                        code=code,
                        confidence=confidence,
                        message=message,
                        fix=fix,
                        error_before=item.error,
                        error_after=None,
                        probe=item.name,
                    ),
                )
    return sorted(found.values(), key=lambda one: -one.confidence)


def _run(view: View, side: str, inputs: Inputs) -> Arrays | None:
    return view.evidence.original(inputs) if side == "original" else view.evidence.ported(inputs)


def _moved(
    view: View, side: str, inputs: Inputs, other: Inputs, kept: Callable[[Spot, Array], Array] | None = None
) -> float | None:
    """How far outputs move, relative to their size, if the inputs are others; none if a layer raises."""
    before, after = _run(view, side, inputs), _run(view, side, other)
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
        worst = max(worst, float(np.max(apart, initial=0.0)) / size)
    return worst if np.isfinite(worst) else None


def _alone(moved: Mapping[str, float | None]) -> str | None:
    """The side whose outputs move clearly while the other's stay."""
    for side, other in (_SIDES, _SIDES[::-1]):
        one, two = moved[side], moved[other]
        if one is not None and two is not None and one > _MOVES and two < _STAYS:
            return side
    return None


def _pushed(inputs: Inputs, spots: Sequence[Spot], axis: str, at: int | slice) -> Inputs:
    """Other numbers at some places of an axis in all of these arguments."""
    arrays = {}
    for spot in spots:
        array = inputs.arrays[spot.name].copy()
        where = tuple(at if one == axis else slice(None) for one in spot.axes)
        array[where] = -array[where] + _PUSH
        arrays[spot.name] = array
    return changed(inputs, **arrays)


def _real(view: View, inputs: Inputs, axis: str) -> list[Spot]:
    return [
        spot
        for spot in view.data
        if spot.real and axis in spot.axes and inputs.arrays[spot.name].ndim == len(spot.axes)
    ]


def _without(axis: str, at: int) -> Callable[[Spot, Array], Array]:
    return lambda spot, array: np.delete(array, at, spot.axes.index(axis)) if axis in spot.axes else array


def _hidden(view: View, inputs: Inputs) -> Iterator[tuple[Spot, str, Inputs, Inputs]]:
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


def _masked(view: View, inputs: Inputs) -> Iterator[Told]:
    """What stands at a masked place counts in one layer alone."""
    for spot, axis, ended, whole in _hidden(view, inputs):
        spots = _real(view, inputs, axis)
        if not spots:
            continue
        last = inputs.arrays[spots[0].name].shape[spots[0].axes.index(axis)] - 1
        kept = _without(axis, last)
        moved = {side: _moved(view, side, ended, _pushed(ended, spots, axis, last), kept) for side in _SIDES}
        side = _alone(moved)
        if side is None:
            continue
        usual = _moved(view, side, whole, _pushed(whole, spots, axis, last), kept) or 0.0
        other = _SIDES[side == "original"]
        partly = isinstance(spot.kind, Mask) and (moved[side] or 0.0) < _PART * usual
        names = " and ".join(one.said for one in spots)
        yield (
            "mask.additive" if partly else "sequence.mask",
            0.7,
            f"What {names} hold at a place of {axis} that {spot.said} masks moves the outputs of the {_layer(side)} (by "
            f"{moved[side]:.2g} of their size, {usual:.2g} where it is not masked), and not those of the {_layer(other)}.",
            f"Mask with minus infinity, or with numbers far below all scores, where {spot.said} is false."
            if partly
            else f"Use {spot.said} wherever {axis} is summed, averaged or walked along.",
        )


def _layer(side: str) -> str:
    return "original" if side == "original" else "ported layer"


def _rows(view: View, inputs: Inputs) -> Iterator[Told]:
    """Where everything is masked, one layer does as if nothing were."""
    for spot in view.arguments:
        if not isinstance(spot.kind, Mask):
            continue
        none = changed(inputs, **{spot.name: np.zeros_like(inputs.arrays[spot.name])})
        whole = changed(inputs, **{spot.name: np.ones_like(inputs.arrays[spot.name])})
        moved = {side: _moved(view, side, none, whole) for side in _SIDES}
        given = [_run(view, side, none) for side in _SIDES]
        for side, other in (_SIDES, _SIDES[::-1]):
            one, two = moved[side], moved[other]
            finite = all(found is not None for found in given)
            if one is not None and one < _MOVES / 100 and finite and (two is None or two > _MOVES):
                yield (
                    "mask.additive",
                    0.7,
                    f"Where {spot.said} is false everywhere, the {_layer(side)} gives what it gives where it is true "
                    f"everywhere, the {_layer(other)} does not: one adds a finite number to the scores, the other does "
                    "more.",
                    f"Treat rows that {spot.said} masks whole as the original does.",
                )


def _padded(view: View, inputs: Inputs) -> Iterator[Told]:
    """One more masked place moves the outputs of one layer alone."""
    for spot, axis, _, whole in _hidden(view, inputs):
        spots = [one for one in view.arguments if axis in one.axes]
        size = inputs.setting.sizes.get(axis)
        if not isinstance(size, int) or any(one.part == "parameter" for one in spots):
            continue
        arrays = {one.name: _longer(whole.arrays[one.name], one.axes.index(axis)) for one in spots}
        longer = resized(whole, arrays, {axis: size + 1})
        moved = {side: _moved(view, side, whole, longer, _shortened(axis, size)) for side in _SIDES}
        side = _alone(moved)
        if side is None:
            continue
        yield (
            "reduction.normalizer",
            0.7,
            f"One more place along {axis} that {spot.said} masks moves the outputs of the {_layer(side)} (by "
            f"{moved[side]:.2g} of their size), and not those of the {_layer(_SIDES[side == 'original'])}: masked places "
            "count in what it divides by, or in its statistics.",
            f"Divide by the number of places that {spot.said} leaves, not by the size of {axis}."
            if side == "ported"
            else f"Divide by the size of {axis}.",
        )


def _longer(array: Array, place: int) -> Array:
    shape = (*array.shape[:place], 1, *array.shape[place + 1 :])
    return np.concatenate([array, np.zeros(shape, array.dtype)], place)


def _shortened(axis: str, size: int) -> Callable[[Spot, Array], Array]:
    return lambda spot, array: array.take(np.arange(size), spot.axes.index(axis)) if axis in spot.axes else array


def _causal(view: View, inputs: Inputs) -> Iterator[Told]:
    """Outputs depend on what comes later, or earlier, in one layer alone."""
    for axis in view.times:
        spots = _real(view, inputs, axis)
        size = inputs.setting.sizes.get(axis)
        if not spots or not isinstance(size, int) or size < 3 or any(axis not in spot.axes for spot in view.outputs):  # noqa: PLR2004
            continue
        whole = replace(inputs, arrays={**inputs.arrays, **_open(view, inputs)})
        later = {
            side: _moved(view, side, whole, _pushed(whole, spots, axis, size - 1), _shortened(axis, size - 1))
            for side in _SIDES
        }
        earlier = {
            side: _moved(view, side, whole, _pushed(whole, spots, axis, 0), _without(axis, 0)) for side in _SIDES
        }
        if (side := _alone(later)) is None:
            continue
        other = _SIDES[side == "original"]
        both = (earlier[side] or 0.0) > _MOVES
        turned = not both or view.recurrent
        yield (
            "sequence.direction" if turned else "mask.alignment",
            0.7,
            f"Outputs of the {_layer(side)} depend on what comes later along {axis}{' too' if both else ', not earlier'}, "
            f"those of the {_layer(other)} do not.",
            f"Walk {axis} as the original does." if turned else f"Mask what comes later along {axis} as the original does.",
        )


def _open(view: View, inputs: Inputs) -> dict[str, Array]:
    """Masks that let everything through, and full lengths."""
    found: dict[str, Array] = {}
    for spot in view.arguments:
        array = inputs.arrays[spot.name]
        if isinstance(spot.kind, Mask):
            found[spot.name] = np.ones_like(array)
        elif isinstance(spot.kind, Lengths):
            found[spot.name] = np.full_like(array, inputs.setting.sizes[spot.kind.of])
    return found


def _mixed(view: View, inputs: Inputs) -> Iterator[Told]:
    """One example's outputs depend on another's arguments in one layer alone."""
    for axis in view.letters.batch:
        spots = _real(view, inputs, axis)
        if not spots or inputs.setting.sizes.get(axis, 1) == 1 or any(axis not in spot.axes for spot in view.outputs):
            continue
        last = inputs.arrays[spots[0].name].shape[spots[0].axes.index(axis)] - 1
        other = _pushed(inputs, spots, axis, last)
        moved = {side: _moved(view, side, inputs, other, _without(axis, last)) for side in _SIDES}
        if (side := _alone(moved)) is None:
            continue
        larger = changed(inputs, **{spot.name: 4.0 * inputs.arrays[spot.name] for spot in spots})
        normalizes = (_moved(view, side, inputs, larger) or 0.0) < _ALIKE
        words = "normalizes with statistics of the batch" if normalizes else "mixes examples of the batch"
        yield (
            "statistics.source" if normalizes else "contraction.axes",
            0.7,
            f"The {_layer(side)} {words}: changing the last example along {axis} moves the outputs of the others by "
            f"{moved[side]:.2g} of their size, and not those of the {_layer(_SIDES[side == 'original'])}.",
            "Normalize as the original does: by the batch, or by stored or own statistics."
            if normalizes
            else f"Keep {axis} apart: it must not be contracted, reshaped into another axis, or summed over.",
        )


_ALIKE = 0.05


def _drifting(view: View, inputs: Inputs) -> Iterator[Told]:
    """The first step agrees and later ones do not."""
    one, two = (_run(view, side, inputs) for side in _SIDES)
    if one is None or two is None:
        return
    for axis in view.times:
        for spot in view.outputs:
            if axis not in spot.axes or one[spot.name].shape != two[spot.name].shape:
                continue
            if one[spot.name].ndim != len(spot.axes):
                continue
            rest = tuple(k for k, name in enumerate(spot.axes) if name != axis)
            size = float(np.max(np.abs(one[spot.name]), initial=0.0)) or 1.0
            apart = np.max(np.abs(one[spot.name] - two[spot.name]), axis=rest) / size
            right = apart < 1e-9  # noqa: PLR2004
            first = int(np.argmin(right))
            if right[0] and not right[first:].any() and apart.size > 2 and np.all(apart[first:] > _MOVES):  # noqa: PLR2004
                yield (
                    "gate.formula" if view.recurrent else "sequence.state",
                    0.4,
                    f"{spot.said} agrees up to step {first} along {axis} and differs from step {first + 1} on: the first "
                    "step is right, and what is carried from step to step is not.",
                    "Look at how the state enters the next step.",
                )


