"""TensorFlow's transposed convolutions: gradients of cross-correlations, whose result's size has to be given.

The main bindings compose dilation and groups, as those of :mod:`equivalence_adapters.tensorflow.convolution` do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from equivalence.binding import HALF_TOO, Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import transposed_border, transposed_size
from equivalence_adapters.tensorflow.convolution import (
    NAMED,
    NHWC,
    Explicit,
    Sizes,
    biased,
    by_group,
    tensorflow_border,
    unflipped,
)

tf = Lazy("tensorflow")

_DOCS = "https://www.tensorflow.org/api_docs/python/tf/nn/conv{}d_transpose"
_CONVENTIONS = {
    "kernel": "the gradient of a cross-correlation: painted as it is",
    "kernel layout": "HWOI: spatial axes, output channels, input channels of one group",
    "size of the output": "must be given, with batch and channels",
    "output_padding": "none: the given size says it",
    "same": '"SAME" of the convolution whose gradient it is: the odd pixel is cut off at the end',
    "default padding": '"SAME"',
    "padding in numbers": "2d: cut off each side of the output; 1d and 3d: not known, cut it off after",
    "groups": "read off the kernel's input channels; consecutive blocks of channels",
}


def _padding(context: Context) -> str | Explicit:
    """As for the convolution whose gradient it is, on the image that comes out."""
    padding = context.parameters["padding"]
    named = NAMED.get(padding) if isinstance(padding, str) else None
    return named or tensorflow_border(transposed_border(context))


def _cut(
    transpose: Callable[..., Any], x: Any, channels: int, size: Sizes, padding: str | Explicit, **keywords: Any
) -> Any:
    """The gradient of "pad, then convolve" is "transpose the convolution, then cut off the border"."""
    if isinstance(padding, str):
        return transpose(x, output_shape=(x.shape[0], *size, channels), padding=padding, **keywords)
    border = padding[1:-1]
    whole = [pixels + sum(sides) for pixels, sides in zip(size, border, strict=True)]
    output = transpose(x, output_shape=(x.shape[0], *whole, channels), padding="VALID", **keywords)
    inside = [slice(before, before + pixels) for pixels, (before, _) in zip(size, border, strict=True)]
    return output[(slice(None), *inside)]


def _plain1d(x: Any, weight: Any, *, size: Sizes, stride: Sizes, padding: str | Explicit) -> Any:
    return _cut(tf.nn.conv1d_transpose, x, weight.shape[-2], size, padding, filters=weight, strides=stride)


def _plain2d(x: Any, weight: Any, *, size: Sizes, stride: Sizes, padding: str | Explicit) -> Any:
    return tf.nn.conv2d_transpose(x, weight, (x.shape[0], *size, weight.shape[-2]), stride, padding)


def _plain3d(x: Any, weight: Any, *, size: Sizes, stride: Sizes, padding: str | Explicit) -> Any:
    return _cut(tf.nn.conv3d_transpose, x, weight.shape[-2], size, padding, filters=weight, strides=stride)


def _conv_transpose1d(x: Any, weight: Any, bias: Any = None, **keywords: Any) -> Any:
    return by_group(_plain1d, x, weight, bias, **keywords)


def _conv_transpose2d(x: Any, weight: Any, bias: Any = None, **keywords: Any) -> Any:
    return by_group(_plain2d, x, weight, bias, **keywords)


def _conv_transpose3d(x: Any, weight: Any, bias: Any = None, **keywords: Any) -> Any:
    return by_group(_plain3d, x, weight, bias, **keywords)


_SETTINGS: dict[str, Any] = {
    "rename": {"flip_kernel": None, "output_padding": None, "output_shape": None},
    "recode": {"padding": _padding, "size": transposed_size},
    "conventions": _CONVENTIONS,
}

conv_transpose1d = binding(
    _conv_transpose1d,
    docs=_DOCS.format(1),
    flip=unflipped("q"),
    x="n w c",
    weight="q o c",
    output="n j o",
    **_SETTINGS,
)

conv_transpose2d = binding(
    _conv_transpose2d,
    docs=_DOCS.format(2),
    flip=unflipped("p q"),
    x=NHWC,
    weight="p q o c",
    output="n i j o",
    **_SETTINGS,
    dtypes=HALF_TOO,
)

conv_transpose3d = binding(
    _conv_transpose3d,
    docs=_DOCS.format(3),
    flip=unflipped("r p q"),
    x="n d h w c",
    weight="r p q o c",
    output="n k i j o",
    **_SETTINGS,
)


def _native_conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    size: Sizes,
    strides: Sizes,
    padding: str | Explicit,
    dilations: Sizes,
    groups: int,
) -> Any:
    keywords = {"filters": weight, "strides": strides, "dilations": dilations}
    return biased(_cut(tf.nn.conv2d_transpose, x, weight.shape[2] * groups, size, padding, **keywords), bias)


native_conv_transpose2d = binding(
    _native_conv_transpose2d,
    docs=_DOCS.format(2),
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
    recode={"padding": _padding, "size": transposed_size},
    flip=unflipped("p q"),
    x=NHWC,
    weight="p q o c",
    output="n i j o",
    conventions=_CONVENTIONS,
)
