"""PyTorch's convolutions with filters for each channel, or for each example: all of them by ``groups``."""

from __future__ import annotations

from functools import partial
from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters.torch.convolution import CONVENTIONS, Sizes, convolve, torch_outside, torch_padding, unflipped

functional = Lazy("torch.nn.functional")

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html"
_DEPTHWISE = {
    "kernel": "cross-correlation: not flipped",
    "kernel layout": "(channels * multiplier, 1, height, width), with groups=channels",
    "order of the output's channels": "by channel, its maps behind each other",
    "same": '"same": stride 1 only, the odd pixel at the end',
    "default padding": "0",
    "strides": "one number, or one for rows and one for columns",
}

depthwise_conv2d = binding(
    partial(convolve, functional.conv2d),
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html",
    rename={"flip_kernel": None},
    recode={"padding": torch_padding, "border": torch_outside, "groups": lambda context: context.sizes["c"]},
    flip=unflipped("p q"),
    weight="(c m) 1 p q",
    bias="(c m)",
    output="n (c m) i j",
    conventions=_DEPTHWISE,
)


def _separable_conv2d(
    x: Any, depthwise: Any, pointwise: Any, bias: Any = None, *, border: Sizes | None, **keywords: Any
) -> Any:
    maps = convolve(functional.conv2d, x, depthwise, border=border, groups=x.shape[1], **keywords)
    return functional.conv2d(maps, pointwise, bias)


# PyTorch has no separable convolution of its own.
separable_conv2d = binding(
    _separable_conv2d,
    docs=_DOCS,
    rename={"flip_kernel": None},
    recode={"padding": torch_padding, "border": torch_outside},
    flip=unflipped("p q", "depthwise"),
    depthwise="(c m) 1 p q",
    pointwise="o (c m) 1 1",
    conventions={**_DEPTHWISE, "between the two": "not known: two layers, the first with bias=False"},
)

# The examples become groups of channels of one image, and their banks the filters of those groups.
dynamic_conv2d = binding(
    partial(convolve, functional.conv2d),
    docs=_DOCS,
    rename={"flip_kernel": None},
    recode={
        "padding": torch_padding,
        "border": torch_outside,
        "groups": lambda context: context.sizes["n"] * context.parameters["groups"],
    },
    flip=unflipped("p q"),
    x="1 (n c) h w",
    weight="(n o) c p q",
    output="1 (n o) i j",
    conventions={**CONVENTIONS, "filters for each example": "none: the examples are made groups of one image"},
)
