"""Convolutions of Theano, which flips the kernel unless it is told not to: both ways are bound in two dimensions."""

from __future__ import annotations

from functools import partial
from typing import Any

from equivalence.binding import Context, Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import Border, convolution_border

tensor = Lazy("theano.tensor")
nnet = Lazy("theano.tensor.nnet")
neighbours = Lazy("theano.tensor.nnet.neighbours")

Sizes = tuple[int, ...]

DOCS = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/conv.html"
RENAME = {
    "stride": "subsample",
    "padding": "border_mode",
    "dilation": "filter_dilation",
    "groups": "num_groups",
    # Said by the flip of the weights: Theano's filter_flip is fixed in each binding.
    "flip_kernel": None,
}
CONVENTIONS = {
    "kernel": "true convolution: flipped, unless filter_flip=False (Lasagne's flip_filters=False)",
    "kernel layout": "OIHW: output channels, input channels of one group, spatial axes",
    "same": '"half": p // 2 on both sides; Lasagne\'s "same" is that too, for odd kernels only',
    "default padding": '"valid", 0 in Lasagne',
    "padding in numbers": "1d and 2d: each side of each axis; 3d: one number an axis, on both sides of it",
    "groups": "num_groups=; consecutive blocks of channels",
}


def flipped(axes: str, argument: str = "weight") -> dict[str, Flip]:
    """With its default, ``filter_flip=True``, Theano walks the kernel backwards."""
    return {argument: Flip(axes, when={"flip_kernel": False})}


def unflipped(axes: str, argument: str = "weight") -> dict[str, Flip]:
    """With ``filter_flip=False`` it is another's cross-correlation, and a true convolution needs the flip."""
    return {argument: Flip(axes, when={"flip_kernel": True})}


def border_mode(context: Context) -> str | Border:
    """Theano's words where it has them; its "half" is an even amount on both sides, so "same" needs numbers."""
    given = context.parameters["padding"]
    return given if given in ("valid", "full") else convolution_border(context)


def biased(output: Any, bias: Any) -> Any:
    """Add a bias to the channels, as Lasagne's convolution layers with ``untie_biases=False``."""
    return output if bias is None else output + bias.dimshuffle("x", 0, *["x"] * (output.ndim - 2))


def convolve(x: Any, weight: Any, bias: Any = None, **settings: Any) -> Any:
    """Theano's two-dimensional convolution, and a bias."""
    return biased(nnet.conv2d(x, weight, **settings), bias)


def _conv3d(x: Any, weight: Any, bias: Any = None, *, border_mode: str | Border, **settings: Any) -> Any:
    if not isinstance(border_mode, str):
        # In three dimensions Theano pads both sides alike, so the border is made of an image of zeros.
        x, border_mode = _padded(x, border_mode), "valid"
    return biased(nnet.conv3d(x, weight, border_mode=border_mode, **settings), bias)


def _padded(x: Any, border: Border) -> Any:
    sizes = [x.shape[2 + axis] + sum(sides) for axis, sides in enumerate(border)]
    inside = tuple(slice(before, before + x.shape[2 + axis]) for axis, (before, _) in enumerate(border))
    return tensor.set_subtensor(tensor.zeros((x.shape[0], x.shape[1], *sizes), x.dtype)[(..., *inside)], x)


# As Lasagne's Conv1DLayer: a convolution of images that are one pixel high.
ONE_HIGH: dict[str, Any] = {
    "subsample": lambda context: (1, *context.parameters["stride"]),
    "filter_dilation": lambda context: (1, *context.parameters["dilation"]),
}


def _one_high_border(context: Context) -> str | Border:
    along = border_mode(context)
    return along if isinstance(along, str) else ((0, 0), *along)


conv1d = binding(
    partial(convolve, filter_flip=True),
    x="n c 1 w",
    weight="o c 1 q",
    output="n o 1 j",
    rename=RENAME,
    recode={**ONE_HIGH, "border_mode": _one_high_border},
    flip=flipped("q"),
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/conv.html#lasagne.layers.Conv1DLayer",
    conventions=CONVENTIONS,
)

conv2d = binding(
    partial(convolve, filter_flip=True),
    x="n c h w",
    weight="o c p q",
    output="n o i j",
    rename=RENAME,
    recode={"border_mode": border_mode},
    flip=flipped("p q"),
    docs=DOCS,
    conventions=CONVENTIONS,
)

conv2d_unflipped = binding(
    partial(convolve, filter_flip=False),
    operation="conv2d",
    variant="unflipped",
    x="n c h w",
    weight="o c p q",
    output="n o i j",
    rename=RENAME,
    recode={"border_mode": border_mode},
    flip=unflipped("p q"),
    docs=DOCS,
    conventions=CONVENTIONS,
)

conv3d = binding(
    partial(_conv3d, filter_flip=True),
    x="n c d h w",
    weight="o c r p q",
    output="n o k i j",
    rename=RENAME,
    recode={"border_mode": border_mode},
    flip=flipped("r p q"),
    docs=DOCS,
    conventions=CONVENTIONS,
)


def _strided(x: Any, weight: Any, bias: Any = None, *, block: Sizes) -> Any:
    return biased(nnet.conv2d(x, weight, subsample=block), bias)


def _local_dense(x: Any, weight: Any, bias: Any = None, *, block: Sizes) -> Any:
    # One row for each block of each channel of each image; the channels come before the pixels in a dense layer.
    seen = neighbours.images2neibs(x, block, mode="ignore_borders")
    rows, columns = x.shape[2] // block[0], x.shape[3] // block[1]
    by_channel = seen.reshape((x.shape[0], x.shape[1], rows, columns, block[0] * block[1]))
    flat = by_channel.dimshuffle(0, 2, 3, 1, 4).reshape((x.shape[0] * rows * columns, weight.shape[0]))
    output = tensor.dot(flat, weight)
    return (output if bias is None else output + bias).reshape((x.shape[0], rows, columns, weight.shape[1]))


def _block(context: Context) -> Sizes:
    return context.sizes["p"], context.sizes["q"]


_LOCAL = {
    "kernel": "true convolution: the reshaped matrix is flipped, unless filter_flip=False",
    "order in which a block is flattened": "channels, rows, columns",
    "what to do with the layer's matrix": "transpose (c p q, o), reshape it to (o, c, p, q) and flip it",
    "pixels left over": "dropped",
}

local_fc_as_conv = binding(
    _strided,
    x="n c h w",
    weight="o c p q",
    output="n o i j",
    recode={"block": _block},
    flip={"weight": "p q"},
    docs=DOCS,
    conventions=_LOCAL,
)

# Lasagne's DenseLayer keeps its matrix as (inputs, units).
dense_local_fc_as_conv = binding(
    _local_dense,
    operation="local_fc_as_conv",
    variant="dense",
    x="n c h w",
    weight="(c p q) o",
    output="n i j o",
    recode={"block": _block},
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/neighbours.html",
    conventions=_LOCAL,
)
