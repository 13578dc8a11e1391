"""Hypotheses about what is worked over: single entries of an axis, or several axes at once; which step is returned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.spots import Spot, View

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

_SLICES = 12


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """Each entry of an axis by itself, all at once, the first or last step, one direction's last step."""
    yield from _by_entry(view)
    yield from _at_once(view)
    yield from _last_step(view)
    yield from _cut_off(view)


def resized(inputs: Inputs, arrays: Arrays, sizes: dict[str, int]) -> Inputs:
    """The same inputs with arrays of other sizes."""
    setting = replace(inputs.setting, sizes={**inputs.setting.sizes, **sizes})
    return replace(inputs, setting=setting, arrays={**inputs.arrays, **arrays})


def _size(inputs: Inputs, axis: str) -> int | None:
    found = inputs.setting.sizes.get(axis)
    return found if isinstance(found, int) else None


def _by_entry(view: View) -> Iterator[Hypothesis]:
    """The original run for each entry of an axis by itself."""
    axes = dict.fromkeys(axis for spot in view.data for axis in spot.axes if axis.isalpha())
    for axis in axes:
        if all(axis in spot.axes for spot in view.outputs):
            batch = axis in view.letters.batch
            yield Hypothesis(
                code="statistics.source" if batch else "axis.wrong",
                message=f"The ported layer works on each entry of {axis} by itself, the original on all together.",
                fix=f"work over {axis} too",
                prior=0.925,
                base=_entries(view, axis),
            )


def _entries(view: View, axis: str) -> Callable[[Inputs], Arrays | None]:
    def base(inputs: Inputs) -> Arrays | None:
        size = _size(inputs, axis)
        if size is None or not 1 <= size <= _SLICES:
            return None
        found: dict[str, list[Array]] = {spot.name: [] for spot in view.outputs}
        for k in range(size):
            arrays = {
                spot.name: inputs.arrays[spot.name].take([k], spot.axes.index(axis))
                for spot in view.arguments
                if axis in spot.axes
            }
            one = view.evidence.original(resized(inputs, arrays, {axis: 1}))
            if one is None:
                return None
            for spot in view.outputs:
                if one[spot.name].ndim != len(spot.axes) or one[spot.name].shape[spot.axes.index(axis)] != 1:
                    return None
                found[spot.name].append(one[spot.name])
        return {spot.name: np.concatenate(found[spot.name], spot.axes.index(axis)) for spot in view.outputs}

    return base


def _at_once(view: View) -> Iterator[Hypothesis]:
    """Two axes taken as one long axis, such as statistics over both."""
    for spot in view.data:
        outputs = [output for output in view.outputs if set(output.axes) == set(spot.axes)]
        if len(outputs) != len(view.outputs) or len(view.outputs) != 1:
            continue
        for one, two in combinations(spot.axes, 2):
            for kept, gone in ((one, two), (two, one)):
                if not (kept.isalpha() and gone.isalpha()) or kept in view.letters.batch:
                    continue
                batch = gone in view.letters.batch
                yield Hypothesis(
                    code="statistics.source" if batch else "axis.wrong",
                    message=f"The ported layer works over {gone} and {kept} together, the original over {kept} alone.",
                    fix=f"work over {kept} alone",
                    prior=0.92,
                    base=_merged(view, spot, outputs[0], kept, gone),
                )


def _merged(view: View, spot: Spot, output: Spot, kept: str, gone: str) -> Callable[[Inputs], Arrays | None]:
    def base(inputs: Inputs) -> Arrays | None:
        sizes = _size(inputs, kept), _size(inputs, gone)
        array = inputs.arrays[spot.name]
        if None in sizes or array.ndim != len(spot.axes):
            return None
        long, many = int(sizes[0] or 0), int(sizes[1] or 0)
        arrays: dict[str, Array] = {}
        for other in view.arguments:
            if kept in other.axes and gone not in other.axes:
                reps = [many if axis == kept else 1 for axis in other.axes]
                arrays[other.name] = np.tile(inputs.arrays[other.name], reps)
            elif kept in other.axes:
                arrays[other.name] = _fold(inputs.arrays[other.name], other.axes.index(kept), other.axes.index(gone))
            elif gone in other.axes:
                return None
        found = view.evidence.original(resized(inputs, arrays, {kept: long * many, gone: 1}))
        if found is None or found[output.name].ndim != len(output.axes):
            return None
        own = found[output.name]
        places = output.axes.index(kept), output.axes.index(gone)
        if own.shape[places[0]] != long * many or own.shape[places[1]] != 1:
            return None
        return {output.name: _unfold(own, *places, many)}

    return base


def _fold(array: Array, kept: int, gone: int) -> Array:
    """One axis laid behind another, which keeps size one: the axis that goes varies slowest."""
    moved = np.moveaxis(array, (gone, kept), (0, 1))
    flat = moved.reshape(1, -1, *moved.shape[2:])
    return np.moveaxis(flat, (0, 1), (gone, kept))


def _unfold(array: Array, kept: int, gone: int, many: int) -> Array:
    moved = np.moveaxis(array, (gone, kept), (0, 1))
    cut = moved.reshape(many, -1, *moved.shape[2:])
    return np.moveaxis(cut, (0, 1), (gone, kept))


def _last_step(view: View) -> Iterator[Hypothesis]:
    """An output without the axis of time: the state after one step, or another output's first or last step."""
    for time in view.times:
        for spot in (spot for spot in view.outputs if time not in spot.axes):
            halves = [(axis, half) for axis in spot.axes if axis not in view.letters.batch for half in (1, 0)]
            for where in ("last", "first"):
                for axis, half in (("", 0), *halves):
                    if not axis or all(size % 2 == 0 for size in view.size_of(spot, axis)):
                        yield _one_step(view, spot, time, axis, half, where)
                for steps in view.outputs:
                    if time in steps.axes:
                        yield from _step_of(spot, steps, time, where)


def _one_step(view: View, spot: Spot, time: str, axis: str, half: int, where: str) -> Hypothesis:
    single = 0 if where == "first" else -1

    def base(inputs: Inputs) -> Arrays | None:
        whole = view.evidence.original(inputs)
        if _size(inputs, time) is None or whole is None or whole[spot.name].ndim != len(spot.axes):
            return None
        arrays = {
            other.name: inputs.arrays[other.name].take([single], other.axes.index(time))
            for other in view.arguments
            if time in other.axes
        }
        arrays |= {name: np.minimum(inputs.arrays[name], 1) for name in view.lengths.values()}
        short = view.evidence.original(resized(inputs, arrays, {time: 1}))
        if short is None or short[spot.name].shape != whole[spot.name].shape:
            return None
        return {**whole, spot.name: _joined(whole[spot.name], short[spot.name], spot, axis, half)}

    which = f"The {('first', 'second')[half]} half of {spot.said} along {axis}" if axis else spot.said
    return Hypothesis(
        code="sequence.state",
        message=f"{which} is the state of a direction that has seen the {where} step along {time} only, not its final "
        "state.",
        fix=f"return that direction's final state, not what it gives at the {where} step",
        prior=0.95,
        base=base,
    )


def _joined(whole: Array, other: Array, spot: Spot, axis: str, half: int) -> Array:
    """An array, or one half of it along an axis, taken from another."""
    if not axis:
        return other
    place = spot.axes.index(axis)
    parts = np.split(whole, 2, place)
    parts[half] = np.split(other, 2, place)[half]
    return np.concatenate(parts, place)


def _step_of(spot: Spot, steps: Spot, time: str, where: str) -> Iterator[Hypothesis]:
    """One output as a step of another, or of one of the halves of it."""
    left = [axis for axis in steps.axes if axis != time]
    if len(left) != len(spot.axes):
        return
    for half in (None, 1, 0):

        def after(found: Arrays, _: Inputs, half: int | None = half) -> Arrays | None:
            step = found[steps.name].take(0 if where == "first" else -1, steps.axes.index(time))
            if half is not None:
                if step.shape[-1] % 2:
                    return None
                step = np.split(step, 2, -1)[half]
            return {**found, spot.name: step} if step.shape == found[spot.name].shape else None

        part = "" if half is None else f", {('first', 'second')[half]} half,"
        yield Hypothesis(
            code="sequence.state",
            message=f"{spot.said} is {steps.said}{part} at the {where} step along {time}: that is not where the "
            "original takes it.",
            fix=f"return the final state, not {steps.said} at the {where} step",
            prior=0.96,
            after=after,
        )


def _cut_off(view: View) -> Iterator[Hypothesis]:
    """The first or last steps left out."""
    for time in view.times:
        inputs = [spot for spot in view.data if time in spot.axes]
        if any(time in spot.axes for spot in view.outputs) or not inputs:
            continue
        for where, cut in (("last", slice(None, -1)), ("first", slice(1, None))):

            def base(given_: Inputs, time: str = time, cut: slice = cut) -> Arrays | None:
                size = _size(given_, time)
                if size is None or size < 2:  # noqa: PLR2004 - one step has to be left
                    return None
                kept = np.arange(size)[cut]
                arrays = {
                    spot.name: given_.arrays[spot.name].take(kept, spot.axes.index(time))
                    for spot in view.arguments
                    if time in spot.axes
                }
                arrays |= {name: np.minimum(given_.arrays[name], size - 1) for name in view.lengths.values()}
                return view.evidence.original(resized(given_, arrays, {time: size - 1}))

            yield Hypothesis(
                code="sequence.state",
                message=f"The ported layer leaves out the {where} step along {time}.",
                fix=f"walk {time} to its {'end' if where == 'last' else 'beginning'}",
                prior=0.93,
                base=base,
            )
