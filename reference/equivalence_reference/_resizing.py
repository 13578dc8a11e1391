"""Where the pixels of a resized image lie on the original, and how much of each original pixel they take.

Along each axis, an output pixel is a weighted sum of input pixels: the rows of a matrix say the weights. Positions are
fractions, so that a pixel exactly between two others is exactly between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from equivalence.errors import ParameterError
from equivalence.inputs import Array
from equivalence.propagation import propagated
from equivalence.rounding import Bound, Bounds, Instance, Precision, Rounding
from equivalence_reference._arguments import known, per_axis

COORDINATES = ("half_pixel", "align_corners", "asymmetric")
Pair = tuple[int, int]
Scales = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """One axis of an image that is resized.

    Args:
        pixels: of the image.
        step: from one output pixel to the next, in pixels of the image.
        positions: of the output pixels, where 0 is the middle of the first pixel of the image.
    """

    pixels: int
    step: Fraction
    positions: tuple[Fraction, ...]


def axes(
    operation: str, image: tuple[int, ...], size: Pair | None, scale: Scales | None, coordinates: str
) -> tuple[Axis, ...]:
    """Lay the output's pixels over the image.

    Raises:
        ParameterError: if not just one of ``size`` and ``scale`` is given, or one is none.
    """
    known(f"coordinates of {operation}", coordinates, COORDINATES)
    if (size is None) == (scale is None):
        raise ParameterError(
            f"size and scale of {operation}", expected="one of the two", got=f"{size} and {scale}", fix="Leave one out."
        )
    if size is not None:
        sizes = per_axis(f"size of {operation}", size, 2, least=1)
        steps = [Fraction(pixels, count) for pixels, count in zip(image, sizes, strict=True)]
    else:
        steps = [1 / factor for factor in _factors(operation, scale)]
        sizes = tuple(math.floor(pixels / step) for pixels, step in zip(image, steps, strict=True))
        if min(sizes) < 1:
            raise ParameterError(
                f"scale of {operation}",
                expected="at least one pixel that is left",
                got=scale,
                fix="Use a larger scale.",
            )
    return tuple(_axis(*one, coordinates) for one in zip(image, sizes, steps, strict=True))


def _factors(operation: str, scale: object) -> list[Fraction]:
    if not isinstance(scale, tuple) or len(scale) != len("hw") or not all(one > 0 for one in scale):
        raise ParameterError(
            f"scale of {operation}", expected="two positive numbers", got=scale, fix="Give one for rows and columns."
        )
    # A scale of 1.3 means 13/10, not the binary fraction that is nearest to it.
    return [Fraction(factor).limit_denominator(10**6) for factor in scale]


def _axis(pixels: int, count: int, step: Fraction, coordinates: str) -> Axis:
    match coordinates:
        case "align_corners":
            step = Fraction(pixels - 1, count - 1) if count > 1 else Fraction(0)
            return Axis(pixels, step, tuple(index * step for index in range(count)))
        case "asymmetric":
            return Axis(pixels, step, tuple(index * step for index in range(count)))
    half = Fraction(1, 2)
    return Axis(pixels, step, tuple((index + half) * step - half for index in range(count)))


def nearest(axis: Axis, rounding: str) -> list[int]:
    """The nearest pixel of each position."""
    half = Fraction(1, 2)
    whole: Callable[[Fraction], int] = {
        "floor": math.floor,
        "round_half_down": lambda place: math.ceil(place - half),
        "round_half_up": lambda place: math.floor(place + half),
    }[rounding]
    return [min(max(whole(position), 0), axis.pixels - 1) for position in axis.positions]


def interpolating(
    axis: Axis, kernel: Callable[[float], float], reach: int, *, antialias: bool, exclude_outside: bool
) -> Array:
    """The matrix that weighs the pixels around each position by their distance.

    Args:
        axis: the pixels and positions.
        kernel: the weight at a distance.
        reach: the distance, in pixels, beyond which the weight is 0.
        antialias: make the kernel as many times wider as the output has fewer pixels.
        exclude_outside: share the weight of what lies outside among the pixels of the image, in place of giving it to
            the pixel on the edge.
    """
    width = max(axis.step, Fraction(1)) if antialias else Fraction(1)
    matrix = np.zeros((len(axis.positions), axis.pixels))
    for row, position in enumerate(axis.positions):
        for tap in range(math.ceil(position - reach * width), math.floor(position + reach * width) + 1):
            inside = min(max(tap, 0), axis.pixels - 1)
            if inside == tap or not (antialias or exclude_outside):
                matrix[row, inside] += kernel(float((tap - position) / width))
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def everywhere(distance: float) -> float:  # noqa: ARG001 - a kernel like the others
    """The same weight at any distance."""
    return 1.0


def linear(distance: float) -> float:
    """A triangle of width 2."""
    return max(1 - abs(distance), 0.0)


def cubic(coefficient: float) -> Callable[[float], float]:
    """Keys's kernel: a cubic on each side of distance 1, and 0 from distance 2 on."""

    def kernel(distance: float) -> float:
        d = abs(distance)
        if d < 1:
            return ((coefficient + 2) * d - (coefficient + 3)) * d * d + 1
        return coefficient * (((d - 5) * d + 8) * d - 4) if d < 2 else 0.0  # noqa: PLR2004 - as in the equation

    return kernel


def applied(x: Array, rows: Array, columns: Array) -> Array:
    """Resize both axes: ``n c h w`` with ``i h`` and ``j w`` to ``n c i j``."""
    down = np.einsum("ih,nchw->nciw", rows.astype(x.dtype), x)
    return np.asarray(np.einsum("jw,nciw->ncij", columns.astype(x.dtype), down))


def weighed(weights: Callable[..., list[Array]], taps: Callable[..., list[Array]]) -> Rounding:
    r"""Bounds of a resizing, whose weights are rounded too.

    A position among :math:`n` pixels is off by a few :math:`n u`, and its weights by no more than twice as much. Where
    that is a lot beside the weight itself, such as next to a pixel, following the sums alone would miss it:

    .. math:: |\delta y| \le 8 u \Big( n_h\, T |x| |W'|^\top + n_w\, |W| |x| T'^\top \Big)

    with the pixels :math:`n_h, n_w` along each axis, the weights :math:`W, W'` of rows and columns, and 1 in
    :math:`T, T'` wherever there may be one.

    Args:
        weights: the matrices, from the image and the parameters.
        taps: those of the same shape that have 1 wherever there may be a weight.
    """

    def bounds(instance: Instance, precision: Precision) -> Bounds:
        outputs, gradients = propagated(instance, precision)
        x = instance.arrays["x"]
        (rows, columns), reached = weights(x, **instance.settings), taps(x, **instance.settings)
        matrices = np.abs(rows), np.abs(columns), *reached
        found = _with_weights(outputs["output"], np.abs(x), matrices, precision)
        if not instance.cotangents:
            return {"output": found}, gradients
        back = np.abs(instance.cotangents["output"])
        turned = tuple(matrix.T for matrix in matrices)
        return {"output": found}, {"x": _with_weights(gradients["x"], back, turned, precision)}

    return bounds


def _with_weights(bound: Bound, sizes: Array, matrices: tuple[Array, ...], precision: Precision) -> Bound:
    rows, columns, down, across = matrices
    off = max(rows.shape) * applied(sizes, down, columns) + max(columns.shape) * applied(sizes, rows, across)
    return Bound(bound.error + 8 * precision.unit * off, bound.magnitude, bound.peak)
