"""Hypotheses that something is walked backwards: a kernel, a sequence, the channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import wording
from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.spots import Move, Spot, View, letter, moving, subsets

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

_KERNEL_RANK = 3


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """Kernels first, then sequences, then every other axis."""
    yield from _kernels(view)
    yield from _sequences(view)
    yield from _places(view)
    yield from _others(view)


def flipping(spot: Spot, axes: Sequence[str]) -> Move:
    """The array with these axes backwards."""
    places = tuple(spot.axes.index(axis) for axis in axes)
    return lambda array, _: np.flip(array, places) if array.ndim == len(spot.axes) else None


def flipped_text(view: View, spot: Spot, axes: Sequence[str]) -> str:
    """How it is undone."""
    places = [spot.native.index(axis) for axis in axes]
    return wording.flipped(view.framework, spot.said, places, len(spot.native))


def kernel_axes(view: View, spot: Spot) -> list[str]:
    """The axes of a parameter along which it is slid over its input."""
    if spot.part != "parameter" or len(spot.axes) < _KERNEL_RANK:
        return []
    named = [axis for axis in spot.axes if letter(axis) in view.letters.kernel]
    if named:
        return named
    known = {letter(axis) for other in view.spots if other.part != "parameter" for axis in other.axes}
    return [axis for axis in spot.axes if letter(axis.partition("/")[0]) not in known]


def _kernels(view: View) -> Iterator[Hypothesis]:
    kernels = [(spot, axes) for spot in view.parameters if (axes := kernel_axes(view, spot))]
    if len(kernels) > 1:
        yield moving(
            [(spot, flipping(spot, axes)) for spot, axes in kernels],
            code="kernel.flipped",
            message=f"The ported layer flips its kernels {wording.listed([spot.said for spot, _ in kernels])}: "
            "one layer convolves, the other cross-correlates.",
            fix="; ".join(flipped_text(view, spot, axes) for spot, axes in kernels),
            prior=0.97,
            common=True,
        )
    for spot, axes in kernels:
        for k, chosen in enumerate(subsets(axes)):
            yield moving(
                [(spot, flipping(spot, chosen))],
                code="kernel.flipped",
                message=f"The ported layer walks {spot.said} backwards along {wording.listed(chosen)}: "
                "one layer convolves, the other cross-correlates.",
                fix=flipped_text(view, spot, chosen),
                prior=0.97 if k == 0 else 0.92,
                common=k == 0,
            )


def _sequences(view: View) -> Iterator[Hypothesis]:
    for time in view.times:
        inputs = [spot for spot in view.data if time in spot.axes]
        outputs = [spot for spot in view.outputs if time in spot.axes]
        for group, what, prior in (
            ([*inputs, *outputs] if inputs and outputs else [], "takes and returns the sequence backwards", 0.94),
            (inputs, "walks the sequence backwards", 0.93),
            (outputs, "returns the steps backwards", 0.93),
        ):
            if group:
                yield _sequence(view, time, group, what, prior, None)
                if time in view.lengths:
                    yield _sequence(view, time, group, what, prior + 0.01, view.lengths[time])
        for spot in outputs:
            yield from _halves(view, spot, time)


def _sequence(view: View, time: str, group: Sequence[Spot], what: str, prior: float, by: str | None) -> Hypothesis:
    moves = [(spot, _by_length(view, spot, time, by) if by else flipping(spot, (time,))) for spot in group]
    within = ", each within its length" if by else ""
    return moving(
        moves,
        code="sequence.direction",
        message=f"The ported layer {what} along {time}{within} ({wording.listed([spot.said for spot in group])}).",
        fix="; ".join(
            f"reverse the first {by}[k] steps of {spot.said}[k] alone" if by else flipped_text(view, spot, (time,))
            for spot in group
        ),
        prior=prior,
        common=by is None,
    )


def _by_length(view: View, spot: Spot, time: str, by: str) -> Move:
    batch = next((axis for axis in spot.axes if axis in view.letters.batch), None)

    def move(array: Array, inputs: Inputs) -> Array | None:
        if batch is None or array.ndim != len(spot.axes):
            return None
        moved = np.moveaxis(array, (spot.axes.index(batch), spot.axes.index(time)), (0, 1)).copy()
        for row, length in zip(moved, inputs.arrays[by].ravel(), strict=True):
            row[:length] = row[:length][::-1]
        return np.moveaxis(moved, (0, 1), (spot.axes.index(batch), spot.axes.index(time)))

    return move


def _halves(view: View, spot: Spot, time: str) -> Iterator[Hypothesis]:
    """The two directions of an output, one of which stands in the order in which it was run."""
    place = spot.axes.index(time)
    for axis in spot.axes:
        sizes = view.size_of(spot, axis)
        if axis == time or axis in view.letters.batch or any(size % 2 for size in sizes):
            continue
        for half, which in ((1, "second"), (0, "first")):

            def move(array: Array, _: Inputs, half: int = half, at: int = spot.axes.index(axis)) -> Array | None:
                if array.shape[at] % 2:
                    return None
                parts = np.split(array, 2, at)
                parts[half] = np.flip(parts[half], place)
                return np.concatenate(parts, at)

            yield moving(
                [(spot, move)],
                code="sequence.direction",
                message=f"The {which} half of {spot.said} along {axis}, one of two directions, stands in the order in "
                f"which it was run: its steps along {time} are backwards.",
                fix=f"flip that half along {time} before the two are joined",
                prior=0.94,
            )


def _places(view: View) -> Iterator[Hypothesis]:
    """An image that is mirrored or stands on its head."""
    spatial = [x for x in view.letters.spatial if x not in view.times]
    for chosen in subsets(spatial):
        inputs = [spot for spot in view.data if view.has(spot, *chosen)]
        outputs = [spot for spot in view.outputs if view.has(spot, *chosen)]
        for group in ([*inputs, *outputs] if inputs and outputs else [], inputs, outputs):
            if group:
                yield moving(
                    [(spot, flipping(spot, chosen)) for spot in group],
                    code="sequence.direction",
                    message=f"The ported layer walks {wording.listed([spot.said for spot in group])} backwards along "
                    f"{wording.listed(chosen)}.",
                    fix="; ".join(flipped_text(view, spot, chosen) for spot in group),
                    prior=0.85,
                )


def _others(view: View) -> Iterator[Hypothesis]:
    for spot in view.spots:
        for axis in spot.axes:
            known = {*view.times, *view.letters.spatial, *kernel_axes(view, spot)}
            if letter(axis) in known or max(view.size_of(spot, axis), default=0) <= 1:
                continue
            batch = axis in view.letters.batch
            yield moving(
                [(spot, flipping(spot, (axis,)))],
                code="contraction.axes" if batch else "layout.channel-order",
                message=f"The ported layer takes the entries of {spot.said} along {axis} in the opposite order, "
                "as BGR is to RGB."
                if spot.part != "output"
                else f"The entries of {spot.said} along {axis} come in the opposite order.",
                fix=flipped_text(view, spot, (axis,)),
                prior=0.8 if batch else 0.93,
                common=spot.part == "data" and not batch,
            )
