"""Arithmetic for poolings that a framework cannot say in one word: divisors of averages, and edges of regions.

Functions of a :class:`~equivalence.binding.Context`, for a binding's ``recode``. They share no code with the references
on purpose: if either is wrong, the matrix shows it.
"""

from __future__ import annotations

import math

from equivalence.binding import Context
from equivalence_adapters.padding import pooling_border, pooling_stride, rounded_pooling_border

Edges = tuple[tuple[int, int], ...]
"""Of the regions along one axis: the first pixel, and the one after the last."""


def divisors(context: Context) -> tuple[tuple[int, ...], ...]:
    """For each axis, how many pixels of each window count in its average; they multiply.

    Without ``count_include_pad`` those on the image count; with it those of the padding too, but not what rounding up
    adds to it.
    """
    stride, window = pooling_stride(context), context.parameters["window"]
    asked, whole = pooling_border(context), rounded_pooling_border(context)
    image = [context.sizes[letter] for letter in "dhw" if letter in context.sizes]
    found = []
    for size, taps, step, (before, after), (_, end) in zip(image, window, stride, asked, whole, strict=True):
        counts = [0] * before + [1] * size + [0] * end
        if context.parameters["count_include_pad"]:
            counts[:before], counts[before + size :] = [1] * before, [1] * after + [0] * (end - after)
        found.append(tuple(sum(counts[at : at + taps]) for at in range(0, len(counts) - taps + 1, step)))
    return tuple(found)


def volume(context: Context) -> int:
    """The number of pixels in a window."""
    return math.prod(context.parameters["window"])


def edges(pixels: int, parts: int) -> Edges:
    """Where adaptive pooling cuts an axis: each part from its first pixel to the last that it reaches into.

    Source: https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/AdaptivePooling.h
    """
    return tuple((math.floor(part * pixels / parts), math.ceil((part + 1) * pixels / parts)) for part in range(parts))


def averaging_weights(pixels: int, parts: int) -> tuple[tuple[float, ...], ...]:
    """A matrix, a row for each part, whose product with the pixels is their averages."""
    return tuple(
        tuple(1 / (last - first) if first <= pixel < last else 0.0 for pixel in range(pixels))
        for first, last in edges(pixels, parts)
    )


def adaptive_weights(context: Context) -> tuple[tuple[tuple[float, ...], ...], ...]:
    """The matrix of each axis for the case's ``size``."""
    image = [context.sizes[letter] for letter in "dhw" if letter in context.sizes]
    return tuple(
        averaging_weights(pixels, parts) for pixels, parts in zip(image, context.parameters["size"], strict=True)
    )


def pyramid(context: Context) -> tuple[tuple[tuple[int, int], tuple[int, int]], ...]:
    """The regions of all levels of a spatial pyramid, row by row: first and last row, first and last column."""
    h, w = context.sizes["h"], context.sizes["w"]
    return tuple(
        (rows, columns)
        for level in context.parameters["levels"]
        for rows in edges(h, level)
        for columns in edges(w, level)
    )


def unpadded(context: Context) -> Context:
    """The case of a pooling that has no parameter for its padding."""
    return Context({**context.parameters, "padding": "valid"}, context.sizes)
