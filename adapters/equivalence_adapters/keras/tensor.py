"""Keras's reshaping layers."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

layers = Lazy("keras.layers")


def _flatten(x: Any) -> Any:
    return layers.Flatten(data_format="channels_first", dtype=x.dtype.name)(x)


# On channels that come first, Flatten puts them last before it flattens: weights fit either layout.
flatten = binding(
    _flatten,
    docs="https://keras.io/api/layers/reshaping_layers/flatten/",
    rename={"channels": None},
    only={"channels": ["last"]},
    conventions={
        "order on the framework's layout": "h w c, whatever data_format says x is",
        "axes kept": "the batch's",
    },
)
