"""Deciding between rounding and bug, and saying why.

A difference is rounding if it stays within the sum of both sides' a-priori bounds (:mod:`equivalence.rounding`) and
shrinks with the precision: from float32 to float64 rounding falls by about 2e-9, a wrong convention does not move.
Beyond four times the bounds it is not rounding of this algorithm. Between, float64 decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from equivalence.comparison import Comparison, compare, nonfinite_on_one_side
from equivalence.inputs import Array
from equivalence.rounding import PRECISIONS, Bound

BEYOND = 4.0
"""Times the bounds from which a difference is not rounding."""

VACUOUS = 1e-2
"""A bound of more than this part of the magnitudes proves nothing by itself: a bug would fit into it."""

_UNMOVED = 2.0
"""Within this factor, the difference in float64 is the difference in the other dtype."""

_SCATTER = 1e3
"""How far errors of one algorithm in two precisions may be from the ratio of the precisions."""

_FAR_WORSE = 10.0
"""Times the other side's error from which one side loses digits that the other keeps."""


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on beside the two arrays.

    Attributes:
        bounds: one for each side that computes in the dtype; the reference computes exactly by comparison.
        exact: the same quantity compared in float64; none if that could not be computed, or this is it.
        truth: the reference's float64 result for the same arguments, where it takes part.
        names: of the two sides, for the reason.
        downstream: the elements that depend on NaN or infinity of an argument; none if all arguments are finite.
        exact_finite: as ``exact``, of the elements that have nothing to do with NaN or infinity.
    """

    bounds: Sequence[Bound]
    exact: Comparison | None = None
    truth: Array | None = None
    names: tuple[str, str] = ("left", "right")
    downstream: Array | None = None
    exact_finite: Comparison | None = None


def decide(left: Array, right: Array, dtype: str, tolerance: float, evidence: Evidence) -> Comparison:
    """Compare two arrays and give the verdict, with the reason in one sentence.

    Args:
        left: one side's values in ``dtype``.
        right: the other side's.
        dtype: what both computed in.
        tolerance: of ``allclose``, which is computed and shown, and decides nothing here.
        evidence: bounds, and the comparison in float64.
    """
    found = _decide(left, right, dtype, tolerance, evidence)
    if found.count == 0 or found.verdict == "equal":
        return found
    finite = finite_part(left, right, evidence.downstream)
    if finite is None:
        return found
    beside = evidence.exact if evidence.exact_finite is None else evidence.exact_finite
    rest = _decide(*finite, dtype, tolerance, replace(evidence, exact=beside))
    # NaN and infinity leave bounds that say nothing; then allclose speaks for the rest.
    if rest.verdict == "equal" or (rest.verdict == "undecided" and rest.allclose):
        return replace(found, finite="equal")
    if rest.verdict == "undecided":
        return replace(found, finite="undecided")
    return replace(found, verdict="different", finite="different", reason=f"{found.reason}; elsewhere {rest.reason}")


def finite_part(left: Array, right: Array, downstream: Array | None) -> tuple[Array, Array] | None:
    """Both sides with NaN in place of all that has to do with NaN or infinity; none if nothing has."""
    aside = nonfinite_on_one_side(left, right)
    if downstream is not None:
        aside = aside | downstream
    return (np.where(aside, np.nan, left), np.where(aside, np.nan, right)) if aside.any() else None


def _decide(left: Array, right: Array, dtype: str, tolerance: float, evidence: Evidence) -> Comparison:
    compared = compare(left, right, tolerance)
    if compared.count == 0:
        return compared
    misplaced = nonfinite_on_one_side(left, right)
    if misplaced.any():
        return _misplaced(compared, misplaced, dtype, evidence)
    error = sum((bound.error for bound in evidence.bounds), np.zeros(left.shape))
    with np.errstate(invalid="ignore"):
        # The reference multiplies zeros of a border by infinity there, and others skip them: no bound is known.
        error = np.where(np.isnan(error), tolerance * np.maximum(np.abs(left), np.abs(right)), error)
    known = replace(compared, bound_ratio=_ratio(left, right, error))
    if evidence.exact is None:
        return _alone(known, dtype, evidence)
    if _unbounded(left, right, evidence) and evidence.exact.verdict == "equal":
        why = f"{dtype} differs by {known.max_abs:.2g} where it has no rounding bound after so many terms"
        return replace(known, verdict="undecided", reason=f"{why}; {_beside(evidence.exact)}")
    if known.bound_ratio is not None and known.bound_ratio > BEYOND and _shrinks(known, dtype, evidence.exact):
        return _beyond(known, dtype, evidence, (left, right), error)
    return _scaled(known, dtype, evidence.exact)


def _ratio(left: Array, right: Array, error: Array) -> float:
    """The largest difference over its bound; where both are not finite there is none."""
    with np.errstate(over="ignore", invalid="ignore"):
        distance = np.abs(np.asarray(left, np.float64) - np.asarray(right, np.float64))
        difference = np.where(np.isfinite(left) & np.isfinite(right), distance, 0.0)
        within = np.where(difference > 0, np.inf, 0.0)
        return float(np.divide(difference, error, out=within, where=(error > 0) & (difference > 0)).max())


def _unbounded(left: Array, right: Array, evidence: Evidence) -> bool:
    """Whether the two differ where finite terms are more than the format's bound can speak of: any bug would fit."""
    differs = np.isfinite(left) & np.isfinite(right) & (left != right)
    return any(bool((differs & np.isinf(b.error) & np.isfinite(b.magnitude)).any()) for b in evidence.bounds)


def _size(compared: Comparison, dtype: str) -> str:
    return f"{dtype} differs by {compared.max_abs:.2g}, {compared.bound_ratio:.2g} of the rounding bound"


def _beside(exact: Comparison) -> str:
    return f"float64 differs by {exact.max_abs:.2g}" if exact.max_abs else "float64 gives the same numbers"


def _scaled(compared: Comparison, dtype: str, exact: Comparison) -> Comparison:
    """With float64 beside it, precision scaling decides."""
    size, beside = _size(compared, dtype), _beside(exact)
    if exact.verdict == "undecided":
        return replace(compared, verdict="undecided", reason=f"{size}; {beside}, which is undecided: {exact.reason}")
    if exact.verdict == "equal":
        return replace(compared, verdict="equal", reason=f"{size}; {beside}: rounding")
    if exact.max_abs == np.inf:
        return replace(compared, verdict="different", reason=f"{size}; in float64 {exact.reason}: not rounding")
    if compared.max_abs and exact.max_abs and 1 / _UNMOVED < exact.max_abs / compared.max_abs < _UNMOVED:
        size = f"{dtype} differs by {compared.max_abs:.2g}"
        beside = f"float64 differs by the same {exact.max_abs:.2g}"
    return replace(compared, verdict="different", reason=f"{size}; {beside}: not rounding")


def _shrinks(compared: Comparison, dtype: str, exact: Comparison) -> bool:
    """Whether the difference goes with the precision: an unstable algorithm is beyond its bounds in float64 too."""
    if exact.verdict == "equal" or compared.max_abs is None or exact.max_abs is None:
        return exact.verdict == "equal"
    return exact.max_abs <= _SCATTER * PRECISIONS["float64"].unit / PRECISIONS[dtype].unit * compared.max_abs


def _beyond(
    compared: Comparison, dtype: str, evidence: Evidence, sides: tuple[Array, Array], error: Array
) -> Comparison:
    """Farther apart than rounding takes them: where an intermediate result may overflow, nothing is known."""
    with np.errstate(over="ignore", invalid="ignore"):
        where = np.abs(np.asarray(sides[0], np.float64) - np.asarray(sides[1], np.float64)) > BEYOND * error
    if where.any() and not (where & ~_overflowing(where.shape, dtype, evidence)).any():
        return _overflown(compared, where, dtype)
    return _coarse(compared, dtype, evidence, sides)


def _coarse(compared: Comparison, dtype: str, evidence: Evidence, sides: tuple[Array, Array]) -> Comparison:
    """The two agree in float64, and are farther apart in this dtype than rounding takes them."""
    assert evidence.exact is not None
    who = _who_loses(evidence, sides, dtype)
    why = f"{_size(compared, dtype)}; {_beside(evidence.exact)}: a precision finding, not a wrong formula{who}"
    return replace(compared, verdict="different", reason=why)


def _who_loses(evidence: Evidence, sides: tuple[Array, Array], dtype: str) -> str:
    """Which side's error against the truth is far beyond its bound and the other's; empty if none, or nobody knows."""
    if evidence.truth is None or not evidence.bounds:
        return ""
    bound = evidence.bounds[0].error
    errors = {name: _ratio(side, evidence.truth, bound) for name, side in zip(evidence.names, sides, strict=True)}
    (better, small), (worse, large) = sorted(errors.items(), key=lambda item: item[1])
    if large <= 1 or large < _FAR_WORSE * small:
        return ""
    if small > 0:
        return f"; {worse}'s {dtype} error is {large / small:.2g} times {better}'s"
    return f"; {worse}'s {dtype} error is {large:.2g} times the rounding bound"


def _alone(compared: Comparison, dtype: str, evidence: Evidence) -> Comparison:
    """With nothing more precise beside it, the bound decides, as far as it says anything."""
    size, ratio = _size(compared, dtype), compared.bound_ratio
    assert ratio is not None
    if compared.max_abs == 0:
        return replace(compared, verdict="equal", reason=f"{dtype} gives the same numbers")
    vacuous = max((bound.vacuity for bound in evidence.bounds), default=np.inf) > VACUOUS
    if ratio > BEYOND:
        return replace(compared, verdict="different", reason=f"{size}: not rounding")
    if ratio <= 1 and not vacuous:
        return replace(compared, verdict="equal", reason=f"{size}: rounding")
    why = "which says nothing after so many terms" if vacuous else "near it, and nothing more precise to ask"
    return replace(compared, verdict="undecided", reason=f"{size}, {why}")


def _misplaced(compared: Comparison, misplaced: Array, dtype: str, evidence: Evidence) -> Comparison:
    """NaN or infinity on one side: overflow where finite sums of magnitudes exceed the dtype, else a difference."""
    overflowing = _overflowing(misplaced.shape, dtype, evidence)
    if (misplaced & ~overflowing).any():
        return compared
    return _overflown(compared, misplaced, dtype)


def _overflowing(shape: tuple[int, ...], dtype: str, evidence: Evidence) -> Array:
    """Where finite arguments may lead through more than the dtype's largest number."""
    overflowing = np.zeros(shape, np.bool_)
    for bound in evidence.bounds:
        overflowing |= bound.passes(PRECISIONS[dtype].largest)
    return overflowing


def _overflown(compared: Comparison, where: Array, dtype: str) -> Comparison:
    reason = f"overflow: in {int(where.sum())} places sums of magnitudes exceed {dtype}'s largest number"
    return replace(compared, verdict="undecided", reason=reason)
