"""TensorFlow's convolutions with filters for each channel, or for each example: channels last."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters.tensorflow.convolution import (
    CONVENTIONS,
    NHWC,
    Explicit,
    Sizes,
    biased,
    composed_conv2d,
    tensorflow_padding,
    unflipped,
)

tf = Lazy("tensorflow")

_DEPTHWISE = {
    "kernel": "cross-correlation: not flipped",
    "kernel layout": "(height, width, channels, multiplier)",
    "order of the output's channels": "by channel, its maps behind each other",
    "same": '"SAME": ceil(size / stride), the odd pixel at the end',
    "default padding": "none: it must be given",
    "strides": "four numbers, the same for rows and columns; 1 with a dilation",
}


def _depthwise_conv2d(
    x: Any, weight: Any, bias: Any = None, *, stride: Sizes, padding: str | Explicit, dilations: Sizes
) -> Any:
    return biased(tf.nn.depthwise_conv2d(x, weight, (1, *stride, 1), padding, dilations=dilations), bias)


depthwise_conv2d = binding(
    _depthwise_conv2d,
    docs="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
    rename={"flip_kernel": None, "dilation": "dilations"},
    recode={"padding": tensorflow_padding},
    flip=unflipped("p q"),
    x=NHWC,
    weight="p q c m",
    bias="(c m)",
    output="n i j (c m)",
    conventions=_DEPTHWISE,
)


def _separable_conv2d(
    x: Any,
    depthwise: Any,
    pointwise: Any,
    bias: Any = None,
    *,
    stride: Sizes,
    padding: str | Explicit,
    dilations: Sizes,
) -> Any:
    output = tf.nn.separable_conv2d(x, depthwise, pointwise, (1, *stride, 1), padding, dilations=dilations)
    return biased(output, bias)


separable_conv2d = binding(
    _separable_conv2d,
    docs="https://www.tensorflow.org/api_docs/python/tf/nn/separable_conv2d",
    rename={"flip_kernel": None, "dilation": "dilations"},
    recode={"padding": tensorflow_padding},
    flip=unflipped("p q", "depthwise"),
    x=NHWC,
    depthwise="p q c m",
    pointwise="1 1 (c m) o",
    output="n i j o",
    conventions={**_DEPTHWISE, "between the two": "nothing: no bias, no activation"},
)

# The examples become groups of channels of one image, and their banks the filters of those groups.
dynamic_conv2d = binding(
    composed_conv2d,
    docs="https://www.tensorflow.org/api_docs/python/tf/nn/conv2d",
    rename={"flip_kernel": None},
    recode={
        "padding": tensorflow_padding,
        "groups": lambda context: context.sizes["n"] * context.parameters["groups"],
    },
    flip=unflipped("p q"),
    x="1 h w (n c)",
    weight="p q c (n o)",
    output="1 i j (n o)",
    conventions={**CONVENTIONS, "filters for each example": "none: the examples are made groups of one image"},
)
