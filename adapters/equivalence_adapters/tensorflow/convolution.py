"""TensorFlow's convolutions: cross-correlations, channels last, the kernel's spatial axes first.

On a CPU, the gradients of dilated and of grouped convolutions exist in float32 only, and there with "VALID" and "SAME"
padding only: everything else raises "Current CPU implementations do not yet support dilation rates larger than 1" or
"Gradients for grouped convolutions are not supported on CPU" (https://github.com/tensorflow/tensorflow/issues/51825;
seen in 2.21). So the main bindings here compose dilation and groups from undilated, ungrouped convolutions, which have
gradients in both dtypes; the variants ``native`` hand them to TensorFlow, in float32, so that TensorFlow's own dilation
and groups are compared too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from equivalence.binding import HALF_TOO, Context, Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import Border, convolution_border

tf = Lazy("tensorflow")

NHWC = "n h w c"
"""TensorFlow's order of the axes of images."""

Sizes = tuple[int, ...]
Explicit = tuple[tuple[int, int], ...]
"""TensorFlow's padding: before and after, for each axis."""

NAMED = {"valid": "VALID", "same_upper": "SAME"}
CONVENTIONS = {
    "kernel": "cross-correlation: not flipped",
    "kernel layout": "HWIO: spatial axes, input channels of one group, output channels",
    "same": '"SAME": ceil(size / stride), the odd pixel at the end, also with strides',
    "default padding": "none: it must be given",
    "padding in numbers": "2d: each side of each of the four axes; 1d and 3d: not known, pad before",
    "groups": "read off the kernel's input channels; consecutive blocks of channels",
}
_DOCS = "https://www.tensorflow.org/api_docs/python/tf/nn/conv{}d"


def unflipped(axes: str, argument: str = "weight") -> dict[str, Flip]:
    """TensorFlow knows cross-correlation only; a true convolution is one with the kernel turned around."""
    return {argument: Flip(axes, when={"flip_kernel": True})}


def tensorflow_border(border: Border) -> Explicit:
    """A border as TensorFlow's explicit padding of images with the channels last."""
    return ((0, 0), *border, (0, 0))


def tensorflow_padding(context: Context) -> str | Explicit:
    """TensorFlow's own "SAME" puts an odd pixel at the end; what it has no name for is said in numbers."""
    padding = context.parameters["padding"]
    named = NAMED.get(padding) if isinstance(padding, str) else None
    return named or tensorflow_border(convolution_border(context))


def dilated(weight: Any, dilation: Sizes) -> Any:
    """The kernel with zeros between its elements, so that an undilated convolution does what a dilated one would."""
    for axis, apart in enumerate(dilation):
        spread = tf.stack([weight, *[tf.zeros_like(weight)] * (apart - 1)], axis=axis + 1)
        shape = [size * apart if place == axis else size for place, size in enumerate(weight.shape)]
        inside = (slice(None),) * axis + (slice(0, shape[axis] - apart + 1),)
        weight = tf.reshape(spread, shape)[inside]
    return weight


def biased(output: Any, bias: Any) -> Any:
    """Add a bias to the channels, the last axis."""
    return output if bias is None else tf.nn.bias_add(output, bias)


def by_group(
    convolution: Callable[..., Any], x: Any, weight: Any, bias: Any, *, dilation: Sizes, groups: int, **keywords: Any
) -> Any:
    """A dilated, grouped convolution composed of plain ones."""
    pairs = zip(tf.split(x, groups, axis=-1), tf.split(dilated(weight, dilation), groups, axis=-1), strict=True)
    return biased(tf.concat([convolution(*pair, **keywords) for pair in pairs], axis=-1), bias)


def _padded(x: Any, padding: str | Explicit) -> tuple[Any, str]:
    """The image with the padding that the call has no word for."""
    return (x, padding) if isinstance(padding, str) else (tf.pad(x, padding), "VALID")


def _plain_conv1d(x: Any, weight: Any, *, stride: Sizes, padding: str | Explicit) -> Any:
    image, word = _padded(x, padding)
    return tf.nn.conv1d(image, weight, stride, word)


def _plain_conv2d(x: Any, weight: Any, *, stride: Sizes, padding: str | Explicit) -> Any:
    return tf.nn.conv2d(x, weight, stride, padding)


def _plain_conv3d(x: Any, weight: Any, *, stride: Sizes, padding: str | Explicit) -> Any:
    image, word = _padded(x, padding)
    return tf.nn.conv3d(image, weight, (1, *stride, 1), word)


def _conv1d(x: Any, weight: Any, bias: Any = None, **keywords: Any) -> Any:
    return by_group(_plain_conv1d, x, weight, bias, **keywords)


def composed_conv2d(x: Any, weight: Any, bias: Any = None, **keywords: Any) -> Any:
    """A convolution with gradients in both dtypes, whatever its dilation and its groups."""
    return by_group(_plain_conv2d, x, weight, bias, **keywords)


def _conv3d(x: Any, weight: Any, bias: Any = None, **keywords: Any) -> Any:
    return by_group(_plain_conv3d, x, weight, bias, **keywords)


conv1d = binding(
    _conv1d,
    docs=_DOCS.format(1),
    rename={"flip_kernel": None},
    recode={"padding": tensorflow_padding},
    flip=unflipped("q"),
    x="n w c",
    weight="q c o",
    output="n j o",
    conventions=CONVENTIONS,
)

conv2d = binding(
    composed_conv2d,
    docs=_DOCS.format(2),
    rename={"flip_kernel": None},
    recode={"padding": tensorflow_padding},
    flip=unflipped("p q"),
    x=NHWC,
    weight="p q c o",
    output="n i j o",
    conventions=CONVENTIONS,
    dtypes=HALF_TOO,
)

conv3d = binding(
    _conv3d,
    docs=_DOCS.format(3),
    rename={"flip_kernel": None},
    recode={"padding": tensorflow_padding},
    flip=unflipped("r p q"),
    x="n d h w c",
    weight="r p q c o",
    output="n k i j o",
    conventions=CONVENTIONS,
)


def _native_conv1d(
    x: Any, weight: Any, bias: Any = None, *, stride: Sizes, padding: str | Explicit, dilations: Sizes
) -> Any:
    image, word = _padded(x, padding)
    return biased(tf.nn.conv1d(image, weight, stride, word, dilations=dilations), bias)


def _native_conv2d(
    x: Any, weight: Any, bias: Any = None, *, strides: Sizes, padding: str | Explicit, dilations: Sizes
) -> Any:
    image, word = _padded(x, padding)
    return biased(tf.nn.conv2d(image, weight, strides, word, dilations=dilations), bias)


# TensorFlow reads the number of groups off the shapes: the filters' third axis is the channels of one group.
native_conv1d = binding(
    _native_conv1d,
    docs=_DOCS.format(1),
    operation="conv1d",
    variant="native",
    dtypes=("float32",),
    rename={"flip_kernel": None, "groups": None, "dilation": "dilations"},
    recode={"padding": tensorflow_padding},
    flip=unflipped("q"),
    x="n w c",
    weight="q c o",
    output="n j o",
    conventions=CONVENTIONS,
)

native_conv2d = binding(
    _native_conv2d,
    docs=_DOCS.format(2),
    operation="conv2d",
    variant="native",
    dtypes=("float32",),
    rename={"flip_kernel": None, "groups": None, "stride": "strides", "dilation": "dilations"},
    recode={"padding": tensorflow_padding},
    flip=unflipped("p q"),
    x=NHWC,
    weight="p q c o",
    output="n i j o",
    conventions=CONVENTIONS,
)


def _strided(x: Any, weight: Any, bias: Any = None) -> Any:
    return biased(tf.nn.conv2d(x, weight, strides=weight.shape[:2], padding="VALID"), bias)


def _local_dense(x: Any, weight: Any, bias: Any = None, *, block: Sizes) -> Any:
    size = (1, *block, 1)
    blocks = tf.image.extract_patches(x, size, size, (1, 1, 1, 1), "VALID")
    return biased(tf.linalg.matmul(blocks, weight), bias)


_LOCAL = {
    "kernel": "cross-correlation: the layer's matrix needs no flip",
    "order in which a block is flattened": "rows, columns, channels",
    "what to do with the layer's matrix": "reshape (p q c, o) to (p, q, c, o)",
    "pixels left over": 'dropped by "VALID"; "SAME" would shift the blocks',
}

local_fc_as_conv = binding(
    _strided, docs=_DOCS.format(2), x=NHWC, weight="p q c o", output="n i j o", conventions=_LOCAL
)

dense_local_fc_as_conv = binding(
    _local_dense,
    docs="https://www.tensorflow.org/api_docs/python/tf/image/extract_patches",
    operation="local_fc_as_conv",
    variant="dense",
    recode={"block": lambda context: (context.sizes["p"], context.sizes["q"])},
    x=NHWC,
    weight="(p q c) o",
    output="n i j o",
    conventions=_LOCAL,
)
