"""Hypotheses on several arguments at once: axes packed in another order, and arrays joined along another axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from equivalence import axes as _axes
from equivalence.diagnosis.evidence import Evidence, changed
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.inputs import Array, Mask

if TYPE_CHECKING:
    from equivalence.sides import Inputs


def hypotheses(evidence: Evidence) -> Iterator[Hypothesis]:
    """Two neighbouring axes unpacked in the other order in every argument that has them; arrays joined elsewhere."""
    yield from _masked(evidence)
    yield from _unpacked(evidence)
    yield from _joined(evidence)


def _masked(evidence: Evidence) -> Iterator[Hypothesis]:
    """Data that are set to zero where a mask is false, and the mask forgotten after that."""
    kinds = evidence.port.arguments
    for mask in (name for name, kind in kinds.items() if isinstance(kind, Mask)):
        for data in (name for name, kind in kinds.items() if kind.differentiable and evidence.roles[name] == "data"):
            axes, own = _axes.names(kinds[mask].axes), _axes.names(kinds[data].axes)
            if set(axes) <= set(own):
                yield _zeroing(evidence, mask, data, [own.index(axis) for axis in axes])


def _zeroing(evidence: Evidence, mask: str, data: str, places: Sequence[int]) -> Hypothesis:
    def before(inputs: Inputs) -> Inputs | None:
        array, seen = inputs.arrays[data], inputs.arrays[mask]
        order = np.argsort(places)
        rest = tuple(k for k in range(array.ndim) if k not in places)
        zeroed = np.where(np.expand_dims(seen.transpose(order), rest), array, 0.0)
        return changed(inputs, **{data: zeroed, mask: np.ones_like(seen)})

    said, own = (evidence.port.own_name("ported", name) for name in (mask, data))
    return Hypothesis(
        code="sequence.mask",
        message=f"The ported layer sets {own} to zero where {said} is false and goes on as if it were true.",
        fix=f"Skip what {said} masks: keep the state, and leave it out of sums; zeros are numbers like others.",
        prior=0.89,
        before=before,
    )


def _unpacked(evidence: Evidence) -> Iterator[Hypothesis]:
    names = {name: _axes.names(kind.axes) for name, kind in evidence.port.arguments.items()}
    found: dict[tuple[str, str], list[str]] = {}
    for name, axes in names.items():
        for pair in pairwise(axes):
            found.setdefault(pair, []).append(name)
    for (one, two), arguments in found.items():
        for outer in (True, False):
            yield _unpacking(evidence, one, two, {name: names[name].index(one) for name in arguments}, outer=outer)


def _unpacking(evidence: Evidence, one: str, two: str, places: Mapping[str, int], *, outer: bool) -> Hypothesis:
    def before(inputs: Inputs) -> Inputs | None:
        if any(inputs.arrays[name].ndim <= place + 1 for name, place in places.items()):
            return None
        moved = {name: _exchanged(inputs.arrays[name], place, outer=outer) for name, place in places.items()}
        same = all(np.array_equal(array, inputs.arrays[name]) for name, array in moved.items())
        return None if same else changed(inputs, **moved)

    said = ", ".join(evidence.port.own_name("ported", name) for name in places)
    order = f"({two} {one})" if outer else f"({one} {two})"
    return Hypothesis(
        code="layout.channel-order",
        message=f"The ported layer takes the packed axes of {said} in the order {order}: {one} and {two} interleave.",
        fix=f"Reshape to ({one}, {two}) before splitting, or transpose the two axes of {said} first.",
        prior=0.89,
        before=before,
    )


def _exchanged(array: Array, place: int, *, outer: bool) -> Array:
    """The numbers of two packed axes, read as if the second were the outer one, or written so."""
    shape = array.shape
    turned = (*shape[:place], shape[place + 1], shape[place], *shape[place + 2 :])
    if outer:
        return np.ascontiguousarray(array).reshape(turned).swapaxes(place, place + 1)
    return np.ascontiguousarray(array.swapaxes(place, place + 1)).reshape(shape)


def _joined(evidence: Evidence) -> Iterator[Hypothesis]:
    """What concatenation along each axis gives, where the original joins its arguments along another."""
    data = [name for name, role in evidence.roles.items() if role == "data"]
    outputs = list(evidence.port.original.results)
    if len(data) < 2 or len(outputs) != 1:  # noqa: PLR2004
        return
    layer = evidence.port.ported
    kinds = {name: layer.kinds[evidence.port.own_name("ported", name)].axes for name in data}
    native = {name: _axes.names(axes) for name, axes in kinds.items()}
    result = _axes.names(layer.results[evidence.port.own_name("ported", outputs[0])])
    canonical = _axes.names(evidence.port.original.results[outputs[0]])
    for axis in range(len(result)):
        yield _joining(evidence, data, native, result, canonical, outputs[0], axis)


def _joining(
    evidence: Evidence,
    data: Sequence[str],
    native: Mapping[str, Sequence[str]],
    result: Sequence[str],
    canonical: Sequence[str],
    output: str,
    axis: int,
) -> Hypothesis:
    def base(inputs: Inputs) -> Arrays | None:
        arrays = []
        for name in data:
            own = _axes.names(evidence.port.arguments[name].axes)
            arrays.append(inputs.arrays[name].transpose([own.index(letter) for letter in native[name]]))
        joined = np.concatenate(arrays, axis)
        if joined.ndim != len(result) or set(result) != set(canonical):
            return None
        return {output: joined.transpose([list(result).index(letter) for letter in canonical])}

    return Hypothesis(
        code="axis.wrong",
        message=f"The ported layer concatenates along axis {axis} of its own layout ({' '.join(result)}).",
        fix="Concatenate along the axis that the original's becomes in the ported layout.",
        prior=0.96,
        base=base,
    )
