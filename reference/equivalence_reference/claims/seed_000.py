"""Seed 000: a port of Lasagne's ``NINLayer`` to TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from equivalence.claim import Check, Framework, agree, check, claim, instead
from equivalence.inputs import Array
from equivalence_reference.claims._numbers import normal

_WEIGHT = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]]).T
"""``o c``; the document writes it as Lasagne keeps it, ``c o``."""

_PLANES = (0.30000001, 0.40000001, 0.5)
_LAST_DIGIT = 4e-8
"""The document prints float32 numbers; one unit in their last place."""


def _port(framework: Framework, x: Array, weight: Array, *, rows: int = 5, columns: int = 5) -> Array:
    """The port step by step: channels last, one row a pixel, a matrix product, and the sizes it writes out."""
    n, c, h, w = x.shape
    last = framework("permute_dimensions", x, axes=(0, 2, 3, 1))
    # The catalogue's reshape takes three axes: examples and rows are one here, which moves no number.
    flat = framework("reshape", last.reshape(n * h, w, c), shape=(-1, c))
    units = framework("matmul", flat, weight.T)
    return framework("reshape", units[None], shape=(-1, rows, columns, weight.shape[0]))


def _channels_first(framework: Framework, port: Array) -> Array:
    return framework("permute_dimensions", port, axes=(0, 3, 1, 2))


@claim(
    seed="000",
    text="On an image of 0.1, NINLayer with the weights (1, 2, 3) and (2, 2, 2) gives planes of 0.3, 0.4, 0.5.",
    expected="confirmed",
    why="each unit is 0.1 times the sum of its two weights, 3, 4 and 5, at every pixel",
)
def nin_planes(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    y = framework("nin", np.full((1, 2, 5, 5), 0.1), _WEIGHT, dtype="float32")
    yield check("shape of the output", (1, 3, 5, 5), y.shape)
    for plane, printed in zip(y[0], _PLANES, strict=True):
        yield check(
            "largest and smallest of a plane", (printed, printed), (plane.max(), plane.min()), within=_LAST_DIGIT
        )


@claim(
    seed="000",
    text="With the channels last, the layer is a reshape to one row a pixel, a matrix product, and a reshape back.",
    expected="confirmed",
    why="the matrix product weighs the channels of each row, which is one pixel; sizes of 5 and 5 fit the image",
)
def nin_port(framework: Framework) -> Iterator[Check]:
    """The document's own image, and one that shows which number goes where."""
    for what, x in (("0.1 everywhere", np.full((1, 2, 5, 5), 0.1)), ("three random images", normal(3, 2, 5, 5))):
        ported = _channels_first(framework, _port(framework, x, _WEIGHT))
        yield agree(f"the port on {what}", framework("nin", x, _WEIGHT), ported)


@claim(
    seed="000",
    text="The TensorFlow function takes images of any size, as its docstring and the shapes it reads suggest.",
    expected="refuted",
    why="the last reshape has 5, 5 written into it: 7 x 5 pixels do not fit, and 5 images of 2 x 5 come out as 2",
)
def nin_port_at_other_sizes(framework: Framework) -> Iterator[Check]:
    """An image it cannot reshape, and a batch whose examples it mixes."""
    tall, flat = normal(1, 2, 7, 5), normal(5, 2, 2, 5)
    yield check("7 x 5 pixels raise an error", False, framework.fails(lambda: _port(framework, tall, _WEIGHT)))  # noqa: FBT003
    yield check("examples from 5 images of 2 x 5", 5, _port(framework, flat, _WEIGHT).shape[0])
    for what, x in (("7 x 5", tall), ("5 images of 2 x 5", flat)):
        general = _port(framework, x, _WEIGHT, rows=x.shape[2], columns=x.shape[3])
        same = agree(
            f"with the sizes read off, {what}", framework("nin", x, _WEIGHT), _channels_first(framework, general)
        )
        yield instead(same)


@claim(
    seed="000",
    text="NINLayer takes any number of trailing axes, and is a convolution of filter size 1 in one, two and three.",
    expected="confirmed",
    why="a filter of one tap sees one pixel, so the sum over taps is the sum over channels alone",
)
def nin_is_convolution(framework: Framework) -> Iterator[Check]:
    """The layer beside the convolutions, with the same weights."""
    weight, bias = normal(4, 3), normal(4)
    for pixels in ((6,), (4, 5), (2, 3, 4)):
        x = normal(2, 3, *pixels)
        taps = weight.reshape(4, 3, *(1 for _ in pixels))
        convolved = framework(f"conv{len(pixels)}d", x, taps, bias)
        yield agree(f"convolution along {len(pixels)} axes", framework("nin", x, weight, bias), convolved)
