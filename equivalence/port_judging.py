"""The verdict on one quantity of a port: is the difference rounding, and if so, is it the ported layer's own fault.

A port is judged by itself, without bounds: nobody knows the terms of the sums in a layer. What decides is how the
difference behaves when the precision changes. Both layers are given the same numbers, those of float32, in float32 and
in float64.

* **Float64 first.** A wrong convention is as wrong there; rounding shrinks by the ratio of the unit roundoffs, 2e-9.
* **Then float32 against the truth**, the mean of both results in float64. Where sums cancel, two right layers are far
  apart, and each about as far from the truth. A layer that is :data:`WORSE` times as far as its original loses digits
  that the original keeps.

Two things excuse a difference in either: that the original itself moves as far when its arguments change by a rounding
(:mod:`equivalence.nudging`), and that it is below the rounding of the numbers that this layer gives on ordinary data,
as where a saturated function's gradient vanishes.

Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), sections 1.5 to 1.9 on error, conditioning and
cancellation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from equivalence.comparison import TOLERANCES, Comparison, compare, largest
from equivalence.errors import ShapeError
from equivalence.inputs import Array
from equivalence.rounding import PRECISIONS

WORSE = 16.0
"""How many times the original's error the ported layer's may be in float32."""

SHRINKS = 1e-6
"""Rounding is at least this much smaller in float64 than in float32; the ratio of the unit roundoffs is 2e-9."""

CONSTANT = 3e-7
"""How far float64 results may be apart because a framework holds a constant of its own in float32."""

_TERMS = 1000
_NOISE = 64
_MOVED = 32

Pair = tuple[Array, Array]


@dataclass(frozen=True)
class Precise:
    """What is known of the two layers' arithmetic.

    Attributes:
        tolerance: added to the table's, such as that of finite differences.
        coarse: both results are those of float32 even when float64 was asked for, as Keras's are by default.
        lower: whether the ported layer computes in less than float64 inside although it was asked for it.
        ordinary: the largest number the original gives for this quantity on ordinary data; what is far below the
            rounding of such numbers may be nothing but rounding.
        moved: by dtype, how far the original moves when its arguments do by a rounding; asked for where it matters.
    """

    tolerance: float = 0.0
    coarse: bool = False
    lower: bool = False
    ordinary: float = 0.0
    moved: Callable[[], Mapping[str, float]] = dict


def judge(name: str, pairs: Mapping[str, Pair], precise: Precise) -> dict[str, Comparison]:
    """Judge a quantity in every dtype it was computed in; float64 among them, or it is judged by the table alone.

    Args:
        name: what is compared, for the reason.
        pairs: the original's and the ported layer's values by dtype, on the same numbers.
        precise: what is known of their arithmetic.
    """
    compared = {dtype: _excused(_compare(name, *pair, dtype, precise), dtype, precise) for dtype, pair in pairs.items()}
    wide = compared.get("float64")
    if wide is None or precise.coarse:
        return compared
    wide = _wide(wide, compared.get("float32"), precise)
    judged = {dtype: _narrow(found, pairs[dtype], pairs["float64"], wide) for dtype, found in compared.items()}
    return {**judged, "float64": wide}


def _compare(name: str, left: Array, right: Array, dtype: str, precise: Precise) -> Comparison:
    tolerance = max(TOLERANCES["float32" if precise.coarse and dtype == "float64" else dtype], precise.tolerance)
    try:
        return compare(_flushed(left, dtype), _flushed(right, dtype), tolerance)
    except ShapeError:
        reason = f"{name} has shape {left.shape} in the original, {right.shape} in the ported layer"
        return Comparison(verdict="different", tolerance=tolerance, reason=reason)


def _excused(found: Comparison, dtype: str, precise: Precise) -> Comparison:
    """Equal after all, where the difference is rounding for this layer on these arguments."""
    if found.verdict != "different" or found.max_abs is None or not math.isfinite(found.max_abs):
        return found
    noise = _NOISE * PRECISIONS[dtype].unit * precise.ordinary
    if found.max_abs <= noise:
        return replace(
            found,
            verdict="equal",
            reason=f"{found.max_abs:.3g} apart, below the rounding of this layer's ordinary numbers ({noise:.2g})",
        )
    if (moved := precise.moved().get(dtype, 0.0)) * _MOVED >= found.max_abs:
        return replace(
            found,
            verdict="equal",
            reason=f"{found.max_abs:.3g} apart, where the original moves by {moved:.2g} when its arguments do by a "
            f"rounding",
        )
    return found


def _flushed(array: Array, dtype: str) -> Array:
    """Zero for what is as small as denormal numbers, which TensorFlow flushes and others keep."""
    if array.dtype.kind != "f":
        return array
    return np.where(np.abs(array) < _TERMS * PRECISIONS[dtype].tiny, 0.0, array)


def _wide(wide: Comparison, narrow: Comparison | None, precise: Precise) -> Comparison:
    """The verdict in float64."""
    if wide.verdict != "different" or wide.required_tolerance is None or not math.isfinite(wide.required_tolerance):
        return wide
    beside = narrow.required_tolerance if narrow is not None else None
    if beside is not None and wide.required_tolerance <= SHRINKS * beside:
        return replace(
            wide,
            verdict="equal",
            reason=f"{beside:.3g} apart in float32, {wide.required_tolerance:.3g} in float64: rounding",
        )
    if wide.required_tolerance <= CONSTANT and not precise.lower:
        return replace(
            wide,
            verdict="equal",
            reason=f"{wide.required_tolerance:.3g} apart in float64: a constant that is held in float32",
        )
    if precise.lower and wide.required_tolerance <= TOLERANCES["float32"]:
        return replace(wide, reason="the ported layer computes in a lower precision than float64, which was asked for")
    return wide


def _narrow(found: Comparison, pair: Pair, truth: Pair, wide: Comparison) -> Comparison:
    """The verdict in a narrower dtype, beside that in float64."""
    if found.verdict != "different" or wide.verdict != "equal" or found.required_tolerance is None:
        return found
    if math.isinf(found.required_tolerance):
        return replace(found, reason=f"float64 agrees; {found.reason}")
    middle = (np.asarray(truth[0], np.float64) + np.asarray(truth[1], np.float64)) / 2
    original, ported = (_error(side, middle) for side in pair)
    said = f"off by {original:.3g} in the original, {ported:.3g} in the ported layer; float64 agrees"
    if ported > WORSE * original:
        return replace(found, reason=f"{said}: the ported layer loses digits")
    return replace(found, verdict="equal", reason=f"{said}: rounding")


def _error(array: Array, truth: Array) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(np.asarray(array, np.float64) - truth)
    return largest(apart)
