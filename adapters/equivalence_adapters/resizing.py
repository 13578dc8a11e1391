"""Weights of resizing for frameworks that cannot say an operation's convention in one word.

Functions of a :class:`~equivalence.binding.Context`, for a binding's ``recode``. They share no code with the references
on purpose: if either is wrong, the matrix shows it. In floating point, from the formulas of ONNX's Resize
(https://onnx.ai/onnx/operators/onnx__Resize.html).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from equivalence.binding import Context

Pair = tuple[int, int]
Matrix = tuple[tuple[float, ...], ...]


def target(context: Context) -> Pair:
    """Rows and columns of the output."""
    size, scale = context.parameters["size"], context.parameters["scale"]
    if size is not None:
        return (size[0], size[1])
    return (int(context.sizes["h"] * scale[0]), int(context.sizes["w"] * scale[1]))


def _sources(context: Context, axis: int) -> tuple[int, float, list[float]]:
    """Of one axis: its pixels, how many of them make one of the output, and where those of the output lie."""
    pixels, count = context.sizes["hw"[axis]], target(context)[axis]
    scale = context.parameters["scale"]
    ratio = pixels / count if scale is None else 1 / scale[axis]
    match context.parameters["coordinates"]:
        case "align_corners":
            return pixels, ratio, [at * (pixels - 1) / max(count - 1, 1) for at in range(count)]
        case "asymmetric":
            return pixels, ratio, [at * ratio for at in range(count)]
    return pixels, ratio, [(at + 0.5) * ratio - 0.5 for at in range(count)]


def nearest_pixels(context: Context) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which row, and which column, each pixel of the output is taken from."""
    rounding = context.parameters["rounding"]

    def along(axis: int) -> tuple[int, ...]:
        pixels, _, places = _sources(context, axis)
        # A place that is meant to be whole, or halfway, may come out beside it.
        near = [round(place, 9) for place in places]
        if rounding == "floor":
            chosen = [math.floor(place) for place in near]
        elif rounding == "round_half_up":
            chosen = [math.floor(place + 0.5) for place in near]
        else:
            chosen = [math.ceil(place - 0.5) for place in near]
        return tuple(sorted((0, pixel, pixels - 1))[1] for pixel in chosen)

    return along(0), along(1)


def linear_weights(context: Context) -> tuple[Matrix, Matrix]:
    """For rows and for columns, the matrix of linear interpolation."""
    antialias = context.parameters["antialias"]

    def weigh(distance: float) -> float:
        return 1 - distance if distance < 1 else 0.0

    return _matrix(context, 0, weigh, wide=antialias), _matrix(context, 1, weigh, wide=antialias)


def cubic_weights(context: Context) -> tuple[Matrix, Matrix]:
    """For rows and for columns, the matrix of cubic interpolation."""
    a, wide = context.parameters["coefficient"], context.parameters["antialias"]
    excluded = context.parameters["exclude_outside"]

    def weigh(distance: float) -> float:
        cube, square = distance**3, distance**2
        if distance < 1:
            return float((a + 2) * cube - (a + 3) * square + 1)
        return float(a * (cube - 5 * square + 8 * distance - 4)) if distance < 2 else 0.0  # noqa: PLR2004

    return (
        _matrix(context, 0, weigh, wide=wide, excluded=excluded),
        _matrix(context, 1, weigh, wide=wide, excluded=excluded),
    )


def _matrix(
    context: Context, axis: int, weigh: Callable[[float], float], *, wide: bool, excluded: bool = False
) -> Matrix:
    pixels, ratio, places = _sources(context, axis)
    stretch = max(ratio, 1.0) if wide else 1.0
    # Far enough that no kernel reaches further beyond the image.
    beyond = 3 * math.ceil(stretch)
    rows = []
    for place in places:
        row = [weigh(abs(pixel - place) / stretch) for pixel in range(-beyond, pixels + beyond)]
        before, inside, after = row[:beyond], row[beyond:-beyond], row[-beyond:]
        if not (wide or excluded):
            inside[0] += sum(before)
            inside[-1] += sum(after)
        rows.append(tuple(weight / sum(inside) for weight in inside))
    return tuple(rows)
