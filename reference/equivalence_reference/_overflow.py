"""Bounds of what may overflow on the way, though its result is a number of moderate size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from equivalence.propagation import propagated
from equivalence.rounding import Bound, Bounds, Instance, Precision


def overflowing(instance: Instance, precision: Precision) -> Bounds:
    """Bounds that say nothing once a step passes through more than the largest number.

    What overflows becomes infinity, or NaN where two such are subtracted, and does not stay it: relu makes 0 of minus
    infinity and, in some frameworks, of NaN; a quotient by infinity is 0. So the result may be finite and any number,
    which no rounding error of finite steps explains. In a wider format, the same numbers are compared as ever.
    """
    outputs, gradients = propagated(instance, precision)
    return _unbounded(outputs), _unbounded(gradients)


def _unbounded(bounds: Mapping[str, Bound]) -> dict[str, Bound]:
    """No bound where there is a peak: :func:`propagated` has one only if it is more than the largest number."""
    return {
        name: bound if bound.peak is None else replace(bound, error=np.full_like(bound.error, np.inf))
        for name, bound in bounds.items()
    }
