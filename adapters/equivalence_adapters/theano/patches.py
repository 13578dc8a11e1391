"""Theano's borders, windows and blocks, made of slices and indices."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tensor = Lazy("theano.tensor")

Pair = tuple[int, int]


def _surrounded(x: Any, border: tuple[Pair, Pair], value: float) -> Any:
    # As Lasagne's PadLayer does it: an image of the border's value, into which x is written.
    (top, bottom), (left, right) = border
    n, c, h, w = (x.shape[axis] for axis in range(4))
    image = tensor.alloc(tensor.constant(value, dtype=x.dtype), n, c, h + top + bottom, w + left + right)
    return tensor.set_subtensor(image[:, :, top : top + h, left : left + w], x)


def _sliding_windows(x: Any, *, size: int, step: int, pad_end: bool) -> Any:
    length = x.shape[1]
    count = (length + step - 1) // step if pad_end else (length - size) // step + 1
    places = (tensor.arange(count) * step).dimshuffle(0, "x") + tensor.arange(size).dimshuffle("x", 0)
    if pad_end:
        zeros = tensor.alloc(
            tensor.constant(0, dtype=x.dtype), x.shape[0], size, *(x.shape[a] for a in range(2, x.ndim))
        )
        x = tensor.concatenate([x, zeros], axis=1)
    return x.take(places, axis=1)


def _shown(size: Any, sides: Pair, mode: str) -> Any:
    places = tensor.arange(-sides[0], size + sides[1])
    if mode == "edge":
        return tensor.clip(places, 0, size - 1)
    twice = 1 if mode == "symmetric" else 0
    before = tensor.switch(places < 0, -places - twice, places)
    return tensor.switch(before >= size, 2 * size - 2 + twice - before, before)


def _pad(x: Any, *, border: tuple[Pair, Pair], mode: str, value: float) -> Any:
    if mode == "constant":
        return _surrounded(x, border, value)
    rows, columns = (_shown(x.shape[axis], sides, mode) for axis, sides in zip((2, 3), border, strict=True))
    return x.take(rows, axis=2).take(columns, axis=3)


def _unfold(x: Any, *, window: Pair, stride: Pair, dilation: Pair, padding: Pair) -> Any:
    image = _surrounded(x, ((padding[0], padding[0]), (padding[1], padding[1])), 0.0)
    last = [image.shape[2 + k] - (window[k] - 1) * dilation[k] for k in range(2)]
    seen = [
        image[
            :,
            :,
            p * dilation[0] : p * dilation[0] + last[0] : stride[0],
            q * dilation[1] : q * dilation[1] + last[1] : stride[1],
        ]
        for p in range(window[0])
        for q in range(window[1])
    ]
    return tensor.stack(seen, axis=2)


def _depth_to_space(x: Any, *, block: int, order: str) -> Any:
    n, d, h, w = (x.shape[axis] for axis in range(4))
    c = d // block**2
    if order == "DCR":
        parted = x.reshape((n, block, block, c, h, w)).dimshuffle(0, 3, 4, 1, 5, 2)
    else:
        parted = x.reshape((n, c, block, block, h, w)).dimshuffle(0, 1, 4, 2, 5, 3)
    return parted.reshape((n, c, h * block, w * block))


def _space_to_depth(x: Any, *, block: int, order: str) -> Any:
    n, c, u, v = (x.shape[axis] for axis in range(4))
    parted = x.reshape((n, c, u // block, block, v // block, block))
    moved = parted.dimshuffle(0, 3, 5, 1, 2, 4) if order == "DCR" else parted.dimshuffle(0, 1, 3, 5, 2, 4)
    return moved.reshape((n, c * block**2, u // block, v // block))


sliding_windows = binding(
    _sliding_windows,
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html#indexing",
    x="n t ...",
    output="n i s ...",
    conventions={
        "place of the new axis": "no function of its own; of indices, behind the windows' axis",
        "remainder": "no function of its own",
        "default axis": "no function of its own",
    },
)
pad = binding(
    _pad,
    docs="https://lasagne.readthedocs.io/en/latest/modules/layers/shape.html#lasagne.layers.PadLayer",
    x="n c h w",
    conventions={
        "order of the amounts": "PadLayer: first axis first, behind batch_ndim axes",
        "edge once": "none",
        "edge twice": "none",
        "edge repeated": "none",
    },
)
unfold = binding(
    _unfold,
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/neighbours.html",
    x="n c h w",
    output="n c (p q) i j",
    conventions={
        "order in a patch": "images2neibs: p q, a row for each image, channel and window",
        "place of the windows": "images2neibs: the first axis, behind n c",
        "padding": "images2neibs: valid, ignore_borders, wrap_centered, half or full",
    },
)
depth_to_space = binding(
    _depth_to_space,
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html#theano.tensor.reshape",
    x="n d h w",
    conventions={"order of its own": "no function of its own"},
)
space_to_depth = binding(
    _space_to_depth,
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html#theano.tensor.reshape",
    x="n c u v",
    conventions={"order of its own": "no function of its own"},
)
