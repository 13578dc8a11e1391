"""Keras's adaptive pooling, which ``tf.nn`` does not have: channels last."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

layers = Lazy("keras.layers")

_REGIONS = {
    "regions": "from the rounded down to the rounded up edge: they overlap where the size does not divide",
    "layer": "AdaptiveAveragePooling",
}


def _adaptive_avg_pool1d(x: Any, *, size: tuple[int]) -> Any:
    return layers.AdaptiveAveragePooling1D(size, data_format="channels_last", dtype=x.dtype.name)(x)


adaptive_avg_pool1d = binding(
    _adaptive_avg_pool1d,
    docs="https://keras.io/api/layers/pooling_layers/adaptive_average_pooling1d/",
    x="n w c",
    output="n j c",
    conventions=_REGIONS,
)


def _adaptive_avg_pool2d(x: Any, *, size: tuple[int, int]) -> Any:
    return layers.AdaptiveAveragePooling2D(size, data_format="channels_last", dtype=x.dtype.name)(x)


adaptive_avg_pool2d = binding(
    _adaptive_avg_pool2d,
    docs="https://keras.io/api/layers/pooling_layers/adaptive_average_pooling2d/",
    x="n h w c",
    output="n i j c",
    conventions=_REGIONS,
)
