"""Convolutions of Theano with filters for each channel, or for each example: flipped, unless it is told not to."""

from __future__ import annotations

from functools import partial
from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters.theano.convolution import CONVENTIONS, DOCS, RENAME, biased, border_mode, convolve, flipped

abstract_conv = Lazy("theano.tensor.nnet.abstract_conv")

_UNGROUPED = {name: native for name, native in RENAME.items() if name != "groups"}
_DEPTHWISE = {
    "kernel": "true convolution: flipped, unless filter_flip=False",
    "kernel layout": "(channels * multiplier, 1, height, width), with num_groups=channels",
    "order of the output's channels": "by channel, its maps behind each other",
    "same": '"half": p // 2 on both sides',
    "default padding": '"valid"',
    "strides": "one for rows and one for columns",
}

depthwise_conv2d = binding(
    partial(convolve, filter_flip=True),
    x="n c h w",
    weight="(c m) 1 p q",
    bias="(c m)",
    output="n (c m) i j",
    rename=_UNGROUPED,
    recode={"border_mode": border_mode, "num_groups": lambda context: context.sizes["c"]},
    flip=flipped("p q"),
    docs=DOCS,
    conventions=_DEPTHWISE,
)


def _separable_conv2d(x: Any, depthwise: Any, pointwise: Any, bias: Any = None, **settings: Any) -> Any:
    return biased(abstract_conv.separable_conv2d(x, depthwise, pointwise, **settings), bias)


separable_conv2d = binding(
    partial(_separable_conv2d, filter_flip=True),
    x="n c h w",
    depthwise="(c m) 1 p q",
    pointwise="o (c m) 1 1",
    output="n o i j",
    rename=_UNGROUPED,
    recode={"border_mode": border_mode, "num_channels": lambda context: context.sizes["c"]},
    flip=flipped("p q", "depthwise"),
    docs="https://github.com/pymc-devs/Theano-PyMC/blob/rel-1.1.2/theano/tensor/nnet/abstract_conv.py",
    conventions={**_DEPTHWISE, "between the two": "nothing: no bias, no activation"},
)

# The examples become groups of channels of one image, and their banks the filters of those groups.
dynamic_conv2d = binding(
    partial(convolve, filter_flip=True),
    x="1 (n c) h w",
    weight="(n o) c p q",
    output="1 (n o) i j",
    rename=RENAME,
    recode={
        "border_mode": border_mode,
        "num_groups": lambda context: context.sizes["n"] * context.parameters["groups"],
    },
    flip=flipped("p q"),
    docs=DOCS,
    conventions={**CONVENTIONS, "filters for each example": "none: the examples are made groups of one image"},
)
