"""Keras's transposed convolutions, whose results are larger than the smallest that fit."""

from __future__ import annotations

from functools import partial
from typing import Any

from equivalence.binding import Context, Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters.keras.stateless import apply
from equivalence_adapters.padding import Border, transposed_border, transposed_size

layers = Lazy("keras.layers")

Sizes = tuple[int, ...]

_DOCS = "https://keras.io/api/layers/convolution_layers/convolution{}d_transpose/"


_NAMED = {"valid": "valid", "same_upper": "same"}


def _padding(context: Context) -> str:
    return _NAMED.get(context.parameters["padding"], "valid")


def _cut(context: Context) -> Border | None:
    """What Keras has no word for is cut off by a layer after it."""
    return None if context.parameters["padding"] in _NAMED else transposed_border(context)


def _output_padding(context: Context) -> Sizes | None:
    """None where Keras's own size is meant: a stride for each pixel, and with "valid" what the kernel has more.

    With numbers it is ``(h - 1) stride + base + output_padding``, where the base is the kernel's size with "valid", and
    1 with "same" if that is odd, 0 if it is even.
    """
    same, strides, cut = _padding(context) == "same", context.parameters["stride"], _cut(context)
    image = [context.sizes[letter] for letter in "dhw" if letter in context.sizes]
    kernel = [context.sizes[letter] for letter in "rpq" if letter in context.sizes]
    lost = [sum(sides) for sides in cut] if cut else [0] * len(image)
    whole = [size + more for size, more in zip(transposed_size(context), lost, strict=True)]
    along = list(zip(whole, image, kernel, strides, strict=True))
    if all(size == pixels * step + (0 if same else max(taps - step, 0)) for size, pixels, taps, step in along):
        return None
    return tuple(size - (pixels - 1) * step - (taps % 2 if same else taps) for size, pixels, taps, step in along)


def _transpose(layer: str, x: Any, weight: Any, bias: Any = None, *, cut: Border | None, **keywords: Any) -> Any:
    kind, dtype = getattr(layers, f"Conv{layer}Transpose"), x.dtype.name
    made = kind(weight.shape[-2], weight.shape[:-2], use_bias=bias is not None, dtype=dtype, **keywords)
    output = apply(made, [weight] if bias is None else [weight, bias], x)
    if cut is None:
        return output
    # Cropping1D takes two numbers, the others a pair for each axis.
    return getattr(layers, f"Cropping{layer}")(cut if len(cut) > 1 else cut[0], dtype=dtype)(output)


_SETTINGS: dict[str, Any] = {
    "rename": {"flip_kernel": None, "output_shape": None, "groups": None, "stride": "strides", "dilation": None},
    "recode": {"padding": _padding, "output_padding": _output_padding, "cut": _cut},
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


conv_transpose1d = binding(
    partial(_transpose, "1D"),
    docs=_DOCS.format(1),
    flip={"weight": Flip("q", when={"flip_kernel": True})},
    only={"dilation": [(1,)], "groups": [1]},
    x="n w c",
    weight="q o c",
    output="n j o",
    **_SETTINGS,
)

conv_transpose2d = binding(
    partial(_transpose, "2D"),
    docs=_DOCS.format(2),
    flip={"weight": Flip("p q", when={"flip_kernel": True})},
    only={"dilation": [(1, 1)], "groups": [1]},
    x="n h w c",
    weight="p q o c",
    output="n i j o",
    **_SETTINGS,
)

conv_transpose3d = binding(
    partial(_transpose, "3D"),
    docs=_DOCS.format(3),
    flip={"weight": Flip("r p q", when={"flip_kernel": True})},
    only={"dilation": [(1, 1, 1)], "groups": [1]},
    x="n d h w c",
    weight="r p q o c",
    output="n k i j o",
    **_SETTINGS,
)
