"""Seed 003: Network in network, written with NumPy."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from equivalence.claim import Check, Framework, agree, check, claim, instead
from equivalence.inputs import Array
from equivalence_reference.claims._numbers import ROUNDING, counting, normal

Settings = dict[str, Any]

_TWO: Settings = {"padding": ((2, 2), (2, 2))}
_BLOCKS: tuple[tuple[str, str, str, Settings], ...] = (
    ("conv1", "mlp1", "mlp2", _TWO),
    ("conv2", "mlp2_1", "mlp2_2", _TWO),
    ("conv3", "mlp3_1", "mlp3_2", {"padding": ((1, 1), (1, 1))}),
)
"""The layers of each MLPConv by their names in the document, and the padding of the first."""

_HALF: tuple[str, Settings] = ("max_pool2d", {"window": (2, 2), "stride": (2, 2)})
_POOLINGS = {"maxPool1": _HALF, "maxPool2": _HALF, "gap": ("global_avg_pool", {})}
"""What stands behind each MLPConv, by its name in the document."""

_WHERE_SET = {name: name for block in _BLOCKS for name in block[:3]} | {"mlp2_2": "mlp2_1", "mlp3_2": "mlp3_1"}
"""Whose parameters ``set_params`` gives each layer."""

Parameters = Mapping[str, tuple[Array, Array]]


def _parameters(widths: tuple[int, ...], channels: int) -> dict[str, tuple[Array, Array]]:
    """Weights and biases of the nine layers, of a size that keeps numbers near 1."""
    found, taps = {}, (5, 1, 1, 5, 1, 1, 3, 1, 1)
    names = [name for block in _BLOCKS for name in block[:3]]
    for place, (name, width, size) in enumerate(zip(names, widths, taps, strict=True)):
        scale = np.sqrt(2 / (channels * size * size))
        weight = scale * normal(width, channels, size, size, seed=place)
        found[name] = weight, 0.1 * normal(width, seed=place)
        channels = width
    return found


def _forward(framework: Framework, x: Array, parameters: Parameters, shapes: dict[str, tuple[int, ...]]) -> Array:
    """The network without dropout, noting the shape after each layer."""

    def layer(name: str, image: Array, **settings: Any) -> Array:
        weight, bias = parameters[name]
        active = framework(
            "relu", framework("conv2d", image, weight, bias, dtype="float32", **settings), dtype="float32"
        )
        shapes[name] = active.shape[1:]
        return active

    for (first, second, third, border), (name, (operation, settings)) in zip(_BLOCKS, _POOLINGS.items(), strict=True):
        x = layer(third, layer(second, layer(first, x, **border)))
        x = framework(operation, x, dtype="float32", **settings)
        shapes[name] = x.shape[1:]
    return x


@claim(
    seed="003",
    text="Global average pooling of 0 to 35 as two examples of two 3 x 3 planes gives ((4, 13), (22, 31)).",
    expected="confirmed",
    why="the mean of nine numbers in a row is the middle one",
)
def gap_forward(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    y = framework("global_avg_pool", counting(2, 2, 3, 3))
    yield check("means of the planes", [[4.0, 13.0], [22.0, 31.0]], y, within=ROUNDING)


@claim(
    seed="003",
    text="Its backward pass repeats the gradient over the plane: 0, 1, 2 and 3, nine times each.",
    expected="refuted",
    why="a pixel moves the mean by 1/(H W) of itself: the factor is left out, and the result is 9 times too large",
)
def gap_backward(framework: Framework) -> Iterator[Check]:
    """The document's cotangent beside each framework's own gradient."""
    x, cotangent = counting(2, 2, 3, 3), counting(2, 2)
    gradient = framework.gradients("global_avg_pool", cotangent, x)["x"]
    printed = np.broadcast_to(cotangent[:, :, None, None], x.shape)
    yield check("gradient at each plane's first pixel", printed[:, :, 0, 0], gradient[:, :, 0, 0], within=ROUNDING)
    yield instead(check("nine times the gradient, everywhere", printed, 9 * gradient, within=ROUNDING))


@claim(
    seed="003",
    text="An MLPConv is a convolution followed by 1 x 1 convolutions, with an activation after each.",
    expected="confirmed",
    why="the small network that slides over the image has a patch below and one pixel above",
)
def mlpconv_is_convolutions(framework: Framework) -> Iterator[Check]:
    """One layer beside three, on the paddings of the document."""
    x, first = normal(2, 3, 6, 7), normal(5, 3, 5, 5)
    second, third, biases = normal(4, 5), normal(2, 4), (normal(5), normal(4), normal(2))
    whole = framework("mlpconv", x, first, second, third, *biases, padding=((2, 2), (2, 2)))
    image = framework("relu", framework("conv2d", x, first, biases[0], padding=((2, 2), (2, 2))))
    for weight, bias in ((second, biases[1]), (third, biases[2])):
        image = framework("relu", framework("conv2d", image, weight[:, :, None, None], bias))
    yield agree("the three layers", whole, image)


@claim(
    seed="003",
    text="The network takes 3 x 32 x 32 images to 10 numbers, by way of the shapes its layers say.",
    expected="confirmed",
    why="borders of 2 and 1 keep the size, two poolings halve it twice, and the mean leaves the channels",
)
def nin_shapes(framework: Framework) -> Iterator[Check]:
    """Two images: the batch of 128 is an axis that passes through."""
    widths, shapes = (192, 160, 96, 192, 192, 192, 192, 192, 10), dict[str, tuple[int, ...]]()
    y = _forward(framework, normal(2, 3, 32, 32), _parameters(widths, 3), shapes)
    expected = {
        **dict(zip(("conv1", "mlp1", "mlp2"), ((width, 32, 32) for width in widths[:3]), strict=True)),
        "maxPool1": (96, 16, 16),
        **dict(zip(("conv2", "mlp2_1", "mlp2_2"), ((192, 16, 16),) * 3, strict=True)),
        "maxPool2": (192, 8, 8),
        **dict(zip(("conv3", "mlp3_1", "mlp3_2"), ((width, 8, 8) for width in widths[6:]), strict=True)),
        "gap": (10,),
    }
    for name, shape in expected.items():
        yield check(f"after {name}", shape, shapes[name])
    yield check("outputs of two images", (2, 10), y.shape)


@claim(
    seed="003",
    text="Parameters that get_params takes out and set_params puts back leave the network as it was.",
    expected="refuted",
    why="set_params gives mlp2_2 the parameters of mlp2_1, and mlp3_2 those of mlp3_1, which has more than ten outputs",
)
def set_params_undoes_get_params(framework: Framework) -> Iterator[Check]:
    """A narrow network of the same layers, before and after."""
    x, before = normal(2, 3, 8, 8), _parameters((6, 5, 4, 6, 6, 6, 6, 6, 3), 3)
    y = _forward(framework, x, before, {})
    restored = {name: before[source] for name, source in _WHERE_SET.items()}
    yield check("outputs of an example", y.shape[1], _forward(framework, x, restored, {}).shape[1])
    # With the last layer's parameters put right, the other mistake shows in the numbers.
    half = _forward(framework, x, {**restored, "mlp3_2": before["mlp3_2"]}, {})
    yield agree("the outputs, with mlp3_2 put right", y, half, within=1e-6)
    own = {name: before[name] for name in _WHERE_SET}
    yield instead(agree("with each layer's own parameters", y, _forward(framework, x, own, {}), within=1e-6))


_STEPS, _MINUTES = 900, 60
"""Steps in which a narrow network sees 1437 digits 20 times, 32 a step; and how long they may take."""


@claim(
    seed="003",
    text="The network is too slow in NumPy to be run.",
    expected="refuted",
    why="as matrix products, a step of a network that fits 8 x 8 digits takes a fraction of a second",
    about=("numpy",),
)
def numpy_is_too_slow(framework: Framework) -> Iterator[Check]:
    """A step of training on 32 digits, timed: every layer forwards and backwards, the best of three."""
    if framework.name != "numpy":
        return
    x, parameters = normal(32, 1, 8, 8), _parameters((16, 12, 12, 16, 16, 16, 16, 16, 10), 1)
    seconds = min(_step(framework, x, parameters) for _ in range(3))
    minutes = _STEPS * seconds / 60
    yield check(f"{_STEPS} steps take more than {_MINUTES} minutes", True, minutes > _MINUTES)  # noqa: FBT003
    yield instead(check("minutes they take, from 0 to 60", _MINUTES / 2, minutes, within=_MINUTES / 2))


def _step(framework: Framework, x: Array, parameters: Parameters) -> float:
    """Seconds of one forward and backward pass."""
    start, cotangent = time.perf_counter(), np.full((32, 10), 0.1)
    walked: list[tuple[str, tuple[Array, ...], dict[str, Any]]] = []

    def forwards(operation: str, *arrays: Array, **settings: Any) -> Array:
        walked.append((operation, arrays, settings))
        return framework(operation, *arrays, **settings)

    for (first, second, third, border), (operation, settings) in zip(_BLOCKS, _POOLINGS.values(), strict=True):
        for name in (first, second, third):
            x = forwards("relu", forwards("conv2d", x, *parameters[name], **(border if name == first else {})))
        x = forwards(operation, x, **settings)
    for name, given, used in reversed(walked):
        cotangent = framework.gradients(name, cotangent, *given, **used)["x"]
    return time.perf_counter() - start
