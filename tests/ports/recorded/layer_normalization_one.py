"""Recorded porting faults of layer normalization: epsilon, the standard deviation, and the axes."""

from equivalence import Layer, Port

TOKENS = {"x": "n t d", "scale": "d", "shift": "d"}


def _tf_layer_norm(x, scale, shift, axes, epsilon):
    import tensorflow as tf

    mean, variance = tf.nn.moments(x, axes, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, epsilon)


def tf_bert_layer_norm(x, scale, shift):
    return _tf_layer_norm(x, scale, shift, [-1], 1e-12)


def torch_default_epsilon(x, scale, shift):
    from torch.nn import functional

    return functional.layer_norm(x, scale.shape, scale, shift)


epsilon = Port(
    original=Layer("tensorflow", tf_bert_layer_norm, inputs=TOKENS, output="n t d"),
    ported=Layer("torch", torch_default_epsilon, inputs=TOKENS, output="n t d"),
    operation="layer_norm",
    parameters={"epsilon": 1e-12},
    name="ln-epsilon",
)


def tf_layer_norm(x, scale, shift):
    return _tf_layer_norm(x, scale, shift, [-1], 1e-6)


def torch_annotated_transformer(x, scale, shift):
    mean = x.mean(-1, keepdim=True)
    std = x.std(-1, keepdim=True)
    return scale * (x - mean) / (std + 1e-6) + shift


std_unbiased = Port(
    original=Layer("tensorflow", tf_layer_norm, inputs=TOKENS, output="n t d"),
    ported=Layer("torch", torch_annotated_transformer, inputs=TOKENS, output="n t d"),
    operation="layer_norm",
    parameters={"epsilon": 1e-6},
    name="ln-std-unbiased",
)


def tf_contrib_layer_norm(x, scale, shift):
    """tf.contrib.layers.layer_norm(begin_norm_axis=1): all axes but the batch's; a scale for each channel."""
    return _tf_layer_norm(x, scale, shift, [1, 2, 3], 1e-12)


def torch_last_axis(x, scale, shift):
    from torch.nn import functional

    return functional.layer_norm(x, scale.shape, scale, shift, eps=1e-12)


IMAGES = {"x": "n h w c", "scale": "c", "shift": "c"}

wrong_axes = Port(
    original=Layer("tensorflow", tf_contrib_layer_norm, inputs=IMAGES, output="n h w c"),
    ported=Layer("torch", torch_last_axis, inputs=IMAGES, output="n h w c"),
    operation="group_norm",
    parameters={"groups": 1, "epsilon": 1e-12},
    axes={"c": "c"},
    name="ln-wrong-axes",
)
