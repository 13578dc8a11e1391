"""Networks of dense layers."""

from __future__ import annotations

from equivalence.graph import Graph, Step, Training
from equivalence.inputs import Real
from equivalence.operation import case
from equivalence_reference.networks._parameters import weights

two_layer = Graph(
    name="two_layer",
    title="A hidden layer with relu, and a linear one above it, with the mean squared error.",
    source="https://docs.pytorch.org/tutorials/beginner/examples_tensor/two_layer_net_numpy.html",
    inputs={"x": "n c", "target": Real("n o", gradient=False)},
    parameters={"hidden_weight": weights("h c", 0.7), "weight": weights("o h", 0.7)},
    steps=[
        Step("hidden", "dense", {"x": "x", "weight": "hidden_weight"}),
        Step("active", "relu", {"x": "hidden"}),
        Step("prediction", "dense", {"x": "active", "weight": "weight"}),
        Step("loss", "mse", {"x": "prediction", "target": "target"}),
    ],
    outputs={"prediction": "prediction", "loss": "loss"},
    cases=[
        case("distinct_sizes", {"n": 4, "c": 7, "h": 5, "o": 3}),
        case("equal_sizes", {"n": 4, "c": 4, "h": 4, "o": 4}),
    ],
    training=Training("loss", (0.2, 0.2, 0.1)),
)
