"""Normalizations one set of numbers after the other, with Python's own arithmetic."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Place = tuple[Any, ...]


def _mean(numbers: Iterable[float]) -> float:
    kept = [float(number) for number in numbers]
    return math.fsum(kept) / len(kept)


def _moments(numbers: Iterable[float]) -> tuple[float, float]:
    """The mean, and the mean of the squared distances to it."""
    kept = [float(number) for number in numbers]
    middle = _mean(kept)
    return middle, _mean((number - middle) ** 2 for number in kept)


def _affine(value: float, place: Place, scale: Array | None, shift: Array | None) -> float:
    if scale is not None:
        value *= float(scale[place])
    return value if shift is None else value + float(shift[place])


def _pixels(x: Array, n: int, c: int) -> Iterator[Place]:
    return ((n, c, *pixel) for pixel in np.ndindex(x.shape[2:]))


def batch_norm(
    x: Array, mean: Array, variance: Array, scale: Array | None = None, shift: Array | None = None, *, epsilon: float
) -> Array:
    """Each number by itself, with its channel's statistics."""
    result = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        c = place[1]
        deviation = math.sqrt(float(variance[c]) + epsilon)
        result[place] = _affine((float(x[place]) - float(mean[c])) / deviation, (c,), scale, shift)
    return result


def batch_norm_training(
    x: Array,
    mean: Array,
    variance: Array,
    scale: Array | None = None,
    shift: Array | None = None,
    *,
    epsilon: float,
    decay: float,
    unbiased: bool,
) -> dict[str, Array]:
    """Collect the numbers of each channel, then treat it as one list."""
    y, new_mean, new_variance = np.zeros(x.shape), np.zeros(mean.shape), np.zeros(mean.shape)
    for c in range(x.shape[1]):
        places = [place for n in range(x.shape[0]) for place in _pixels(x, n, c)]
        middle, spread = _moments(float(x[place]) for place in places)
        for place in places:
            y[place] = _affine((float(x[place]) - middle) / math.sqrt(spread + epsilon), (c,), scale, shift)
        if unbiased:
            spread = spread * len(places) / (len(places) - 1)
        new_mean[c] = decay * float(mean[c]) + (1 - decay) * middle
        new_variance[c] = decay * float(variance[c]) + (1 - decay) * spread
    return {"y": y, "new_mean": new_mean, "new_variance": new_variance}


def layer_norm(x: Array, scale: Array | None = None, shift: Array | None = None, *, epsilon: float) -> Array:
    """One position of each example after the other."""
    result = np.zeros(x.shape)
    for position in np.ndindex(x.shape[:2]):
        middle, spread = _moments(x[position].flat)
        for place in np.ndindex(x.shape[2:]):
            value = (float(x[position][place]) - middle) / math.sqrt(spread + epsilon)
            result[position][place] = _affine(value, place, scale, shift)
    return result


def group_norm(
    x: Array, scale: Array | None = None, shift: Array | None = None, *, groups: int, epsilon: float
) -> Array:
    """One group of each example's channels after the other: the first group has the first channels."""
    result, each = np.zeros(x.shape), x.shape[1] // groups
    for n, group in np.ndindex(x.shape[0], groups):
        channels = range(group * each, (group + 1) * each)
        places = list(itertools.chain.from_iterable(_pixels(x, n, c) for c in channels))
        middle, spread = _moments(float(x[place]) for place in places)
        for place in places:
            value = (float(x[place]) - middle) / math.sqrt(spread + epsilon)
            result[place] = _affine(value, (place[1],), scale, shift)
    return result


def instance_norm(x: Array, scale: Array | None = None, shift: Array | None = None, *, epsilon: float) -> Array:
    """One channel of each example after the other."""
    result = np.zeros(x.shape)
    for n, c in np.ndindex(x.shape[:2]):
        middle, spread = _moments(x[n, c].flat)
        for place in _pixels(x, n, c):
            value = (float(x[place]) - middle) / math.sqrt(spread + epsilon)
            result[place] = _affine(value, (c,), scale, shift)
    return result


def rms_norm(x: Array, scale: Array | None = None, *, epsilon: float) -> Array:
    """One vector after the other."""
    result = np.zeros(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        root = math.sqrt(_mean(float(number) ** 2 for number in x[place]) + epsilon)
        for d in range(x.shape[-1]):
            result[(*place, d)] = _affine(float(x[(*place, d)]) / root, (d,), scale, None)
    return result


def l2_normalize(x: Array, *, axis: int, epsilon: float, placement: str) -> Array:
    """One vector after the other: its length by ``hypot``, which squares nothing that could vanish."""
    result = np.array(x, np.float64)
    vectors = np.moveaxis(result, axis, -1)
    for place in np.ndindex(vectors.shape[:-1]):
        length = math.hypot(*vectors[place])
        if placement == "max_of_norm":
            divisor = max(length, epsilon)
        elif placement == "added_to_norm":
            divisor = length + epsilon
        elif placement == "max_of_sum":
            divisor = max(length, math.sqrt(epsilon))
        else:
            divisor = math.hypot(length, math.sqrt(epsilon))
        vectors[place] = [float(number) / divisor for number in vectors[place]]
    return result


def local_response_norm(x: Array, *, size: int, alpha: float, beta: float, k: float, divided: bool) -> Array:
    """For each number, the squares of those channels beside it that exist."""
    result = np.zeros(x.shape)
    for n, c, h, w in np.ndindex(x.shape):
        total = 0.0
        for other in range(c - size // 2, c - size // 2 + size):
            if 0 <= other < x.shape[1]:
                total += float(x[n, other, h, w]) ** 2
        factor = alpha / size if divided else alpha
        result[n, c, h, w] = float(x[n, c, h, w]) * math.exp(-beta * math.log(k + factor * total))
    return result
