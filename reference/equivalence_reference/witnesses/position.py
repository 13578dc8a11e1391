"""Slow, literal position embeddings."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def sinusoidal(x: Array, *, layout: str, offset: int, base: float) -> Array:
    """Which wave a feature has, and whether it is its sine or its cosine."""
    features = x.shape[2]
    result = np.array(x)
    for n, t, c in np.ndindex(x.shape):
        pair, second = divmod(c, 2) if layout == "interleave" else divmod(c, features // 2)[::-1]
        angle = (t + offset) / base ** (2 * pair / features)
        result[n, t, c] += math.cos(angle) if second else math.sin(angle)
    return result


def rotary(x: Array, *, pairing: str, offset: int, base: float) -> Array:
    """The first of a pair is a number's real part, the second its imaginary part."""
    features = x.shape[3]
    result = np.array(x)
    for n, m, t, i in np.ndindex(*x.shape[:3], features // 2):
        one, other = (i, features // 2 + i) if pairing == "half" else (2 * i, 2 * i + 1)
        turn = cmath.exp(1j * (t + offset) / base ** (2 * i / features))
        turned = complex(x[n, m, t, one], x[n, m, t, other]) * turn
        result[n, m, t, one], result[n, m, t, other] = turned.real, turned.imag
    return result


def learned(x: Array, weight: Array, mask: Array | None = None, *, offset: int) -> Array:
    """A counter for each sequence."""
    result = np.array(x)
    for n in range(len(x)):
        position = offset
        for t in range(x.shape[1]):
            padding = mask is not None and not mask[n, t]
            result[n, t] += weight[offset - 1 if padding else position]
            position += 0 if padding else 1
    return result
