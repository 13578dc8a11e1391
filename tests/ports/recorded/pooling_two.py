"""Recorded porting faults of pooling: strides, partial windows, the side of the padding, and a missing 1/(H W)."""

from equivalence import Layer, Port

NCHW, NHWC = {"x": "n c h w"}, {"x": "n h w c"}


def torch_max_pool(x):
    import torch.nn.functional as F

    return F.max_pool2d(x, 2)


def tf_max_pool_with_stride_1(x):
    import tensorflow as tf

    return tf.nn.max_pool2d(x, ksize=2, strides=1, padding="VALID")


pool_stride_default = Port(
    name="pool-stride-default",
    original=Layer("torch", torch_max_pool, inputs=NCHW, output="n c i j"),
    ported=Layer("tensorflow", tf_max_pool_with_stride_1, inputs=NHWC, output="n i j c"),
    operation="max_pool2d",
    parameters={"window": (2, 2)},
)


def torch_average_pool(x):
    import torch.nn.functional as F

    return F.avg_pool2d(x, kernel_size=3, stride=2, ceil_mode=True)


def tf_average_pool_of_padded(x):
    import tensorflow as tf

    _, h, w, _ = x.shape
    bottom, right = (h - 3) % 2, (w - 3) % 2
    padded = tf.pad(x, [[0, 0], [0, bottom], [0, right], [0, 0]])
    return tf.nn.avg_pool2d(padded, ksize=3, strides=2, padding="VALID")


avgpool_ceil_divisor = Port(
    name="avgpool-ceil-divisor",
    original=Layer("torch", torch_average_pool, inputs=NCHW, output="n c i j"),
    ported=Layer("tensorflow", tf_average_pool_of_padded, inputs=NHWC, output="n i j c"),
    operation="avg_pool2d",
    parameters={"window": (3, 3), "stride": (2, 2), "rounding": "ceil"},
)


def tf_max_pool_same(x):
    """As in Darknet, what is missing is added on the right and at the bottom."""
    import tensorflow as tf

    return tf.nn.max_pool2d(x, ksize=2, strides=1, padding="SAME")


def torch_max_pool_padded_left(x):
    import torch.nn.functional as F

    return F.max_pool2d(F.pad(x, (1, 0, 1, 0), value=float("-inf")), kernel_size=2, stride=1)


pool_darknet_right_pad = Port(
    name="pool-darknet-k2s1-right-pad",
    original=Layer("tensorflow", tf_max_pool_same, inputs=NHWC, output="n i j c"),
    ported=Layer("torch", torch_max_pool_padded_left, inputs=NCHW, output="n c i j"),
    operation="max_pool2d",
    parameters={"window": (2, 2), "stride": (1, 1), "padding": "same_upper"},
)


def tf_global_average(x):
    import tensorflow as tf

    return tf.reduce_mean(x, axis=[1, 2])


def torch_global_average(x):
    import torch

    class GlobalAverage(torch.autograd.Function):
        @staticmethod
        def forward(ctx, images):
            ctx.shape = images.shape
            return images.mean(dim=(2, 3))

        @staticmethod
        def backward(ctx, dy):
            return dy[:, :, None, None].expand(ctx.shape)

    return GlobalAverage.apply(x)


gap_gradient = Port(
    name="gap-gradient-missing-1-over-hw",
    original=Layer("tensorflow", tf_global_average, inputs=NHWC, output="n c"),
    ported=Layer("torch", torch_global_average, inputs=NCHW, output="n c"),
    operation="global_avg_pool",
    axes={"c": "c"},
)
