"""Numbers that claims are computed with."""

from __future__ import annotations

import numpy as np

from equivalence.inputs import Array

ROUNDING = 1e-12
"""How far apart two ways to compute the same small whole numbers may be in float64."""


def normal(*shape: int, seed: int = 0) -> Array:
    """Standard normal numbers; another seed, other numbers."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def counting(*shape: int) -> Array:
    """0, 1, 2, ... in this shape."""
    return np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape)
