"""Recorded porting faults of pooling: what the padding counts and holds, and the rounding of the output's size."""

from equivalence import Layer, Port

FIRST = {"x": "n c h w"}
LAST = {"x": "n h w c"}


def tf_average(x):
    """The pooling branch of an Inception block."""
    import tensorflow as tf

    return tf.nn.avg_pool2d(x, ksize=3, strides=1, padding="SAME")


def torch_average_of_padding_too(x):
    from torch.nn import functional

    return functional.avg_pool2d(x, kernel_size=3, stride=1, padding=1)


include_pad = Port(
    original=Layer("tensorflow", tf_average, inputs=LAST, output="n i j c"),
    ported=Layer("torch", torch_average_of_padding_too, inputs=FIRST, output="n c i j"),
    operation="avg_pool2d",
    parameters={"window": (3, 3), "stride": (1, 1), "padding": "same_upper"},
    name="avgpool-count-include-pad",
)


def torch_max(x):
    from torch.nn import functional

    return functional.max_pool2d(x, kernel_size=3, stride=2, padding=1)


def tf_padded_with_zeros(x):
    import tensorflow as tf

    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.nn.max_pool2d(x, ksize=3, strides=2, padding="VALID")


zero_pad = Port(
    original=Layer("torch", torch_max, inputs=FIRST, output="n c i j"),
    ported=Layer("tensorflow", tf_padded_with_zeros, inputs=LAST, output="n i j c"),
    operation="max_pool2d",
    parameters={"window": (3, 3), "stride": (2, 2), "padding": ((1, 1), (1, 1))},
    name="maxpool-zero-pad",
)


def theano_ceil(x):
    """Caffe's pooling rounds up, as Theano's does with ignore_border=False."""
    from theano.tensor.signal.pool import pool_2d

    return pool_2d(x, ws=(3, 3), stride=(2, 2), ignore_border=False, mode="max")


def torch_floor(x):
    from torch.nn import functional

    return functional.max_pool2d(x, kernel_size=3, stride=2)


ceil_mode = Port(
    original=Layer("theano", theano_ceil, inputs=FIRST, output="n c i j"),
    ported=Layer("torch", torch_floor, inputs=FIRST, output="n c i j"),
    operation="max_pool2d",
    parameters={"window": (3, 3), "stride": (2, 2), "rounding": "ceil"},
    name="pool-ceil-vs-floor",
)
