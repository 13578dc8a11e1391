"""TensorFlow's convolutions: cross-correlations, channels last, the kernel's two axes first.

On a CPU, the gradients of dilated and of grouped convolutions exist in float32 only, and there with "VALID" and "SAME"
padding only: everything else raises "Current CPU implementations do not yet support dilation rates larger than 1" or
"Gradients for grouped convolutions are not supported on CPU" (https://github.com/tensorflow/tensorflow/issues/51825;
seen in 2.21). So each operation has two bindings here. The main one composes dilation and groups from undilated,
ungrouped convolutions, which have gradients in both dtypes; the variant ``native`` hands them to TensorFlow, in
float32, so that TensorFlow's own dilation and groups are compared too.
"""

from __future__ import annotations

from typing import Any

from equivalence.binding import HALF_TOO, Context, Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import Border, convolution_border, transposed_border, transposed_size

tf = Lazy("tensorflow")

NHWC = "n h w c"
"""TensorFlow's order of the axes of images."""

Explicit = tuple[tuple[int, int], ...]
"""TensorFlow's padding: before and after, for each axis."""

# TensorFlow knows cross-correlation only; a true convolution is one with the kernel turned around.
_FLIP = {"weight": Flip("p q", when={"flip_kernel": True})}
_NAMED = {"valid": "VALID", "same_upper": "SAME"}
_CONV2D = "https://www.tensorflow.org/api_docs/python/tf/nn/conv2d"
_CONV2D_TRANSPOSE = "https://www.tensorflow.org/api_docs/python/tf/nn/conv2d_transpose"


def tensorflow_border(border: Border) -> Explicit:
    """A border as TensorFlow's explicit padding of images with the channels last."""
    return ((0, 0), *border, (0, 0))


def _padding(context: Context) -> str | Explicit:
    """TensorFlow's own "SAME" puts an odd pixel at the end; what it has no name for is said in numbers."""
    padding = context.parameters["padding"]
    named = _NAMED.get(padding) if isinstance(padding, str) else None
    return named or tensorflow_border(convolution_border(context))


def _transposed_padding(context: Context) -> str | Explicit:
    """As for the convolution whose gradient it is, on the image that comes out."""
    padding = context.parameters["padding"]
    named = _NAMED.get(padding) if isinstance(padding, str) else None
    return named or tensorflow_border(transposed_border(context))


def _dilated(weight: Any, dilation: tuple[int, int]) -> Any:
    """The kernel with zeros between its elements, so that an undilated convolution does what a dilated one would."""
    (p, q, *channels), (d, e) = weight.shape, dilation
    spread = tf.pad(
        tf.reshape(weight, (p, 1, q, 1, *channels)), ((0, 0), (0, d - 1), (0, 0), (0, e - 1), (0, 0), (0, 0))
    )
    return tf.reshape(spread, (p * d, q * e, *channels))[: (p - 1) * d + 1, : (q - 1) * e + 1]


def _biased(output: Any, bias: Any) -> Any:
    return output if bias is None else tf.nn.bias_add(output, bias)


def _conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: tuple[int, int],
    padding: str | Explicit,
    dilation: tuple[int, int],
    groups: int,
) -> Any:
    filters = tf.split(_dilated(weight, dilation), groups, axis=3)
    images = tf.split(x, groups, axis=3)
    outputs = [tf.nn.conv2d(*pair, strides=stride, padding=padding) for pair in zip(images, filters, strict=True)]
    return _biased(tf.concat(outputs, axis=3), bias)


conv2d = binding(
    _conv2d,
    docs=_CONV2D,
    rename={"flip_kernel": None},
    recode={"padding": _padding},
    flip=_FLIP,
    x=NHWC,
    weight="p q c o",
    output="n i j o",
    dtypes=HALF_TOO,
)


def _native_conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    strides: tuple[int, int],
    padding: str | Explicit,
    dilations: tuple[int, int],
) -> Any:
    if not isinstance(padding, str):
        x, padding = tf.pad(x, padding), "VALID"
    return _biased(tf.nn.conv2d(x, weight, strides=strides, padding=padding, dilations=dilations), bias)


# TensorFlow reads the number of groups off the shapes: the filters' third axis is the channels of one group.
native_conv2d = binding(
    _native_conv2d,
    docs=_CONV2D,
    operation="conv2d",
    variant="native",
    dtypes=("float32",),
    rename={"flip_kernel": None, "groups": None, "stride": "strides", "dilation": "dilations"},
    recode={"padding": _padding},
    flip=_FLIP,
    x=NHWC,
    weight="p q c o",
    output="n i j o",
)


def _conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    size: tuple[int, int],
    stride: tuple[int, int],
    padding: str | Explicit,
    dilation: tuple[int, int],
    groups: int,
) -> Any:
    shape = (x.shape[0], *size, weight.shape[2])
    filters = tf.split(_dilated(weight, dilation), groups, axis=3)
    images = tf.split(x, groups, axis=3)
    outputs = [
        tf.nn.conv2d_transpose(*pair, output_shape=shape, strides=stride, padding=padding)
        for pair in zip(images, filters, strict=True)
    ]
    return _biased(tf.concat(outputs, axis=3), bias)


# The filters' third axis is the output's channels and the fourth the input's, as in the convolution whose gradient it
# is; the output's size has to be given.
conv_transpose2d = binding(
    _conv_transpose2d,
    docs=_CONV2D_TRANSPOSE,
    rename={"flip_kernel": None, "output_padding": None, "output_shape": None},
    recode={"padding": _transposed_padding, "size": transposed_size},
    flip=_FLIP,
    x=NHWC,
    weight="p q o c",
    output="n i j o",
    dtypes=HALF_TOO,
)


def _native_conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    size: tuple[int, int],
    strides: tuple[int, int],
    padding: str | Explicit,
    dilations: tuple[int, int],
    groups: int,
) -> Any:
    (high, wide), channels = size, weight.shape[2] * groups
    if isinstance(padding, str):
        shape = (x.shape[0], high, wide, channels)
        return _biased(tf.nn.conv2d_transpose(x, weight, shape, strides, padding, dilations=dilations), bias)
    # The gradient of "pad, then convolve" is "transpose the convolution, then cut off the border".
    _, (top, bottom), (left, right), _ = padding
    shape = (x.shape[0], high + top + bottom, wide + left + right, channels)
    output = tf.nn.conv2d_transpose(x, weight, shape, strides, "VALID", dilations=dilations)
    return _biased(output[:, top : top + high, left : left + wide], bias)


native_conv_transpose2d = binding(
    _native_conv_transpose2d,
    docs=_CONV2D_TRANSPOSE,
    operation="conv_transpose2d",
    variant="native",
    dtypes=("float32",),
    rename={
        "flip_kernel": None,
        "output_padding": None,
        "output_shape": None,
        "stride": "strides",
        "dilation": "dilations",
    },
    recode={"padding": _transposed_padding, "size": transposed_size},
    flip=_FLIP,
    x=NHWC,
    weight="p q o c",
    output="n i j o",
)
