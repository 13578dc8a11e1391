"""Unrecorded porting faults that only the gradient shows."""

from equivalence import Layer, Port


def torch_layer_norm(x, scale, shift):
    import torch.nn.functional as F

    return F.layer_norm(x, scale.shape, scale, shift)


def tf_statistics_held(x, scale, shift):
    import tensorflow as tf

    mean, variance = (tf.stop_gradient(moment) for moment in tf.nn.moments(x, axes=[-1], keepdims=True))
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, 1e-5)


statistics_held = Port(
    name="layer-norm-statistics-without-gradient",
    original=Layer("torch", torch_layer_norm, inputs={"x": "n t c", "scale": "c", "shift": "c"}, output="n t c"),
    ported=Layer("tensorflow", tf_statistics_held, inputs={"x": "n t c", "scale": "c", "shift": "c"}, output="n t c"),
    operation="layer_norm",
)


def tf_gradient_reversal(x):
    import tensorflow as tf

    @tf.custom_gradient
    def reverse(value):
        return tf.identity(value), lambda upstream: -0.3 * upstream

    return tf.tanh(reverse(x))


def torch_gradient_reversal(x):
    """It has lost the factor."""
    import torch

    class Reverse(torch.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            return value.clone()

        @staticmethod
        def backward(ctx, upstream):
            return -upstream

    return torch.tanh(Reverse.apply(x))


reversal = Port(
    name="gradient-reversal-without-its-factor",
    original=Layer("tensorflow", tf_gradient_reversal, inputs={"x": "n c"}, output="n c"),
    ported=Layer("torch", torch_gradient_reversal, inputs={"x": "n c"}, output="n c"),
)


def tf_max_over_time(x):
    import tensorflow as tf

    return tf.reduce_max(x, axis=-1)


def torch_max_over_time(x):
    return x.max(dim=-1).values


ties = Port(
    name="maximum-over-time-picks-one-of-several",
    original=Layer("tensorflow", tf_max_over_time, inputs={"x": "n c t"}, output="n c"),
    ported=Layer("torch", torch_max_over_time, inputs={"x": "n c t"}, output="n c"),
    operation="reduce_max",
    parameters={"axes": (-1,)},
)
