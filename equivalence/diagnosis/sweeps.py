"""Hypotheses whose one number is found by running both layers again: epsilons, thresholds of arguments, factors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import epsilons
from equivalence.diagnosis.evidence import Evidence, changed
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.measuring import flat, scaled
from equivalence.diagnosis.scalars import exact, nice, solve
from equivalence.diagnosis.spots import Spot, View
from equivalence.inputs import Array, Positive
from equivalence.observation import distance

if TYPE_CHECKING:
    from equivalence.observation import Observation
    from equivalence.sides import Inputs

_SIDES = ("original", "ported")
_BEYOND = (1e3, 1e4)
_LEAST = 1e-4
_HALVINGS = 60
_SECONDS = 1.0
_SLOW = 0.02
_MANY = 10
_FEW = 7
_EXACT = 1e-7
_ALIKE = 1e-6
_BEFORE = 0.02


def hypotheses(evidence: Evidence) -> Iterator[Hypothesis]:
    """Epsilons; else arguments that one layer clips."""
    yield from epsilons.hypotheses(evidence)
    item = _item(evidence)
    view = View(evidence)
    for spot in view.data if item is not None else ():
        if item is not None and spot.real and item.inputs.arrays[spot.name].size:
            yield from _clipped(view, item, spot)


def factors(evidence: Evidence) -> Iterator[Hypothesis]:
    """Factors on arguments, whatever they are; not where an epsilon explains them."""
    item = _item(evidence)
    if item is not None and not epsilons.telling(View(evidence), item):
        yield from _multiplied(View(evidence), item)


def _item(evidence: Evidence) -> Observation | None:
    """The probe that is varied; none if there is none, or a layer is slow."""
    found = next(
        (item for item in evidence.telling if not item.inputs.setting.data), next(iter(evidence.telling), None)
    )
    return None if found is None or not np.isfinite(found.error) or _slow(evidence, found) else found


def _slow(evidence: Evidence, item: Observation) -> bool:
    """Whether a layer takes too long to be run many times."""
    started = time.monotonic()
    evidence.observe(item.inputs)
    return time.monotonic() - started > _SLOW


@dataclass(frozen=True)
class Limits:
    """Between which numbers a layer takes notice of an argument."""

    low: float
    high: float

    @property
    def said(self) -> str:
        """As a call of a clipping function ends."""
        return f"{self.low:.6g}, {self.high:.6g}"


def _clipped(view: View, item: Observation, spot: Spot) -> Iterator[Hypothesis]:
    """Beyond a threshold an argument makes no difference to one layer."""
    limits = _limits(view, item, spot)
    one, two = limits["original"], limits["ported"]
    if one == two:
        return
    evidence = view.evidence
    told = {side: f"clips {spot.said} to {own.said}" if own != _NONE else "does not" for side, own in limits.items()}

    def tighter(inputs: Inputs) -> Inputs:
        return changed(inputs, **{spot.name: np.clip(inputs.arrays[spot.name], two.low, two.high)})

    def wider(inputs: Inputs) -> Arrays | None:
        held = changed(inputs, **{spot.name: np.clip(inputs.arrays[spot.name], one.low, one.high)})
        right, wrong = evidence.original(inputs), evidence.ported(held)
        if right is None or wrong is None or distance(wrong, right) > evidence.tolerance:
            return None
        return evidence.ported(inputs)

    yield Hypothesis(
        code="constant.value",
        message=f"The ported layer {told['ported']}, the original {told['original']}."
        if two != _NONE
        else f"The original {told['original']}, the ported layer {told['ported']}.",
        fix=f"Clip {spot.said} to {one.said}." if one != _NONE else f"Do not clip {spot.said}.",
        prior=0.93,
        before=tighter if two.high < one.high or two.low > one.low else None,
        base=None if two.high < one.high or two.low > one.low else wider,
    )


_NONE = Limits(-np.inf, np.inf)


def _limits(view: View, item: Observation, spot: Spot) -> dict[str, Limits]:
    """By side; nothing is looked for where both end alike, as where a softmax or a sigmoid is saturated."""
    own = item.inputs.arrays[spot.name]
    place = tuple(size // 2 for size in own.shape)

    def at(side: str, value: float) -> Array | None:
        array = np.full_like(own, value)
        array[place] = value
        given = changed(item.inputs, **{spot.name: array})
        return flat(view.evidence.original(given) if side == "original" else view.evidence.ported(given))

    found: dict[str, list[float]] = {side: [] for side in _SIDES}
    for sign in (-1.0, 1.0):
        ends = {side: _end(partial(at, side), sign) for side in _SIDES}
        one, two = ends.values()
        alike = one is not None and two is not None and one.shape == two.shape and np.allclose(one, two, rtol=_ALIKE)
        for side, end in ends.items():
            edge = np.inf if end is None or alike else _edge(partial(at, side), end, sign)
            found[side].append(sign * edge)
    return {side: Limits(*edges) for side, edges in found.items()}


def _end(at: Callable[[float], Array | None], sign: float) -> Array | None:
    """What a layer gives for large numbers of one sign; none if that changes, or small numbers give the same."""
    far, farther, near = (at(sign * value) for value in (*_BEYOND, _LEAST))
    if far is None or farther is None or near is None or _same(far, near) or not _same(far, farther):
        return None
    return farther


def _same(one: Array, two: Array) -> bool:
    return one.shape == two.shape and bool(np.all(one == two))


def _edge(at: Callable[[float], Array | None], end: Array, sign: float) -> float:
    """The least number from which on a layer gives what it gives at the end, by halving; none if it comes there softly.

    A little before a threshold the output is clearly another; before a saturated sigmoid's end it is not.
    """
    low, high = _LEAST, _BEYOND[0]
    for _ in range(_HALVINGS):
        soft = high < (1 + _BEFORE) * low
        if soft and not _clear(at(sign * (1 - _BEFORE) * low), end):
            return np.inf
        middle = (low + high) / 2 if high < 2 * low else float(np.sqrt(low * high))
        found = at(sign * middle)
        low, high = (low, middle) if found is not None and _same(found, end) else (middle, high)
        if high - low <= 1e-12 * high:
            break
    return nice(high)


def _clear(found: Array | None, end: Array) -> bool:
    size = float(np.max(np.abs(end), initial=0.0))
    return found is not None and found.shape == end.shape and float(np.max(np.abs(found - end))) > _ALIKE * size


def _multiplied(view: View, item: Observation) -> Iterator[Hypothesis]:
    """The ported layer computes with a multiple of an argument, such as logits by another temperature."""
    evidence, started = view.evidence, time.monotonic()
    spots = [spot for spot in view.arguments if spot.real]
    wanted = flat(evidence.ported(item.inputs))
    for spot in spots[:_MANY]:

        def residual(k: float, spot: Spot = spot) -> Array | None:
            found = flat(evidence.original(scaled(item.inputs, [spot], k)))
            return None if found is None or wanted is None or found.shape != wanted.shape else found - wanted

        k = solve(residual, rounds=_FEW)
        if k is not None and exact(residual, k, _EXACT):
            given = isinstance(spot.kind, Positive) and spot.part == "parameter"
            yield Hypothesis(
                code="variance.meaning" if given else "scale.factor",
                message=f"The ported layer computes with {k:.6g} times {spot.said}.",
                fix=f"Multiply {spot.said} by {1 / k:.6g}, or leave out the factor.",
                prior=0.86,
                before=lambda inputs, spot=spot, k=k: scaled(inputs, [spot], k),  # type: ignore[misc]
            )
        if time.monotonic() - started > _SECONDS:
            return
