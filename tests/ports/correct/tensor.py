"""Resizing and moving elements, written differently and right."""

from equivalence import Layer, Port

IMAGES = {"x": "n c h w"}
IMAGES_LAST = {"x": "n h w c"}


def torch_nearest(x):
    import torch.nn.functional as F

    return F.interpolate(x, scale_factor=(2, 3), mode="nearest")


def tf_nearest_by_repeat(x):
    import tensorflow as tf

    return tf.repeat(tf.repeat(x, 2, axis=1), 3, axis=2)


nearest_by_repeat = Port(
    original=Layer("torch", torch_nearest, inputs=IMAGES, output="n c i j"),
    ported=Layer("tensorflow", tf_nearest_by_repeat, inputs=IMAGES_LAST, output="n i j c"),
    operation="resize_nearest",
    parameters={"scale": (2, 3)},
)


def torch_pixel_shuffle(x):
    import torch.nn.functional as F

    return F.pixel_shuffle(x, 2)


def tf_depth_to_space_of_reordered_channels(x):
    import tensorflow as tf

    blocks = tf.reshape(x, [*x.shape[:3], -1, 4])
    reordered = tf.reshape(tf.linalg.matrix_transpose(blocks), x.shape)
    return tf.nn.depth_to_space(reordered, 2)


pixel_shuffle_of_reordered_channels = Port(
    original=Layer("torch", torch_pixel_shuffle, inputs={"x": "n d h w"}, output="n c i j"),
    ported=Layer("tensorflow", tf_depth_to_space_of_reordered_channels, inputs={"x": "n h w d"}, output="n i j c"),
    operation="depth_to_space",
    sizes={"d": [8, 12]},
    parameters={"block": 2, "order": "CRD"},
)


def keras_shuffle_channels(x):
    from keras import ops

    batch, height, width, channels = x.shape
    grouped = ops.reshape(x, (batch, height, width, 3, channels // 3))
    return ops.reshape(ops.swapaxes(grouped, 3, 4), x.shape)


def torch_shuffle_channels(x):
    import torch

    return torch.stack(x.chunk(3, dim=1), dim=2).flatten(1, 2)


channel_shuffle_by_stack = Port(
    original=Layer("keras", keras_shuffle_channels, inputs=IMAGES_LAST, output="n h w c"),
    ported=Layer("torch", torch_shuffle_channels, inputs=IMAGES, output="n c h w"),
    sizes={"c": [6, 9]},
)


def np_reflected(x):
    import numpy as np

    return np.pad(x, ((0, 0), (0, 0), (1, 1), (2, 2)), mode="reflect")


def torch_reflected_by_flips(x):
    import torch

    rows = torch.cat([x[:, :, 1:2], x, x[:, :, -2:-1]], dim=2)
    return torch.cat([rows[..., 1:3].flip(3), rows, rows[..., -3:-1].flip(3)], dim=3)


reflection_by_flips = Port(
    original=Layer("numpy", np_reflected, inputs=IMAGES, output="n c i j"),
    ported=Layer("torch", torch_reflected_by_flips, inputs=IMAGES, output="n c i j"),
    sizes={"h": 4, "w": [5, 6]},
)
