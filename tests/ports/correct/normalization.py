"""Normalization, written differently and right."""

from equivalence import Layer, Port, Positive, Real

STATISTICS = {
    "mean": Real("o", gradient=False),
    "variance": Positive("o", gradient=False),
    "scale": "o",
    "shift": "o",
}


def torch_conv_and_batch_norm(x, weight, bias, mean, variance, scale, shift):
    import torch.nn.functional as F

    return F.batch_norm(F.conv2d(x, weight, bias), mean, variance, scale, shift, eps=1e-3)


def tf_conv_with_folded_batch_norm(x, weight, bias, mean, variance, scale, shift):
    import tensorflow as tf

    gain = scale / tf.sqrt(variance + 1e-3)
    folded = tf.nn.conv2d(x, weight * gain, strides=1, padding="VALID")
    return tf.nn.bias_add(folded, (bias - mean) * gain + shift)


batch_norm_folded_into_convolution = Port(
    original=Layer(
        "torch",
        torch_conv_and_batch_norm,
        inputs={"x": "n c h w", "weight": "o c p q", "bias": "o", **STATISTICS},
        output="n o i j",
    ),
    ported=Layer(
        "tensorflow",
        tf_conv_with_folded_batch_norm,
        inputs={"x": "n h w c", "weight": "p q c o", "bias": "o", **STATISTICS},
        output="n i j o",
    ),
    sizes={"h": 6, "w": 5, "p": 3, "q": 2},
)


def keras_batch_norm_and_dense(x, weight, mean, variance, scale, shift):
    from keras import ops

    normal = ops.batch_normalization(x, mean, variance, axis=-1, offset=shift, scale=scale, epsilon=1e-3)
    return ops.matmul(normal, weight)


def torch_dense_after_folded_batch_norm(x, weight, mean, variance, scale, shift):
    gain = scale * (variance + 1e-3).rsqrt()
    return x @ (gain[:, None] * weight) + (shift - mean * gain) @ weight


BEFORE_DENSE = {
    "x": "n c",
    "weight": "c o",
    "mean": "c",
    "variance": Positive("c"),
    "scale": "c",
    "shift": "c",
}

batch_norm_folded_into_the_next_layer = Port(
    original=Layer("keras", keras_batch_norm_and_dense, inputs=BEFORE_DENSE, output="n o"),
    ported=Layer("torch", torch_dense_after_folded_batch_norm, inputs=BEFORE_DENSE, output="n o"),
)

SCALED_ROWS = {"x": "n t c", "scale": "c", "shift": "c"}


def torch_layer_norm(x, scale, shift):
    import torch.nn.functional as F

    return F.layer_norm(x, x.shape[-1:], scale, shift, eps=1e-5)


def tf_layer_norm_by_hand(x, scale, shift):
    import tensorflow as tf

    centered = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centered), axis=-1, keepdims=True)
    return shift + scale * centered / tf.sqrt(variance + 1e-5)


layer_norm_by_hand = Port(
    original=Layer("torch", torch_layer_norm, inputs=SCALED_ROWS, output="n t c"),
    ported=Layer("tensorflow", tf_layer_norm_by_hand, inputs=SCALED_ROWS, output="n t c"),
    operation="layer_norm",
    sizes={"c": [5, 8]},
)

GROUPED = {"x": "n c h w", "scale": "c", "shift": "c"}
GROUPED_LAST = {"x": "n h w c", "scale": "c", "shift": "c"}


def torch_group_norm(x, scale, shift, groups):
    import torch.nn.functional as F

    return F.group_norm(x, groups, scale, shift, eps=1e-5)


def tf_group_norm_by_reshape(x, scale, shift, groups):
    import tensorflow as tf

    batch, height, width, channels = x.shape
    grouped = tf.reshape(x, [batch, height * width, groups, channels // groups])
    mean, variance = tf.nn.moments(grouped, axes=[1, 3], keepdims=True)
    normal = (grouped - mean) * tf.math.rsqrt(variance + 1e-5)
    return tf.reshape(normal, x.shape) * scale + shift


group_norm_by_reshape = Port(
    original=Layer("torch", torch_group_norm, inputs=GROUPED, output="n c h w"),
    ported=Layer("tensorflow", tf_group_norm_by_reshape, inputs=GROUPED_LAST, output="n h w c"),
    operation="group_norm",
    sizes={"c": [4, 6]},
    parameters={"groups": 2},
)


def torch_instance_norm_as_batch_norm(x, scale, shift):
    import torch.nn.functional as F

    batch, channels = x.shape[:2]
    each = F.batch_norm(
        x.reshape(1, batch * channels, *x.shape[2:]),
        None,
        None,
        scale.repeat(batch),
        shift.repeat(batch),
        training=True,
        eps=1e-5,
    )
    return each.reshape(x.shape)


def tf_instance_norm(x, scale, shift):
    import tensorflow as tf

    mean, variance = tf.nn.moments(x, axes=[1, 2], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, 1e-5)


instance_norm_as_batch_norm = Port(
    original=Layer("tensorflow", tf_instance_norm, inputs=GROUPED_LAST, output="n h w c"),
    ported=Layer("torch", torch_instance_norm_as_batch_norm, inputs=GROUPED, output="n c h w"),
)


def torch_rms_norm(x, scale):
    import torch.nn.functional as F

    return F.rms_norm(x, x.shape[-1:], scale, eps=1e-6)


def np_rms_norm_by_length(x, scale):
    import numpy as np

    width = x.shape[-1]
    length = np.sqrt((x * x).sum(axis=-1, keepdims=True) + width * 1e-6)
    return np.sqrt(width) * scale * x / length


rms_norm_by_length = Port(
    original=Layer("torch", torch_rms_norm, inputs={"x": "n t d", "scale": "d"}, output="n t d"),
    ported=Layer("numpy", np_rms_norm_by_length, inputs={"x": "n t d", "scale": "d"}, output="n t d"),
    operation="rms_norm",
)
