"""Normalizations written in other ways."""

from __future__ import annotations

from equivalence.expressions import Equivalence, Expression
from equivalence.graph import Arrange, Constant, Step
from equivalence.inputs import Positive
from equivalence.operation import case

_STATISTICS = {"mean": "mean", "variance": "variance", "scale": "scale", "shift": "shift"}

folded_batch_norm = Equivalence(
    name="folded_batch_norm",
    title="batch norm after a convolution = a convolution with other weights",
    why="batch norm of given statistics is a factor and an offset for each channel: filters take the one, biases both",
    inputs={"x": "n c h w"},
    parameters={
        "weight": "o c p q",
        "bias": "o",
        "mean": "o",
        "variance": Positive("o"),
        "scale": "o",
        "shift": "o",
    },
    expressions={
        "batch norm": Expression(
            steps=[
                Step("image", "conv2d", {"x": "x", "weight": "weight", "bias": "bias"}),
                Step("normal", "batch_norm", {"x": "image", **_STATISTICS}),
            ],
            outputs={"y": "normal"},
        ),
        "folded": Expression(
            steps=[
                # The factor alone: batch norm without an offset on either side.
                Constant("nothing", [0.0]),
                Step("none", "einsum", {"x": "mean", "y": "nothing"}, equation="a,b->a"),
                Arrange("columns", "weight", "o c p q -> (c p q) o"),
                Step("scaled", "batch_norm", {"x": "columns", **_STATISTICS, "mean": "none", "shift": "none"}),
                Arrange("filters", "scaled", "(c p q) o -> o c p q", c="c", p="p", q="q"),
                Arrange("row", "bias", "o -> 1 o"),
                Step("moved", "batch_norm", {"x": "row", **_STATISTICS}),
                Arrange("offset", "moved", "1 o -> o"),
                Step("image", "conv2d", {"x": "x", "weight": "filters", "bias": "offset"}),
            ],
            outputs={"y": "image"},
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "c": 4, "h": 6, "w": 7, "o": 5, "p": 3, "q": 2}),
        case("equal_sizes", {"n": 2, "c": 2, "h": 2, "w": 2, "o": 2, "p": 2, "q": 2}),
    ],
)
