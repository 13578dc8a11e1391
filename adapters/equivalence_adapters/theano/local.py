"""Layers that see an image through windows, with Lasagne's conventions: filters are flipped."""

from __future__ import annotations

from itertools import product
from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import Border, convolution_border
from equivalence_adapters.theano.linear import ACTIVATIONS, nin_layer

nnet = Lazy("theano.tensor.nnet")


def _mlpconv(
    x: Any,
    kernel: Any,
    hidden: Any,
    weight: Any,
    *biases: Any,
    subsample: tuple[int, int],
    border_mode: Border,
    activation: str,
) -> Any:
    first, second, third = biases or (None, None, None)
    output = nnet.conv2d(x, kernel, subsample=subsample, border_mode=border_mode, filter_flip=True)
    if first is not None:
        output = output + first.dimshuffle("x", 0, "x", "x")
    output = nin_layer(ACTIVATIONS[activation](output), hidden, second, activation=activation)
    return nin_layer(output, weight, third, activation=activation)


def _border(context: Context) -> Border:
    return convolution_border(Context({**context.parameters, "dilation": (1, 1)}, context.sizes))


# Lasagne's Conv2DLayer, which flips its filters, and two of its NINLayers.
mlpconv = binding(
    _mlpconv,
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/dense.html#lasagne.layers.NINLayer",
    rename={"stride": "subsample", "padding": "border_mode"},
    recode={"border_mode": _border},
    flip={"kernel": "p q"},
    hidden="m k",
    weight="k o",
    conventions={
        "1x1 layers": "NINLayer with a matrix c o",
        "default activation": "rectify, in each layer",
        "default padding": "0",
    },
)

_LOCAL = {
    "default activation": "rectify",
    "bias": "one for each filter; untie_biases=True: one for each place and filter",
    "padding": "same only, and stride 1 only",
    "still there": "yes, in two dimensions",
}
_LOCAL_DOCS = (
    "https://lasagne.readthedocs.io/en/latest/modules/layers/local.html#lasagne.layers.LocallyConnected2DLayer"
)


def _locally_connected(
    x: Any, weight: Any, bias: Any = None, *, stride: int | tuple[int, ...], kernel: tuple[int, ...]
) -> Any:
    # As Lasagne does it: for each pixel of the filter, the image it sees, times its weight at every place.
    steps = stride if isinstance(stride, tuple) else (stride,)
    places = [weight.shape[weight.ndim - len(kernel) + axis] for axis in range(len(kernel))]
    output = 0
    for tap in product(*map(range, kernel)):
        seen = tuple(
            slice(at, at + (count - 1) * step + 1, step) for at, count, step in zip(tap, places, steps, strict=True)
        )
        flipped = tuple(size - 1 - at for at, size in zip(tap, kernel, strict=True))
        image = x[(slice(None), slice(None), *seen)].dimshuffle(0, "x", *range(1, x.ndim))
        output += (image * weight[(slice(None), slice(None), *flipped)]).sum(axis=2)
    return output if bias is None else output + bias


locally_connected1d = binding(
    _locally_connected,
    docs=_LOCAL_DOCS,
    recode={"kernel": lambda context: (context.sizes["q"],)},
    flip={"weight": "q"},
    conventions=_LOCAL,
)

locally_connected2d = binding(
    _locally_connected,
    docs=_LOCAL_DOCS,
    recode={"kernel": lambda context: (context.sizes["p"], context.sizes["q"])},
    flip={"weight": "p q"},
    conventions=_LOCAL,
)
