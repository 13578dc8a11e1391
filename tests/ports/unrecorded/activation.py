"""Unrecorded porting faults of activations and of dense layers."""

from equivalence import Layer, Port

FEATURES = {"x": "n c"}


def keras_gelu(x):
    import keras

    return keras.ops.gelu(x, approximate=False)


def torch_quick_gelu(x):
    """As CLIP has it."""
    import torch

    return x * torch.sigmoid(1.702 * x)


quick_gelu = Port(
    name="quick-gelu-for-gelu",
    original=Layer("keras", keras_gelu, inputs=FEATURES, output="n c"),
    ported=Layer("torch", torch_quick_gelu, inputs=FEATURES, output="n c"),
    operation="gelu",
)


def torch_softplus(x):
    import torch.nn.functional as F

    return F.softplus(x, beta=2.0)


def tf_softplus(x):
    import tensorflow as tf

    return tf.math.softplus(x)


softplus = Port(
    name="softplus-without-its-beta",
    original=Layer("torch", torch_softplus, inputs=FEATURES, output="n c"),
    ported=Layer("tensorflow", tf_softplus, inputs=FEATURES, output="n c"),
    operation="softplus",
    parameters={"beta": 2.0},
)


def keras_dense(sizes):
    import keras

    return keras.layers.Dense(sizes["o"], activation="relu")


def torch_bias_last(x, kernel, bias):
    return (x @ kernel).relu() + bias


bias_last = Port(
    name="bias-added-after-the-activation",
    original=Layer("keras", keras_dense, inputs={"x": "n c"}, parameters={"kernel": "c o", "bias": "o"}, output="n o"),
    ported=Layer("torch", torch_bias_last, inputs={"x": "n c", "kernel": "c o", "bias": "o"}, output="n o"),
)
