"""Position embeddings composed in TensorFlow, which has none of its own."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")

_DOCS = "https://www.tensorflow.org/api_docs/python/tf/"


def _angles(x: Any, positions: int, features: int, offset: int, base: float) -> Any:
    # In float64: in float32 an angle of hundreds has lost digits.
    exponents = -tf.range(0, features, 2, tf.float64) / features
    frequencies = tf.constant(base, tf.float64) ** exponents
    angles = tf.range(offset, offset + positions, dtype=tf.float64)[:, None] * frequencies
    return tf.cast(tf.sin(angles), x.dtype), tf.cast(tf.cos(angles), x.dtype)


def _sinusoidal(x: Any, *, layout: str, offset: int, base: float) -> Any:
    waves = _angles(x, x.shape[1], x.shape[2], offset, base)
    return x + (tf.concat(waves, -1) if layout == "concat" else tf.reshape(tf.stack(waves, -1), x.shape[1:]))


sinusoidal_position_embedding = binding(
    _sinusoidal,
    docs=_DOCS + "concat",
    conventions={
        "layer": "none; SinePositionEncoding of KerasHub, which does not add",
        "order of the features": "composed; by turns in KerasHub, sines first in tensor2tensor",
        "frequencies": "composed: base^(-2i/C); tensor2tensor's last one is exactly 1 / base",
        "first position": "composed: 0; start_index in KerasHub",
    },
)


def _rotary(x: Any, *, pairing: str, offset: int, base: float) -> Any:
    sine, cosine = _angles(x, x.shape[2], x.shape[3], offset, base)
    if pairing == "half":
        one, other = tf.split(x, 2, -1)
        return tf.concat([one * cosine - other * sine, other * cosine + one * sine], -1)
    one, other = x[..., ::2], x[..., 1::2]
    return tf.reshape(tf.stack([one * cosine - other * sine, other * cosine + one * sine], -1), x.shape)


rotary_position_embedding = binding(
    _rotary,
    docs=_DOCS + "stack",
    conventions={
        "layer": "none; RotaryEmbedding of KerasHub",
        "pairs": "composed; halves in KerasHub",
        "weights of the other pairing": "the rows of query and key projections have to be re-ordered",
        "default base": "composed; 10000 (max_wavelength) in KerasHub",
        "axes": "composed: n m t d; sequence_axis and feature_axis in KerasHub",
    },
)


def _learned(x: Any, weight: Any, mask: Any = None, *, offset: int) -> Any:
    if mask is None:
        return x + weight[offset : offset + x.shape[1]]
    counted = tf.cast(mask, tf.int32)
    return x + tf.gather(weight, tf.cumsum(counted, axis=1) * counted + offset - 1)


learned_position_embedding = binding(
    _learned,
    docs=_DOCS + "gather",
    conventions={
        "layer": "none; PositionEmbedding of KerasHub, which does not add",
        "first position": "0; start_index in KerasHub",
        "padding": "counts",
        "gradient of padding's row": "as of others",
    },
)
