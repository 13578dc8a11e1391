"""Unrecorded porting faults of pooling and resizing."""

from equivalence import Layer, Mask, Port


def torch_caffe_pool(x):
    """As Caffe's pooling layers, which round up."""
    import torch.nn.functional as F

    return F.max_pool2d(x, 3, stride=2, ceil_mode=True)


def tf_pool_same(x):
    import tensorflow as tf

    return tf.nn.max_pool2d(x, 3, strides=2, padding="SAME")


caffe_pool = Port(
    name="rounded-up-pooling-as-same",
    original=Layer("torch", torch_caffe_pool, inputs={"x": "n c h w"}, output="n c i j"),
    ported=Layer("tensorflow", tf_pool_same, inputs={"x": "n h w c"}, output="n i j c"),
    operation="max_pool2d",
    parameters={"window": (3, 3), "stride": (2, 2), "rounding": "ceil"},
)


def torch_nearest_exact(x):
    import torch.nn.functional as F

    return F.interpolate(x, size=(7, 5), mode="nearest-exact")


def numpy_nearest(x):
    import numpy as np

    rows, columns = (np.arange(new) * old // new for new, old in ((7, x.shape[1]), (5, x.shape[2])))
    return x[:, rows][:, :, columns]


nearest = Port(
    name="nearest-without-half-pixels",
    original=Layer("torch", torch_nearest_exact, inputs={"x": "n c h w"}, output="n c i j"),
    ported=Layer("numpy", numpy_nearest, inputs={"x": "n h w c"}, output="n i j c"),
    sizes={"h": [4, 5, 11], "w": [3, 8]},
)


def torch_mean_of_tokens(x, mask):
    counted = mask.unsqueeze(-1).to(x.dtype)
    return (x * counted).sum(1) / counted.sum(1)


def tf_mean_over_all_steps(x, mask):
    import tensorflow as tf

    return tf.reduce_mean(x * tf.cast(mask, x.dtype)[..., None], axis=1)


mean_of_tokens = Port(
    name="masked-mean-divided-by-all-steps",
    original=Layer("torch", torch_mean_of_tokens, inputs={"x": "n t c", "mask": Mask("n t")}, output="n c"),
    ported=Layer("tensorflow", tf_mean_over_all_steps, inputs={"x": "n t c", "mask": Mask("n t")}, output="n c"),
)
