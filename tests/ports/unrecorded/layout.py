"""Unrecorded porting faults of layouts: axes and channels in another order."""

from equivalence import Layer, Port


def matlab_head(x, weight):
    """As MatConvNet flattens: the first axis runs fastest."""
    import numpy as np

    flat = x.transpose(0, 2, 3, 1).reshape(len(x), -1, order="F")
    return np.maximum(flat @ weight.T, 0)


def torch_head(x, weight):
    import torch.nn.functional as F

    return F.linear(x.permute(0, 2, 3, 1).flatten(1), weight)


# Two faults: the order of flattening, and no activation.
column_major = Port(
    name="column-major-flatten-without-activation",
    original=Layer("numpy", matlab_head, inputs={"x": "n c h w", "weight": "o f"}, output="n o"),
    ported=Layer("torch", torch_head, inputs={"x": "n c h w", "weight": "o f"}, output="n o"),
    sizes={"c": 3, "h": 4, "w": [2, 4], "f": "c*h*w"},
)


def torch_conv(x, weight):
    import torch.nn.functional as F

    return F.conv2d(x, weight, padding=1)


def tf_all_axes_reversed(x, weight):
    """It is given PyTorch's kernel and reverses its axes."""
    import tensorflow as tf

    return tf.nn.conv2d(x, tf.transpose(weight), strides=1, padding="SAME")


height_width_swapped = Port(
    name="kernel-height-and-width-swapped",
    original=Layer("torch", torch_conv, inputs={"x": "n c h w", "weight": "o c p q"}, output="n o i j"),
    ported=Layer("tensorflow", tf_all_axes_reversed, inputs={"x": "n h w c", "weight": "o c p q"}, output="n i j o"),
    operation="conv2d",
    sizes={"p": 3, "q": 3},
    parameters={"padding": ((1, 1), (1, 1))},
)


def torch_channel_shuffle(x):
    """As ShuffleNet's authors wrote it."""
    n, c, h, w = x.shape
    groups = 3
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


def tf_channel_unshuffle(x):
    import tensorflow as tf

    n, h, w, c = x.shape
    groups = 3
    x = tf.reshape(x, [n, h, w, c // groups, groups])
    return tf.reshape(tf.transpose(x, [0, 1, 2, 4, 3]), [n, h, w, c])


channel_shuffle = Port(
    name="channel-shuffle-inverted",
    original=Layer("torch", torch_channel_shuffle, inputs={"x": "n c h w"}, output="n c h w"),
    ported=Layer("tensorflow", tf_channel_unshuffle, inputs={"x": "n h w c"}, output="n h w c"),
    sizes={"c": [6, 12]},
)


def tf_depthwise(x, weight):
    import tensorflow as tf

    y = tf.nn.depthwise_conv2d(x, weight, strides=[1, 1, 1, 1], padding="VALID")
    n, i, j, _ = y.shape
    return tf.reshape(y, [n, i, j, *weight.shape[2:]])


def torch_multiplier_outside(x, weight):
    import torch.nn.functional as F

    c, m, p, q = weight.shape
    kernel = weight.transpose(0, 1).reshape(m * c, 1, p, q)
    y = F.conv2d(x, kernel, groups=c)
    return y.view(len(x), c, m, *y.shape[2:])


depthwise_multiplier = Port(
    name="depthwise-multiplier-outside-channels",
    original=Layer("tensorflow", tf_depthwise, inputs={"x": "n h w c", "weight": "p q c m"}, output="n i j c m"),
    ported=Layer("torch", torch_multiplier_outside, inputs={"x": "n c h w", "weight": "c m p q"}, output="n c m i j"),
    operation="depthwise_conv2d",
    sizes={"m": [2, 3], "p": 3, "q": 2},
    axes={"c": "c", "m": "m", "p": "p", "q": "q"},
)


def tf_encoded(x):
    import numpy as np
    import tensorflow as tf

    _, steps, features = x.shape
    rates = 1 / 10000 ** (np.arange(0, features, 2) / features)
    angles = np.arange(steps)[:, None] * rates
    encoding = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(steps, features)
    return x + tf.cast(encoding, x.dtype)


def torch_tutorial_encoding(x):
    """PyTorch's tutorial has the sequence first, and here the batch is first."""
    import math

    import torch

    most, features = 64, x.shape[-1]
    position = torch.arange(most, dtype=x.dtype).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, features, 2, dtype=x.dtype) * (-math.log(10000.0) / features))
    pe = torch.zeros(most, 1, features, dtype=x.dtype)
    pe[:, 0, 0::2] = torch.sin(position * div_term)
    pe[:, 0, 1::2] = torch.cos(position * div_term)
    return x + pe[: x.size(0)]


positions_along_batch = Port(
    name="positions-along-the-batch",
    original=Layer("tensorflow", tf_encoded, inputs={"x": "n t c"}, output="n t c"),
    ported=Layer("torch", torch_tutorial_encoding, inputs={"x": "n t c"}, output="n t c"),
    operation="sinusoidal_position_embedding",
    sizes={"c": [4, 6]},
)


def torch_caffe_blob(x, mean):
    return x.flip(1) - mean[:, None, None]


def tf_red_first_and_scaled(x, mean):
    return (x - mean) / 255.0


# Two faults: blue and red exchanged, and another scale.
blob = Port(
    name="red-first-and-divided-by-255",
    original=Layer("torch", torch_caffe_blob, inputs={"x": "n c h w", "mean": "c"}, output="n c h w"),
    ported=Layer("tensorflow", tf_red_first_and_scaled, inputs={"x": "n h w c", "mean": "c"}, output="n h w c"),
    sizes={"c": 3},
)
