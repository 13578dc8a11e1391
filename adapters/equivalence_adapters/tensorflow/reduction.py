"""TensorFlow's sums, averages and extremes."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")

_MATH = "https://www.tensorflow.org/api_docs/python/tf/math"


def _variance(x: Any, *, axis: Any, keepdims: bool, correction: int) -> Any:
    # Its own variance is the biased one.
    biased = tf.math.reduce_variance(x, axis=axis, keepdims=keepdims)
    if not correction:
        return biased
    count = tf.size(x) / tf.size(biased)
    return biased * tf.cast(count / (count - correction), x.dtype)


reduce_sum = binding(
    tf.reduce_sum,
    docs=f"{_MATH}/reduce_sum",
    rename={"axes": "axis"},
    conventions={"default axis": "None: all", "axis kept": "keepdims=False", "sum of whole numbers": "their own dtype"},
)
reduce_mean = binding(
    tf.reduce_mean,
    docs=f"{_MATH}/reduce_mean",
    rename={"axes": "axis"},
    conventions={"default axis": "None: all", "axis kept": "keepdims=False", "mean of whole numbers": "a whole number"},
)
reduce_max = binding(
    tf.reduce_max,
    docs=f"{_MATH}/reduce_max",
    rename={"axes": "axis"},
    conventions={
        "default axis": "None: all",
        "axis kept": "keepdims=False",
        "gradient of ties": "equal shares",
        "what comes back": "the values",
    },
)
reduce_variance = binding(
    _variance,
    docs=f"{_MATH}/reduce_variance",
    rename={"axes": "axis"},
    conventions={
        "default correction": "0, biased; no argument for another",
        "default axis": "None: all",
        "axis kept": "keepdims=False",
    },
)
cumsum = binding(
    tf.cumsum,
    docs=f"{_MATH}/cumsum",
    conventions={"default axis": "0", "exclusive, reverse": "arguments of its own"},
)
