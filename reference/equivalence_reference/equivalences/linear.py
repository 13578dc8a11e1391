"""Dense layers written in other ways."""

from __future__ import annotations

from equivalence.expressions import Equivalence, Expression
from equivalence.graph import Arrange, Size, Step
from equivalence.operation import case

dense_as_convolution = Equivalence(
    name="dense_as_convolution",
    title="dense = 1x1 convolution = nin",
    why="a filter of one tap weighs the channels of one pixel, as a dense layer on the last axis does",
    seeds=("000", "002"),
    inputs={"x": "n c h w"},
    parameters={"weight": "o c", "bias": "o"},
    expressions={
        "dense": Expression(
            steps=[
                Arrange("pixels", "x", "n c h w -> n h w c"),
                Step("units", "dense", {"x": "pixels", "weight": "weight", "bias": "bias"}),
                Arrange("image", "units", "n h w o -> n o h w"),
            ],
            outputs={"y": "image"},
        ),
        "convolution": Expression(
            steps=[
                Arrange("kernel", "weight", "o c -> o c 1 1"),
                Step("image", "conv2d", {"x": "x", "weight": "kernel", "bias": "bias"}),
            ],
            outputs={"y": "image"},
        ),
        "nin": Expression(
            steps=[Step("image", "nin", {"x": "x", "weight": "weight", "bias": "bias"})], outputs={"y": "image"}
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "c": 3, "h": 4, "w": 5, "o": 6}),
        case("equal_sizes", {"n": 3, "c": 3, "h": 3, "w": 3, "o": 3}),
    ],
)

local_fc_as_convolution = Equivalence(
    name="local_fc_as_convolution",
    title="a dense layer on each patch = a convolution whose stride is its kernel",
    why="patches that do not overlap are each seen once, with the weights in the order of the patch",
    seeds=("001",),
    inputs={"x": "n c h w"},
    parameters={"weight": "o c p q", "bias": "o"},
    sizes={"a": "h/p", "b": "w/q"},
    expressions={
        "dense": Expression(
            steps=[
                Arrange("patches", "x", "n c (a p) (b q) -> (n a b) (c p q)", a="a", b="b"),
                Arrange("matrix", "weight", "o c p q -> o (c p q)"),
                Step("units", "dense", {"x": "patches", "weight": "matrix", "bias": "bias"}),
                Arrange("image", "units", "(n a b) o -> n o a b", n="n", a="a", b="b"),
            ],
            outputs={"y": "image"},
        ),
        "convolution": Expression(
            steps=[
                Step(
                    "image",
                    "conv2d",
                    {"x": "x", "weight": "weight", "bias": "bias"},
                    stride=(Size("p"), Size("q")),
                )
            ],
            outputs={"y": "image"},
        ),
        "operation": Expression(
            steps=[Step("image", "local_fc_as_conv", {"x": "x", "weight": "weight", "bias": "bias"})],
            outputs={"y": "image"},
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "c": 3, "h": 8, "w": 10, "o": 4, "p": 4, "q": 2}),
        case("equal_sizes", {"n": 2, "c": 2, "h": 4, "w": 4, "o": 2, "p": 2, "q": 2}),
    ],
)
