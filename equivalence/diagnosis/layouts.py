"""Hypotheses about layout: axes backwards, exchanged, or reshaped where they had to be exchanged; order of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import blocks, flips, reshapes, wording
from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.spots import Move, Spot, View, given, letter, likely_first, moving

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

_ALL_ORDERS = 4
"""Arrays of up to so many axes are tried in every order, others with two axes exchanged."""


def hypotheses(evidence: Evidence) -> Iterator[Hypothesis]:
    """Flips, permutations, block orders, reshapes."""
    view = View(evidence)
    kinds = (flips.hypotheses, _permuted, _conjugated, blocks.hypotheses, reshapes.hypotheses)
    yield from likely_first(hypothesis for kind in kinds for hypothesis in kind(view))


def _permuted(view: View) -> Iterator[Hypothesis]:
    for spot in view.spots:
        count = len(spot.axes)
        for order in _orders(count):
            moved = [k for k in range(count) if order[k] != k]
            if spot.part == "output" or _same_size(view, spot, order):
                yield _permutation(view, spot, order, moved)


def _orders(count: int) -> Iterator[tuple[int, ...]]:
    """Orders other than the given one, exchanges of two first."""
    swaps = []
    for one, two in combinations(range(count), 2):
        order = list(range(count))
        order[one], order[two] = two, one
        swaps.append(tuple(order))
    yield from swaps
    if count <= _ALL_ORDERS:
        yield from (o for o in permutations(range(count)) if o not in swaps and o != tuple(range(count)))


def _same_size(view: View, spot: Spot, order: Sequence[int]) -> bool:
    """Whether on some probe the axes that change places have one size."""
    sizes = [view.size_of(spot, axis) for axis in spot.axes]
    probes = list(zip(*sizes, strict=True))
    return any(all(shape[k] == shape[a] for k, a in enumerate(order)) for shape in probes if max(shape, default=0) > 1)


def _permutation(view: View, spot: Spot, order: tuple[int, ...], moved: Sequence[int]) -> Hypothesis:
    keep = spot.part != "output"

    def move(array: Array, _: Inputs) -> Array | None:
        if array.ndim != len(order):
            return None
        turned = array.transpose(order)
        return None if keep and turned.shape != array.shape else turned

    names = wording.listed([spot.axes[k] for k in moved])
    two = len(moved) == 2  # noqa: PLR2004 - an exchange
    verb = "exchanges the axes" if two else "permutes the axes"
    sequence = {spot.axes[k] for k in moved} == {*view.letters.batch, *view.times} and two
    backwards = tuple(int(k) for k in np.argsort(order))
    return moving(
        [(spot, move)],
        code="sequence.axis" if sequence else "layout.transposed",
        message=f"The ported layer {verb} {names} of {spot.said}."
        if keep
        else f"The axes {names} of {spot.said} are {'exchanged' if two else 'permuted'}.",
        fix=wording.transposed(view.framework, spot.said, spot.own_order(backwards)),
        prior=0.96 if two else 0.93,
        common=two and (spot.part != "data"),
    )


def _conjugated(view: View) -> Iterator[Hypothesis]:
    """Another axis is worked over: two axes are exchanged in what goes in, and back in what comes out."""
    letters = list(dict.fromkeys(axis for spot in view.data for axis in spot.axes if letter(axis) == axis))
    for one, two in combinations(letters, 2):
        inputs = [spot for spot in view.data if view.has(spot, one, two)]
        outputs = [spot for spot in view.outputs if view.has(spot, one, two)]
        if inputs and outputs:
            yield _conjugation(view, one, two, inputs, outputs)


def _conjugation(view: View, one: str, two: str, inputs: Sequence[Spot], outputs: Sequence[Spot]) -> Hypothesis:
    walks = {one, two} == {*view.letters.batch, *view.times}
    time = one if one in view.times else two
    rest = {spot.name for spot in view.arguments} - {spot.name for spot in inputs}
    held = any({one, two} & set(spot.axes) for spot in view.arguments if spot.name in rest)

    def before(inputs_: Inputs) -> Inputs | None:
        sizes = dict(inputs_.setting.sizes)
        if one in sizes and two in sizes and sizes[one] != sizes[two]:
            if held:
                return None
            sizes[one], sizes[two] = sizes[two], sizes[one]
        changed = given(inputs_, {spot.name: _swapping(spot, one, two) for spot in inputs})
        return changed and replace(changed, setting=replace(changed.setting, sizes=sizes))

    def after(found: Arrays, _: Inputs) -> Arrays | None:
        turned = dict(found)
        for spot in outputs:
            turned[spot.name] = found[spot.name].swapaxes(spot.axes.index(one), spot.axes.index(two))
        for spot in view.outputs if walks else ():
            steps = next((o for o in outputs if set(o.axes) == {*spot.axes, time} and time not in spot.axes), None)
            if steps is not None and _is_last(view, spot, steps, time):
                last = turned[steps.name].take(-1, steps.axes.index(time))
                left = [axis for axis in steps.axes if axis != time]
                turned[spot.name] = last.transpose([left.index(axis) for axis in spot.axes])
        return turned

    said = wording.listed([spot.said for spot in inputs])
    names = wording.listed([spot.said for spot in outputs])
    orders = [wording.transposed(view.framework, spot.said, _swap(spot, one, two)) for spot in (*inputs, *outputs)]
    if walks:
        message = f"The ported layer walks along the batch axis: it takes {said} as if {one} and {two} were exchanged."
    else:
        message = f"The ported layer works over {one} where the original works over {two}, or the reverse ({said})."
    return Hypothesis(
        code="sequence.axis" if walks else "axis.wrong",
        message=message,
        fix=f"{orders[0]} before, and back again in {names} ({'; '.join(orders[len(inputs) :])})",
        prior=0.94 if walks else 0.92,
        before=before,
        after=after,
        common=walks,
    )


def _swapping(spot: Spot, one: str, two: str) -> Move:
    places = spot.axes.index(one), spot.axes.index(two)
    return lambda array, _: array.swapaxes(*places) if array.ndim == len(spot.axes) else None


def _swap(spot: Spot, one: str, two: str) -> tuple[int, ...]:
    order = list(range(len(spot.native)))
    a, b = spot.native.index(one), spot.native.index(two)
    order[a], order[b] = b, a
    return tuple(order)


def _is_last(view: View, spot: Spot, steps: Spot, time: str) -> bool:
    """Whether an output of the original is the last step of another."""
    if set(spot.axes) != set(steps.axes) - {time}:
        return False
    for item in view.evidence.complete:
        sequence, last = item.original.outputs[steps.name], item.original.outputs[spot.name]
        left = [axis for axis in steps.axes if axis != time]
        step = sequence.take(-1, steps.axes.index(time)).transpose([left.index(axis) for axis in spot.axes])
        if step.shape != last.shape or not np.allclose(step, last, equal_nan=True):
            return False
    return True
