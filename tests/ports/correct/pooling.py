"""Pooling, written differently and right."""

from equivalence import Layer, Port

SIZES = {"h": [6, 7], "w": [8, 9]}


def torch_layer(function, output="n c i j"):
    return Layer("torch", function, inputs={"x": "n c h w"}, output=output)


def tf_layer(function, output="n i j c"):
    return Layer("tensorflow", function, inputs={"x": "n h w c"}, output=output)


def torch_average(x):
    import torch.nn.functional as F

    return F.avg_pool2d(x, (3, 2), stride=2)


def tf_average_by_depthwise(x):
    import tensorflow as tf

    kernel = tf.fill([3, 2, x.shape[-1], 1], tf.constant(1 / 6, x.dtype))
    return tf.nn.depthwise_conv2d(x, kernel, strides=[1, 2, 2, 1], padding="VALID")


average_as_depthwise_convolution = Port(
    original=torch_layer(torch_average), ported=tf_layer(tf_average_by_depthwise), sizes=SIZES
)


def tf_global_average(x):
    import tensorflow as tf

    return tf.reduce_mean(x, axis=[1, 2])


def torch_global_average_columns_first(x):
    return x.mean(dim=3).mean(dim=2)


global_average_one_axis_at_a_time = Port(
    original=tf_layer(tf_global_average, output="n c"),
    ported=torch_layer(torch_global_average_columns_first, output="n c"),
    operation="global_avg_pool",
    axes={"c": "c"},
)


def keras_global_average_by_matmul(x):
    from keras import ops

    pixels = ops.reshape(x, (x.shape[0], -1, x.shape[-1]))
    weights = ops.full((1, pixels.shape[1]), 1 / pixels.shape[1], dtype=x.dtype)
    return ops.squeeze(ops.matmul(weights, pixels), axis=1)


global_average_as_matmul = Port(
    original=torch_layer(torch_global_average_columns_first, output="n c"),
    ported=Layer("keras", keras_global_average_by_matmul, inputs={"x": "n h w c"}, output="n c"),
)


def tf_same_average(x):
    import tensorflow as tf

    return tf.nn.avg_pool2d(x, ksize=3, strides=1, padding="SAME")


def torch_average_over_pooled_ones(x):
    import torch
    import torch.nn.functional as F

    share = F.avg_pool2d(torch.ones_like(x), 3, stride=1, padding=1)
    return F.avg_pool2d(x, 3, stride=1, padding=1) / share


average_over_pooled_ones = Port(
    original=tf_layer(tf_same_average), ported=torch_layer(torch_average_over_pooled_ones), sizes=SIZES
)


def torch_relu_then_max(x):
    import torch.nn.functional as F

    return F.max_pool2d(F.relu(x), 2)


def tf_max_then_relu(x):
    import tensorflow as tf

    return tf.nn.relu(tf.nn.max_pool2d(x, ksize=2, strides=2, padding="VALID"))


relu_after_max_pool = Port(original=torch_layer(torch_relu_then_max), ported=tf_layer(tf_max_then_relu), sizes=SIZES)


def tf_same_max(x):
    import tensorflow as tf

    return tf.nn.max_pool2d(x, ksize=3, strides=2, padding="SAME")


def torch_max_of_padded(x):
    import torch.nn.functional as F

    pads = []
    for size in x.shape[:1:-1]:
        total = max((-(-size // 2) - 1) * 2 + 3 - size, 0)
        pads += [total // 2, total - total // 2]
    return F.max_pool2d(F.pad(x, pads, value=float("-inf")), 3, stride=2)


same_max_pool_of_padded = Port(
    original=tf_layer(tf_same_max),
    ported=torch_layer(torch_max_of_padded),
    operation="max_pool2d",
    sizes=SIZES,
    parameters={"window": (3, 3), "stride": (2, 2), "padding": "same_upper"},
)


def np_average_by_reshape(x):
    batch, channels, height, width = x.shape
    return x.reshape(batch, channels, height // 2, 2, width // 2, 2).mean(axis=(3, 5))


def torch_average_of_pairs(x):
    import torch.nn.functional as F

    return F.avg_pool2d(x, 2)


average_by_reshape = Port(
    original=torch_layer(torch_average_of_pairs),
    ported=Layer("numpy", np_average_by_reshape, inputs={"x": "n c h w"}, output="n c i j"),
    sizes={"h": 6, "w": 4},
)
