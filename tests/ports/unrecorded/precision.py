"""Unrecorded porting faults of precision: the formula is right, the number is not."""

from equivalence import Integers, Layer, Port, Real


def tf_softmax(x):
    import tensorflow as tf

    return tf.nn.softmax(x)


def torch_half_softmax(x):
    """It was tuned for half precision."""
    return x.half().softmax(-1).to(x.dtype)


half_softmax = Port(
    name="softmax-in-half-precision",
    original=Layer("tensorflow", tf_softmax, inputs={"x": "n c"}, output="n c"),
    ported=Layer("torch", torch_half_softmax, inputs={"x": "n c"}, output="n c"),
    operation="softmax",
)


def torch_layer_norm(x, scale, shift):
    import torch.nn.functional as F

    return F.layer_norm(x, scale.shape, scale, shift)


def tf_mean_of_squares(x, scale, shift):
    import tensorflow as tf

    mean = tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(x * x, axis=-1, keepdims=True) - mean * mean
    return (x - mean) * tf.math.rsqrt(tf.maximum(variance, 0) + 1e-5) * scale + shift


mean_of_squares = Port(
    name="layer-norm-variance-in-one-pass",
    original=Layer("torch", torch_layer_norm, inputs={"x": "n t c", "scale": "c", "shift": "c"}, output="n t c"),
    ported=Layer("tensorflow", tf_mean_of_squares, inputs={"x": "n t c", "scale": "c", "shift": "c"}, output="n t c"),
    operation="layer_norm",
)


def torch_log_softmax(x):
    import torch.nn.functional as F

    return F.log_softmax(x, dim=-1)


def keras_log_of_sum(x):
    from keras import ops

    return x - ops.log(ops.sum(ops.exp(x), axis=-1, keepdims=True))


log_of_sum = Port(
    name="log-softmax-without-the-maximum",
    original=Layer("torch", torch_log_softmax, inputs={"x": "n c"}, output="n c"),
    ported=Layer("keras", keras_log_of_sum, inputs={"x": "n c"}, output="n c"),
    operation="log_softmax",
)


def numpy_grey(image):
    import numpy as np

    return image.mean(axis=-1) / np.float32(255)


def torch_grey(image):
    import torch

    return image.sum(dim=1).div(image.shape[1], rounding_mode="floor").to(torch.get_default_dtype()) / 255


PIXELS = Integers("n h w c", below=256)

grey = Port(
    name="grey-value-by-integer-division",
    original=Layer("numpy", numpy_grey, inputs={"image": PIXELS}, output="n h w"),
    ported=Layer("torch", torch_grey, inputs={"image": Integers("n c h w", below=256)}, output="n h w"),
    sizes={"c": 3},
)


def tf_quantized_position(x):
    """The bucket of a position: scaled, then cut."""
    import tensorflow as tf

    return x - tf.floor(x * 8) / 8


def torch_cast_before_scaling(x):
    return x - (x.int() * 8).to(x.dtype) / 8


POSITION = {"x": Real("n t", low=0.0, high=5.0)}

bucket = Port(
    name="cast-before-scaling",
    original=Layer("tensorflow", tf_quantized_position, inputs=POSITION, output="n t"),
    ported=Layer("torch", torch_cast_before_scaling, inputs=POSITION, output="n t"),
)
