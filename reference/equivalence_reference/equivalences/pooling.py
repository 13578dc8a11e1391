"""Poolings written in other ways."""

from __future__ import annotations

from equivalence.expressions import Equivalence, Expression
from equivalence.graph import Arrange, Size, Step
from equivalence.operation import case

global_average = Equivalence(
    name="global_average",
    title="global average pooling = mean = average pooling with a window as large as the image",
    why="each is the sum of all pixels of a plane over their number",
    seeds=("003",),
    inputs={"x": "n c h w"},
    expressions={
        "global pooling": Expression(steps=[Step("means", "global_avg_pool", {"x": "x"})], outputs={"y": "means"}),
        "mean": Expression(steps=[Step("means", "reduce_mean", {"x": "x"}, axes=(2, 3))], outputs={"y": "means"}),
        "full window": Expression(
            steps=[
                Step("planes", "avg_pool2d", {"x": "x"}, window=(Size("h"), Size("w"))),
                Arrange("means", "planes", "n c 1 1 -> n c"),
            ],
            outputs={"y": "means"},
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "c": 5, "h": 3, "w": 4}),
        case("equal_sizes", {"n": 3, "c": 3, "h": 3, "w": 3}),
    ],
)
