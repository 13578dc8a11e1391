"""Keras's depthwise and separable convolutions; what they do not pad themselves is padded by a layer before them."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters.keras.stateless import apply
from equivalence_adapters.padding import Border, convolution_border

layers = Lazy("keras.layers")

_CONVENTIONS = {
    "kernel": "cross-correlation: not flipped",
    "kernel layout": "(height, width, channels, multiplier)",
    "order of the output's channels": "by channel, its maps behind each other",
    "same": '"same": ceil(size / stride), the odd pixel at the end',
    "default padding": '"valid"',
    "strides": "one number, or one for rows and one for columns",
}
_NAMED = {"valid": "valid", "same_upper": "same"}


def _padding(context: Context) -> str:
    return _NAMED.get(context.parameters["padding"], "valid")


def _border(context: Context) -> Border | None:
    """What Keras has no word for."""
    return None if context.parameters["padding"] in _NAMED else convolution_border(context)


_SETTINGS: dict[str, Any] = {
    "rename": {"flip_kernel": None, "stride": "strides", "dilation": "dilation_rate"},
    "recode": {"padding": _padding, "border": _border},
}


def _padded(x: Any, border: Border | None) -> Any:
    return x if border is None else layers.ZeroPadding2D(border, dtype=x.dtype.name)(x)


def _depthwise_conv2d(x: Any, weight: Any, bias: Any = None, *, border: Border | None, **keywords: Any) -> Any:
    layer = layers.DepthwiseConv2D(
        weight.shape[:2],
        depth_multiplier=weight.shape[3],
        use_bias=bias is not None,
        dtype=x.dtype.name,
        **keywords,
    )
    return apply(layer, [weight] if bias is None else [weight, bias], _padded(x, border))


def _separable_conv2d(
    x: Any, depthwise: Any, pointwise: Any, bias: Any = None, *, border: Border | None, **keywords: Any
) -> Any:
    layer = layers.SeparableConv2D(
        pointwise.shape[3],
        depthwise.shape[:2],
        depth_multiplier=depthwise.shape[3],
        use_bias=bias is not None,
        dtype=x.dtype.name,
        **keywords,
    )
    return apply(layer, [depthwise, pointwise] if bias is None else [depthwise, pointwise, bias], _padded(x, border))


depthwise_conv2d = binding(
    _depthwise_conv2d,
    docs="https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/",
    flip={"weight": Flip("p q", when={"flip_kernel": True})},
    x="n h w c",
    weight="p q c m",
    bias="(c m)",
    output="n i j (c m)",
    conventions=_CONVENTIONS,
    **_SETTINGS,
)

separable_conv2d = binding(
    _separable_conv2d,
    docs="https://keras.io/api/layers/convolution_layers/separable_convolution2d/",
    flip={"depthwise": Flip("p q", when={"flip_kernel": True})},
    x="n h w c",
    depthwise="p q c m",
    pointwise="1 1 (c m) o",
    output="n i j o",
    conventions={**_CONVENTIONS, "between the two": "nothing: no bias, no activation"},
    **_SETTINGS,
)
