"""TensorFlow's pooling: channels last."""

from __future__ import annotations

from typing import Any

from equivalence.binding import HALF_TOO, Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import pooling_stride, rounded_pooling_border
from equivalence_adapters.tensorflow.convolution import NHWC, tensorflow_border

tf = Lazy("tensorflow")


def _padding(context: Context) -> Any:
    padding = context.parameters["padding"]
    if padding == "same_upper":
        # Rounding does not matter here: TensorFlow's "SAME" has ceil(h / stride) windows either way.
        return "SAME"
    if padding == "valid" and context.parameters["rounding"] == "floor":
        return "VALID"
    # TensorFlow rounds down; a border that is longer at the end makes room for the last window.
    return tensorflow_border(rounded_pooling_border(context))


# Padding never wins: TensorFlow compares what lies inside the image only, as if the border were minus infinity.
max_pool2d = binding(
    tf.nn.max_pool2d,
    docs="https://www.tensorflow.org/api_docs/python/tf/nn/max_pool2d",
    rename={"window": "ksize", "stride": "strides", "rounding": None},
    recode={"strides": pooling_stride, "padding": _padding},
    x=NHWC,
    output="n i j c",
    dtypes=HALF_TOO,
)


def _global_avg_pool(x: Any) -> Any:
    return tf.reduce_mean(x, axis=list(range(1, len(x.shape) - 1)))


global_avg_pool = binding(
    _global_avg_pool,
    docs="https://www.tensorflow.org/api_docs/python/tf/math/reduce_mean",
    x="n ... c",
    dtypes=HALF_TOO,
)
