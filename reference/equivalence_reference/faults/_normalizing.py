"""What faults of several normalizations share: axes, scale and shift."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._standardizing import spread


def axes_of(name: str, x: Array) -> tuple[int, ...]:
    """The axes of a mean, for those normalizations that have one and no groups."""
    return (0, *range(2, x.ndim)) if name.startswith("batch") else tuple(range(2, x.ndim))


def parameter_axes(name: str, x: Array) -> tuple[int, ...]:
    return tuple(range(2, x.ndim)) if name == "layer_norm" else (1,)


def with_affine(name: str, values: Array, call: dict[str, Any]) -> Array:
    axes = parameter_axes(name, values)
    for key, combine in (("scale", np.multiply), ("shift", np.add)):
        if call.get(key) is not None:
            values = combine(values, spread(call[key], values, axes))
    return values
