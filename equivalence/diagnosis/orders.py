"""Hypotheses that an output holds the original's numbers in another order, which is read off one probe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import wording
from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.spots import Spot, View, letter, moving
from equivalence.observation import Observation

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

_SHOWN = 16
_DIGITS = 9
_SEVERAL = 2
"""Numbers per entry, and entries, that it takes to tell entries apart."""


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """Rolled by a place, entries of one axis in another order, all numbers in another order, an entry scaled."""
    for spot in view.outputs:
        yield from _rolled(view, spot)
        for axis in spot.axes:
            yield from _along(view, spot, axis)
            yield from _scaled(view, spot, axis)
        yield from _everywhere(view, spot)


def _pair(item: Observation, spot: Spot) -> tuple[Array, Array] | None:
    right, wrong = item.original.outputs.get(spot.name), item.ported.outputs.get(spot.name)
    if right is None or wrong is None or right.ndim != len(spot.axes) or right.size == 0:
        return None
    if not (np.isfinite(right).all() and np.isfinite(wrong).all()):
        return None
    return right, wrong


def _learnt(evidence: Evidence, spot: Spot) -> Iterator[tuple[Observation, Array, Array]]:
    """The first probe of each shape, with ordinary numbers before others: what the order is read off."""
    seen = set()
    for item in sorted(evidence.complete, key=lambda item: bool(item.inputs.setting.data)):
        pair = _pair(item, spot)
        if pair is not None and pair[0].shape not in seen:
            seen.add(pair[0].shape)
            yield item, *pair


def _rolled(view: View, spot: Spot) -> Iterator[Hypothesis]:
    for place, axis in enumerate(spot.axes):
        if axis in view.letters.batch:
            continue
        sequence = axis in view.times
        for by in (1, -1, 2, -2):
            for filled in ("", "zeros", "the edge"):

                def move(
                    array: Array, _: Inputs, place: int = place, by: int = by, filled: str = filled
                ) -> Array | None:
                    if array.ndim != len(spot.axes) or array.shape[place] <= abs(by):
                        return None
                    return _roll(array, place, by, filled)

                yield moving(
                    [(spot, move)],
                    code="sequence.state" if sequence else "layout.channel-order" if not filled else "padding.side",
                    message=f"{spot.said} comes {abs(by)} place{'s' if abs(by) > 1 else ''} too "
                    f"{'late' if by > 0 else 'early'} along {axis}{f', filled with {filled}' if filled else ''}.",
                    fix=wording.rolled(view.framework, spot.said, spot.own_axis(place), -by),
                    prior=0.93 if abs(by) == 1 else 0.9,
                )


def _roll(array: Array, place: int, by: int, filled: str) -> Array:
    moved = np.moveaxis(np.roll(array, by, place), place, 0).copy()
    edge = slice(0, by) if by > 0 else slice(by, None)
    if filled:
        kept = np.moveaxis(array, place, 0)
        moved[edge] = 0 if filled == "zeros" else (kept[:1] if by > 0 else kept[-1:])
    return np.moveaxis(moved, 0, place)


def _along(view: View, spot: Spot, axis: str) -> Iterator[Hypothesis]:
    """Entries of one axis in another order, for every size it was seen with."""
    place = spot.axes.index(axis)
    known: dict[tuple[int, ...], Array] = {}
    for _, right, wrong in _learnt(view.evidence, spot):
        if right.shape == wrong.shape and right.shape[place] > 1 and (order := _order(right, wrong, place)) is not None:
            known[right.shape] = order
    if not any((order != np.arange(order.size)).any() for order in known.values()):
        return

    def move(array: Array, _: Inputs) -> Array | None:
        order = known.get(array.shape)
        return (
            array if order is None and array.shape[place] == 1 else None if order is None else array.take(order, place)
        )

    shown = next(order for order in known.values() if (order != np.arange(order.size)).any())
    backwards = [int(k) for k in np.argsort(shown)]
    yield moving(
        [(spot, move)],
        code="sequence.direction" if axis in view.times else "layout.channel-order",
        message=f"The entries of {spot.said} along {axis} come in another order: the original's {_told(shown)}.",
        fix=wording.taken(view.framework, spot.said, spot.own_axis(place), backwards)
        if len(backwards) <= _SHOWN
        else f"bring the entries of {spot.said} along {axis} into the original's order",
        prior=0.9,
    )


def _told(order: Array) -> str:
    listed = [str(k) for k in order[:_SHOWN]]
    return ", ".join(listed) + (", ..." if order.size > _SHOWN else "")


def _order(right: Array, wrong: Array, place: int) -> Array | None:
    """Which entry of the original each entry of the ported layer is; none if some is none of them, or several."""
    ours, theirs = (np.moveaxis(array, place, 0).reshape(array.shape[place], -1) for array in (right, wrong))
    if ours.shape[1] < 1:
        return None
    scale = np.abs(ours).max() or 1.0
    near = np.abs(theirs[:, None] - ours[None]).max(-1) <= 1e-9 * scale
    return near.argmax(1) if (near.sum(0) == 1).all() and (near.sum(1) == 1).all() else None


def _everywhere(view: View, spot: Spot) -> Iterator[Hypothesis]:
    """All numbers of an example in another order, the same for every example."""
    known: dict[tuple[int, ...], tuple[Array, tuple[int, ...]]] = {}
    batch = 1 if spot.axes and letter(spot.axes[0]) in view.letters.batch else 0
    for _, right, wrong in _learnt(view.evidence, spot):
        if right.size == wrong.size and right.shape[:batch] == wrong.shape[:batch]:
            ours = right.reshape(*right.shape[:batch] or (1,), -1)
            theirs = wrong.reshape(*right.shape[:batch] or (1,), -1)
            if (order := _positions(ours[0], theirs[0])) is not None:
                known[right.shape] = order, wrong.shape
    own = {shape for shape, (order, other) in known.items() if (order != np.arange(order.size)).any() or shape != other}
    if not own:
        return

    def move(array: Array, _: Inputs) -> Array | None:
        if array.shape not in known:
            return None
        order, shape = known[array.shape]
        return array.reshape(*array.shape[:batch], -1)[..., order].reshape(shape)

    axes = wording.listed(spot.axes[batch:])
    yield moving(
        [(spot, move)],
        code="layout.reshaped",
        message=f"{spot.said} holds the right numbers in another order: its axes {axes} are reshaped where they have "
        "to be transposed, or the reverse.",
        fix=f"bring the axes of {spot.said} into the original's order before it is reshaped",
        prior=0.89,
    )


def _positions(ours: Array, theirs: Array) -> Array | None:
    """Where each number of the second stands in the first, if they hold the same numbers, each once."""
    first, second = np.argsort(ours), np.argsort(theirs)
    one, two = ours[first], theirs[second]
    scale = np.abs(one).max() or 1.0
    if one.size < _SEVERAL or np.abs(one - two).max() > 1e-9 * scale or np.diff(one).min() <= 1e-6 * scale:
        return None
    order = np.empty_like(first)
    order[second] = first
    return order


def _scaled(view: View, spot: Spot, axis: str) -> Iterator[Hypothesis]:
    """Each entry of an axis with a factor and a constant of its own."""
    place = spot.axes.index(axis)
    if axis in view.letters.batch or len(spot.axes) < _SEVERAL:
        return
    known: dict[int, tuple[Array, Array]] = {}
    for item, right, wrong in _learnt(view.evidence, spot):
        del item
        if right.shape == wrong.shape and (found := _fitted(right, wrong, place)) is not None:
            known.setdefault(right.shape[place], found)
    if not known:
        return

    def move(array: Array, _: Inputs) -> Array | None:
        found = known.get(array.shape[place])
        if found is None:
            return None
        shape = [-1 if k == place else 1 for k in range(array.ndim)]
        return array * found[0].reshape(shape) + found[1].reshape(shape)

    factors = next(iter(known.values()))[0]
    if np.ptp(factors) < 1e-9 * np.abs(factors).max():
        return
    yield moving(
        [(spot, move)],
        code="scale.factor",
        message=f"Each entry of {spot.said} along {axis} has a factor of its own that the original does not have: "
        f"{', '.join(f'{value:.4g}' for value in factors[:_SHOWN])}.",
        fix=f"leave out what scales {spot.said} along {axis}",
        prior=0.8,
    )


def _fitted(right: Array, wrong: Array, place: int) -> tuple[Array, Array] | None:
    ours, theirs = (np.moveaxis(array, place, 0).reshape(array.shape[place], -1) for array in (right, wrong))
    if ours.shape[1] < 2 * _SEVERAL:
        return None
    centred = ours - ours.mean(1, keepdims=True)
    spread = np.sum(centred * centred, 1)
    if not spread.all():
        return None
    factor = np.sum(centred * theirs, 1) / spread
    added = theirs.mean(1) - factor * ours.mean(1)
    fits = np.allclose(
        ours * factor[:, None] + added[:, None], theirs, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(theirs).max())
    )
    return (factor, added) if fits else None
