"""Changes that several faults make."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array

Call = dict[str, Any]
"""Every argument and parameter of a reference, by name."""


def tensor_float32(array: Array) -> Array:
    """Round to 10 bits of mantissa, as an NVIDIA GPU does with TF32."""
    if array.dtype.kind != "f":
        return array
    bits = np.asarray(array, np.float32).view(np.uint32)
    rounded = (bits + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)
    return rounded.view(np.float32).astype(array.dtype)


def single(array: Array | None) -> Array | None:
    """Round to float32."""
    return None if array is None else array.astype(np.float32)


def square_transposed(matrix: Array, one: int = 0, other: int = 1) -> Array:
    """Exchange two axes where that leaves the shape as it is, so that nobody notices; else leave them."""
    return matrix.swapaxes(one, other) if matrix.shape[one] == matrix.shape[other] else matrix


def interleaved(array: Array, axis: int, groups: int) -> Array:
    """Take the channels of an axis as group by group, ``g c``, where they are channel by channel, ``c g``."""
    size = array.shape[axis] // groups
    order = np.arange(array.shape[axis]).reshape(groups, size).T.ravel()
    return np.take(array, order, axis)


def plus(output: Array, bias: Array | None) -> Array:
    """Add a bias to the channels, the second axis."""
    return output if bias is None else output + bias.reshape(-1, *(1 for _ in output.shape[2:]))


def scaled(gradients: dict[str, Array], factor: float, *, only: str = "", but: str = "") -> dict[str, Array]:
    """Multiply one of the gradients by a factor, or all but one."""
    chosen = {name for name in gradients if name != but and only in ("", name)}
    return {name: value * factor if name in chosen else value for name, value in gradients.items()}


def zeroed(gradients: dict[str, Array], name: str) -> dict[str, Array]:
    """Stop the gradient of one argument."""
    return {**gradients, name: np.zeros_like(gradients[name])}
