"""Slow, literal loops for linear operations: one product after the other, in plain Python numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_ACTIVATIONS: dict[str, Any] = {"linear": float, "relu": lambda z: max(z, 0.0), "tanh": np.tanh}


def dense(x: Array, weight: Array, bias: Array | None = None, *, activation: str) -> Array:
    """Sum over the channels of each row."""
    result = np.zeros((*x.shape[:-1], len(weight)))
    for place in np.ndindex(x.shape[:-1]):
        result[place] = layer(weight, bias, [float(value) for value in x[place]], activation)
    return result


def layer(matrix: Array, added: Array | None, values: list[float], activation: str) -> list[float]:
    """One dense layer on one row of channels."""
    sums = []
    for unit, row in enumerate(matrix):
        total = 0.0 if added is None else float(added[unit])
        for number, value in zip(row, values, strict=True):
            total += float(number) * value
        sums.append(float(_ACTIVATIONS[activation](total)))
    return sums


def bilinear(x: Array, y: Array, weight: Array, bias: Array | None = None) -> Array:
    """Add up a weighted product for every two channels."""
    result = np.zeros((*x.shape[:-1], len(weight)))
    for *place, o in np.ndindex(result.shape):
        total = 0.0 if bias is None else float(bias[o])
        for c, d in np.ndindex(x.shape[-1], y.shape[-1]):
            total += float(x[(*place, c)]) * float(weight[o, c, d]) * float(y[(*place, d)])
        result[(*place, o)] = total
    return result
