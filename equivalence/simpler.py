"""Simpler values for the arguments of a layer, of which their kinds allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.inputs import Array, Input, Integers, Lengths, Mask, Positive, Real

Simpler = Callable[[Input, Array, Mapping[str, Any]], Array]


def _least(kind: Input, array: Array, sizes: Mapping[str, Any]) -> Array:
    """The simplest value there is: zero, true, the lowest index, the full length."""
    value = {Mask: True, Integers: getattr(kind, "low", 0), Lengths: sizes.get(getattr(kind, "of", ""), 0)}
    return np.full_like(array, value.get(type(kind), 0))


def _next(kind: Input, array: Array, sizes: Mapping[str, Any]) -> Array:
    """One; the next to the lowest index."""
    del sizes
    return np.full_like(array, kind.low + 1) if isinstance(kind, Integers) else _number(kind, array, np.ones_like)


def _whole(kind: Input, array: Array, sizes: Mapping[str, Any]) -> Array:
    del sizes
    return _number(kind, array, np.round)


def _digit(kind: Input, array: Array, sizes: Mapping[str, Any]) -> Array:
    """One digit from 1 on, eighths below: numbers that float32 holds exactly."""
    del sizes
    return _number(kind, array, _rounded)


def _tenth(kind: Input, array: Array, sizes: Mapping[str, Any]) -> Array:
    del sizes
    return _number(kind, array, lambda array: _rounded(array / 10))


def _rounded(array: Array) -> Array:
    scale = 10.0 ** np.floor(np.log10(np.maximum(np.abs(array), 1e-300)))
    digit = np.where(np.abs(array) >= 1, np.round(array / scale) * scale, np.round(array * 8) / 8)
    return digit.astype(np.float32).astype(np.float64)


def _number(kind: Input, array: Array, change: Callable[[Array], Array]) -> Array:
    return change(array) if isinstance(kind, (Real, Positive)) else array


def rank(kind: Input, array: Array) -> Array:
    """How complicated each element is."""
    if isinstance(kind, Mask):
        return ~array
    if isinstance(kind, (Integers, Lengths)):
        return array if isinstance(kind, Integers) else -array
    return np.array([_length(repr(value)) for value in array.tolist()])


def _length(shown: str) -> int:
    """How long a number is, figures that are not zero counted twice."""
    return {"0.0": 0, "-0.0": 0, "1.0": 1}.get(shown, len(shown) + len(shown.strip("0.")))


def legal(kind: Input, array: Array) -> Array:
    """Which elements the kind of argument may hold."""
    if isinstance(kind, Positive):
        return array > 0
    if isinstance(kind, Real) and kind.low is not None and kind.high is not None:
        return (array >= kind.low) & (array <= kind.high)
    return np.isfinite(array) if array.dtype.kind == "f" else np.ones(array.shape, bool)


def valid(kind: Input, array: Array, sizes: Mapping[str, Any]) -> Array:
    """The nearest array that the kind of argument may be at these sizes.

    Raises:
        ValueError: if there is none.
    """
    if not array.size:
        return array
    if isinstance(kind, Integers):
        return _between(array, kind.low, _axes.evaluate(kind.below, sizes) - 1)
    if isinstance(kind, Lengths):
        array = _between(array, kind.low, sizes[kind.of])
        array.flat[int(np.argmax(array))] = sizes[kind.of]
    if isinstance(kind, Mask) and not kind.empty and array.ndim:
        array[..., 0] |= ~array.any(axis=-1)
    return array


def _between(array: Array, low: int, high: int) -> Array:
    if low > high:
        message = f"no whole number from {low} to {high}"
        raise ValueError(message)
    return np.clip(array, low, high)


SIMPLER: Sequence[Simpler] = (_least, _next, _whole, _digit, _tenth)
"""What makes values simpler, the simplest first."""
