"""Pooling of Theano, with Lasagne's global pooling."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters import padding

tensor = Lazy("theano.tensor")
pool = Lazy("theano.tensor.signal.pool")

_INFINITY = float("inf")


def _max_pool2d(x: Any, *, ws: tuple[int, int], stride: tuple[int, int] | None, pad: padding.Border) -> Any:
    (top, bottom), (left, right) = pad
    if top == bottom and left == right:
        return pool.pool_2d(x, ws, ignore_border=True, stride=stride, pad=(top, left))
    # pool_2d pads both sides alike, so another padding is made of an image of minus infinity.
    rows, columns = x.shape[2], x.shape[3]
    image = tensor.alloc(
        tensor.constant(-_INFINITY, dtype=x.dtype), x.shape[0], x.shape[1], rows + top + bottom, columns + left + right
    )
    padded = tensor.set_subtensor(image[:, :, top : top + rows, left : left + columns], x)
    return pool.pool_2d(padded, ws, ignore_border=True, stride=stride)


def _global_avg_pool(x: Any) -> Any:
    # As Lasagne's GlobalPoolLayer does it.
    return x.flatten(3).mean(axis=2)


max_pool2d = binding(
    _max_pool2d,
    x="n c h w",
    output="n c i j",
    # The windows that rounding up adds are in the padding.
    rename={"window": "ws", "padding": "pad", "rounding": None},
    recode={"pad": padding.rounded_pooling_border},
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/signal/pool.html",
)

global_avg_pool = binding(
    _global_avg_pool,
    x="n c ...",
    output="n c",
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/pool.html#lasagne.layers.GlobalPoolLayer",
)
