"""What two layers make of masks, padding, time and the batch, measured where nothing explains all of the difference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from equivalence.answer import Diagnosis
from equivalence.diagnosis.evidence import Evidence, changed
from equivalence.diagnosis.influence import (
    MOVES,
    SIDES,
    STAYS,
    alone,
    hidden,
    longer,
    moved_by,
    opened,
    pushed,
    real,
    run,
    shortened,
    without,
)
from equivalence.diagnosis.sequences import resized
from equivalence.diagnosis.spots import View
from equivalence.inputs import Mask

if TYPE_CHECKING:
    from equivalence.sides import Inputs

_PART = 0.5
_ALIKE = 0.05
_RECURRENT = re.compile("recurrent|_[hi]h(_|$)|lstm|gru|rnn|gate", re.IGNORECASE)
_NUDGE = 1e-3

Told = tuple[str, float, str, str]
"""A code, a confidence, a message and a fix."""


def diagnose(evidence: Evidence) -> list[Diagnosis]:
    """What was measured, the surest first; empty if the layers behave alike."""
    items = [item for item in evidence.telling if not item.inputs.setting.data]
    items = items or [item for item in evidence.complete if not item.inputs.setting.data]
    if not items or not evidence.telling:
        return []
    item = max(items[:6], key=lambda item: sum(array.size for array in item.inputs.arrays.values()))
    told = item if evidence.apart(item) else evidence.telling[0]
    view = View(evidence)
    seconds = [other.inputs for other in evidence.fresh(item, 1) if other.complete]
    found: dict[tuple[str, str], Diagnosis] = {}
    for kind in (_masked, _rows, _padded, _causal, _mixed, _drifting):
        for code, confidence, message, fix in kind(view, item.inputs):
            again = {other[0] for inputs in seconds for other in kind(view, inputs)}
            if code in again:
                found.setdefault(
                    (code, kind.__name__),
                    Diagnosis(
                        code=code,
                        confidence=confidence,
                        message=message,
                        fix=fix,
                        error_before=told.error,
                        error_after=None,
                        probe=told.name,
                    ),
                )
    return sorted(found.values(), key=lambda one: -one.confidence)


def _masked(view: View, inputs: Inputs) -> Iterator[Told]:
    """What stands at a masked place counts in one layer alone."""
    for spot, axis, ended, whole in hidden(view, inputs):
        spots = real(view, inputs, axis)
        if not spots:
            continue
        last = inputs.arrays[spots[0].name].shape[spots[0].axes.index(axis)] - 1
        kept = without(axis, last)
        moved = {side: moved_by(view, side, ended, pushed(ended, spots, axis, last), kept) for side in SIDES}
        side = alone(moved)
        if side is None:
            continue
        there, usual = (
            moved_by(view, side, one, pushed(one, spots, axis, last, _NUDGE), kept) or 0.0 for one in (ended, whole)
        )
        other = SIDES[side == "original"]
        partly = isinstance(spot.kind, Mask) and there < _PART * usual
        names = " and ".join(one.said for one in spots)
        yield (
            "mask.additive" if partly else "sequence.mask",
            0.7,
            (
                f"What stands in {names} at a place of {axis} that {spot.said} masks moves the outputs of the "
                f"{_layer(side)} ({there / usual if usual else 1.0:.2g} times as far as where it is not masked), and "
                f"not those of the {_layer(other)}."
            ),
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
        moved = {side: moved_by(view, side, none, whole) for side in SIDES}
        given = [run(view, side, none) for side in SIDES]
        for side, other in (SIDES, SIDES[::-1]):
            one, two = moved[side], moved[other]
            finite = all(found is not None for found in given)
            used = any(
                (moved_by(view, side, ended, open_) or 0.0) > MOVES for _, _, ended, open_ in hidden(view, inputs)
            )
            if one is not None and one < STAYS and finite and used and (two is None or two > MOVES):
                yield (
                    "mask.additive",
                    0.7,
                    (
                        f"Where {spot.said} is false everywhere, the {_layer(side)} gives what it gives where it is "
                        f"true everywhere, the {_layer(other)} does not: one adds a finite number to the scores, the "
                        "other does more."
                    ),
                    f"Treat rows that {spot.said} masks whole as the original does.",
                )


def _padded(view: View, inputs: Inputs) -> Iterator[Told]:
    """One more masked place moves the outputs of one layer alone."""
    told = any(True for _ in _masked(view, inputs))
    for spot, axis, _, whole in [] if told else hidden(view, inputs):
        spots = [one for one in view.arguments if axis in one.axes]
        size = inputs.setting.sizes.get(axis)
        if not isinstance(size, int) or any(one.part == "parameter" for one in spots):
            continue
        arrays = {one.name: longer(whole.arrays[one.name], one.axes.index(axis)) for one in spots}
        extended = resized(whole, arrays, {axis: size + 1})
        moved = {side: moved_by(view, side, whole, extended, shortened(axis, size)) for side in SIDES}
        side = alone(moved)
        if side is None:
            continue
        yield (
            "reduction.normalizer",
            0.7,
            (
                f"One more place along {axis} that {spot.said} masks moves the outputs of the {_layer(side)} (by "
                f"{moved[side]:.2g} of their size), and not those of the {_layer(SIDES[side == 'original'])}: masked "
                "places count in what it divides by, or in its statistics."
            ),
            f"Divide by the number of places that {spot.said} leaves, not by the size of {axis}."
            if side == "ported"
            else f"Divide by the size of {axis}.",
        )


def _causal(view: View, inputs: Inputs) -> Iterator[Told]:
    """Outputs depend on what comes later, or earlier, in one layer alone."""
    for axis in view.times:
        spots = real(view, inputs, axis)
        size = inputs.setting.sizes.get(axis)
        if not spots or not isinstance(size, int) or size < 3 or any(axis not in spot.axes for spot in view.outputs):  # noqa: PLR2004
            continue
        whole = replace(inputs, arrays={**inputs.arrays, **opened(view, inputs)})
        later = {
            side: moved_by(view, side, whole, pushed(whole, spots, axis, size - 1), shortened(axis, size - 1))
            for side in SIDES
        }
        earlier = {side: moved_by(view, side, whole, pushed(whole, spots, axis, 0), without(axis, 0)) for side in SIDES}
        if (side := alone(later)) is None:
            continue
        other = SIDES[side == "original"]
        both = (earlier[side] or 0.0) > MOVES
        turned = not both or bool(_RECURRENT.search(" ".join(spot.name for spot in view.arguments)))
        yield (
            "sequence.direction" if turned else "mask.alignment",
            0.7 if turned else 0.6,
            (
                f"Outputs of the {_layer(side)} depend on what comes later along {axis}"
                f"{' too' if both else ', not earlier'}, those of the {_layer(other)} do not."
            ),
            f"Walk {axis} as the original does."
            if turned
            else f"Mask what comes later along {axis} as the original does.",
        )


def _mixed(view: View, inputs: Inputs) -> Iterator[Told]:
    """One example's outputs depend on another's arguments in one layer alone."""
    for axis in view.letters.batch:
        spots = real(view, inputs, axis)
        if not spots or inputs.setting.sizes.get(axis, 1) == 1 or any(axis not in spot.axes for spot in view.outputs):
            continue
        last = inputs.arrays[spots[0].name].shape[spots[0].axes.index(axis)] - 1
        other = pushed(inputs, spots, axis, last)
        moved = {side: moved_by(view, side, inputs, other, without(axis, last)) for side in SIDES}
        if (side := alone(moved)) is None:
            continue
        larger = changed(inputs, **{spot.name: 4.0 * inputs.arrays[spot.name] for spot in spots})
        normalizes = (moved_by(view, side, inputs, larger) or 0.0) < _ALIKE
        words = "normalizes with statistics of the batch" if normalizes else "mixes examples of the batch"
        yield (
            "statistics.source" if normalizes else "contraction.axes",
            0.7,
            (
                f"The {_layer(side)} {words}: changing the last example along {axis} moves the outputs of the others "
                f"by {moved[side]:.2g} of their size, and not those of the {_layer(SIDES[side == 'original'])}."
            ),
            "Normalize as the original does: by the batch, or by stored or own statistics."
            if normalizes
            else f"Keep {axis} apart: it must not be contracted, reshaped into another axis, or summed over.",
        )


def _drifting(view: View, inputs: Inputs) -> Iterator[Told]:
    """The first step agrees and later ones do not."""
    one, two = (run(view, side, inputs) for side in SIDES)
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
            if right[0] and not right[first:].any() and apart.size > 2 and np.all(apart[first:] > MOVES):  # noqa: PLR2004
                yield (
                    "gate.formula" if view.recurrent else "sequence.state",
                    0.4,
                    (
                        f"{spot.said} agrees up to step {first} along {axis} and differs from step {first + 1} on: the "
                        "first step is right, and what is carried from step to step is not."
                    ),
                    "Look at how the state enters the next step.",
                )
