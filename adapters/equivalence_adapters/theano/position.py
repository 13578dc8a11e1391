"""Position embeddings composed in Theano; Lasagne has no layer for them."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tensor = Lazy("theano.tensor")

_DOCS = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html"


def _angles(x: Any, positions: Any, features: Any, offset: int, base: float) -> Any:
    # In float64: in float32 an angle of hundreds has lost digits.
    exponents = -tensor.cast(tensor.arange(0, features, 2), "float64") / features
    frequencies = tensor.constant(base, dtype="float64") ** exponents
    angles = tensor.outer(tensor.cast(tensor.arange(positions) + offset, "float64"), frequencies)
    return tensor.cast(tensor.sin(angles), x.dtype), tensor.cast(tensor.cos(angles), x.dtype)


def _sinusoidal(x: Any, *, layout: str, offset: int, base: float) -> Any:
    waves = _angles(x, x.shape[1], x.shape[2], offset, base)
    if layout == "concat":
        return x + tensor.concatenate(waves, axis=1)
    return x + tensor.stack(waves, axis=2).reshape((x.shape[1], x.shape[2]))


sinusoidal_position_embedding = binding(
    _sinusoidal,
    docs=_DOCS,
    conventions={
        "layer": "none",
        "order of the features": "composed",
        "frequencies": "composed: base^(-2i/C)",
        "first position": "composed: 0",
    },
)


def _rotary(x: Any, *, pairing: str, offset: int, base: float) -> Any:
    sine, cosine = _angles(x, x.shape[2], x.shape[3], offset, base)
    half = x.shape[3] // 2
    one, other = (x[..., :half], x[..., half:]) if pairing == "half" else (x[..., ::2], x[..., 1::2])
    turned = [one * cosine - other * sine, other * cosine + one * sine]
    if pairing == "half":
        return tensor.concatenate(turned, axis=3)
    return tensor.stack(turned, axis=4).reshape(x.shape)


rotary_position_embedding = binding(
    _rotary,
    docs=_DOCS,
    conventions={
        "layer": "none",
        "pairs": "composed",
        "weights of the other pairing": "the rows of query and key projections have to be re-ordered",
        "default base": "composed",
        "axes": "composed: n m t d",
    },
)


def _learned(x: Any, weight: Any, mask: Any = None, *, offset: int) -> Any:
    if mask is None:
        return x + weight[offset : offset + x.shape[1]]
    counted = tensor.cast(mask, "int64")
    return x + weight[tensor.cumsum(counted, axis=1) * counted + offset - 1]


learned_position_embedding = binding(
    _learned,
    docs=_DOCS,
    conventions={
        "layer": "none; Lasagne's EmbeddingLayer of positions",
        "first position": "0",
        "padding": "counts",
        "gradient of padding's row": "as of others",
    },
)
