"""Networks of capsules: vectors in place of numbers."""

from __future__ import annotations

from equivalence.graph import Arrange, Graph, Size, Step, Training
from equivalence.inputs import Real
from equivalence.operation import case
from equivalence_reference.networks._parameters import weights

capsule_layer = Graph(
    name="capsule_layer",
    title="Each capsule's prediction of each next one, their average by coupling, squashed below length 1.",
    source="Sabour, Frosst and Hinton, Dynamic routing between capsules (2017), equations 1 and 2, "
    "https://arxiv.org/abs/1710.09829",
    inputs={"u": "n i l", "target": Real("n j k", gradient=False)},
    parameters={"weight": weights("i j k l", 0.7), "coupling": "i j"},
    steps=[
        Step("predictions", "capsule_predictions", {"weight": "weight", "u": "u"}),
        Step("shares", "softmax", {"x": "coupling"}),
        Step("s", "einsum", {"x": "predictions", "y": "shares"}, equation="nijk,ij->njk"),
        # |s|^2 / (1 + |s|^2) is the softsign of |s|^2, because no square is negative.
        Step("squares", "merge_mul", {"x": "s", "y": "s"}),
        Step("length", "reduce_sum", {"x": "squares"}, axes=(2,), keepdims=True),
        Step("short", "softsign", {"x": "length"}),
        Step("shorter", "repeat", {"x": "short"}, repeats=Size("k"), axis=2),
        Step("direction", "l2_normalize", {"x": "s"}),
        Step("capsules", "merge_mul", {"x": "shorter", "y": "direction"}),
        Arrange("rows", "capsules", "n j k -> n (j k)"),
        Arrange("target_rows", "target", "n j k -> n (j k)"),
        Step("loss", "mse", {"x": "rows", "target": "target_rows"}),
    ],
    outputs={"capsules": "capsules", "loss": "loss"},
    cases=[
        case("distinct_sizes", {"n": 2, "i": 5, "j": 3, "k": 6, "l": 4}),
        case("equal_sizes", {"n": 3, "i": 3, "j": 3, "k": 3, "l": 3}),
    ],
    training=Training("loss", (0.5, 0.5, 0.25)),
)
