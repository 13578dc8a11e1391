"""TensorFlow, element by element."""

from __future__ import annotations

import functools
from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")


def _sum(*parts: Any) -> Any:
    return tf.add_n(parts)


def _mul(*parts: Any) -> Any:
    return functools.reduce(tf.multiply, parts)


def _max(*parts: Any) -> Any:
    return functools.reduce(tf.maximum, parts)


def _mean(*parts: Any) -> Any:
    return tf.add_n(parts) / len(parts)


def _divide_integers(x: Any, y: Any, *, rounding: str) -> Any:
    if rounding == "nearest":
        return tf.cast(tf.round(x / y), x.dtype)
    return tf.math.floordiv(x, y) if rounding == "floor" else tf.truncatediv(x, y)


def _normalize_image(x: Any, mean: Any, *, reverse: bool, scale: float) -> Any:
    ordered = tf.reverse(x, [-1]) if reverse else x
    return tf.cast(ordered, mean.dtype) * scale - mean


merge_sum = binding(
    _sum,
    docs="https://www.tensorflow.org/api_docs/python/tf/math/add_n",
    conventions={"shapes": "add_n: equal; +: broadcast from the last axis"},
)
merge_mul = binding(
    _mul,
    docs="https://www.tensorflow.org/api_docs/python/tf/math/multiply",
    conventions={"shapes": "broadcast from the last axis"},
)
merge_max = binding(
    _max,
    docs="https://www.tensorflow.org/api_docs/python/tf/math/maximum",
    conventions={"gradient of ties": "all to the first", "NaN in one": "NaN"},
)
merge_mean = binding(
    _mean,
    docs="https://keras.io/api/layers/merging_layers/average/",
    conventions={"own function": "keras.layers.Average"},
)
absolute = binding(
    tf.abs,
    docs="https://www.tensorflow.org/api_docs/python/tf/math/abs",
    conventions={"gradient at 0": "0"},
)
cast = binding(
    tf.cast,
    docs="https://www.tensorflow.org/api_docs/python/tf/cast",
    conventions={"real to whole": "drops what is behind the point", "out of range": "depends on the machine"},
)
cast_integers = binding(
    tf.cast,
    docs="https://www.tensorflow.org/api_docs/python/tf/cast",
    conventions={"out of range": "wraps around", "int64 with float32": "error: nothing is cast by itself"},
)
divide_integers = binding(
    _divide_integers,
    docs="https://www.tensorflow.org/api_docs/python/tf/math/floordiv",
    conventions={
        "a // b": "down",
        "a / b of whole numbers": "float64 (float32 of int8 and int16)",
        "round of halves": "to the even number",
    },
)
normalize_image = binding(
    _normalize_image,
    docs="https://www.tensorflow.org/api_docs/python/tf/keras/applications/imagenet_utils/preprocess_input",
    x="n h w c",
    output="n h w c",
    conventions={
        "preprocess_input": "caffe: blue first, means 103.939, 116.779, 123.68; tf: x / 127.5 - 1; torch: see there",
        "its argument": "an array of floats is changed in place, a tensor is not",
    },
)
