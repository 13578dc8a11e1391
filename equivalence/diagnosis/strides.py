"""Hypotheses about strides: fewer outputs, or the original's on inputs that begin at each place in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.sequences import resized
from equivalence.diagnosis.spots import Spot, View, moving

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs


def hypotheses(view: View, spot: Spot, output: Spot, axes: Sequence[tuple[int, int]]) -> Iterator[Hypothesis]:
    """Every second or third output; outputs in between, from the input that begins later."""
    for stride in (2, 3):
        for start in range(stride):

            def skip(array: Array, _: Inputs, stride: int = stride, start: int = start) -> Array | None:
                if array.ndim != len(output.axes):
                    return None
                cut: list[slice] = [slice(None)] * array.ndim
                for _ours, place in axes:
                    cut[place] = slice(start, None, stride)
                return array[tuple(cut)]

            yield moving(
                [(output, skip)],
                code="stride.value",
                message=f"The ported layer's stride is {stride} times the original's"
                f"{f', beginning at place {start}' if start else ''}.",
                fix=f"divide the stride by {stride}",
                prior=0.95 if not start else 0.9,
            )
        yield Hypothesis(
            code="stride.value",
            message=f"The original's stride is {stride} times the ported layer's.",
            fix=f"multiply the stride by {stride}",
            prior=0.95,
            base=_between(view, spot, output, axes, stride),
        )


def _between(
    view: View, spot: Spot, output: Spot, axes: Sequence[tuple[int, int]], stride: int
) -> Callable[[Inputs], Arrays | None]:
    """The outputs at all places, from the original on the input that begins at each of a stride's places."""

    def base(inputs: Inputs) -> Arrays | None:
        phases: dict[tuple[int, ...], Array] = {}
        for starts in product(range(stride), repeat=len(axes)):
            cut: list[slice] = [slice(None)] * len(spot.axes)
            for (place, _), start in zip(axes, starts, strict=True):
                cut[place] = slice(start, None)
            found = run(view, spot, inputs, inputs.arrays[spot.name][tuple(cut)])
            if found is None or found[output.name].ndim != len(output.axes):
                return None
            phases[starts] = found[output.name]
        shape = list(next(iter(phases.values())).shape)
        for k, (_, theirs) in enumerate(axes):
            along = {starts[k]: array.shape[theirs] for starts, array in phases.items()}
            shape[theirs] = sum(along.values())
            if (
                sorted(along.values(), reverse=True) != [along[k] for k in range(stride)]
                or along[0] - along[stride - 1] > 1
            ):
                return None
        whole = np.empty(shape)
        for starts, array in phases.items():
            where: list[slice] = [slice(None)] * whole.ndim
            for (_, theirs), start in zip(axes, starts, strict=True):
                where[theirs] = slice(start, None, stride)
            whole[tuple(where)] = array
        return {output.name: whole}

    return base


def run(view: View, spot: Spot, inputs: Inputs, array: Array) -> Arrays | None:
    """The original on an input of another size."""
    if 0 in array.shape:
        return None
    sizes = {
        axis: size
        for axis, size in zip(spot.axes, array.shape, strict=True)
        if axis in inputs.setting.sizes and inputs.setting.sizes[axis] != size
    }
    return view.evidence.original(resized(inputs, {spot.name: np.ascontiguousarray(array)}, sizes))
