"""Keras's transposed convolutions, whose results are larger than the smallest that fit."""

from __future__ import annotations

from functools import partial
from typing import Any

from equivalence.binding import Context, Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters.keras.stateless import apply
from equivalence_adapters.padding import transposed_size

layers = Lazy("keras.layers")

Sizes = tuple[int, ...]

_DOCS = "https://keras.io/api/layers/convolution_layers/convolution{}d_transpose/"


def _output_padding(context: Context) -> Sizes | None:
    """None where Keras's own size is meant: a stride for each pixel, and with "valid" what the kernel has more.

    With numbers it is ``(h - 1) stride + base + output_padding``, where the base is the kernel's size with "valid", and
    1 with "same" if that is odd, 0 if it is even.
    """
    valid, strides = context.parameters["padding"] == "valid", context.parameters["stride"]
    image = [context.sizes[letter] for letter in "dhw" if letter in context.sizes]
    kernel = [context.sizes[letter] for letter in "rpq" if letter in context.sizes]
    along = list(zip(transposed_size(context), image, kernel, strides, strict=True))
    if all(size == pixels * step + (max(taps - step, 0) if valid else 0) for size, pixels, taps, step in along):
        return None
    return tuple(size - (pixels - 1) * step - (taps if valid else taps % 2) for size, pixels, taps, step in along)


def _transpose(layer: Any, x: Any, weight: Any, bias: Any = None, **keywords: Any) -> Any:
    made = layer(weight.shape[-2], weight.shape[:-2], use_bias=bias is not None, dtype=x.dtype.name, **keywords)
    return apply(made, [weight] if bias is None else [weight, bias], x)


_SETTINGS: dict[str, Any] = {
    "rename": {"flip_kernel": None, "output_shape": None, "groups": None, "stride": "strides", "dilation": None},
    "recode": {"padding": {"valid": "valid", "same_upper": "same"}, "output_padding": _output_padding},
    "conventions": {
        "kernel": "the gradient of a cross-correlation: painted as it is",
        "kernel layout": "HWOI: spatial axes, output channels, input channels",
        "size of the output": '"valid": h stride + max(p - stride, 0); "same": h stride',
        "output_padding": 'more than (h - 1) stride + p; with "same", than (h - 1) stride + p % 2',
        "same": '"same" of the convolution whose gradient it is: the odd pixel is cut off at the end',
        "default padding": '"valid"',
        "padding in numbers": "not known: Cropping layers after it",
        "groups": "not known",
    },
}


def _only(axes: int) -> dict[str, Any]:
    return {"padding": ["valid", "same_upper"], "dilation": [(1,) * axes], "groups": [1]}


conv_transpose1d = binding(
    partial(_transpose, layers.Conv1DTranspose),
    docs=_DOCS.format(1),
    flip={"weight": Flip("q", when={"flip_kernel": True})},
    only=_only(1),
    x="n w c",
    weight="q o c",
    output="n j o",
    **_SETTINGS,
)

conv_transpose2d = binding(
    partial(_transpose, layers.Conv2DTranspose),
    docs=_DOCS.format(2),
    flip={"weight": Flip("p q", when={"flip_kernel": True})},
    only=_only(2),
    x="n h w c",
    weight="p q o c",
    output="n i j o",
    **_SETTINGS,
)

conv_transpose3d = binding(
    partial(_transpose, layers.Conv3DTranspose),
    docs=_DOCS.format(3),
    flip={"weight": Flip("r p q", when={"flip_kernel": True})},
    only=_only(3),
    x="n d h w c",
    weight="r p q o c",
    output="n k i j o",
    **_SETTINGS,
)
