"""Losses, written differently and right."""

from equivalence import Integers, Layer, Port, Real

CLASSES = {"x": "n c", "target": Integers("n", below="c")}
PIXELS = {"x": "n c h w", "target": Integers("n h w", below="c")}
PIXELS_LAST = {"x": "n h w c", "target": Integers("n h w", below="c")}


def torch_cross_entropy(x, target):
    import torch.nn.functional as F

    return F.cross_entropy(x, target)


def torch_log_softmax_then_nll(x, target):
    import torch.nn.functional as F

    return F.nll_loss(F.log_softmax(x, dim=1), target)


def tf_cross_entropy(x, target):
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=x))


cross_entropy_by_log_softmax = Port(
    original=Layer("tensorflow", tf_cross_entropy, inputs=CLASSES, output=""),
    ported=Layer("torch", torch_log_softmax_then_nll, inputs=CLASSES, output=""),
    operation="sparse_categorical_cross_entropy_with_logits",
)


def tf_cross_entropy_of_one_hot(x, target):
    import tensorflow as tf

    labels = tf.one_hot(target, x.shape[-1], dtype=x.dtype)
    return -tf.reduce_sum(labels * tf.nn.log_softmax(x)) / tf.cast(tf.size(target), x.dtype)


cross_entropy_of_one_hot_pixels = Port(
    original=Layer("torch", torch_cross_entropy, inputs=PIXELS, output=""),
    ported=Layer("tensorflow", tf_cross_entropy_of_one_hot, inputs=PIXELS_LAST, output=""),
)

PROBABILITIES = {"x": "n c", "target": Real("n c", low=0.0, high=1.0, gradient=False)}


def torch_binary_cross_entropy(x, target):
    import torch.nn.functional as F

    return F.binary_cross_entropy_with_logits(x, target)


def tf_binary_cross_entropy_by_softplus(x, target):
    import tensorflow as tf

    return tf.reduce_mean(target * tf.nn.softplus(-x) + (1 - target) * tf.nn.softplus(x))


binary_cross_entropy_by_softplus = Port(
    original=Layer("torch", torch_binary_cross_entropy, inputs=PROBABILITIES, output=""),
    ported=Layer("tensorflow", tf_binary_cross_entropy_by_softplus, inputs=PROBABILITIES, output=""),
    operation="binary_cross_entropy_with_logits",
)

PAIR = {"x": "n k", "target": "n k"}


def keras_mse(x, target):
    import keras

    return keras.ops.mean(keras.losses.mean_squared_error(target, x))


def torch_mse_by_dot_product(x, target):
    difference = (target - x).flatten()
    return difference @ difference / len(difference)


mse_by_dot_product = Port(
    original=Layer("keras", keras_mse, inputs=PAIR, output=""),
    ported=Layer("torch", torch_mse_by_dot_product, inputs=PAIR, output=""),
)
