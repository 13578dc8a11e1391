"""TensorFlow's indices."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")


def _gather(x: Any, indices: Any, *, axis: int, mode: str) -> Any:
    # On the CPU, tf.gather raises for an index out of range: every mode but its own is made of indices in range.
    size = x.shape[axis]
    if mode == "wrap":
        return tf.gather(x, tf.math.floormod(indices, size), axis=axis)
    counted = tf.where(indices < 0, indices + size, indices) if mode == "from_end" else indices
    taken = tf.gather(x, tf.clip_by_value(counted, 0, size - 1), axis=axis)
    if mode == "clip":
        return taken
    before = axis % len(x.shape)
    inside = tf.reshape(
        (counted >= 0) & (counted < size), [1] * before + indices.shape + [1] * (len(x.shape) - before - 1)
    )
    return tf.where(inside, taken, tf.zeros((), x.dtype))


def _argmax(x: Any, *, axis: int | None, keepdims: bool) -> Any:
    # Without an axis, tf.argmax takes the first, not all.
    found = tf.argmax(tf.reshape(x, [-1]) if axis is None else x, axis=0 if axis is None else axis)
    if not keepdims:
        return found
    return tf.reshape(found, [1] * len(x.shape)) if axis is None else tf.expand_dims(found, axis)


one_hot = binding(
    tf.one_hot,
    docs="https://www.tensorflow.org/api_docs/python/tf/one_hot",
    conventions={
        "negative index": "all zeros",
        "index beyond the depth": "all zeros",
        "default depth": "none",
        "dtype": "float32, unless on_value says another",
    },
)
gather = binding(
    _gather,
    docs="https://www.tensorflow.org/api_docs/python/tf/gather",
    conventions={
        "negative index": "CPU: error; GPU: zeros",
        "index beyond the end": "CPU: error; GPU: zeros",
        "default axis": "batch_dims, which is 0",
    },
)
embedding = binding(
    tf.nn.embedding_lookup,
    docs="https://www.tensorflow.org/api_docs/python/tf/nn/embedding_lookup",
    rename={"indices": "ids"},
    conventions={
        "order of the arguments": "weight, indices",
        "index out of range": "CPU: error; GPU: zeros",
        "gradient": "tf.IndexedSlices: rows, not added up",
        "padding index": "none; keras.layers.Embedding(mask_zero=True) makes a mask, and row 0 still trains",
        "initial weight": "none; keras.layers.Embedding: uniform from -0.05 to 0.05",
    },
)
argmax = binding(
    _argmax,
    docs="https://www.tensorflow.org/api_docs/python/tf/math/argmax",
    conventions={
        "default axis": "0",
        "ties": "documented as not guaranteed; on the CPU the first",
        "dtype": "int64",
        "axis kept": "no such argument",
    },
)
topk = binding(
    tf.math.top_k,
    docs="https://www.tensorflow.org/api_docs/python/tf/math/top_k",
    conventions={
        "axis": "the last, no other",
        "order": "largest first",
        "ties": "the lower index first",
        "dtype of the indices": "int32",
    },
)
