"""Comparing two arrays: how far apart, where, and whether within the tolerance of the dtype."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from equivalence.errors import LawError, ShapeError
from equivalence.inputs import Array

Verdict = Literal["equal", "different", "undecided", "skipped", "error"]

TOLERANCES: Mapping[str, float] = {"float64": 1e-10, "float32": 1e-4, "float16": 0.1, "bfloat16": 0.2}
"""The one table of tolerances, by dtype.

Two arrays agree if ``allclose(left, right, rtol=t, atol=t * s)`` with ``t`` from this table and ``s`` the smaller of 1
and the largest magnitude in either array, so that small numbers are held to their own scale. The sums of the
catalogue's ordinary cases have some hundred terms of order 1. Where those nearly cancel, a correct float32 result may
be off by some hundred times the unit roundoff (6e-8) beside a number near 0: 8e-6 was seen, 1e-4 leaves room for other
processors. In float64 the same sums are off by some 1e-14. A wrong convention is off by the order of the numbers.

In the half formats (unit roundoffs 4.9e-4 and 3.9e-3) TensorFlow adds up gradients of convolutions in the format
itself: 0.07 was seen in float16, 0.12 in bfloat16. A tolerance with room for that tells little; the verdict's bound
tells more.
"""

FINITE_DIFFERENCES = 1e-6
"""The tolerance for a gradient that one side can only take by finite differences, in float64."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How two arrays compare. It has no truth value: look at ``verdict``.

    Attributes:
        verdict: ``equal``, ``different``, ``undecided``, ``skipped`` or ``error``.
        max_abs: the largest absolute difference.
        max_rel: the largest difference relative to the larger of the two magnitudes.
        worst_index: where the required tolerance is largest, or where NaN or infinity first differ.
        left: the left value there.
        right: the right value there.
        required_tolerance: the smallest tolerance that would accept the two, see :data:`TOLERANCES`.
        tolerance: the tolerance that was allowed.
        allclose: whether ``allclose`` accepts the two at the allowed tolerance.
        bound_ratio: the difference over its a-priori rounding bound, where one was computed.
        count: the number of elements compared.
        finite: where NaN or infinity may be why the two differ, the verdict on the elements that have nothing to do
            with either.
        reason: one sentence that says why.
    """

    verdict: Verdict
    max_abs: float | None = None
    max_rel: float | None = None
    worst_index: tuple[int, ...] | None = None
    left: float | None = None
    right: float | None = None
    required_tolerance: float | None = None
    tolerance: float | None = None
    allclose: bool | None = None
    bound_ratio: float | None = None
    count: int = 0
    finite: Verdict | None = None
    reason: str = ""

    def __bool__(self) -> bool:
        """Refuse: ``assert compare(...)`` would pass whatever came out."""
        raise LawError(
            "a comparison has no truth value", fix="Look at its verdict, such as comparison.verdict == 'equal'."
        )

    def to_json(self) -> dict[str, Any]:
        """The contract's fields; non-finite numbers as strings."""
        return {name: jsonable(value) for name, value in asdict(self).items()}


def largest(array: Array) -> float:
    """The largest finite magnitude of real numbers; 0 if there is none."""
    if array.dtype.kind != "f":
        return 0.0
    return float(np.max(np.abs(array), where=np.isfinite(array), initial=0.0))


def jsonable(value: Any) -> Any:
    """A value with JSON's types only: NaN and infinities become strings, tuples lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (tuple, list)):
        return [jsonable(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    return value


def compare(left: Array, right: Array, tolerance: float) -> Comparison:
    """Compare two arrays of one shape element by element.

    Args:
        left: one side's values.
        right: the other side's.
        tolerance: from :data:`TOLERANCES`.

    Returns:
        ``equal`` or ``different``; ``error`` if there is no element to compare, or one is complex. NaN equals NaN in
        the same place, infinities by sign; elsewhere :data:`TOLERANCES` says what agrees.

    Raises:
        ShapeError: if the shapes differ.
    """
    if left.shape != right.shape:
        raise ShapeError("compared arrays", expected=f"one shape, {left.shape}", got=right.shape)
    if left.size == 0:
        return Comparison(
            verdict="error", tolerance=tolerance, reason=f"no elements to compare: shape {left.shape} has none"
        )
    if "c" in (left.dtype.kind, right.dtype.kind):
        # float64 would drop the imaginary parts, and unlike numbers would be equal.
        return Comparison(
            verdict="error",
            tolerance=tolerance,
            reason="complex numbers are not compared: return the real and the imaginary part as two outputs",
        )
    left, right = (np.asarray(side, np.float64) for side in (left, right))
    finite = np.isfinite(left) & np.isfinite(right)
    misplaced = nonfinite_on_one_side(left, right)
    with np.errstate(over="ignore", invalid="ignore"):
        difference = np.where(finite, np.abs(left - right), 0.0)
        larger = np.where(finite, np.maximum(np.abs(left), np.abs(right)), 0.0)
        scale = min(1.0, float(larger.max()))
        allowance = scale + np.where(finite, np.abs(right), 0.0)
        required = np.divide(difference, allowance, out=np.zeros_like(difference), where=difference > 0)
        relative = np.divide(difference, larger, out=np.zeros_like(difference), where=difference > 0)
    worst = int(np.argmax(misplaced)) if misplaced.any() else int(np.argmax(required))
    needed = math.inf if misplaced.any() else float(required.max())
    return Comparison(
        verdict="equal" if needed <= tolerance else "different",
        max_abs=math.inf if misplaced.any() else float(difference.max()),
        max_rel=math.inf if misplaced.any() else float(relative.max()),
        worst_index=tuple(int(k) for k in np.unravel_index(worst, left.shape)),
        left=float(left.flat[worst]),
        right=float(right.flat[worst]),
        required_tolerance=needed,
        tolerance=tolerance,
        allclose=needed <= tolerance,
        count=left.size,
        finite=("equal" if float(required.max()) <= tolerance else "different") if misplaced.any() else None,
        reason=_reason(needed, tolerance, int(misplaced.sum())),
    )


def nonfinite_on_one_side(left: Array, right: Array) -> Array:
    """Where one side is NaN or infinite and the other is not the same."""
    finite = np.isfinite(left) & np.isfinite(right)
    return np.asarray(~finite & ~((left == right) | (np.isnan(left) & np.isnan(right))))


def _reason(needed: float, tolerance: float, misplaced: int) -> str:
    if misplaced:
        return f"NaN or infinity on one side only, or of the other sign, in {misplaced} places"
    if needed == 0:
        return "the same numbers"
    sign = "within" if needed <= tolerance else "beyond"
    return f"a tolerance of {needed:.2g} is needed, {sign} the allowed {tolerance:.2g}"
