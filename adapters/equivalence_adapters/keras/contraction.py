"""Keras's contraction of two batches."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

layers = Lazy("keras.layers")


def _batch_dot(x: Any, y: Any, *, axes: int | tuple[int, int]) -> Any:
    return layers.Dot(axes, dtype=x.dtype.name)([x, y])


# The layer has no default, and sums over one axis of each input.
batch_dot = binding(
    _batch_dot,
    docs="https://keras.io/api/layers/merging_layers/dot/",
    only={"axes": [1, (1, 2), (2, 2)]},
    conventions={
        "batch axes": "the first",
        "axes as a number": "names that axis of both",
        "default axes": "none: they must be given",
        "nothing left but the batch": "n 1",
    },
)
