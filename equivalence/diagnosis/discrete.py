"""Hypotheses about masks, lengths and indices: what is ignored, where counting begins, what is out of range."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from equivalence import axes as _axes
from equivalence.diagnosis import masks, wording
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.spots import Move, Spot, View, given, moving
from equivalence.errors import AxesError
from equivalence.inputs import Integers, Lengths, Mask

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """Masks, then lengths, then indices."""
    for spot in view.arguments:
        if isinstance(spot.kind, Mask):
            yield from masks.hypotheses(view, spot)
        elif isinstance(spot.kind, Lengths):
            yield from _lengths(view, spot)
        elif isinstance(spot.kind, Integers):
            yield from _indices(view, spot, spot.kind)


def _lengths(view: View, spot: Spot) -> Iterator[Hypothesis]:
    assert isinstance(spot.kind, Lengths)
    of, low = spot.kind.of, spot.kind.low

    def longest(inputs: Inputs) -> int | None:
        size = inputs.setting.sizes.get(of)
        return size if isinstance(size, int) else None

    def full(array: Array, inputs: Inputs) -> Array | None:
        size = longest(inputs)
        return None if size is None else np.full_like(array, size)

    yield moving(
        [(spot, full)],
        code="sequence.mask",
        message=f"The ported layer ignores {spot.said}: it walks every sequence to its end.",
        fix=f"stop each sequence after {spot.said}[k] steps, and keep its state from then on",
        prior=0.97,
        common=True,
    )
    for by in (-1, 1):

        def move(array: Array, inputs: Inputs, by: int = by) -> Array | None:
            size = longest(inputs)
            return None if size is None else np.clip(array + by, low, size)

        yield moving(
            [(spot, move)],
            code="sequence.mask",
            message=f"The ported layer takes every sequence one step {'shorter' if by < 0 else 'longer'} than "
            f"{spot.said} says.",
            fix=f"give it {spot.said} {'+' if by < 0 else '-'} 1",
            prior=0.94,
        )
    yield from _tail(view, spot, of)


def _tail(view: View, spot: Spot, of: str) -> Iterator[Hypothesis]:
    """What stands in the outputs after a sequence's end."""
    for output in view.outputs:
        batch = next((axis for axis in output.axes if axis in view.letters.batch), None)
        if batch is None or of not in output.axes:
            continue
        places = output.axes.index(batch), output.axes.index(of)

        def after(found: Arrays, inputs: Inputs, output: Spot = output, places: tuple[int, int] = places) -> Arrays:
            moved = np.moveaxis(found[output.name], places, (0, 1)).copy()
            for row, length in zip(moved, inputs.arrays[spot.name].ravel(), strict=True):
                row[length:] = 0
            return {**found, output.name: np.moveaxis(moved, (0, 1), places)}

        yield Hypothesis(
            code="sequence.mask",
            message=f"{output.said} is zero after the end of each sequence in the ported layer, not in the original.",
            fix=f"do not clear {output.said} after {spot.said}[k] steps",
            prior=0.94,
            after=after,
        )


def _indices(view: View, spot: Spot, kind: Integers) -> Iterator[Hypothesis]:
    def limit(inputs: Inputs) -> int | None:
        try:
            return _axes.evaluate(kind.below, inputs.setting.sizes)
        except AxesError:
            return None

    def within(change: Callable[[Array, int], Array]) -> Move:
        def move(array: Array, inputs: Inputs) -> Array | None:
            size = _held(view, spot, inputs) or limit(inputs)
            return None if size is None else change(array, size)

        return move

    said = spot.said
    changes: list[tuple[Callable[[Array, int], Array], str, str, float]] = [
        (lambda i, _: i + 1, "index.offset", f"counts {said} one too high", 0.95),
        (lambda i, _: i - 1, "index.offset", f"counts {said} one too low", 0.95),
        (lambda i, n: np.minimum(i + 1, n - 1), "index.offset", f"counts {said} one too high, up to the last", 0.93),
        (lambda i, _: np.maximum(i - 1, 0), "index.offset", f"counts {said} one too low, from 0", 0.93),
        (lambda i, n: (i + 1) % n, "index.offset", f"counts {said} one too high, in a circle", 0.93),
        (lambda i, n: (i - 1) % n, "index.offset", f"counts {said} one too low, in a circle", 0.93),
        (lambda i, n: np.where(i < 0, i + n, i), "index.negative", f"counts negative {said} from the end", 0.96),
        (lambda i, _: np.maximum(i, 0), "index.negative", f"takes negative {said} as 0", 0.95),
        (lambda i, _: np.abs(i), "index.negative", f"drops the sign of {said}", 0.93),
        (lambda i, n: np.clip(i, 0, n - 1), "index.out-of-range", f"moves {said} to the nearest that exists", 0.95),
        (lambda i, n: i % n, "index.out-of-range", f"takes {said} modulo the number of entries", 0.94),
        (lambda i, n: n - 1 - i, "index.offset", f"counts {said} from the end", 0.93),
        (lambda i, _: np.zeros_like(i), "index.offset", f"takes {said} as 0 everywhere", 0.85),
    ]
    for change, code, told, prior in changes:
        yield moving(
            [(spot, within(change))],
            code=code,
            message=f"The ported layer {told}; the original does not.",
            fix=f"treat {said} as the original does",
            prior=prior,
            common="one too" in told,
        )
    yield from _emptied(view, spot, within)
    yield from _rolled(view, spot, kind)


def _held(view: View, spot: Spot, inputs: Inputs) -> int | None:
    """How many entries there are to choose from: the rows of the parameter that the index's limit names."""
    kind = spot.kind
    if isinstance(kind, Integers) and isinstance(kind.below, str):
        letters = [axis for other in view.parameters for axis in other.axes[:1] if axis in kind.below]
        for axis in letters:
            size = inputs.setting.sizes.get(axis)
            if isinstance(size, int):
                return size
    return None


def _emptied(view: View, spot: Spot, within: Callable[[Callable[[Array, int], Array]], Move]) -> Iterator[Hypothesis]:
    """Outputs, or rows of a table, that are zero for some indices."""
    kind = spot.kind
    for table in view.parameters:
        if isinstance(kind, Integers) and isinstance(kind.below, str) and table.axes[0] in kind.below and table.real:
            for row, which in ((0, "first"), (-1, "last")):

                def move(array: Array, _: Inputs, row: int = row) -> Array | None:
                    changed = array.copy()
                    changed[row] = 0
                    return changed

                yield moving(
                    [(table, move)],
                    code="index.offset",
                    message=f"The {which} row of {table.said} is zero in the ported layer, as for padding.",
                    fix=f"use the {which} row of {table.said} like the others",
                    prior=0.92,
                )
    clip = within(lambda i, n: np.clip(i, 0, n - 1))
    outside = within(lambda i, n: (i < 0) | (i >= n))
    for output in view.outputs:
        if output.axes[: len(spot.axes)] != spot.axes:
            continue

        def after(found: Arrays, inputs: Inputs, output: Spot = output) -> Arrays | None:
            empty = outside(inputs.arrays[spot.name], inputs)
            if empty is None:
                return None
            array = found[output.name].copy()
            array[empty] = 0
            return {**found, output.name: array}

        yield Hypothesis(
            code="index.out-of-range",
            message=f"{output.said} is zero where {spot.said} is out of range in the ported layer; the original takes "
            "another entry.",
            fix=f"treat {spot.said} as the original does",
            prior=0.94,
            before=lambda inputs: given(inputs, {spot.name: clip}),
            after=after,
        )


def _rolled(view: View, spot: Spot, kind: Integers) -> Iterator[Hypothesis]:
    """Another class counts as the first or the last: the classes and their numbers move together, as a blank does."""
    for other in view.arguments:
        for place, axis in enumerate(other.axes):
            if other is spot or not other.real or axis not in str(kind.below):
                continue
            for by in (1, -1):
                yield moving(
                    [
                        (other, lambda array, _, by=by, place=place: np.roll(array, by, place)),  # type: ignore[misc]
                        (spot, lambda array, _, by=by: array + by),  # type: ignore[misc]
                    ],
                    code="index.offset",
                    message=f"The ported layer counts the entries of {other.said} along {axis} from another one: the "
                    f"{'last' if by > 0 else 'first'} has the part of the original's {'first' if by > 0 else 'last'}.",
                    fix=f"{wording.rolled(view.framework, other.said, other.own_axis(place), by)}, {spot.said} + {by}",
                    prior=0.92,
                )
                yield moving(
                    [(other, lambda array, _, by=by, place=place: np.roll(array, by, place))],  # type: ignore[misc]
                    code="index.offset",
                    message=f"The entries of {other.said} along {axis} are shifted by {by} against {spot.said}.",
                    fix=wording.rolled(view.framework, other.said, other.own_axis(place), -by),
                    prior=0.92,
                )
