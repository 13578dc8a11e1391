"""Convolutions of Theano, which flips the kernel unless it is told not to: both ways are bound."""

from __future__ import annotations

from functools import partial
from typing import Any

from equivalence.binding import Context, Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters import padding

nnet = Lazy("theano.tensor.nnet")
abstract_conv = Lazy("theano.tensor.nnet.abstract_conv")

_DOCS = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/conv.html"
_RENAME = {
    "stride": "subsample",
    "padding": "border_mode",
    "dilation": "filter_dilation",
    "groups": "num_groups",
    # Said by the flip of the weights: Theano's filter_flip is fixed in each binding.
    "flip_kernel": None,
}


def _border_mode(context: Context) -> Any:
    # Theano's words where it has them; its "half" is an even amount on both sides, so "same" needs numbers.
    given = context.parameters["padding"]
    return given if given in ("valid", "full") else padding.convolution_border(context)


def _transposed_border_mode(context: Context) -> Any:
    given = context.parameters["padding"]
    return given if given in ("valid", "full") else padding.transposed_border(context)


def _conv2d(x: Any, weight: Any, bias: Any = None, **settings: Any) -> Any:
    return _biased(nnet.conv2d(x, weight, **settings), bias)


def _conv_transpose2d(x: Any, weight: Any, bias: Any = None, *, output_shape: tuple[int, int], **settings: Any) -> Any:
    # The gradient of a convolution whose filters are "output input rows columns": our "c o/groups p q".
    return _biased(
        abstract_conv.conv2d_grad_wrt_inputs(x, weight, input_shape=(None, None, *output_shape), **settings), bias
    )


def _biased(output: Any, bias: Any) -> Any:
    # Lasagne's convolution layers add the bias so, with untie_biases=False.
    return output if bias is None else output + bias.dimshuffle("x", 0, "x", "x")


conv2d = binding(
    partial(_conv2d, filter_flip=True),
    x="n c h w",
    weight="o c p q",
    output="n o i j",
    rename=_RENAME,
    recode={"border_mode": _border_mode},
    flip={"weight": Flip("p q", when={"flip_kernel": False})},
    docs=_DOCS,
)

conv2d_unflipped = binding(
    partial(_conv2d, filter_flip=False),
    operation="conv2d",
    variant="unflipped",
    x="n c h w",
    weight="o c p q",
    output="n o i j",
    rename=_RENAME,
    recode={"border_mode": _border_mode},
    flip={"weight": Flip("p q", when={"flip_kernel": True})},
    docs=_DOCS,
)

_TRANSPOSED: dict[str, Any] = {
    "x": "n c h w",
    "weight": "c o p q",
    "output": "n o i j",
    "rename": {**_RENAME, "output_padding": None},
    "recode": {"border_mode": _transposed_border_mode, "output_shape": padding.transposed_size},
    "docs": f"{_DOCS}#theano.tensor.nnet.abstract_conv.conv2d_grad_wrt_inputs",
}

conv_transpose2d = binding(
    partial(_conv_transpose2d, filter_flip=True),
    flip={"weight": Flip("p q", when={"flip_kernel": False})},
    **_TRANSPOSED,
)

conv_transpose2d_unflipped = binding(
    partial(_conv_transpose2d, filter_flip=False),
    operation="conv_transpose2d",
    variant="unflipped",
    flip={"weight": Flip("p q", when={"flip_kernel": True})},
    **_TRANSPOSED,
)
