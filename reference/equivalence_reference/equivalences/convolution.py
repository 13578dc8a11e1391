"""Convolutions written in other ways."""

from __future__ import annotations

from equivalence.expressions import Equivalence, Expression
from equivalence.graph import Arrange, Size, Step
from equivalence.operation import case

_CONV = {"x": "x", "weight": "weight", "bias": "bias"}

transposed_as_gradient = Equivalence(
    name="transposed_as_gradient",
    title="transposed convolution = gradient of a convolution",
    why="a convolution is linear in its image, and the transposed one is its transpose, as the gradient is",
    seeds=("002",),
    inputs={"x": "n c h w"},
    parameters={"weight": "c o p q"},
    expressions={
        "transposed": Expression(
            steps=[Step("image", "conv_transpose2d", {"x": "x", "weight": "weight"}, stride=(2, 2))],
            outputs={"y": "image"},
        ),
        "gradient": Expression(
            steps=[Step("small", "conv2d", {"x": "x", "weight": "weight"}, stride=(2, 2))],
            outputs={"y": "small"},
            adjoint="x",
            inputs={"x": "n o i j"},
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "c": 4, "h": 3, "w": 5, "o": 6, "p": 3, "q": 2}),
        case("equal_sizes", {"n": 3, "c": 3, "h": 3, "w": 3, "o": 3, "p": 3, "q": 3}),
    ],
)

flipped_kernel = Equivalence(
    name="flipped_kernel",
    title="true convolution = cross-correlation with the kernel turned around",
    why="walking the kernel backwards over the image is walking its mirror image forwards",
    seeds=("001",),
    inputs={"x": "n c h w"},
    parameters={"weight": "o c p q", "bias": "o"},
    expressions={
        "convolution": Expression(steps=[Step("image", "conv2d", _CONV, flip_kernel=True)], outputs={"y": "image"}),
        "cross-correlation": Expression(
            steps=[
                Arrange("turned", "weight", "o c p q -> o c p q", flip="p q"),
                Step("image", "conv2d", {**_CONV, "weight": "turned"}),
            ],
            outputs={"y": "image"},
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "c": 4, "h": 6, "w": 7, "o": 5, "p": 3, "q": 2}),
        case("equal_sizes", {"n": 3, "c": 3, "h": 3, "w": 3, "o": 3, "p": 3, "q": 3}),
    ],
)

depthwise_as_grouped = Equivalence(
    name="depthwise_as_grouped",
    title="depthwise convolution = convolution with a group for each channel",
    why="a group of one channel has filters for that channel alone",
    inputs={"x": "n c h w"},
    parameters={"weight": "c m p q", "bias": "c m"},
    expressions={
        "depthwise": Expression(
            steps=[
                Step("each", "depthwise_conv2d", _CONV),
                Arrange("image", "each", "n c m i j -> n (c m) i j", c="c", m="m"),
            ],
            outputs={"y": "image"},
        ),
        "grouped": Expression(
            steps=[
                Arrange("filters", "weight", "c m p q -> (c m) 1 p q"),
                Arrange("biases", "bias", "c m -> (c m)"),
                Step("image", "conv2d", {"x": "x", "weight": "filters", "bias": "biases"}, groups=Size("c")),
            ],
            outputs={"y": "image"},
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "c": 4, "h": 6, "w": 7, "m": 3, "p": 3, "q": 2}),
        case("equal_sizes", {"n": 2, "c": 2, "h": 2, "w": 2, "m": 2, "p": 2, "q": 2}),
    ],
)

separable_in_two_steps = Equivalence(
    name="separable_in_two_steps",
    title="separable convolution = depthwise, then 1x1 convolution",
    why="that is its definition; the bias is added once, at the end",
    inputs={"x": "n c h w"},
    parameters={"depthwise": "c m p q", "pointwise": "o c m", "bias": "o"},
    expressions={
        "separable": Expression(
            steps=[
                Step(
                    "image",
                    "separable_conv2d",
                    {"x": "x", "depthwise": "depthwise", "pointwise": "pointwise", "bias": "bias"},
                )
            ],
            outputs={"y": "image"},
        ),
        "two steps": Expression(
            steps=[
                Step("each", "depthwise_conv2d", {"x": "x", "weight": "depthwise"}),
                Arrange("channels", "each", "n c m i j -> n (c m) i j", c="c", m="m"),
                Arrange("kernel", "pointwise", "o c m -> o (c m) 1 1"),
                Step("image", "conv2d", {"x": "channels", "weight": "kernel", "bias": "bias"}),
            ],
            outputs={"y": "image"},
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "c": 4, "h": 6, "w": 7, "m": 3, "o": 5, "p": 3, "q": 2}),
        case("equal_sizes", {"n": 2, "c": 2, "h": 2, "w": 2, "m": 2, "o": 2, "p": 2, "q": 2}),
    ],
)

same_as_padding = Equivalence(
    name="same_as_padding",
    title="SAME = explicit padding, then VALID",
    why="SAME pads what the kernel has more than one pixel, the odd one at the end",
    inputs={"x": "n c h w"},
    parameters={"weight": "o c p q", "bias": "o"},
    sizes={"a": "(p - 1)/2", "b": "p - 1 - a", "d": "(q - 1)/2", "e": "q - 1 - d"},
    expressions={
        "same": Expression(steps=[Step("image", "conv2d", _CONV, padding="same_upper")], outputs={"y": "image"}),
        "pad, then valid": Expression(
            steps=[
                Step("larger", "pad", {"x": "x"}, border=((Size("a"), Size("b")), (Size("d"), Size("e")))),
                Step("image", "conv2d", {**_CONV, "x": "larger"}),
            ],
            outputs={"y": "image"},
        ),
        "padding in numbers": Expression(
            steps=[Step("image", "conv2d", _CONV, padding=((Size("a"), Size("b")), (Size("d"), Size("e"))))],
            outputs={"y": "image"},
        ),
    },
    cases=[
        case("even_kernel-distinct_sizes", {"n": 2, "c": 3, "h": 6, "w": 7, "o": 5, "p": 4, "q": 4}),
        case("odd_kernel-equal_sizes", {"n": 3, "c": 3, "h": 3, "w": 3, "o": 3, "p": 3, "q": 3}),
    ],
)
