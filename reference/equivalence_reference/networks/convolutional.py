"""Networks of convolutions and poolings."""

from __future__ import annotations

from itertools import pairwise

from equivalence.graph import Graph, Node, Step, Training
from equivalence.inputs import Integers, Mask, Real
from equivalence.operation import case
from equivalence_reference.networks._parameters import biases, weights


def _same(size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """As many zeros on each side as keep an image's size under an odd window."""
    return (size // 2, size // 2), (size // 2, size // 2)


coursera_convnet = Graph(
    name="coursera_convnet",
    title="Twice a convolution, relu and a maximum over windows as wide as their stride, then six classes.",
    source="https://www.coursera.org/learn/convolutional-neural-networks, programming assignment of week 1",
    inputs={"x": "n c h w", "labels": Integers("n", below="o")},
    parameters={
        "kernel1": weights("a c p q", 0.4),
        "bias1": biases("a"),
        "kernel2": weights("b a r s", 0.4),
        "bias2": biases("b"),
        "weight": weights("o k"),
        "bias": biases("o"),
    },
    steps=[
        Step("conv1", "conv2d", {"x": "x", "weight": "kernel1", "bias": "bias1"}, padding="same_upper"),
        Step("relu1", "relu", {"x": "conv1"}),
        Step("pool1", "max_pool2d", {"x": "relu1"}, window=(8, 8), stride=(8, 8), padding="same_upper"),
        Step("conv2", "conv2d", {"x": "pool1", "weight": "kernel2", "bias": "bias2"}, padding="same_upper"),
        Step("relu2", "relu", {"x": "conv2"}),
        Step("pool2", "max_pool2d", {"x": "relu2"}, window=(4, 4), stride=(4, 4), padding="same_upper"),
        Step("flat", "flatten", {"x": "pool2"}),
        Step("logits", "dense", {"x": "flat", "weight": "weight", "bias": "bias"}),
        Step("probabilities", "softmax", {"x": "logits"}),
        Step("loss", "sparse_categorical_cross_entropy_with_logits", {"x": "logits", "target": "labels"}),
    ],
    outputs={"probabilities": "probabilities", "loss": "loss"},
    sizes={"k": "b"},
    cases=[
        # 20 x 17 pixels leave 3 x 3 after the first maximum, the last of them from borders, and one after the second.
        case(
            "distinct_sizes",
            {"n": 2, "c": 3, "h": 20, "w": 17, "a": 5, "p": 4, "q": 3, "b": 7, "r": 2, "s": 1, "o": 6},
        ),
        case(
            "equal_sizes",
            {"n": 4, "c": 4, "h": 16, "w": 16, "a": 4, "p": 4, "q": 4, "b": 4, "r": 2, "s": 2, "o": 4},
        ),
    ],
    training=Training("loss", (0.1, 0.1, 0.05)),
)


def _mlpconv(block: int, x: str, padding: int) -> list[Node]:
    """A convolution and two that see one pixel, each with a relu."""
    steps: list[Node] = []
    for layer in (1, 2, 3):
        name = f"{block}_{layer}"
        arguments = {"x": x, "weight": f"weight{name}", "bias": f"bias{name}"}
        own = {"padding": _same(padding)} if layer == 1 else {}
        steps += [Step(f"conv{name}", "conv2d", arguments, **own), Step(f"relu{name}", "relu", {"x": f"conv{name}"})]
        x = f"relu{name}"
    return steps


def _reduced(block: int, x: str) -> list[Node]:
    """A maximum that halves the image, and dropout."""
    return [
        Step(f"pool{block}", "max_pool2d", {"x": x}, window=(2, 2), stride=(2, 2)),
        Step(f"dropout{block}", "dropout_with_mask", {"x": f"pool{block}", "mask": f"mask{block}"}, rate=0.5),
    ]


_CHANNELS = (("c", "a", "b", "d"), ("d", "e", "f", "g"), ("g", "i", "j", "k"))
"""The channels before, within and after each block; the last are the classes."""


def _parameters() -> dict[str, Real]:
    found = {}
    for block, channels in enumerate(_CHANNELS, 1):
        for layer, (before, after) in enumerate(pairwise(channels), 1):
            window = "p q" if layer == 1 else "u v"
            found[f"weight{block}_{layer}"] = weights(f"{after} {before} {window}")
            found[f"bias{block}_{layer}"] = biases(after)
    return found


nin_network = Graph(
    name="nin",
    title="Three blocks of a convolution and two 1 x 1 convolutions, each map averaged to a class.",
    source="Lin, Chen and Yan, Network in network (2014), section 3, https://arxiv.org/abs/1312.4400",
    inputs={
        "x": "n c h w",
        "mask1": Mask("n d y z"),
        "mask2": Mask("n g l m"),
        "labels": Integers("n", below="k"),
    },
    parameters=_parameters(),
    steps=[
        *_mlpconv(1, "x", 3),
        *_reduced(1, "relu1_3"),
        *_mlpconv(2, "dropout1", 3),
        *_reduced(2, "relu2_3"),
        *_mlpconv(3, "dropout2", 3),
        Step("logits", "global_avg_pool", {"x": "relu3_3"}),
        Step("probabilities", "softmax", {"x": "logits"}),
        Step("loss", "sparse_categorical_cross_entropy_with_logits", {"x": "logits", "target": "labels"}),
    ],
    outputs={"probabilities": "probabilities", "loss": "loss"},
    sizes={"y": "h // 2", "z": "w // 2", "l": "y // 2", "m": "z // 2"},
    cases=[
        case(
            "distinct_sizes",
            {"n": 2, "c": 3, "h": 10, "w": 8, "p": 3, "q": 3, "u": 1, "v": 1}
            | {"a": 6, "b": 5, "d": 4, "e": 7, "f": 6, "g": 5, "i": 8, "j": 7, "k": 9},
        ),
        case(
            "equal_sizes",
            {"p": 3, "q": 3, "u": 1, "v": 1} | dict.fromkeys("nchwabdefgijk", 6),
        ),
    ],
    training=Training("loss", (0.05, 0.05, 0.02), {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
)
