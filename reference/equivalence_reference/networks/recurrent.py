"""Networks that see a sequence."""

from __future__ import annotations

from equivalence.graph import Arrange, Graph, Step, Training
from equivalence.inputs import Integers
from equivalence.operation import case
from equivalence_reference.networks._parameters import weights

lenet_lstm = Graph(
    name="lenet_lstm",
    title="Two convolutions with tanh and pooling on each picture of a sequence, then an LSTM over the sequence.",
    source="LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition (1998), "
    "section II B; Donahue et al., Long-term recurrent convolutional networks (2015), section 3, "
    "https://arxiv.org/abs/1411.4389",
    inputs={"x": "n t c h w", "labels": Integers("n", below="o")},
    parameters={
        "kernel1": weights("a c p q"),
        "bias1": weights("a"),
        "kernel2": weights("b a r s"),
        "bias2": weights("b"),
        "weight": weights("g u k"),
        "recurrent_weight": weights("g u u'"),
        "gate_bias": weights("g u"),
        "class_weight": weights("o u"),
        "class_bias": weights("o"),
    },
    steps=[
        Arrange("pictures", "x", "n t c h w -> (n t) c h w"),
        Step("conv1", "conv2d", {"x": "pictures", "weight": "kernel1", "bias": "bias1"}),
        Step("tanh1", "tanh", {"x": "conv1"}),
        Step("pool1", "avg_pool2d", {"x": "tanh1"}, window=(2, 2)),
        Step("conv2", "conv2d", {"x": "pool1", "weight": "kernel2", "bias": "bias2"}),
        Step("tanh2", "tanh", {"x": "conv2"}),
        Step("pool2", "max_pool2d", {"x": "tanh2"}, window=(2, 2)),
        Step("flat", "flatten", {"x": "pool2"}),
        Arrange("sequence", "flat", "(n t) k -> n t k"),
        Step(
            "lstm",
            "lstm",
            {"x": "sequence", "weight": "weight", "recurrent_weight": "recurrent_weight", "bias": "gate_bias"},
            forget_bias=1.0,
        ),
        Step("logits", "dense", {"x": "lstm.last", "weight": "class_weight", "bias": "class_bias"}),
        Step("probabilities", "softmax", {"x": "logits"}),
        Step("loss", "sparse_categorical_cross_entropy_with_logits", {"x": "logits", "target": "labels"}),
    ],
    outputs={"probabilities": "probabilities", "cell": "lstm.cell", "loss": "loss"},
    sizes={
        "i": "(h - p + 1) // 2",
        "j": "(w - q + 1) // 2",
        "k": "b * ((i - r + 1) // 2) * ((j - s + 1) // 2)",
    },
    cases=[
        case(
            "distinct_sizes",
            {"n": 2, "t": 3, "c": 1, "h": 13, "w": 12, "a": 4, "p": 4, "q": 3, "b": 5, "r": 3, "s": 2}
            | {"g": 4, "u": 6, "o": 7},
        ),
        case(
            "equal_sizes",
            {"n": 2, "t": 2, "c": 2, "h": 9, "w": 9, "a": 2, "p": 2, "q": 2, "b": 2, "r": 2, "s": 2}
            | {"g": 4, "u": 2, "o": 2},
        ),
    ],
    training=Training("loss", (0.2, 0.2, 0.1), {"momentum": 0.9, "rate_inside": True}),
)
