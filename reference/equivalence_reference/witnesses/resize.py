"""Slow, literal resizing, one output pixel at a time: witnesses that share no line with the references.

Positions are plain Python numbers; every output pixel looks at the image itself, no matrix is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Weights = list[tuple[int, float]]
_TINY = 1e-9
"""Positions are computed in floating point: two that are closer than this are meant to be equal."""


def _position(index: int, pixels: int, count: int, factor: float | None, coordinates: str) -> float:
    """Where an output pixel lies, as ONNX's Resize writes it down for its coordinate transformation modes."""
    if coordinates == "align_corners":
        return 0.0 if count == 1 else index * (pixels - 1) / (count - 1)
    scale = count / pixels if factor is None else factor
    return index / scale if coordinates == "asymmetric" else (index + 0.5) / scale - 0.5


def _resized(x: Array, size: Any, scale: Any, coordinates: str, weigh: Callable[[float, int, float], Weights]) -> Array:
    def along(axis: int) -> Iterator[Weights]:
        pixels = x.shape[2 + axis]
        count = math.floor(pixels * scale[axis]) if size is None else size[axis]
        shrunk = pixels / count if scale is None else 1 / scale[axis]
        for index in range(count):
            place = _position(index, pixels, count, None if scale is None else scale[axis], coordinates)
            yield weigh(place, pixels, shrunk)

    rows, columns = list(along(0)), list(along(1))
    y = np.zeros((*x.shape[:2], len(rows), len(columns)))
    for n, c, i, j in np.ndindex(*y.shape):
        y[n, c, i, j] = sum(p * q * float(x[n, c, row, column]) for row, p in rows[i] for column, q in columns[j])
    return y


def resize_nearest(
    x: Array, *, size: Any = None, scale: Any = None, coordinates: str = "half_pixel", rounding: str = "round_half_up"
) -> Array:
    """Try every pixel: the nearest one wins, and of two as near the one that the rounding says."""

    def weigh(place: float, pixels: int, shrunk: float) -> Weights:  # noqa: ARG001
        if rounding == "floor":
            below = [pixel for pixel in range(pixels) if pixel <= place + _TINY]
            return [(max(below, default=0), 1.0)]
        nearest = min(abs(pixel - place) for pixel in range(pixels))
        as_near = [pixel for pixel in range(pixels) if abs(pixel - place) <= nearest + _TINY]
        return [((max if rounding == "round_half_up" else min)(as_near), 1.0)]

    return _resized(x, size, scale, coordinates, weigh)


def _widened(place: float, pixels: int, shrunk: float, kernel: Callable[[float], float]) -> Weights:
    """A kernel that is as wide as the output's pixels are, over those of the image only."""
    width = max(shrunk, 1.0)
    weights = [kernel(abs(pixel - place) / width) for pixel in range(pixels)]
    return [(pixel, weight / sum(weights)) for pixel, weight in enumerate(weights)]


def resize_bilinear(
    x: Array, *, size: Any = None, scale: Any = None, coordinates: str = "half_pixel", antialias: bool = False
) -> Array:
    """Between two pixels, as much of each as the other is away; beyond the first or last, that one."""

    def weigh(place: float, pixels: int, shrunk: float) -> Weights:
        if antialias:
            return _widened(place, pixels, shrunk, lambda distance: max(0.0, 1 - distance))
        place = min(max(place, 0.0), pixels - 1.0)
        first = int(place)
        return [(first, first + 1 - place), (min(first + 1, pixels - 1), place - first)]

    return _resized(x, size, scale, coordinates, weigh)


def _keys(a: float) -> Callable[[float], float]:
    def kernel(d: float) -> float:
        if d >= 2:  # noqa: PLR2004 - as in Keys's equation
            return 0.0
        return (a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a

    return kernel


def resize_bicubic(
    x: Array,
    *,
    size: Any = None,
    scale: Any = None,
    coordinates: str = "half_pixel",
    coefficient: float = -0.75,
    exclude_outside: bool = False,
    antialias: bool = False,
) -> Array:
    """The four pixels around each position by their distance; outside is the edge, or nothing."""
    kernel = _keys(coefficient)

    def weigh(place: float, pixels: int, shrunk: float) -> Weights:
        if antialias:
            return _widened(place, pixels, shrunk, kernel)
        first = math.floor(place + _TINY) - 1
        taps = [(tap, kernel(abs(tap - place))) for tap in range(first, first + 4)]
        if exclude_outside:
            taps = [(tap, weight) for tap, weight in taps if 0 <= tap < pixels]
            return [(tap, weight / sum(other for _, other in taps)) for tap, weight in taps]
        return [(min(max(tap, 0), pixels - 1), weight) for tap, weight in taps]

    return _resized(x, size, scale, coordinates, weigh)


def grid_sample(
    x: Array, grid: Array, *, mode: str = "bilinear", padding: str = "zeros", align_corners: bool = False
) -> Array:
    """Follow each point of the grid to the four pixels around it, or to the nearest."""
    (_, channels, h, w), (batch, high, wide, _) = x.shape, grid.shape
    y = np.zeros((batch, channels, high, wide))
    for n, i, j in np.ndindex(batch, high, wide):
        across, down = (float(one) for one in grid[n, i, j])
        column = (across + 1) * (w - 1) / 2 if align_corners else (across + 1) * w / 2 - 0.5
        row = (down + 1) * (h - 1) / 2 if align_corners else (down + 1) * h / 2 - 0.5
        if padding == "border":
            row, column = min(max(row, 0.0), h - 1.0), min(max(column, 0.0), w - 1.0)
        if mode == "nearest":
            row, column = float(round(row)), float(round(column))
        top, left = math.floor(row), math.floor(column)
        for p, q in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
            if 0 <= p < h and 0 <= q < w:
                y[n, :, i, j] += (1 - abs(row - p)) * (1 - abs(column - q)) * x[n, :, p, q]
    return y
