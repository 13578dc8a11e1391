"""Slow, literal loops for contractions: every product of two numbers is added where it belongs, one after the other."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Place = tuple[int, ...]


def places(array: Array) -> list[Place]:
    """All indices of an array."""
    return list(np.ndindex(array.shape))


def dot(x: Array, y: Array) -> Array:
    """Add up the products of numbers whose summed index is the same."""
    result = np.zeros((*x.shape[:-1], *y.shape[:-2], y.shape[-1]))
    for of_x, of_y in product(places(x), places(y)):
        if of_x[-1] == of_y[-2]:
            result[(*of_x[:-1], *of_y[:-2], of_y[-1])] += float(x[of_x]) * float(y[of_y])
    return result


def batch_dot(x: Array, y: Array, *, axes: Any) -> Array:
    """Add up the products of numbers of the same example whose summed indices are the same."""
    if axes is None:
        axes = (x.ndim - 1, 1 if y.ndim == 2 else y.ndim - 2)  # noqa: PLR2004 - a batch of vectors has one axis to sum
    first, second = (axes, axes) if isinstance(axes, int) else axes
    first, second = ([entry] if isinstance(entry, int) else list(entry) for entry in (first, second))
    free_x = [axis for axis in range(x.ndim) if axis not in first]
    free_y = [axis for axis in range(1, y.ndim) if axis not in second]
    result = np.zeros([*(x.shape[axis] for axis in free_x), *(y.shape[axis] for axis in free_y)])
    for of_x, of_y in product(places(x), places(y)):
        if of_x[0] == of_y[0] and [of_x[axis] for axis in first] == [of_y[axis] for axis in second]:
            place = [*(of_x[axis] for axis in free_x), *(of_y[axis] for axis in free_y)]
            result[tuple(place)] += float(x[of_x]) * float(y[of_y])
    return result if result.ndim > 1 else np.stack([result], axis=1)


def matmul(x: Array, y: Array) -> Array:
    """Multiply the two matrices of each batch index; an axis of one has the same matrix for every index."""
    longer = max(x.ndim, y.ndim) - 2
    batch = [max(_size(x, axis - longer), _size(y, axis - longer)) for axis in range(longer)]
    result = np.zeros((*batch, x.shape[-2], y.shape[-1]))
    for *at, a, b in np.ndindex(result.shape):
        first, second = _matrix(x, at), _matrix(y, at)
        result[(*at, a, b)] = sum(float(first[a, c]) * float(second[c, b]) for c in range(x.shape[-1]))
    return result


def _size(array: Array, axis: int) -> int:
    """The size of a batch axis, counted from the last; one if there is none."""
    return array.shape[array.ndim - 2 + axis] if array.ndim - 2 + axis >= 0 else 1


def _matrix(array: Array, at: list[int]) -> Array:
    own = at[len(at) - (array.ndim - 2) :]
    return np.asarray(array[tuple(0 if array.shape[axis] == 1 else index for axis, index in enumerate(own))])


def einsum(x: Array, y: Array | None = None, *, equation: str) -> Array:
    """Let every label run through its indices, and add the product of the numbers there to its place."""
    left, arrow, result_labels = equation.partition("->")
    operands = list(zip(left.split(","), [x] if y is None else [x, y], strict=True))
    if not arrow:
        letters = left.replace(",", "")
        result_labels = "".join(sorted(label for label in letters if letters.count(label) == 1))
    sizes = {label: size for labels, array in operands for label, size in zip(labels, array.shape, strict=True)}
    result = np.zeros([sizes[label] for label in result_labels])
    for indices in product(*(range(size) for size in sizes.values())):
        at = dict(zip(sizes, indices, strict=True))
        term = 1.0
        for labels, array in operands:
            term *= float(array[tuple(at[label] for label in labels)])
        result[tuple(at[label] for label in result_labels)] += term
    return result


def capsule_predictions(weight: Array, u: Array) -> Array:
    """Multiply the matrix of each pair of capsules with the vector of the lower one, row by row."""
    lower, upper, rows, columns = weight.shape
    result = np.zeros((len(u), lower, upper, rows))
    for n, i, j, k in np.ndindex(result.shape):
        result[n, i, j, k] = sum(float(weight[i, j, k, l]) * float(u[n, i, l]) for l in range(columns))
    return result


def batched_matvec(matrix: Array, vector: Array) -> Array:
    """Multiply the matrices with the vectors of the same place, row by row."""
    result = np.zeros(matrix.shape[:-1])
    for *at, o in np.ndindex(result.shape):
        for c in range(matrix.shape[-1]):
            result[(*at, o)] += float(matrix[(*at, o, c)]) * float(vector[(*at, c)])
    return result
