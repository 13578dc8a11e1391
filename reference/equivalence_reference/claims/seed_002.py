"""Seed 002: transposed convolutions, and dense layers as convolutions, in TensorFlow 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from equivalence.claim import Check, Framework, agree, check, claim, instead
from equivalence.inputs import Array
from equivalence_reference.claims._numbers import normal

_CONSTANT = 4.58799
_PRINTED = np.array(
    [
        [1.9132932e00, 3.3048427e00, 5.2475062e-04, 1.3870993e00],
        [6.7331469e-01, 4.2364866e-01, 8.5456026e-01, 1.5854297e00],
        [1.8203658e00, 2.4720864e00, 1.9232609e00, 3.1437812e00],
        [9.3802512e-01, 4.0287952e00, 1.2565404e-01, 3.0760992e00],
    ]
)
"""What the document prints for both ways, which are the same."""

Shape = tuple[int, ...]

_REPLACED = {"tf.layers.conv2d_transpose": "keras.layers.Conv2DTranspose"}


def _own_size(framework: Framework, pixels: int, taps: int, padding: str) -> Shape | None:
    """Height and width of a transposed convolution of stride 2 where no size is given: the framework's own choice.

    None where there is no such choice: TensorFlow's and Theano's functions have to be told.
    """
    if framework.name == "keras":
        image, kernel = np.ones((1, pixels, pixels, 1)), np.ones((taps, taps, 1, 1))
        y = framework.call("keras.ops:conv_transpose", image, kernel, strides=(2, 2), padding=padding)
        return tuple(y.shape[1:3])
    if framework.name == "torch":
        image, kernel = np.ones((1, 1, pixels, pixels)), np.ones((1, 1, taps, taps))
        border = taps // 2 if padding == "same" else 0
        path = "torch.nn.functional:conv_transpose2d"
        return tuple(framework.call(path, image, kernel, stride=(2, 2), padding=border).shape[2:])
    return None


def _sized(framework: Framework, pixels: int, taps: int, padding: str, size: int) -> Iterator[Check]:
    """The size that is chosen; where none is, whether this one can be asked for."""
    own = _own_size(framework, pixels, taps, padding)
    if own is not None:
        yield check("height and width where none is asked for", (size, size), own)
    if framework.name != "keras":
        named = {"valid": "valid", "same": "same_upper"}[padding]
        large, back = _with_size(framework, pixels, taps, 2, named, size)
        asked = check("asked for, and led back by the convolution", (size, pixels), (large.shape[2], back.shape[2]))
        yield asked if own is None else instead(asked)


def _with_size(
    framework: Framework, pixels: int, taps: int, stride: int, padding: str, size: int
) -> tuple[Array, Array]:
    """A transposed convolution to a given size, and the convolution that leads back."""
    kernel = np.ones((1, 1, taps, taps))
    geometry: dict[str, Any] = {"stride": (stride, stride), "padding": padding}
    large = framework(
        "conv_transpose2d", np.ones((1, 1, pixels, pixels)), kernel, output_shape=(size, size), **geometry
    )
    return large, framework("conv2d", large, kernel, **geometry)


@claim(
    seed="002",
    text="A dense layer on images with the channels last is a convolution with a 1 x 1 kernel of the same weights.",
    expected="confirmed",
    why="both weigh the channels of a pixel by the same numbers",
    replaced={"tf.layers.dense": "keras.layers.Dense", "tf.layers.conv2d": "keras.layers.Conv2D"},
)
def dense_is_1x1_convolution(framework: Framework) -> Iterator[Check]:
    """On the document's sizes, and on a batch with more channels."""
    for n, c, o in ((1, 1, 2), (3, 4, 5)):
        x, weight = normal(n, c, 4, 4), normal(o, c)
        dense = np.moveaxis(framework("dense", np.moveaxis(x, 1, -1), weight), -1, 1)
        yield agree(f"{n} images of {c} channels", dense, framework("conv2d", x, weight[:, :, None, None]))


@claim(
    seed="002",
    text="The two stay the same when a transposed convolution follows.",
    expected="confirmed",
    why="a function of equal numbers gives equal numbers",
)
def dense_then_transposed(framework: Framework) -> Iterator[Check]:
    """Both ways, then the same transposed convolution, as in the document of 1 x 1."""
    x, weight, last = normal(3, 4, 4, 4), normal(5, 4), normal(5, 2, 1, 1)
    dense = np.moveaxis(framework("dense", np.moveaxis(x, 1, -1), weight), -1, 1)
    convolved = framework("conv2d", x, weight[:, :, None, None])
    both = [framework("conv_transpose2d", image, last) for image in (dense, convolved)]
    yield agree("after the transposed convolution", *both)


@claim(
    seed="002",
    text="The printed table: a 1 x 1 convolution to two channels and a transposed one back give sixteen numbers.",
    expected="confirmed",
    why="without taps beside the pixel the network is a multiplication by one number, the two layers' products summed",
)
def printed_table(framework: Framework) -> Iterator[Check]:
    """Any weights whose products sum up to the table's constant give the table."""
    x = np.random.RandomState(1).rand(1, 1, 4, 4)  # the document's generator
    ratios = _PRINTED / x[0, 0]
    yield check("each number over its input", np.full((4, 4), _CONSTANT), ratios, within=1e-5)
    first, second = np.array([2.0, -1.0]), np.array([3.0, 0.0])
    second[1] = first @ second - ratios.mean()
    hidden = framework("conv2d", x, first.reshape(2, 1, 1, 1))
    y = framework("conv_transpose2d", hidden, second.reshape(2, 1, 1, 1))
    yield check("the sixteen numbers", _PRINTED, y[0, 0], within=1e-6)


@claim(
    seed="002",
    text="A 3 x 3 input, a 5 x 5 kernel, stride 2 and SAME give 6 x 6.",
    expected="confirmed",
    why="Keras's layer makes a stride of each pixel; the smallest that leads back to 3 x 3, PyTorch's, is 5 x 5",
    about=("keras",),
    replaced=_REPLACED,
)
def same_3x3_to_6x6(framework: Framework) -> Iterator[Check]:
    """The framework's own choice, else whether it can be asked for."""
    yield from _sized(framework, 3, 5, "same", 6)


@claim(
    seed="002",
    text="A 2 x 2 input, a 3 x 3 kernel, stride 2 and SAME give 4 x 4.",
    expected="confirmed",
    why="Keras's layer makes a stride of each pixel; the smallest that leads back to 2 x 2, PyTorch's, is 3 x 3",
    about=("keras",),
    replaced=_REPLACED,
)
def same_2x2_to_4x4(framework: Framework) -> Iterator[Check]:
    """The framework's own choice, else whether it can be asked for."""
    yield from _sized(framework, 2, 3, "same", 4)


@claim(
    seed="002",
    text="Stride 2 takes 4 x 4 to 8 x 8 with a 1 x 1 kernel.",
    expected="confirmed",
    why="Keras adds what the stride has more than the kernel; the smallest size, PyTorch's, is (4 - 1) 2 + 1 = 7",
    about=("keras",),
    replaced=_REPLACED,
)
def stride_2_with_1x1(framework: Framework) -> Iterator[Check]:
    """The framework's own choice, else whether it can be asked for."""
    yield from _sized(framework, 4, 1, "valid", 8)


@claim(
    seed="002",
    text="Stride 2 takes 4 x 4 to 9 x 9 with a 3 x 3 kernel and VALID.",
    expected="confirmed",
    why="(4 - 1) 2 + 3 = 9 pixels are painted on, and a kernel larger than the stride leaves nothing to add",
    replaced=_REPLACED,
)
def stride_2_with_3x3(framework: Framework) -> Iterator[Check]:
    """The framework's own choice, else whether it can be asked for."""
    yield from _sized(framework, 4, 3, "valid", 9)


@claim(
    seed="002",
    text="The convolution of 4 x 4 with stride 2 and a 1 x 1 kernel would be 2 x 2.",
    expected="confirmed",
    why="every second pixel of four is two",
)
def strided_convolution_halves(framework: Framework) -> Iterator[Check]:
    """The other direction."""
    y = framework("conv2d", np.ones((1, 1, 4, 4)), np.ones((1, 1, 1, 1)), stride=(2, 2))
    yield check("height and width", (2, 2), y.shape[2:])


@claim(
    seed="002",
    text="7 x 7 becomes 14 x 14 with a 3 x 3 kernel, stride 2 and SAME, and the convolution leads back to 7 x 7.",
    expected="confirmed",
    why="half of 14 is 7; channels follow the kernel, 256 in and 128 out",
    replaced=_REPLACED,
)
def same_7x7_and_back(framework: Framework) -> Iterator[Check]:
    """The printed shapes, for one of the 64 images."""
    kernel = np.ones((256, 128, 3, 3))
    geometry: dict[str, Any] = {"stride": (2, 2), "padding": "same_upper", "dtype": "float32"}
    large = framework("conv_transpose2d", np.ones((1, 256, 7, 7)), kernel, output_shape=(14, 14), **geometry)
    back = framework("conv2d", large, kernel, **geometry)
    yield check("channels, height and width", (128, 14, 14), large.shape[1:])
    yield check("after the convolution", (256, 7, 7), back.shape[1:])


@claim(
    seed="002",
    text="With a 3 x 3 kernel, stride 3 and VALID, 14 x 14 becomes 4 x 4, and the way back is 12 x 12 or 14 x 14.",
    expected="confirmed",
    why="the convolution drops up to two pixels at the end, so sizes 12, 13 and 14 all shrink to 4",
)
def ambiguous_size(framework: Framework) -> Iterator[Check]:
    """Both sizes shrink to 4 x 4, and both can be asked for."""
    for size in (12, 14):
        image = framework("conv2d", np.ones((1, 1, size, size)), np.ones((1, 1, 3, 3)), stride=(3, 3))
        large, back = _with_size(framework, 4, 3, 3, "valid", size)
        yield check(
            f"{size} x {size} shrinks to, is painted on, leads back to",
            (4, size, 4),
            (image.shape[2], large.shape[2], back.shape[2]),
        )
    for size in (11, 15):
        other = framework("conv2d", np.ones((1, 1, size, size)), np.ones((1, 1, 3, 3)), stride=(3, 3))
        yield instead(check(f"{size} x {size} shrinks to another size", size // 3, other.shape[2]))
