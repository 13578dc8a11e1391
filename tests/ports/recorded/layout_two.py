"""Recorded porting faults of layout: which axis is padded or joined, and in which order blocks become channels."""

from equivalence import Layer, Port


def tf_pad(x):
    import tensorflow as tf

    return tf.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]])


def torch_pad_in_the_same_order(x):
    import torch.nn.functional as F

    return F.pad(x, (1, 1, 2, 2))


pad_axis_order_reversed = Port(
    name="pad-axis-order-reversed",
    original=Layer("tensorflow", tf_pad, inputs={"x": "n h w c"}, output="n i j c"),
    ported=Layer("torch", torch_pad_in_the_same_order, inputs={"x": "n c h w"}, output="n c i j"),
    operation="pad",
    parameters={"border": ((1, 1), (2, 2))},
)


def tf_pad_symmetric(x):
    import tensorflow as tf

    return tf.pad(x, [[0, 0], [2, 2], [2, 2], [0, 0]], mode="SYMMETRIC")


def torch_pad_reflect(x):
    import torch.nn.functional as F

    return F.pad(x, (2, 2, 2, 2), mode="reflect")


pad_reflect_vs_symmetric = Port(
    name="pad-reflect-vs-symmetric",
    original=Layer("tensorflow", tf_pad_symmetric, inputs={"x": "n h w c"}, output="n i j c"),
    ported=Layer("torch", torch_pad_reflect, inputs={"x": "n c h w"}, output="n c i j"),
    operation="pad",
    parameters={"border": ((2, 2), (2, 2)), "mode": "symmetric"},
)


def torch_concatenate(x, y):
    import torch

    return torch.cat([x, y], dim=1)


def keras_concatenate(x, y):
    import keras

    return keras.layers.Concatenate(axis=1)([x, y])


concat_axis_not_remapped = Port(
    name="concat-axis-not-remapped",
    original=Layer("torch", torch_concatenate, inputs={"x": "n c h w", "y": "n d h w"}, output="n o h w"),
    ported=Layer("keras", keras_concatenate, inputs={"x": "n h w c", "y": "n h w d"}, output="n h w o"),
    operation="concatenate",
)


def tf_batch_matmul(x, y):
    import tensorflow as tf

    return tf.matmul(x, y)


def theano_batch_dot(x, y):
    import theano.tensor as T

    return T.batched_tensordot(x, y, axes=[[3], [2]])


batch_dot_4d = Port(
    name="batch-dot-4d",
    original=Layer("tensorflow", tf_batch_matmul, inputs={"x": "n a b c", "y": "n a c e"}, output="n a b e"),
    ported=Layer("theano", theano_batch_dot, inputs={"x": "n a b c", "y": "n a c e"}, output="n a b e"),
    operation="matmul",
)


def tf_patches(x):
    import tensorflow as tf

    return tf.image.extract_patches(x, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], padding="VALID")


def torch_patches(x):
    import torch.nn.functional as F

    n, _, h, w = x.shape
    return F.unfold(x, kernel_size=3).view(n, -1, h - 2, w - 2)


# No operation: the catalogue's unfold keeps the axes of a patch apart.
unfold_patch_order = Port(
    name="unfold-patch-order",
    original=Layer("tensorflow", tf_patches, inputs={"x": "n h w c"}, output="n i j k"),
    ported=Layer("torch", torch_patches, inputs={"x": "n c h w"}, output="n k i j"),
)


def darknet_reorg(x):
    """What reorg_cpu does with the sizes that Darknet's layer gives it."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c // 4, h, 2, w, 2).transpose(0, 3, 5, 1, 2, 4)
    return blocks.reshape(n, 4 * c, h // 2, w // 2)


def tf_reorg(x):
    import tensorflow as tf

    return tf.nn.space_to_depth(x, 2)


# No operation: what Darknet does is no space_to_depth.
reorg = Port(
    name="darknet-reorg",
    original=Layer("numpy", darknet_reorg, inputs={"x": "n c h w"}, output="n k i j"),
    ported=Layer("tensorflow", tf_reorg, inputs={"x": "n h w c"}, output="n i j k"),
    sizes={"c": [4, 8], "h": 6, "w": [4, 6]},
)


def torch_focus(x):
    import torch

    return torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], dim=1)


def tf_focus(x):
    import tensorflow as tf

    return tf.nn.space_to_depth(x, block_size=2)


# No operation: the catalogue's space_to_depth goes through a block row by row, Focus column by column.
focus_slice_order = Port(
    name="focus-slice-order",
    original=Layer("torch", torch_focus, inputs={"x": "n c h w"}, output="n k i j"),
    ported=Layer("tensorflow", tf_focus, inputs={"x": "n h w c"}, output="n i j k"),
    sizes={"h": [4, 6], "w": [8, 6]},
)
