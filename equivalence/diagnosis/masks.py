"""Hypotheses about masks: what true means, and where a mask lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import wording
from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.spots import Move, Spot, View, moving

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs


def hypotheses(view: View, spot: Spot) -> Iterator[Hypothesis]:
    """Inverted, ignored, shifted, turned, cut to a triangle."""
    said = spot.said
    yield moving(
        [(spot, lambda array, _: ~array)],
        code="mask.polarity",
        message=f"{said} means the opposite in the ported layer: true is what the original calls false.",
        fix=f"give it {_negated(view, said)}",
        prior=0.97,
        common=True,
    )
    yield moving(
        [(spot, lambda array, _: np.ones_like(array))],
        code="sequence.mask",
        message=f"The ported layer ignores {said}: it is as if it were true everywhere.",
        fix=f"use {said}",
        prior=0.95,
        common=True,
    )
    yield moving(
        [(spot, lambda array, _: np.zeros_like(array))],
        code="mask.polarity",
        message=f"The ported layer takes {said} as false everywhere.",
        fix=f"use {said}",
        prior=0.9,
    )
    yield from _misaligned(view, spot)
    yield from _triangles(spot)


def _negated(view: View, said: str) -> str:
    known = {"tensorflow": f"tf.logical_not({said})", "theano": f"tt.invert({said})"}
    return known.get(wording.dialect(view.framework), f"~{said}")


def _misaligned(view: View, spot: Spot) -> Iterator[Hypothesis]:
    for place, axis in enumerate(spot.axes):
        own = spot.own_axis(place)
        yield moving(
            [(spot, lambda array, _, place=place: np.flip(array, place))],  # type: ignore[misc]
            code="mask.alignment",
            message=f"The ported layer takes {spot.said} backwards along {axis}.",
            fix=wording.flipped(view.framework, spot.said, [own], len(spot.axes)),
            prior=0.93,
        )
        for by, which in ((1, "late"), (-1, "early")):
            for filled in (True, False):
                yield moving(
                    [(spot, _shifted(place, by, fill=filled))],
                    code="mask.alignment",
                    message=f"The ported layer takes {spot.said} one place too {which} along {axis}.",
                    fix=wording.rolled(view.framework, spot.said, own, -by),
                    prior=0.93,
                )
            yield moving(
                [(spot, lambda array, _, place=place, by=by: np.roll(array, by, place))],  # type: ignore[misc]
                code="mask.alignment",
                message=f"The ported layer takes {spot.said} rolled by {by} along {axis}.",
                fix=wording.rolled(view.framework, spot.said, own, -by),
                prior=0.92,
            )
        yield moving(
            [(spot, lambda array, _, place=place: np.repeat(array.take([0], place), array.shape[place], place))],  # type: ignore[misc]
            code="mask.alignment",
            message=f"The ported layer takes the first entry of {spot.said} along {axis} for all.",
            fix=f"broadcast {spot.said} along the other axis",
            prior=0.9,
        )
    for one, two in combinations(range(len(spot.axes)), 2):
        order = list(range(len(spot.axes)))
        order[one], order[two] = two, one
        yield moving(
            [(spot, _exchanging(one, two))],
            code="mask.alignment",
            message=f"The ported layer exchanges the axes {spot.axes[one]} and {spot.axes[two]} of {spot.said}.",
            fix=wording.transposed(view.framework, spot.said, spot.own_order(order)),
            prior=0.965,
        )


def _exchanging(one: int, two: int) -> Move:
    def move(array: Array, _: Inputs) -> Array | None:
        return array.swapaxes(one, two) if array.ndim > two and array.shape[one] == array.shape[two] else None

    return move


def _shifted(place: int, by: int, *, fill: bool) -> Move:
    def move(array: Array, _: Inputs) -> Array | None:
        rolled = np.roll(array, by, place)
        edge = [slice(None)] * array.ndim
        edge[place] = slice(0, 1) if by > 0 else slice(-1, None)
        rolled[tuple(edge)] = fill
        return rolled

    return move


def _triangles(spot: Spot) -> Iterator[Hypothesis]:
    """A causal mask more or less."""
    if len(spot.axes) < 2:  # noqa: PLR2004 - a triangle has two axes
        return
    one, two = spot.axes[-2:]
    for diagonal in (0, -1, 1):
        for upper in (False, True):
            which = f"{'upper' if upper else 'lower'} triangle (diagonal {diagonal})"
            for joined, verb in ((np.logical_and, "also masks all but"), (_second, "takes instead")):

                def move(
                    array: Array,
                    _: Inputs,
                    diagonal: int = diagonal,
                    joined: Callable[[Array, Array], Array] = joined,
                    *,
                    upper: bool = upper,
                ) -> Array | None:
                    whole = np.ones(array.shape[-2:], bool)
                    triangle = np.triu(whole, diagonal) if upper else np.tril(whole, diagonal)
                    return joined(array, np.broadcast_to(triangle, array.shape))

                yield moving(
                    [(spot, move)],
                    code="mask.alignment",
                    message=f"The ported layer {verb} the {which} over {one} and {two} ({spot.said}).",
                    fix=f"mask with {spot.said} alone",
                    prior=0.9,
                )


def _second(_: Array, triangle: Array) -> Array:
    return triangle.copy()
