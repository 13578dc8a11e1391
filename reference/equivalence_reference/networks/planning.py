"""Networks that plan on a map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equivalence.axes import Sizes
from equivalence.graph import Arrange, Graph, Node, Step, Training
from equivalence.inputs import Array, Input, Integers
from equivalence.operation import case
from equivalence_reference.networks._parameters import weights

ITERATIONS = 4
"""How often the values of all places are renewed: as far as a plan reaches."""

_SAME = ((1, 1), (1, 1))


@dataclass(frozen=True)
class Places(Input):
    """A place on each example's own map: its number among the places of all maps, row by row."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:
        """Draw int64 values."""
        del strategy
        pixels = sizes["h"] * sizes["w"]
        return np.asarray(np.arange(shape[0]) * pixels + rng.integers(0, pixels, shape))


def _iteration(count: int) -> list[Node]:
    """The value of each action at each place, from the reward and the values around it; the best is the new value."""
    before = f"value{count - 1}"
    return [
        Step(f"seen{count}", "concatenate", {"x": "reward", "y": before}),
        Step(f"actions{count}", "conv2d", {"x": f"seen{count}", "weight": "kernel"}, padding=_SAME),
        Step(f"value{count}", "reduce_max", {"x": f"actions{count}"}, axes=(1,), keepdims=True),
    ]


value_iteration = Graph(
    name="value_iteration",
    title="A reward for each place, values by repeated convolution and maximum, the actions at one place.",
    source="Tamar, Wu, Thomas, Levine and Abbeel, Value iteration networks (2016), section 4.1, "
    "https://arxiv.org/abs/1602.02867",
    inputs={"x": "n c h w", "place": Places("n"), "labels": Integers("n", below="o")},
    parameters={
        "hidden_kernel": weights("b c p q"),
        "hidden_bias": weights("b"),
        "reward_kernel": weights("r b u v"),
        "reward_weight": weights("a r p q", 0.4),
        "value_weight": weights("a r p q", 0.2),
        "policy": weights("o a", 0.7),
    },
    steps=[
        Step("hidden", "conv2d", {"x": "x", "weight": "hidden_kernel", "bias": "hidden_bias"}, padding=_SAME),
        Step("reward", "conv2d", {"x": "hidden", "weight": "reward_kernel"}),
        Step("actions0", "conv2d", {"x": "reward", "weight": "reward_weight"}, padding=_SAME),
        Step("value0", "reduce_max", {"x": "actions0"}, axes=(1,), keepdims=True),
        Step("kernel", "concatenate", {"x": "reward_weight", "y": "value_weight"}),
        *(step for count in range(1, ITERATIONS + 1) for step in _iteration(count)),
        Arrange("places", f"actions{ITERATIONS}", "n a h w -> (n h w) a"),
        Step("attended", "gather", {"x": "places", "indices": "place"}, axis=0),
        Step("logits", "dense", {"x": "attended", "weight": "policy"}),
        Step("probabilities", "softmax", {"x": "logits"}),
        Step("loss", "sparse_categorical_cross_entropy_with_logits", {"x": "logits", "target": "labels"}),
    ],
    outputs={"reward": "reward", "values": f"value{ITERATIONS}", "probabilities": "probabilities", "loss": "loss"},
    cases=[
        case(
            "distinct_sizes",
            {"n": 4, "c": 2, "h": 5, "w": 7, "b": 6, "r": 1, "u": 1, "v": 1, "a": 9, "o": 8, "p": 3, "q": 3},
        ),
        case(
            "equal_sizes",
            {"n": 3, "c": 3, "h": 3, "w": 3, "b": 3, "r": 1, "u": 1, "v": 1, "a": 3, "o": 3, "p": 3, "q": 3},
        ),
    ],
    training=Training("loss", (0.2, 0.2, 0.1), {"momentum": 0.5}),
)
