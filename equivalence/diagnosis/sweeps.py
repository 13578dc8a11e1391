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
from equivalence.diagnosis.scalars import nice, solve
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
_EXACT = 1e-7


def hypotheses(evidence: Evidence) -> Iterator[Hypothesis]:
    """Epsilons, then clipped arguments, then factors on arguments."""
    yield from epsilons.hypotheses(evidence)
    view = View(evidence)
    item = next((item for item in evidence.telling if not item.inputs.setting.data), next(iter(evidence.telling), None))
    if item is None or not np.isfinite(item.error) or _slow(evidence, item):
        return
    for spot in view.data:
        if spot.real and item.inputs.arrays[spot.name].size:
            yield from _clipped(view, item, spot)
    yield from _multiplied(view, item)


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
    limits = {side: _limits(view, item, spot, side) for side in _SIDES}
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


def _limits(view: View, item: Observation, spot: Spot, side: str) -> Limits:
    own = item.inputs.arrays[spot.name]
    place = tuple(size // 2 for size in own.shape)
    run = view.evidence.original if side == "original" else view.evidence.ported

    def at(value: float) -> Array | None:
        array = np.full_like(own, value)
        array[place] = value
        return flat(run(changed(item.inputs, **{spot.name: array})))

    found = []
    for sign in (-1.0, 1.0):
        ends = [at(sign * value) for value in _BEYOND]
        middle = at(sign * _LEAST)
        if ends[0] is None or ends[1] is None or middle is None or _same(ends[0], middle):
            found.append(sign * np.inf)
            continue
        found.append(sign * (_edge(partial(_at_end, at, ends[1], sign)) if _same(ends[0], ends[1]) else np.inf))
    return Limits(*found)


def _at_end(at: Callable[[float], Array | None], end: Array, sign: float, value: float) -> bool:
    found = at(sign * value)
    return found is not None and _same(found, end)


def _same(one: Array, two: Array) -> bool:
    return one.shape == two.shape and bool(np.all(one == two))


def _edge(reached: Callable[[float], bool]) -> float:
    """The least number from which on something holds, by halving."""
    low, high = _LEAST, _BEYOND[0]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2 if high < 2 * low else float(np.sqrt(low * high))
        low, high = (low, middle) if reached(middle) else (middle, high)
        if high - low <= 1e-12 * high:  # noqa: PLR2004
            break
    return nice(high)


def _multiplied(view: View, item: Observation) -> Iterator[Hypothesis]:
    """The ported layer computes with a multiple of an argument, such as logits by another temperature."""
    evidence, started = view.evidence, time.monotonic()
    spots = [spot for spot in view.arguments if spot.real]
    wanted = flat(evidence.ported(item.inputs))
    for spot in spots[:_MANY]:

        def residual(k: float, spot: Spot = spot) -> Array | None:
            found = flat(evidence.original(scaled(item.inputs, [spot], k)))
            return None if found is None or wanted is None or found.shape != wanted.shape else found - wanted

        k = solve(residual)
        left, before = (None if k is None else residual(by) for by in (k or 1.0, 1.0))
        if k is not None and left is not None and before is not None and np.any(before):
            if np.max(np.abs(left)) <= _EXACT * np.max(np.abs(before)):
                yield Hypothesis(
                    code="variance.meaning"
                    if isinstance(spot.kind, Positive) and spot.part == "parameter"
                    else "scale.factor",
                    message=f"The ported layer computes with {k:.6g} times {spot.said}.",
                    fix=f"Multiply {spot.said} by {1 / k:.6g}, or leave out the factor.",
                    prior=0.86,
                    before=lambda inputs, spot=spot, k=k: scaled(inputs, [spot], k),  # type: ignore[misc]
                )
        if time.monotonic() - started > _SECONDS:
            return
