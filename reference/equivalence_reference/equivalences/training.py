"""Gradients written in other ways."""

from __future__ import annotations

from equivalence.expressions import Equivalence, Expression
from equivalence.graph import Arrange, Constant, Node, Step
from equivalence.inputs import Real
from equivalence.operation import case

_FORWARD: list[Node] = [
    Step("h", "matmul", {"x": "x", "y": "w1"}),
    Step("h_relu", "relu", {"x": "h"}),
    Step("predicted", "matmul", {"x": "h_relu", "y": "w2"}),
]

_DIFFERENCE: list[Node] = [
    Constant("minus_one", [-1.0]),
    Step("minus_target", "einsum", {"x": "target", "y": "minus_one"}, equation="ab,c->ab"),
    Step("difference", "merge_sum", {"x": "predicted", "y": "minus_target"}),
    Step("of_predicted", "merge_sum", {"x": "difference", "y": "difference"}),
]
"""The gradient of a sum of squares: twice the difference."""

_OPEN: list[Node] = [
    Constant("beside_zero", [0.0, 1.0]),
    Step("pairs", "einsum", {"x": "h", "y": "beside_zero"}, equation="ab,c->abc"),
    Step("larger", "argmax", {"x": "pairs"}, axis=-1),
    Step("open", "gather", {"x": "beside_zero", "indices": "larger"}),
]
"""1 where relu let something through, and 0 elsewhere: whether 0 or h is the larger."""

manual_backpropagation = Equivalence(
    name="manual_backpropagation",
    title="manual backpropagation = automatic differentiation",
    why="both apply the chain rule to two matrix products, a relu and a sum of squares",
    seeds=("001",),
    inputs={"x": Real("n c", gradient=False), "target": Real("n o", gradient=False)},
    parameters={"w1": "c h", "w2": "h o"},
    expressions={
        "by hand": Expression(
            steps=[
                *_FORWARD,
                *_DIFFERENCE,
                Arrange("h_relu_t", "h_relu", "n h -> h n"),
                Step("of_w2", "matmul", {"x": "h_relu_t", "y": "of_predicted"}),
                Arrange("w2_t", "w2", "h o -> o h"),
                Step("of_h_relu", "matmul", {"x": "of_predicted", "y": "w2_t"}),
                *_OPEN,
                Step("of_h", "merge_mul", {"x": "of_h_relu", "y": "open"}),
                Arrange("x_t", "x", "n c -> c n"),
                Step("of_w1", "matmul", {"x": "x_t", "y": "of_h"}),
            ],
            outputs={"w1": "of_w1", "w2": "of_w2"},
        ),
        "automatic": Expression(
            steps=[*_FORWARD, Step("loss", "mse", {"x": "predicted", "target": "target"}, reduction="sum")],
            outputs={"loss": "loss"},
            derivative="loss",
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 6, "c": 5, "h": 4, "o": 3}),
        case("equal_sizes", {"n": 4, "c": 4, "h": 4, "o": 4}),
    ],
)
