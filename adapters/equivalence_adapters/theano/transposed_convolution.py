"""Transposed convolutions of Theano: gradients of its convolutions, for which the result's size has to be given."""

from __future__ import annotations

from functools import partial
from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import Border, transposed_border, transposed_size
from equivalence_adapters.theano.convolution import DOCS, ONE_HIGH, RENAME, Sizes, biased, flipped, unflipped

abstract_conv = Lazy("theano.tensor.nnet.abstract_conv")


def _border_mode(context: Context) -> str | Border:
    given = context.parameters["padding"]
    return given if given in ("valid", "full") else transposed_border(context)


def _conv_transpose2d(x: Any, weight: Any, bias: Any = None, *, output_shape: Sizes, **settings: Any) -> Any:
    # The gradient of a convolution whose filters are "output input rows columns": our "c o/groups p q".
    return biased(
        abstract_conv.conv2d_grad_wrt_inputs(x, weight, input_shape=(None, None, *output_shape), **settings), bias
    )


def _conv_transpose3d(
    x: Any, weight: Any, bias: Any = None, *, output_shape: Sizes, border_mode: str | Border, **settings: Any
) -> Any:
    # In three dimensions Theano cuts off both sides alike; another border is cut off after it.
    border = [(0, 0)] * 3 if isinstance(border_mode, str) else list(border_mode)
    whole = [size + sum(sides) for size, sides in zip(output_shape, border, strict=True)]
    output = abstract_conv.conv3d_grad_wrt_inputs(
        x,
        weight,
        input_shape=(None, None, *whole),
        border_mode=border_mode if isinstance(border_mode, str) else "valid",
        **settings,
    )
    inside = [slice(before, before + size) for size, (before, _) in zip(output_shape, border, strict=True)]
    return biased(output[(..., *inside)], bias)


_CONVENTIONS = {
    "kernel": "the gradient of a true convolution: painted flipped, unless filter_flip=False",
    "kernel layout": "IOHW: input channels, output channels of one group, spatial axes",
    "size of the output": "must be given as input_shape; Lasagne: (h - 1) stride + p - 2 crop, or output_size=",
    "output_padding": "none: the given size says it",
    "same": 'none: "half" cuts p // 2 off both sides; so does Lasagne\'s crop="same", for odd kernels',
    "default padding": '"valid"; crop=0 in Lasagne',
    "padding in numbers": "1d and 2d: cut off each side; 3d: one number an axis, cut off both sides",
    "groups": "num_groups=; consecutive blocks of channels",
}
_SETTINGS: dict[str, Any] = {"rename": {**RENAME, "output_padding": None}, "conventions": _CONVENTIONS}
_RECODE: dict[str, Any] = {"border_mode": _border_mode, "output_shape": transposed_size}


def _one_high_border(context: Context) -> str | Border:
    along = _border_mode(context)
    return along if isinstance(along, str) else ((0, 0), *along)


conv_transpose1d = binding(
    partial(_conv_transpose2d, filter_flip=True),
    x="n c 1 w",
    weight="c o 1 q",
    output="n o 1 j",
    recode={
        **ONE_HIGH,
        "border_mode": _one_high_border,
        "output_shape": lambda context: (1, *transposed_size(context)),
    },
    flip=flipped("q"),
    docs=f"{DOCS}#theano.tensor.nnet.abstract_conv.conv2d_grad_wrt_inputs",
    **_SETTINGS,
)

conv_transpose2d = binding(
    partial(_conv_transpose2d, filter_flip=True),
    x="n c h w",
    weight="c o p q",
    output="n o i j",
    recode=_RECODE,
    flip=flipped("p q"),
    docs=f"{DOCS}#theano.tensor.nnet.abstract_conv.conv2d_grad_wrt_inputs",
    **_SETTINGS,
)

conv_transpose2d_unflipped = binding(
    partial(_conv_transpose2d, filter_flip=False),
    operation="conv_transpose2d",
    variant="unflipped",
    x="n c h w",
    weight="c o p q",
    output="n o i j",
    recode=_RECODE,
    flip=unflipped("p q"),
    docs=f"{DOCS}#theano.tensor.nnet.abstract_conv.conv2d_grad_wrt_inputs",
    **_SETTINGS,
)

conv_transpose3d = binding(
    partial(_conv_transpose3d, filter_flip=True),
    x="n c d h w",
    weight="c o r p q",
    output="n o k i j",
    recode=_RECODE,
    flip=flipped("r p q"),
    docs=f"{DOCS}#theano.tensor.nnet.abstract_conv.conv3d_grad_wrt_inputs",
    **_SETTINGS,
)
